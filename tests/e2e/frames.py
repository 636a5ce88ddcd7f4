"""frames.py - for the end-to-end tests: reads recordings without our code."""
import struct
import zlib

# numbers of fields in TelemetryFrame, Physics, Graphics, Static and Capture: proto/telemetry/v1/telemetry.proto
T_NS, GAME, SESSION, PHYSICS, GRAPHICS, STAT, SEQ, UTC_NS, LOST_BEFORE, CAPTURE = 1, 2, 3, 4, 5, 6, 16, 17, 18, 19
MESSAGES = (PHYSICS, GRAPHICS, STAT, CAPTURE)
PHYSICS_ID, STATUS, CAR, TRACK, LAYOUT, SKIN = 16, 1, 1, 2, 3, 50
SEEN, MISSED, TORN_RETRIED, TORN_DROPPED, RING_DROPPED, END_REASON, PROGRAM = 1, 2, 3, 4, 5, 7, 8


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def walk(data):
    """The fields of a message: (number, value, first byte, byte behind). Fixed and long values as bytes."""
    at = 0
    while at < len(data):
        start = at
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            size, at = (8, at) if kind == 1 else (4, at) if kind == 5 else varint(data, at)
            assert kind in (1, 2, 5) and at + size <= len(data), "no protobuf message"
            value, at = data[at:at + size], at + size
        yield key >> 3, value, start, at


def message(data):
    """{number: value}; of a field that comes twice, the last."""
    return {number: value for number, value, _, _ in walk(data)}


def f32(value, count=1):
    """A float field, or `count` of them packed or as Vec3f, Wheel4f; a float that is left out of those is 0."""
    if count == 1:
        return struct.unpack("<f", value)[0]
    fields = message(value)
    return [f32(fields[i]) if i in fields else 0.0 for i in range(1, count + 1)]


def i32(value):
    return struct.unpack("<i", struct.pack("<I", value & 0xffffffff))[0]


class Frame:
    """One encoded frame. `body` is it without the context (stat, capture), which each writer of a file appends anew."""

    def __init__(self, data):
        self.fields = {}
        body = bytearray()
        for number, value, start, end in walk(data):
            if number in self.fields and number in MESSAGES:
                value = self.fields[number] + value  # messages that come twice are merged, which is their concatenation
            self.fields[number] = value
            if number not in (STAT, CAPTURE):
                body += data[start:end]
        self.body = bytes(body)
        self.seq, self.t_ns = self.fields.get(SEQ), self.fields.get(T_NS)

    def group(self, number):
        return message(self.fields[number]) if number in self.fields else {}

    @property
    def physics_id(self):
        return i32(self.group(PHYSICS)[PHYSICS_ID])

    @property
    def utc_ns(self):
        return struct.unpack("<q", self.fields[UTC_NS])[0]


def recordings(folder):
    """The recordings of a folder, finished or not, in the order of their names. One may get its final name meanwhile."""
    while True:
        paths = sorted([*folder.glob("*.pb.gz"), *folder.glob("*.pb.gz.part")])
        try:
            found = [Recording(path) for path in paths]
        except FileNotFoundError:
            continue
        if len({path.name.removesuffix(".part") for path in paths}) == len(paths):
            return found


class Recording:
    """A recording, read with Python alone: its frames, and whether it was closed (docs/recording.md)."""

    def __init__(self, path):
        self.path, self.closed, self.members = path, False, 0
        data, at, content = path.read_bytes(), 0, b""
        while at < len(data):
            assert data[at:at + 4] == b"\x1f\x8b\x08\x04" and data[at + 12:at + 14] == b"AQ", "no member of ours"
            self.closed = data[at + 17] == 1
            size = struct.unpack_from("<I", data, at + 20)[0]
            if at + size > len(data):
                break  # being written
            content += zlib.decompress(data[at:at + size], 31)
            at += size
            self.members += 1
        self.size = at  # of the whole members in the file
        self.raw_size, self.frames = len(content), []
        at = 0
        while at < len(content):
            size, at = varint(content, at)
            self.frames.append(Frame(content[at:at + size]))
            at += size
        self.session = self.frames[0].fields[SESSION].decode() if self.frames else ""

    def bodies(self):
        return [frame.body for frame in self.frames]

    def ids(self):
        return [frame.physics_id for frame in self.frames]

    def last_context(self):
        """Static and Capture of the last frame that has them."""
        frame = next(f for f in reversed(self.frames) if CAPTURE in f.fields)
        return frame.group(STAT), frame.group(CAPTURE)

    def check_counts(self):
        """Steps seen and missed are what the packetIds say, in every frame that has counts. Returns the last counts."""
        ids, counts = self.check().ids(), None
        for i, frame in enumerate(self.frames):
            counts = frame.group(CAPTURE) or counts
            if CAPTURE in frame.fields:
                lost = counts.get(TORN_DROPPED, 0)
                assert counts[SEEN] == i + 1, f"{counts[SEEN]} steps seen at seq {i + 1}"
                assert counts[SEEN] + counts[MISSED] + lost == ids[i] - ids[0] + 1, f"counts at seq {i + 1}: {counts}"
        return counts

    def end_reason(self):
        return self.frames[-1].group(CAPTURE).get(END_REASON, b"").decode()

    def check(self):
        """What holds of every recording of one session by our bridge. Returns self."""
        assert [f.seq for f in self.frames] == list(range(1, len(self.frames) + 1)), "seq has holes"
        for a, b in zip(self.frames, self.frames[1:]):
            assert b.t_ns > a.t_ns and b.utc_ns - a.utc_ns == b.t_ns - a.t_ns, f"time at seq {b.seq}"
            assert b.physics_id > a.physics_id, f"physics packetId at seq {b.seq}"
        assert len({f.fields[SESSION] for f in self.frames}) == 1
        assert all(f.fields[GAME] == b"assetto_corsa" for f in self.frames)
        assert {STAT, CAPTURE} <= set(self.frames[0].fields)
        return self


def check_same(test, a, b):
    """Both recordings hold the same frames."""
    test.assertEqual(a.session, b.session)
    test.assertEqual(len(a.frames), len(b.frames))
    for x, y in zip(a.frames, b.frames):
        test.assertEqual(x.body, y.body, f"seq {x.seq}")
