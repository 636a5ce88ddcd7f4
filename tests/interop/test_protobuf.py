"""Google's protobuf against our own encoder and decoder: the same frames, every channel, in both directions; and the
original project's schema."""
import gzip
import math
import os
import struct
import subprocess
import sys

import helper

folder = helper.Folder().__enter__()
helper.need(helper.FRAMES)
OUT = helper.stubs(folder)
from original.v1 import original_pb2 as original  # noqa: E402
from telemetry.v1 import telemetry_pb2 as telemetry  # noqa: E402

COLUMNS = []  # (name, group or None, field, element or None, type)
for line in subprocess.run([helper.FRAMES, "columns"], check=True, capture_output=True, text=True).stdout.splitlines():
    name, group, field, element, kind = line.split(" ")
    COLUMNS.append((name, None if group == "-" else group, field, None if element == "-" else element, kind))


def as_float(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def distinct(index, kind):
    """The value of column number `index` in a frame where each has its own."""
    return {"float": index + 0.5, "int32": -index, "uint64": index << 40, "fixed64": index << 40,
            "string": "text %d \u00e9\U0001f3ce" % index}[kind]


def extreme(index, kind, field):
    if kind == "string":
        return None  # as long as it may be: compared by the letters
    return {"float": -math.inf if index % 2 else as_float(3.4028234663852886e38),
            "int32": -2**31 if index % 2 else 2**31 - 1,
            "uint64": 2**64 - 2**31 if index % 2 else 2**31 - 1,
            "fixed64": 2**64 - 2**31 if index % 2 else 2**31 - 1}[kind]


def message_of(frame, group):
    return frame if group is None else getattr(frame, group)


def is_there(frame, group, field):
    return (group is None or frame.HasField(group)) and message_of(frame, group).HasField(field)


def get(frame, group, field, element):
    value = getattr(message_of(frame, group), field)
    return value if element is None else getattr(value, element)


def put(frame, group, field, element, value):
    message = message_of(frame, group)
    if element is None:
        setattr(message, field, value)
    else:
        setattr(getattr(message, field), element, value)


def parse(path):
    frames = []
    for data in helper.read_recording(path):
        frame = telemetry.TelemetryFrame()
        frame.ParseFromString(data)
        assert not frame.UnknownFields(), "our schema lacks a field that we write"
        frames.append(frame)
    return frames


def printed(path):
    """What our reader finds in a file: one dictionary of texts for each frame."""
    done = subprocess.run([helper.FRAMES, "print", path], check=True, capture_output=True, text=True)
    blocks = done.stdout.split("\n\n")
    assert blocks.pop() == ""
    return [dict(line.split("=", 1) for line in block.split("\n") if line) for block in blocks]


def same(text, value, kind):
    if kind == "float":
        return as_float(float(text)) == as_float(value)
    return text == str(value)


def importable_without_tricks():
    code = "from telemetry.v1 import telemetry_pb2, telemetry_pb2_grpc; telemetry_pb2_grpc.TelemetryIngestStub"
    environment = {"PYTHONPATH": OUT, "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd="/", env=environment)


def schema_has_all_columns():
    fields = set()
    for message in (None, "physics", "graphics", "stat", "capture"):
        descriptor = telemetry.TelemetryFrame.DESCRIPTOR
        if message:
            descriptor = descriptor.fields_by_name[message].message_type
        for field in descriptor.fields:
            inner = field.message_type
            if inner is None:
                fields.add((message, field.name, None))
                assert field.containing_oneof is not None, field.name + " is not optional"
            elif inner.name in ("Vec3f", "Wheel4f"):
                fields.update((message, field.name, part.name) for part in inner.fields)
    assert fields == {(group, field, element) for _, group, field, element, _ in COLUMNS}


def ours_to_protobuf():
    path = folder("ours.pb.gz")
    subprocess.run([helper.FRAMES, "write", path], check=True)
    full, ends, bare = parse(path)
    for index, (name, group, field, element, kind) in enumerate(COLUMNS):
        expected = distinct(index, kind) if name != "seq" else 1
        assert is_there(full, group, field), name
        assert get(full, group, field, element) == expected, name
        value, expected = get(ends, group, field, element), extreme(index, kind, field)
        if kind == "string":
            assert len(value) >= 31 and set(value) == {"x"}, name
        elif name != "seq":
            assert value == expected, (name, value, expected)
        assert name == "seq" or not is_there(bare, group, field), name
    assert bare.seq == 3 and bare.HasField("physics") and not bare.HasField("graphics")


def protobuf_to_ours():
    full, negative, bare = (telemetry.TelemetryFrame(seq=n) for n in (1, 2, 3))
    for index, (name, group, field, element, kind) in enumerate(COLUMNS):
        if name == "seq":
            continue
        put(full, group, field, element, distinct(index, kind))
        if kind != "string":
            put(negative, group, field, element, extreme(index, kind, field))
        elif field not in ("game", "session_id"):
            put(negative, group, field, element, "")
    bare.graphics.SetInParent()
    bare.physics.tyre_load.SetInParent()  # an empty Wheel4f is four zeros
    path = folder("python.pb.gz")
    with gzip.open(path, "wb") as file:
        file.write(helper.delimited(frame.SerializeToString() for frame in (full, negative, bare)))
    got = printed(path)
    assert len(got) == 3
    for index, (name, group, field, element, kind) in enumerate(COLUMNS):
        if name == "seq":
            continue
        assert same(got[0][name], distinct(index, kind), kind), (name, got[0][name])
        if kind != "string":
            assert same(got[1][name], extreme(index, kind, field), kind), (name, got[1][name])
        elif field not in ("game", "session_id"):
            assert got[1][name] == "", name
    assert got[2] == {"seq": "3", "tyre_load_n_fl": "0", "tyre_load_n_fr": "0", "tyre_load_n_rl": "0",
                      "tyre_load_n_rr": "0"}, got[2]


def bytes_stay():
    """What we write, protobuf writes again with the same meaning, and our reader finds the same in it."""
    path, again = folder("ours.pb.gz"), folder("again.pb.gz")
    with gzip.open(again, "wb") as file:
        file.write(helper.delimited(frame.SerializeToString() for frame in parse(path)))
    assert printed(path) == printed(again)


ORIGINALS = [(name, group, field, element, kind) for name, group, field, element, kind in COLUMNS
             if field in original.TelemetryFrame.DESCRIPTOR.fields_by_name and group is None or
             group in ("physics", "graphics", "stat") and
             field in original.TelemetryFrame.DESCRIPTOR.fields_by_name[group].message_type.fields_by_name]


def original_frames_to_ours():
    assert len(ORIGINALS) == 3 + 7 + 4 * 4 + 3 * 3 + 9 + 4
    full, zeros, part = (original.TelemetryFrame(monotonic_ns=n) for n in (1, 2, 3))
    for index, (name, group, field, element, kind) in enumerate(ORIGINALS):
        put(full, group, field, element, distinct(index, kind))
    zeros.physics.SetInParent()
    zeros.graphics.SetInParent()
    part.physics.acc_g.y = 2
    path = folder("original.pb.gz")
    with gzip.open(path, "wb") as file:
        file.write(helper.delimited(frame.SerializeToString() for frame in (full, zeros, part)))
    got = printed(path)
    assert set(got[0]) == {name for name, *_ in ORIGINALS}
    for index, (name, group, field, element, kind) in enumerate(ORIGINALS):
        assert same(got[0][name], distinct(index, kind), kind), (name, got[0][name])
        if group in ("physics", "graphics") and element is None:
            assert got[1][name] == "0", name  # proto3's zeros, in the messages that are there
        if group == "stat":
            assert name not in got[1] and name not in got[2], name
    assert "ax_g" not in got[1]  # messages have no zeros
    assert (got[2]["ax_g"], got[2]["ay_g"], got[2]["az_g"]) == ("0", "2", "0")
    assert "lap" not in got[2] and got[2]["gear"] == "0" and got[2]["game"] == ""


def ours_to_the_original():
    path = folder("ours.pb.gz")
    messages = helper.read_recording(path)
    full = original.TelemetryFrame()
    full.ParseFromString(messages[0])
    numbers = {(group, field, element): i for i, (_, group, field, element, _) in enumerate(COLUMNS)}
    for name, group, field, element, kind in ORIGINALS:
        assert get(full, group, field, element) == distinct(numbers[group, field, element], kind), name
    bare = original.TelemetryFrame()
    bare.ParseFromString(messages[2])
    assert bare.physics.speed_kmh == 0 and not bare.HasField("graphics")


try:
    helper.run([importable_without_tricks, schema_has_all_columns, ours_to_protobuf, protobuf_to_ours, bytes_stay,
                original_frames_to_ours, ours_to_the_original])
finally:
    folder.__exit__()
