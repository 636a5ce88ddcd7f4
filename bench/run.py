"""Measures what we claim, each figure beside its peer, in one run, and prints one table.

  run.py BUILD PYTHON NODE [--short] [--ingest | --bridge]
      BUILD has the programs of the preset bench, PYTHON the packages of requirements.txt, the folder NODE those of
      tests/interop/package.json; --short takes ten minutes of driving instead of an hour, --ingest measures the ingest
      server alone, --bridge the bridge beside the game alone
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

import bridge
import ingest
from child import Took, alternate, figures, run

ORIGINAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "original.py")
COLUMNS = "t_ns game session speed_kmh gas brake gear steer rpm ax_g ay_g az_g lap pos".split()
NOTES = []  # sentences below the table
ROWS = []  # (what, unit, ours, peer, name of the peer, is more better, target), or (title,)


def title(text):
    ROWS.append((text,))
    print("bench: " + text, file=sys.stderr, flush=True)


def row(what, unit, ours, peer=None, name="", more=False, most=None, times=None):
    """most: our figure should be no more than this; times: it should be so many times better than the peer's."""
    target = ""
    if most is not None:
        target = "<= %g: %s" % (most, "yes" if ours <= most else "NO")
    if times is not None:
        target = ">= %g times: %s" % (times, "yes" if better(ours, peer, more) >= times else "NO")
    ROWS.append((what, unit, ours, peer, name, more, target))


def better(ours, peer, more):
    return ours / peer if more else peer / ours


def number(value):
    if value is None:
        return ""
    return "%.0f" % value if value >= 1000 else "%.3g" % value


