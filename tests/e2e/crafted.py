"""crafted.py - for the end-to-end tests: changes frames and writes recordings with Python alone."""
import gzip
import struct

from frames import CAPTURE, SEQ, SESSION, T_NS, UTC_NS, walk
from frames import varint as read_varint

VARINT, FIXED64, BYTES = 0, 1, 2


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def field(number, value):
    """One field of a message: an int as a varint; text and bytes."""
    if isinstance(value, int):
        return varint(number << 3 | VARINT) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | BYTES) + varint(len(value)) + value


def changed(data, session=None, seq=None, shift_ns=0, utc_shift_ns=None, previous=None):
    """An encoded frame with another session or number, later, or with a capture that names the session before."""
    out = bytearray()
    for number, value, start, end in walk(data):
        if number == SESSION and session:
            out += field(SESSION, session)
        elif number == SEQ and seq:
            out += field(SEQ, seq)
        elif number == T_NS:
            out += field(T_NS, value + shift_ns)
        elif number == UTC_NS:
            shift = shift_ns if utc_shift_ns is None else utc_shift_ns
            out += varint(UTC_NS << 3 | FIXED64) + struct.pack("<q", struct.unpack("<q", value)[0] + shift)
        else:
            out += data[start:end]
    if previous:
        out += field(CAPTURE, field(6, previous))
    return bytes(out)


def read(path):
    """The encoded frames of a recording, context and all."""
    data, at, found = gzip.decompress(path.read_bytes()), 0, []
    while at < len(data):
        size, at = read_varint(data, at)
        found.append(data[at:at + size])
        at += size
    return found


def write(path, messages):
    """A foreign recording: one gzip stream of encoded frames."""
    path.write_bytes(gzip.compress(b"".join(varint(len(data)) + data for data in messages), 1, mtime=0))


def members(data):
    """(offset, size, first seq, frames, left_out) of each member of a recording of ours, the end mark too."""
    at, found = 0, []
    while at < len(data):
        size, _, frames, first_seq = struct.unpack_from("<IIIQ", data, at + 20)
        found.append((at, size, first_seq, frames, data[at + 18] & 1))
        at += size
    return found
