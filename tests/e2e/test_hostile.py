#!/usr/bin/env python3
"""Files that are made to hurt: gzip bombs, absurd lengths and counts, headers that lie, formats of the future. Every
command says in one sentence what is wrong, or reads what is whole, in bounded memory and time."""
import gzip
import os
import pathlib
import random
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib

from acq import ACQ, PATIENCE

OK, FAILED, LOSSY = 0, 1, 3
SANITIZED = b"__asan_init" in ACQ.read_bytes()
MEMORY_KB = 150 * 1024   # what any command may take, but for those that write Parquet
DUCKDB_KB = 600 * 1024
MIB = 1 << 20


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def frame(seq, padding=0, own=True):
    """A length-delimited frame; the padding is a field that nobody knows."""
    data = varint(1 << 3) + varint(10**9 + 3000000 * seq)
    data += b"\x12\x0dassetto_corsa\x1a\x01s"
    if own:
        data += varint(16 << 3) + varint(seq)
    if padding:
        data += varint(200 << 3 | 2) + varint(padding) + bytes(padding)
    return varint(len(data)) + data


def member(content, seq=1, frames=1, version=1, kind=0, size=None, raw_size=None, t=None):
    """A member of ours; what is given replaces what would be true."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = deflate.compress(content) + deflate.flush()
    first, last = t or (10**9 + 3000000 * (seq % 10000), 10**9 + 3000000 * ((seq + frames - 1) % 10000))
    fields = struct.pack("<BBBxIIIQqqqiiIII", version, kind, 0, 136 + len(packed) if size is None else size,
                         len(content) if raw_size is None else raw_size, frames, seq, first, last, 0, 0, 0,
                         frames, 0, int(seq == 1))
    fields = fields.ljust(108, b"\0")
    head = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff" + struct.pack("<H", 116) + b"AQ" + struct.pack("<H", 112) + fields
    return head + struct.pack("<I", zlib.crc32(fields)) + packed + struct.pack("<II", zlib.crc32(content), len(content))


def end_mark(seq):
    return member(b"", seq, 0, kind=1, t=(0, 0))


ZEROS = gzip.compress(bytes(8 * MIB))


class Hostile(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="acq-hostile-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = self.folder / "file.pb.gz"

    def run_one(self, *words):
        """Exit code, stderr and memory of a command."""
        with tempfile.TemporaryFile() as err:
            process = subprocess.Popen([ACQ, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=err, cwd=self.folder, preexec_fn=lambda: __import__("signal").alarm(PATIENCE))
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            err.seek(0)
            return process.returncode, err.read().decode(), usage.ru_maxrss

    def commands(self):
        for out in ("saved.pb.gz", "out.parquet", "part.pb.gz"):
            (self.folder / out).unlink(missing_ok=True)
        return (["info", self.path], ["doctor", self.path], ["cat", self.path, "-n", "5"],
                ["cat", self.path, "--from", "1", "-c", "seq"], ["recover", self.path, "saved.pb.gz"],
                ["filter", self.path, "part.pb.gz", "--to", "0.1"], ["replay", self.path, "127.0.0.1:1", "--speed", "0"],
                ["view", self.path, "-n", "5", "--no-stats"], ["convert", self.path, "out.parquet"])

    def check(self, codes, says=None):
        """Every command ends with one of these codes, in bounded memory; where it fails it says one sentence. Those that
        need not read all may have seen nothing wrong."""
        for words in self.commands():
            code, err, memory = self.run_one(*words)
            self.assertNotIn("Sanitizer", err)
            self.assertNotIn("runtime error", err)
            what = f"{words[0]}: {code}\n{err}"
            all_read = words[0] in ("doctor", "recover", "convert")
            if words[0] == "replay":
                self.assertEqual(code, FAILED, what)  # there is no server
            else:
                self.assertIn(code, codes if all_read or codes == [FAILED] else codes + [OK, LOSSY], what)
            if code == FAILED:
                self.assertEqual(err.count("\n"), 1, what)
                self.assertTrue(err.startswith("acq: error: "), what)
            if says and code == FAILED:
                self.assertIn(says, err, what)
            if not SANITIZED:
                self.assertLess(memory, DUCKDB_KB if words[0] == "convert" else MEMORY_KB, what)

    def write(self, *parts, times=1):
        """The file, part by part: what this process holds is counted against the commands that it starts."""
        with open(self.path, "wb") as file:
            for _ in range(times):
                for part in parts:
                    file.write(part)

    def test_gigabytes_of_zeros(self):
        """A gzip file of 3 GiB of zeros is refused as soon as its first bytes are seen."""
        self.write(ZEROS, times=384)
        self.check([FAILED], "holds no whole frame")

    def test_zeros_behind_frames(self):
        """What stands before them is read."""
        frames = b"".join(frame(i, own=False) for i in range(1, 200))
        self.write(gzip.compress(frames), *[ZEROS] * 384)
        self.check([LOSSY])

    def test_bomb_of_frames(self):
        """160 MiB of well-formed frames out of a few hundred kilobytes: read through, never held."""
        parts = (gzip.compress(b"".join(frame(i, 60000, own=False) for i in range(k + 1, k + 101)))
                 for k in range(0, 2800, 100))
        self.write(*parts)
        self.assertLess(self.path.stat().st_size, 2 * MIB)
        self.check([OK])

    def test_bomb_of_members(self):
        """The same in members of our own, each as large as may be."""
        def parts():
            for k in range(40):
                content = b"".join(frame(i, 60000) for i in range(137 * k + 1, 137 * k + 138))
                self.assertTrue(7 * MIB < len(content) < 8 * MIB)
                yield member(content, 137 * k + 1, 137)
            yield end_mark(137 * 40 + 1)
        self.write(*parts())
        self.assertLess(self.path.stat().st_size, 2 * MIB)
        self.check([OK])

    def test_members_that_are_too_large(self):
        """Sizes beyond what a member may have are damage; nothing of that size is asked for."""
        good = member(frame(1))
        for bad in (member(frame(2), 2, raw_size=0xffffffff), member(frame(2), 2, raw_size=8 * MIB + 1),
                    member(frame(2), 2, size=0xffffffff), member(frame(2), 2, size=9 * MIB + 1),
                    member(frame(2), 2, size=1), member(frame(2), 2, size=0)):
            self.path.write_bytes(good + bad + end_mark(3))
            self.check([LOSSY])
        self.path.write_bytes(member(frame(1), raw_size=0xffffffff))  # a foreign file, then: any gzip reads it
        self.check([OK, LOSSY])

    def test_content_larger_than_said(self):
        """The content is larger, or smaller, than the header says: damage."""
        for raw in (10, 8 * MIB):
            self.path.write_bytes(member(frame(1)) + member(frame(2, 60000) * 100, 2, 100, raw_size=raw) + end_mark(102))
            self.check([LOSSY])

    def test_headers_that_lie(self):
        """Counts, numbers and times that are absurd, in headers that are whole."""
        content = b"".join(frame(i) for i in range(2, 12))
        for lie in ({"frames": 0xffffffff}, {"frames": 0}, {"seq": 2**64 - 1}, {"t": (2**63 - 1, -2**63)},
                    {"t": (-2**63, 2**63 - 1)}, {"seq": 2**63, "frames": 0xffffffff}):
            words = dict({"seq": 2, "frames": 10}, **lie)
            self.path.write_bytes(member(frame(1)) + member(content, **words) + end_mark(12))
            self.check([OK, LOSSY, FAILED])

    def test_absurd_lengths(self):
        """Lengths of frames in the content of a foreign file, and of one of our own."""
        for length in (varint(2**63), varint(2**32), varint(65537), b"\xff" * 12, varint(0)):
            content = frame(1, own=False) + length + b"x" * 100
            self.path.write_bytes(gzip.compress(content))
            self.check([LOSSY])
            self.path.write_bytes(gzip.compress(length + b"x" * 100))
            self.check([FAILED])
            self.path.write_bytes(member(frame(1)) + member(frame(2) + length + b"x" * 100, 2, 2) + end_mark(4))
            self.check([OK, LOSSY, FAILED])

    def test_newer_format(self):
        """Refused by its number, where the whole file is of it."""
        self.path.write_bytes(member(frame(1), version=2) + end_mark(2))
        self.check([FAILED], "format version 2")
        longer = bytearray(member(frame(1), version=3))
        longer[10], longer[14] = 120, 116
        self.path.write_bytes(longer[:128] + b"more" + longer[128:])
        self.check([FAILED], "format version 3")

    def test_junk(self):
        """Random bytes behind a good header, a good member, a good gzip header."""
        dice = random.Random(5)
        junk = dice.randbytes(300000)
        for begin, codes in ((member(frame(1))[:128], [FAILED]), (member(frame(1)), [LOSSY]),
                             (b"\x1f\x8b\x08\x00\0\0\0\0\0\x03", [FAILED]), (b"", [FAILED])):
            self.path.write_bytes(begin + junk)
            self.check(codes)


if __name__ == "__main__":
    unittest.main()
