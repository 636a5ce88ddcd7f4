"""members.py - for the end-to-end tests: takes recordings apart into members and makes members, without our code
(docs/recording.md)."""
import struct
import zlib

HEADER, TRAILER = 128, 8
# name, where in the header, how it is packed
FIELDS = {"kind": (17, "B"), "left_out": (18, "B"), "size": (20, "I"), "raw_size": (24, "I"), "frames": (28, "I"),
          "first_seq": (32, "Q"), "first_t_ns": (40, "q"), "last_t_ns": (48, "q"), "first_utc_ns": (56, "q"),
          "laps": (64, "i"), "best_lap_ms": (68, "i"), "steps": (72, "I"), "missed": (76, "I"), "pictures": (80, "I"),
          "lost": (84, "I")}
JITTER, BINS, CHECKSUM = 88, 12, 124


class Member:
    def __init__(self, data, at):
        self.at, self.header = at, bytearray(data[at:at + HEADER])
        assert self.header[:4] == b"\x1f\x8b\x08\x04" and self.header[12:14] == b"AQ", f"no member at {at}"
        assert self["checksum"] == zlib.crc32(self.header[16:CHECKSUM]), f"checksum of the header at {at}"
        self.bytes = bytes(data[at:at + self["size"]])
        self.end = at + self["size"]

    def __getitem__(self, name):
        if name == "checksum":
            return struct.unpack_from("<I", self.header, CHECKSUM)[0]
        place, kind = FIELDS[name]
        return struct.unpack_from("<" + kind, self.header, place)[0]

    def jitter(self):
        return list(struct.unpack_from(f"<{BINS}H", self.header, JITTER))

    def content(self):
        return zlib.decompress(self.bytes, 31)

    def with_values(self, **values):
        """The member's bytes with other values in its header."""
        header = bytearray(self.header)
        for name, value in values.items():
            place, kind = FIELDS[name]
            struct.pack_into("<" + kind, header, place, value)
        return sealed(header) + self.bytes[HEADER:]

    def with_content(self, content, **values):
        """A member of other content, whose size and checksums are right."""
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packer.compress(content) + packer.flush()
        body = packed + struct.pack("<II", zlib.crc32(content), len(content))
        return self.with_values(**{"size": HEADER + len(body), "raw_size": len(content), **values})[:HEADER] + body


def sealed(header):
    struct.pack_into("<I", header, CHECKSUM, zlib.crc32(header[16:CHECKSUM]))
    return bytes(header)


def members(data):
    """All members of a whole recording, the end mark too."""
    found, at = [], 0
    while at < len(data):
        found.append(Member(data, at))
        at = found[-1].end
    return found
