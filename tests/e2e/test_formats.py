#!/usr/bin/env python3
"""Recordings of every format that was ever released are read for ever, and give the values that stand beside them in
tests/data/expected.json. With --write that file is made anew, by Python alone: for a new format, never for an old one."""
import csv
import hashlib
import io
import json
import struct
import subprocess
import sys
import unittest
import zlib

from acq import ACQ, PATIENCE, SOURCE
from frames import GRAPHICS, PHYSICS, SEQ, STAT, TRACK, Frame, i32, varint

DATA = SOURCE / "tests/data"
EXPECTED = DATA / "expected.json"
FILES = "recording-v1.pb.gz", "recording-v1-part.pb.gz", "original.pb.gz"
# column: (group, field, kind)
COLUMNS = {"seq": (None, SEQ, "i"), "t_ns": (None, 1, "i"), "speed_kmh": (PHYSICS, 1, "f"), "gas": (PHYSICS, 2, "f"),
           "gear": (PHYSICS, 5, "i"), "rpm": (PHYSICS, 7, "f"), "physics_packet_id": (PHYSICS, 16, "i"),
           "lap": (GRAPHICS, 2, "i"), "normalized_car_pos": (GRAPHICS, 9, "f"), "current_time_ms": (GRAPHICS, 19, "i")}


def content(path):
    """All that can be unpacked, member by member, up to where the file ends."""
    data, out = path.read_bytes(), b""
    while data:
        z = zlib.decompressobj(31)
        out += z.decompress(data)
        data = z.unused_data
    return out


def frames(data):
    """The whole frames."""
    at, found = 0, []
    while at < len(data):
        size, behind = varint(data, at)
        if behind + size > len(data):
            break
        found.append(Frame(data[behind:behind + size]))
        at = behind + size
    return found, hashlib.sha256(data[:at]).hexdigest()


def value(frame, group, field, kind, original):
    fields = frame.fields if group is None else frame.group(group)
    if field not in fields:
        return 0 if original and field < 16 else None  # the original's schema has no absent numbers
    if kind == "f":
        return struct.unpack("<f", fields[field])[0]
    return fields[field] if group is None else i32(fields[field])


def decode(path):
    found, digest = frames(content(path))
    original = SEQ not in found[0].fields
    return {"frames": len(found), "sha256": digest, "track": found[0].group(STAT).get(TRACK, b"").decode(),
            "values": {name: [value(f, *place, original) for f in found] for name, place in COLUMNS.items()}}


class Formats(unittest.TestCase):
    def test_all_are_here(self):
        self.assertEqual(sorted(json.loads(EXPECTED.read_text())), sorted(FILES))
        self.assertEqual(sorted(path.name for path in DATA.glob("*.gz")), sorted(FILES))

    def test_python_reads_them(self):
        expected = json.loads(EXPECTED.read_text())
        for name in FILES:
            self.assertEqual(decode(DATA / name), expected[name], name)

    def test_acq_reads_them(self):
        expected = json.loads(EXPECTED.read_text())
        for name in FILES:
            whole = name.startswith("recording")
            done = subprocess.run([ACQ, "cat", DATA / name, "--format", "csv", "-c", *COLUMNS], capture_output=True,
                                  timeout=PATIENCE, text=True)
            self.assertEqual(done.returncode, 0 if whole else 3, done.stderr)
            rows = list(csv.DictReader(io.StringIO(done.stdout)))
            self.assertEqual(len(rows), expected[name]["frames"])
            for column, (_, _, kind) in COLUMNS.items():
                got = [None if not row[column] else int(row[column]) if kind == "i" else
                       struct.unpack("<f", struct.pack("<f", float(row[column])))[0] for row in rows]
                self.assertEqual(got, expected[name]["values"][column], (name, column))

    def test_what_info_says(self):
        for name, closed in ((FILES[0], True), (FILES[1], True), (FILES[2], False)):
            done = subprocess.run([ACQ, "info", DATA / name, "--json"], capture_output=True, timeout=PATIENCE)
            info = json.loads(done.stdout)
            info = info[0] if isinstance(info, list) else info
            self.assertEqual(info["closed"], closed, name)
            self.assertEqual(info["frames"], json.loads(EXPECTED.read_text())[name]["frames"], name)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        EXPECTED.write_text(json.dumps({name: decode(DATA / name) for name in FILES}, indent=None,
                                       separators=(",", ":")).replace('},"', '},\n"') + "\n")
    else:
        unittest.main()
