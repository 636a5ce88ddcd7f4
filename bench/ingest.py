"""What ingest servers take for each frame: ours beside those that one writes with C++, Python and Node gRPC."""
import os
import signal
import statistics
import subprocess
import sys
import tempfile

import bridge
from child import figures, run

HERE = os.path.dirname(os.path.abspath(__file__))
SERVER_CORE, LOAD_CORE = 0, 1
CALLBACK, ASYNC, AIO, NODE, FLOOR, OURS = "callback", "async", "aio", "node", "floor", "ours"
NAMES = {CALLBACK: "C++ gRPC, callback API, arena", ASYNC: "C++ gRPC, async API, arena", AIO: "Python grpc.aio",
         NODE: "Node grpc-js", FLOOR: "epoll and read() alone"}
MORE = {FLOOR: ("--raw",), NODE: ("--warm", 1.5)}  # Node compiles what runs often, and that takes a while


class Bench:
    """Where things are."""

    def __init__(self, build, python, node_modules, recording, folder):
        self.build, self.python, self.node_modules = build, python, node_modules
        self.recording, self.folder = recording, folder

    def server(self, name, port):
        """The command of a server, and its environment."""
        program = os.path.join(self.build, "bench_")
        if name == OURS:
            return [program + "layer", port], {}
        if name == FLOOR:
            return [program + "floor", port], {}
        if name in (CALLBACK, ASYNC):
            return [program + "grpc", name, port], {}
        if name == AIO:
            return [self.python, HERE + "/serve_aio.py", port], {"PYTHONPATH": self.build + "/bench"}
        proto = os.path.join(HERE, "..", "proto", "telemetry", "v1", "telemetry.proto")
        return ["node", HERE + "/serve_node.js", port, proto], {"NODE_PATH": self.node_modules}

    def load(self, port, pid, *options, core=None):
        """Runs the load generator; returns its figures."""
        pin = [] if core is None else ["taskset", "-c", core]
        return figures(run(*pin, self.build + "/bench_load", port, self.recording, "--pid", pid, *options).text)

    def measure(self, name, *options):
        """A fresh server on one core, the load on another."""
        port = bridge.free_port()
        command, env = self.server(name, port)
        words = ["taskset", "-c", str(SERVER_CORE), *map(str, command)]
        server = subprocess.Popen(words, env={**os.environ, **env}, stdout=subprocess.DEVNULL)
        try:
            bridge.wait_for(name + " listens", lambda: bridge.answers(port) or server.poll() is not None)
            return self.load(port, server.pid, *options, *MORE.get(name, ()), core=LOAD_CORE)
        finally:
            server.kill()
            server.wait()


def medians(rounds):
    """The median of each figure."""
    return {name: statistics.median(f[name] for f in rounds) for name in rounds[0]}


def alternate(bench, names, rounds, *options, once=()):
    """Measures the servers one after the other, `rounds` times; those in `once` in the first round alone."""
    found = {name: [] for name in names}
    for i in range(rounds):
        for name in names:
            if i == 0 or name not in once:
                found[name].append(bench.measure(name, *options))
    return {name: medians(f) for name, f in found.items()}


def beside(row, what, unit, figure, f, peers, times=None, slow_times=None):
    """Rows of ours beside the peers; the best of C++ has the first target, Python the second."""
    best = min((p for p in peers if p in (CALLBACK, ASYNC)), key=lambda name: f[name][figure])
    for name in peers:
        target = times if name == best else slow_times if name == AIO else None
        row(what, unit, f[OURS][figure], f[name][figure], NAMES[name], times=target)
        what = ""


def on_time(what, f, note):
    """f: the figures of each server."""
    late = ["%s %.0f %%" % (NAMES.get(name, "ours"), g["late_percent"]) for name, g in f.items()
            if g["late_percent"] >= 1]
    if late:
        note("%s: so many of the load's writes came more than 2 ms late, because something else had its core, so the "
             "figures are not those of this load: %s." % (what, ", ".join(late)))


