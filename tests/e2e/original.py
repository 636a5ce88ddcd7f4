"""original.py - frames and recordings as the original project's bridge made them: its structs, which are too short,
laid over the game's pages, and its messages without seq.

Source: ac_shmem.hpp, main.cpp and recorder.cpp of the original project (Pepen0/Slipstream, MIT licence).
"""
import gzip
import struct

from pages import GRAPHICS, PHYSICS, STATIC, layout


class Bytes:
    """The bytes of one page, filled by the names of the page's fields."""

    def __init__(self, text):
        self.fields, size = layout(text)
        self.bytes = bytearray(size)

    def __setitem__(self, name, value):
        kind, count, at = self.fields[name]
        if kind == "s":
            units = value.encode("utf-16-le")[:2 * count]
            self.bytes[at:at + 2 * count] = units + bytes(2 * count - len(units))
        else:
            values = value if isinstance(value, (list, tuple)) else [value]
            struct.pack_into(f"<{count}{kind}", self.bytes, at, *values)


class Game:
    """The three pages."""

    def __init__(self):
        self.physics, self.graphics, self.stat = Bytes(PHYSICS), Bytes(GRAPHICS), Bytes(STATIC)


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def real(field, bits):
    """A float, given by its four bytes: those of 0 are left out."""
    return varint(field << 3 | 5) + bits if any(bits) else b""


def part(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def text(field, data):
    """An 8-bit text up to its NUL; an empty one is left out."""
    data = data.split(b"\0")[0]
    return part(field, data) if data else b""


def vector(field, data):
    return part(field, b"".join(real(i + 1, data[4 * i:4 * i + 4]) for i in range(len(data) // 4)))


def frame(game, t_ns, session="0c7f2a9e-5a55-4e0c-9d0e-0d4f7f2f3b11"):
    """One length-delimited frame of what the pages hold."""
    p, g, s = bytes(game.physics.bytes), bytes(game.graphics.bytes), bytes(game.stat.bytes)
    gear, rpms = struct.unpack_from("<ii", p, 16)
    steer = struct.unpack("<f", struct.pack("<f", struct.unpack_from("<f", p, 24)[0] / 180))[0]
    physics = (real(1, p[28:32]) + real(2, p[4:8]) + real(3, p[8:12]) + number(5, gear) +
               real(6, struct.pack("<f", steer)) + real(7, struct.pack("<f", rpms)) +
               vector(8, p[68:84]) + vector(9, p[84:100]) + vector(10, p[100:116]) + vector(11, p[116:132]) +
               vector(12, p[32:44]) + vector(13, p[44:56]) + vector(14, p[56:68]))
    status, laps, position = struct.unpack_from("<iii", g, 4)
    graphics = number(1, status) + number(2, laps) + number(3, position)
    graphics += b"".join(real(4 + i, g[16 + 4 * i:20 + 4 * i]) for i in range(6))
    stat = text(1, s[30:63]) + text(2, s[63:96]) + text(3, s[96:129]) + number(4, struct.unpack_from("<i", s, 132)[0])
    data = (number(1, t_ns) + part(2, b"assetto_corsa") + part(3, session.encode()) + part(4, physics) +
            part(5, graphics) + part(6, stat))
    return varint(len(data)) + data


def write(path, frames):
    """A recording of the original project, closed."""
    path.write_bytes(gzip.compress(b"".join(frames), 6))
