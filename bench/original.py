"""The original project's way, in Python with pandas, to compare with. Its steps are kept: a gzip stream, one dict for
each frame, a DataFrame, sorted by time, Parquet; head and describe of a DataFrame; one curve for each column.

  original.py record  IN.pb.gz OUT.pb.gz      prints microseconds of CPU for a frame
  original.py convert IN.pb.gz OUT.parquet    the original's fourteen columns
  original.py convert_all IN.pb.gz OUT.parquet  a column for each value in the frames
  original.py head    FILE.parquet            the first 50 rows
  original.py view    FILE.parquet            the first 50 rows and describe(include="all")
  original.py plot    FILE.parquet OUT.png
"""
import gzip
import sys
import time

PLOTTED = ["speed_kmh", "rpm", "gear", "gas", "brake", "steer", "ax_g", "ay_g", "lap", "pos"]


def messages(path):
    """The bytes of each frame."""
    with gzip.open(path, "rb") as stream:
        while True:
            size = shift = 0
            while True:
                byte = stream.read(1)
                if not byte:
                    return
                size |= (byte[0] & 127) << shift
                shift += 7
                if byte[0] < 128:
                    break
            yield stream.read(size)


def fourteen(frame):
    p, g = frame.physics, frame.graphics
    return {"t_ns": frame.monotonic_ns, "game": frame.game, "session": frame.session_id, "speed_kmh": p.speed_kmh,
            "gas": p.gas, "brake": p.brake, "gear": p.gear, "steer": p.steer, "rpm": p.engine_rpm, "ax_g": p.acc_g.x,
            "ay_g": p.acc_g.y, "az_g": p.acc_g.z, "lap": g.completed_laps, "pos": g.position}


def every():
    """The function that one would write by hand: a dict with each value of a frame."""
    from telemetry.v1.telemetry_pb2 import TelemetryFrame

    def paths(message, prefix):
        for field in message.fields:
            if field.message_type:
                yield from paths(field.message_type, prefix + field.name + ".")
            else:
                yield prefix + field.name

    entries = ["%r: frame.%s" % (path.replace(".", "_"), path) for path in paths(TelemetryFrame.DESCRIPTOR, "")]
    return eval("lambda frame: {'t_ns': frame.monotonic_ns, %s}" % ", ".join(entries))


def convert(source, target, to_row):
    import pandas
    from telemetry.v1.telemetry_pb2 import TelemetryFrame
    rows = []
    for data in messages(source):
        frame = TelemetryFrame()
        frame.ParseFromString(data)
        rows.append(to_row(frame))
    pandas.DataFrame(rows).sort_values("t_ns").to_parquet(target, index=False)


def record(source, target):
    frames = [bytes([len(m) & 127 | 128, len(m) >> 7]) + m for m in messages(source)]
    start = time.process_time()
    with gzip.open(target, "wb", compresslevel=6) as stream:
        for frame in frames:
            stream.write(frame)
    print((time.process_time() - start) * 1e6 / len(frames))


def view(path, statistics):
    import pandas
    frame = pandas.read_parquet(path)
    frame["t_s"] = (frame["t_ns"] - frame["t_ns"].min()) / 1e9
    print(frame.head(50).to_string())
    if statistics:
        print(frame.describe(include="all").to_string())


def plot(path, target):
    import matplotlib
    matplotlib.use("agg")
    import pandas
    from matplotlib import pyplot
    frame = pandas.read_parquet(path)
    t = (frame["t_ns"] - frame["t_ns"].min()) / 1e9
    figure, axes = pyplot.subplots(len(PLOTTED), figsize=(16, 15), sharex=True)
    for axis, name in zip(axes, PLOTTED):
        axis.plot(t, frame[name])
        axis.set_title(name)
    figure.savefig(target, dpi=100)


def main(what, *paths):
    if what == "record":
        record(*paths)
    elif what in ("convert", "convert_all"):
        convert(*paths, fourteen if what == "convert" else every())
    elif what in ("head", "view"):
        view(*paths, what == "view")
    elif what == "plot":
        plot(*paths)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