def saturated(bench, title, row, note):
    peers = [CALLBACK, ASYNC, AIO, NODE, FLOOR]
    title("ingest server as fast as one core goes, CPU of one frame, without a log")
    for size, options, rounds in (("600", ["--fewer"], 3), ("1,050", [], 3)):
        for n in (1, 200):
            f = alternate(bench, [*peers, OURS], rounds, *options, "--connections", n, "--seconds", 0.7, "--warm", 0.2,
                          once=(AIO, NODE) if size != "600" else ())
            streams = "1 stream" if n == 1 else "%d connections" % n
            what = "frame of %s bytes, %s" % (size, streams)
            beside(row, what, "us", "us", f, peers, times=6, slow_times=60)
            if size == "600":
                row("", "us", f[OURS]["us"], most=0.45)
            idle = ["%s %.0f %%" % (NAMES.get(p, "ours"), f[p]["busy_percent"]) for p in f
                    if f[p]["busy_percent"] < 90 and p != FLOOR]
            if idle:
                note("%s: the server's core was not always busy: %s." % (what.capitalize(), ", ".join(idle)))


def paced(bench, title, row, note):
    peers = [CALLBACK, ASYNC, AIO, NODE]
    title("ingest server, 100 cars x 333 frames a second, each frame written by itself, without a log")
    f = alternate(bench, [*peers, OURS], 3, "--connections", 100, "--rate", 333, "--seconds", 2)
    beside(row, "CPU of one frame (*)", "us", "us", f, peers, times=5)
    beside(row, "ack latency, median (*)", "ms", "p50_ms", f, peers)
    beside(row, "ack latency, 99 %", "ms", "p99_ms", f, peers)
    on_time("100 cars, each frame written by itself", f, note)
    note("(*) ours trades latency for CPU: it looks at its sockets once in 1.5 ms, the others at once.")


def memory(bench, title, row):
    title("ingest server, private memory of one connection, 1,000 of them")
    f = {name: bench.measure(name, "--memory", "--connections", 1000) for name in (CALLBACK, ASYNC, OURS)}
    for name in (CALLBACK, ASYNC):
        row("idle" if name == CALLBACK else "", "kB", f[OURS]["connection_bytes"] / 1e3,
            f[name]["connection_bytes"] / 1e3, NAMES[name])
    for name in (CALLBACK, ASYNC):
        row("with a stream that sent 32 frames" if name == CALLBACK else "", "kB", f[OURS]["stream_bytes"] / 1e3,
            f[name]["stream_bytes"] / 1e3, NAMES[name])
    row("", "kB", f[OURS]["stream_bytes"] / 1e3, most=20)
    with Serve(bench) as serve:
        own = bench.load(serve.port, serve.pid, "--memory", "--sessions", "--connections", 900)
    row("acq serve: idle", "kB", own["connection_bytes"] / 1e3, most=20)
    row("acq serve: with a session that is being recorded", "kB", own["stream_bytes"] / 1e3)


