"""recording.py - recordings as Python's gzip and protobuf read them, apart from our own code: what tests compare with.

Needs protoc and python3-protobuf; a test that uses it skips itself where one is missing (SKIP, exit code 77).
"""
import gzip
import importlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ACQ = pathlib.Path(os.environ["ACQ_BUILD"]) / "acq"


def require(condition, what):
    if not condition:
        print(f"{what} is missing: skipped")
        sys.exit(77)


def load_proto():
    """The module that protoc makes of what `acq channels --proto` prints."""
    require(shutil.which("protoc"), "protoc")
    try:
        importlib.import_module("google.protobuf")
    except ImportError:
        require(False, "python3-protobuf")
    folder = tempfile.mkdtemp(prefix="acq-proto-")
    text = subprocess.run([ACQ, "channels", "--proto"], check=True, capture_output=True).stdout
    (pathlib.Path(folder) / "acq_telemetry.proto").write_bytes(text)
    subprocess.run(["protoc", f"-I{folder}", f"--python_out={folder}", "acq_telemetry.proto"], check=True)
    sys.path.insert(0, folder)
    try:
        return importlib.import_module("acq_telemetry_pb2")
    finally:
        sys.path.pop(0)
        shutil.rmtree(folder)


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def split(data):
    """The length-delimited messages of some bytes, up to the last whole one."""
    place, out = 0, []
    while place < len(data):
        length = shift = 0
        while place < len(data):
            byte = data[place]
            place += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if place + length > len(data):
            break
        out.append(data[place:place + length])
        place += length
    return out


class Reader:
    """Turns a recording into rows: {column: value}, None for NULL."""

    def __init__(self):
        self.proto = load_proto()
        self.columns = {}  # message -> [(field name, [column, ...])], both lists in the order of the table
        self.floats = set()  # columns of 32-bit floats
        self._read_columns()

    def _read_columns(self):
        text = subprocess.run([ACQ, "channels"], check=True, capture_output=True, text=True).stdout
        names, message = {}, None
        for line in text.splitlines():
            head = re.match(r"(\w+): ", line)
            if head:
                message = head.group(1)
                names[message] = []
            elif line.startswith("  "):
                names[message].append(line.split()[0])
        groups = set(names) - {"TelemetryFrame"}
        for message, columns in names.items():
            fields = [f for f in getattr(self.proto, message).DESCRIPTOR.fields
                      if not (f.message_type and f.message_type.name in groups)]
            assert len(fields) == len(columns), message
            self.columns[message] = [(f, expand(c)) for f, c in zip(fields, columns)]
            for field, expanded in self.columns[message]:
                if field.message_type or field.type == field.TYPE_FLOAT:
                    self.floats.update(expanded)

    def frames(self, path):
        with gzip.open(path) as file:
            return [self.proto.TelemetryFrame.FromString(message) for message in split(file.read())]

    def _values(self, message, original):
        """The values of one message. In a frame of the original project an absent original scalar is proto3's 0."""
        row = {}
        for field, columns in self.columns[type(message).DESCRIPTOR.name]:
            if field.message_type:
                there = message.HasField(field.name)
                parts = [getattr(getattr(message, field.name), f.name) for f in field.message_type.fields]
                row.update({c: v if there else None for c, v in zip(columns, parts)})
            else:
                there = message.HasField(field.name) or (original and field.number < 16)
                row[columns[0]] = getattr(message, field.name) if there else None
        return row

    def rows(self, frames):
        """Rows in the order of the frames; stat and capture are the newest of the session so far."""
        proto, session, context = self.proto, None, {}
        for frame in frames:
            original = not frame.HasField("seq")
            row = self._values(frame, original)
            for name, kind in (("physics", proto.Physics), ("graphics", proto.Graphics)):
                there = frame.HasField(name)
                row.update(self._values(getattr(frame, name) if there else kind(), original and there))
            if frame.session_id != session:
                session, context = frame.session_id, {}
            for name, kind in (("stat", proto.Static), ("capture", proto.Capture)):
                if frame.HasField(name):
                    context[name] = self._values(getattr(frame, name), original)
                row.update(context.get(name) or self._values(kind(), False))
            yield row


def expand(column):
    """tyre_slip_{fl,fr,rl,rr} -> its four columns"""
    match = re.match(r"(.*)\{(.*)\}(.*)", column)
    return [match[1] + i + match[3] for i in match[2].split(",")] if match else [column]