def stolen():
    """Seconds of all cores that other virtual machines had while this one wanted them."""
    with open("/proc/stat") as stat:
        return int(stat.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def print_table():
    lines = [("", "", "acq", "peer", "times better", "target", "the peer")]
    for r in ROWS:
        if len(r) == 1:
            lines += [("",) * 7, (r[0],) + ("",) * 6]
        else:
            what, unit, ours, peer, name, more, target = r
            ratio = "%.3g" % better(ours, peer, more) if peer and ours else ""
            lines.append(("  " + what, unit, number(ours), number(peer), ratio, target, name))
    width = [max(len(line[i]) for line in lines if any(line[1:])) for i in range(7)]
    for line in lines:
        cells = [line[0].ljust(width[0]), line[1].ljust(width[1])]
        cells += [line[i].rjust(width[i]) for i in (2, 3, 4)] + [line[5].ljust(width[5]), line[6]]
        print("  ".join(cells).rstrip())


def codec(build, recording):
    title("codec, CPU of one frame: median, and best of 101 rounds")
    f = figures(run(build + "/bench_codec", recording).text)
    for suffix, label in (("", ""), ("_best", " (best)"), ("_context", " with stat and capture"),
                          ("_context_best", " with stat and capture (best)")):
        row("encode" + label, "ns", f["encode" + suffix], f["encode_cpp" + suffix], "C++ protobuf, serialize to array")
        row("decode" + label, "ns", f["decode" + suffix], f["decode_cpp" + suffix], "C++ protobuf, reused message")
        row("", "ns", f["decode" + suffix], f["decode_cpp_arena" + suffix], "C++ protobuf, arena")
    row("frame from three pages (best)", "ns", f["from_pages_best"])
    row("yardstick: memcpy of the frame (best)", "ns", f["memcpy_best"])
    row("yardstick: one dependent multiply, xor and add (best)", "ns", f["multiply_add_chain_best"])


def record(build, python, recording, folder, env):
    title("recording, CPU of one frame")
    f = figures(run(build + "/bench_record", recording, folder).text)
    gz = statistics.median(float(run(python, ORIGINAL, "record", recording, folder + "/python.pb.gz", env=env).text)
                           for _ in range(3))
    row("record, members, with fsync", "us", f["record_us"], f["record_zlib_us"], "zlib level 6, one stream, no fsync")
    row("", "us", f["record_us"], gz, "Python gzip level 6, no fsync")
    row("that is, at 333 frames a second, of one core", "%", f["record_us"] / 3e3 * 100, most=1)
    return f


def sizes(f, rows, drive, parquet, peer_parquet):
    title("size of one frame")
    row("the game's three pages", "byte", f["page_bytes"])
    row("encoded", "byte", f["encoded_bytes"])
    row("recording of a minute", "byte", f["record_bytes"], f["record_zlib_bytes"], "zlib level 6, one stream")
    row("recording of all", "byte", os.path.getsize(drive) / rows)
    row("Parquet, all columns", "byte", parquet / rows, peer_parquet, "pandas, all columns")
    row("recording : Parquet", "", os.path.getsize(drive) / parquet, most=1.7)
    for level in (1, 2, 6, 9):
        row("  members at level %d of libdeflate" % level, "byte", f["level_%d_bytes" % level])
        row("", "us", f["level_%d_us" % level])


class FromMemory:
    """DuckDB alone, with the rows in memory: bench_copy writes them whenever it is told to."""

    def __init__(self, build, drive, target):
        self.child = subprocess.Popen([build + "/bench_copy", drive, target], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        if self.child.stdout.readline() != "ready\n":
            sys.exit("bench: bench_copy could not load the rows")

    def __call__(self):
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        wall, cpu = map(float, self.child.stdout.readline().split())
        return Took(wall, cpu, 0, "")

    def end(self):
        self.child.stdin.close()
        self.child.wait()


def convert(build, python, drive, rows, minute, minute_rows, folder, env):
    """Returns the size of our Parquet file, and bytes per row of pandas' with all columns."""
    title("convert %d frames to Parquet" % rows)
    ours, theirs = folder + "/ours.parquet", folder + "/theirs.parquet"
    from_memory = FromMemory(build, drive, folder + "/memory.parquet")
    a, m = alternate(5, lambda: run(build + "/acq", "convert", drive, ours, "--force"), from_memory)
    from_memory.end()
    if os.path.getsize(folder + "/memory.parquet") > 1.05 * os.path.getsize(ours):
        sys.exit("bench: DuckDB alone did not write what acq convert writes")
    os.remove(folder + "/memory.parquet")
    d = run(build + "/acq", "convert", drive, folder + "/fourteen.parquet", "--columns", *COLUMNS)
    b = run(python, ORIGINAL, "convert", drive, theirs, env=env)
    c = run(python, ORIGINAL, "convert_all", minute, folder + "/minute.parquet", env=env)
    duck = "DuckDB alone, rows in memory, one thread"
    pandas14, pandas_all = "gzip, protobuf, dicts, pandas; 14 columns", "the same, all columns, %d frames" % minute_rows
    row("wall time", "s", a.wall, m.wall, duck, times=0.8)
    row("CPU", "s", a.cpu, m.cpu, duck)
    row("wall time of one frame, all columns", "us", a.wall / rows * 1e6, b.wall / rows * 1e6, pandas14, times=4)
    row("", "us", a.wall / rows * 1e6, c.wall / minute_rows * 1e6, pandas_all, times=25)
    row("wall time of one frame, 14 columns", "us", d.wall / rows * 1e6, b.wall / rows * 1e6, pandas14)
    row("CPU of one frame, all columns", "us", a.cpu / rows * 1e6, b.cpu / rows * 1e6, pandas14)
    row("", "us", a.cpu / rows * 1e6, c.cpu / minute_rows * 1e6, pandas_all)
    row("rows a second", "1/s", rows / a.wall, rows / b.wall, pandas14, more=True)
    row("memory", "MB", a.memory, b.memory, pandas14, most=400)
    row("", "MB", a.memory, c.memory, pandas_all)
    return os.path.getsize(ours), os.path.getsize(folder + "/minute.parquet") / minute_rows


def look(build, python, drive, rows, minute, seconds, folder, env):
    title("look at %d frames, wall time" % rows)
    ours, theirs = folder + "/ours.parquet", folder + "/theirs.parquet"
    acq, png = build + "/acq", folder + "/plot.png"
    middle, later = str(seconds // 2), str(seconds // 2 + 10)
    a, b, c, d = alternate(5, lambda: run(acq, "info", drive), lambda: run(acq, "info", minute),
                           lambda: run(acq, "cat", drive, "--from", middle, "--to", later),
                           lambda: run(acq, "cat", minute, "--from", 30, "--to", 40))
    row("info", "ms", a.wall * 1e3, b.wall * 1e3, "the same of a minute", most=50)
    row("cat of 10 s in the middle", "ms", c.wall * 1e3, d.wall * 1e3, "the same of a minute")
    for what, mode, options, most in (("first 50 rows", "head", ["--no-stats"], (60, 100)),
                                      ("and statistics", "view", [], (3000, 3000))):
        a, b, c, d = alternate(3, lambda: run(acq, "view", drive, "-n", 50, *options),
                               lambda: run(acq, "view", ours, "-n", 50, *options),
                               lambda: run(acq, "view", ours, "-n", 50, *options, "-c", *COLUMNS),
                               lambda: run(python, ORIGINAL, mode, theirs, env=env))
        row(what + ", recording, all columns", "ms", a.wall * 1e3, most=most[0])
        row(what + ", Parquet, all columns", "ms", b.wall * 1e3, most=most[1])
        row(what + ", Parquet, 14 columns", "ms", c.wall * 1e3, d.wall * 1e3, "pandas, 14 columns")
    a, b = alternate(3, lambda: run(acq, "plot", drive, "-o", png, "--force"),
                     lambda: run(acq, "plot", ours, "-o", png, "--force"))
    c = run(python, ORIGINAL, "plot", theirs, png, env=env)
    row("plot of the recording", "ms", a.wall * 1e3)
    row("plot of Parquet", "ms", b.wall * 1e3, c.wall * 1e3, "pandas, matplotlib")


def beside_the_game(build, python, folder, seconds=30):
    title("beside the game, 333 steps a second, %d s, percent of one core" % seconds)

    def place(name):
        path = os.path.join(folder, name)
        os.mkdir(path)
        return path

    ticks = {us: figures(run(build + "/bench_tick", us, 5).text)["cpu_percent"] for us in (3000, 1000)}
    f = bridge.measure(build, place("beside"), seconds)
    python_cpu, python_mb = bridge.measure_python(build, python, place("python"), seconds, environment(build))
    polls = "Python: polls, 27 fields, grpc.aio, no recording"
    row("telemetry_bridge: sample, record, stream", "%", f["bridge_cpu"], python_cpu, polls, most=2)
    row("", "%", f["bridge_cpu"], ticks[3000], "an empty loop, 333 Hz")
    row("", "%", f["bridge_cpu"], ticks[1000], "an empty loop, 1 kHz")
    row("telemetry_bridge, memory", "MB", f["bridge_mb"], python_mb, polls, most=12)
    row("acq serve, one car", "%", f["server_cpu"])
    row("acq serve, memory", "MB", f["server_mb"])
    row("steps missed, of %d" % (f["seen"] + f["missed"]), "", f["missed"], most=0)
    busy = bridge.measure(build, place("busy"), 2 * seconds, busy=os.cpu_count())
    row("the same, %d s, every core busy, of %d" % (2 * seconds, busy["seen"] + busy["missed"]), "", busy["missed"],
        most=0)
    windows = os.path.join(bridge.SOURCE, "build/windows")
    if os.path.exists(windows + "/telemetry_bridge.exe") and bridge.has_wine():
        w = bridge.measure_wine(build, windows, place("exe"), seconds)
        row("telemetry_bridge.exe under Wine", "%", w["cpu"])
        row("Wine's server, for simulator and bridge", "%", w["wineserver"])
        row("telemetry_bridge.exe, memory with Wine's", "MB", w["mb"])
        row("steps missed, of %d" % (w["seen"] + w["missed"]), "", w["missed"])
    else:
        NOTES.append("telemetry_bridge.exe was not measured: `make windows` and wine make that possible.")


def way(build, folder, seconds=15):
    title("from the write of a page on this machine, ms")
    for flush_ms, most in ((10, (None, None, 12, 60)), (0, (None, 2, 5, None))):
        place = os.path.join(folder, "way%d" % flush_ms)
        os.mkdir(place)
        f = bridge.measure_way(build, place, flush_ms, seconds)
        for i, (what, name) in enumerate((("to the socket, p50", "socket_p50"), ("p99", "socket_p99"),
                                          ("to the ack: durable, p50", "ack_p50"), ("p99", "ack_p99"))):
            row("%s, --flush-ms %d" % (what, flush_ms), "ms", f[name], most=most[i])


def environment(build):
    """For peers in Python: where the messages are that protoc made."""
    return {"PYTHONPATH": build + "/bench", "PYTHONDONTWRITEBYTECODE": "1"}


def tools(build, python, folder, minute, seconds):
    """Everything but the server."""
    env = environment(build)
    drive = folder + "/drive.pb.gz"
    run(build + "/acq", "sim", "--seconds", seconds, "--quiet", "-o", drive)
    minute_rows, rows = 60 * 1000 // 3, seconds * 1000 // 3
    codec(build, minute)
    sizes_of = record(build, python, minute, folder, env)
    parquet = convert(build, python, drive, rows, minute, minute_rows, folder, env)
    sizes(sizes_of, rows, drive, *parquet)
    look(build, python, drive, rows, minute, seconds, folder, env)


def main(build, python, node, options):
    start, stolen_before = time.monotonic(), stolen()
    with tempfile.TemporaryDirectory(prefix="acq-bench-") as folder:
        minute = folder + "/minute.pb.gz"
        run(build + "/acq", "sim", "--seconds", 60, "--quiet", "-o", minute)
        if not {"--ingest", "--bridge"} & set(options):
            tools(build, python, folder, minute, 600 if "--short" in options else 3600)
        if "--ingest" not in options:
            beside_the_game(build, python, folder)
            way(build, folder)
        if "--bridge" not in options:
            ingest.measure(ingest.Bench(build, python, node + "/node_modules", minute, folder), title, row,
                           NOTES.append)
    print_table()
    share = (stolen() - stolen_before) / (time.monotonic() - start) * 100
    print("\nMedians, unless it says best.", *NOTES, sep="\n")
    if share >= 1:
        print("Other virtual machines took %.0f %% of a core meanwhile: without them, times are shorter." % share)


if __name__ == "__main__":
    if len(sys.argv) < 4 or set(sys.argv[4:]) - {"--short", "--ingest", "--bridge"}:
        sys.exit(__doc__)
    main(os.path.abspath(sys.argv[1]), sys.argv[2], os.path.abspath(sys.argv[3]), sys.argv[4:])