class Serve:
    """`acq serve` with its log and recordings in a folder of its own, which is gone behind it."""

    def __init__(self, bench, core=None):
        self.folder = tempfile.TemporaryDirectory(dir=bench.folder)
        self.port = bridge.free_port()
        pin = [] if core is None else ["taskset", "-c", str(core)]
        self.child = subprocess.Popen([*pin, bench.build + "/acq", "serve", "--listen", "127.0.0.1:%d" % self.port, "--data",
                                       self.folder.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.child.pid

    def __enter__(self):
        bridge.wait_for("acq serve listens", lambda: bridge.answers(self.port))
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.folder.cleanup()

    def end(self):
        """Ends it as Ctrl+C does: all is in the recordings."""
        self.child.send_signal(signal.SIGINT)
        if self.child.wait(timeout=60):
            sys.exit("bench: acq serve ended with exit code %d" % self.child.returncode)


def threads(f):
    """CPU of one frame in us: the loop's thread, the commit log's, all others, which seal."""
    loop, log = f["us main"], f["us acq commit log"]
    return loop, log, f["us"] - loop - log


def check(bench, serve, sent, note):
    """Every frame that was sent must be in the recordings once."""
    serve.end()
    f = figures(run(bench.build + "/bench_check", serve.folder.name).text)
    if f["frames"] != sent or f["missing"] or f["doubled"]:
        note("LOST OR DOUBLED: %d frames were sent, %d are recorded, %d missing, %d double" % (
            sent, f["frames"], f["missing"], f["doubled"]))
    return f


def durable(bench, title, row, note):
    title("acq serve with its commit log, as fast as disk and sealing go, frames of 600 bytes, CPU of one frame")
    for n in (1, 200):
        with Serve(bench, SERVER_CORE) as serve:
            # first the log's segments are new files; after some seconds they are used again
            f = bench.load(serve.port, serve.pid, "--sessions", "--fewer", "--connections", n, "--warm", 8,
                           "--seconds", 3, core=LOAD_CORE)
            check(bench, serve, f["sent"], note)
        loop, log, seal = threads(f)
        row("1 stream: loop and commit log" if n == 1 else "%d connections: loop and commit log" % n, "us", loop + log,
            most=0.6)
        row("  the loop's thread", "us", loop)
        row("  the commit log's thread", "us", log)
        row("  sealing into recordings", "us", seal)
        row("  frames a second", "1/s", f["frames_per_s"])
    with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
        f = figures(run(bench.build + "/bench_commit", folder, 8).text)
    row("the commit log alone: append", "us", f["again_append_ns"] / 1e3)
    row("  its thread, in files that are used again", "us", f["again_thread_ns"] / 1e3)
    row("  its thread, in new files", "us", f["first_thread_ns"] / 1e3)
    row("  until a group of 500 frames is durable, median", "ms", f["paced_500_us"] / 1e3)
    row("  99 %", "ms", f["paced_500_p99_us"] / 1e3)


def cars(bench, title, row, note, seconds=20):
    """300 cars, and if that is too many for this machine, as many as it can take."""
    title("acq serve, cars x 333 frames a second, written each 10 ms, durable, both cores shared with the load")
    for n in (300, 200, 150, 100, 50):
        with Serve(bench) as serve:
            f = bench.load(serve.port, serve.pid, "--sessions", "--connections", n, "--rate", 333, "--flush-ms", 10,
                           "--tick-us", 1000, "--warm", 3, "--seconds", seconds)
            found = check(bench, serve, f["sent"], note)
        on_time("%d cars, durable" % n, {OURS: f}, note)
        loop, log, seal = threads(f)
        row("%d cars: ack latency above the flush time, 99 %%" % n, "ms", f["p99_ms"], most=20)
        row("  median", "ms", f["p50_ms"])
        row("  longest", "ms", f["max_ms"])
        row("  frames a second", "1/s", f["frames_per_s"])
        row("  frames sent and not recorded once", "", abs(f["sent"] - found["frames"]) + found["missing"] +
            found["doubled"], most=0)
        row("  CPU of the server, of one core", "%", f["us"] * f["frames_per_s"] / 1e4)
        row("  CPU of one frame: loop", "us", loop)
        row("  CPU of one frame: commit log", "us", log)
        row("  CPU of one frame: sealing", "us", seal)
        row("  what the disk had to take", "MB/s", f["disk_mb_per_s"])
        if f["p99_ms"] <= 20:
            break
        seconds = 8


def measure(bench, title, row, note):
    saturated(bench, title, row, note)
    paced(bench, title, row, note)
    memory(bench, title, row)
    durable(bench, title, row, note)
    cars(bench, title, row, note)
