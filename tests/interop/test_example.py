#!/usr/bin/env python3
"""examples/read_recording.py, a reader in plain Python, gives what `acq cat` gives, and passes over what it need not
read."""
import csv
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["ACQ_BUILD"])
SOURCE = pathlib.Path(os.environ.get("ACQ_SOURCE", pathlib.Path(__file__).parents[2]))
ACQ, EXAMPLE = BUILD / "acq", SOURCE / "examples/read_recording.py"
FLOATS = "speed_kmh", "gas", "brake", "rpm"
COLUMNS = ["seq", "t_s", "speed_kmh", "gas", "brake", "gear", "rpm", "lap"]
PATIENCE = 120


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=PATIENCE)


def rows(text):
    """CSV as dicts; numbers as they are, floats as the 32 bits that they were."""
    found = []
    for row in csv.DictReader(text.splitlines()):
        for name in FLOATS:
            row[name] = row[name] and struct.pack("<f", float(row[name]))
        row["t_s"] = round(float(row["t_s"]), 6)
        found.append(row)
    return found


class Example(unittest.TestCase):
    def setUp(self):
        self.keep = tempfile.TemporaryDirectory(prefix="acq-example-")
        self.addCleanup(self.keep.cleanup)
        self.file = pathlib.Path(self.keep.name) / "drive.pb.gz"
        done = run(ACQ, "sim", "--quiet", "--seconds", "6", "-o", self.file)
        self.assertEqual(done.returncode, 0, done.stderr)

    def read(self, *words):
        done = run(sys.executable, EXAMPLE, self.file, *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def cat(self, *words):
        done = run(ACQ, "cat", self.file, "--format", "csv", *words, "-c", *COLUMNS)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return rows(done.stdout)

    def test_same_as_cat(self):
        found = rows(self.read())
        self.assertEqual(len(found), 2000)
        self.assertEqual(found, self.cat())

    def test_part(self):
        found = rows(self.read("--from", "2.1", "--to", "3.4"))
        self.assertGreater(len(found), 400)
        self.assertEqual(found, self.cat("--from", "2.1", "--to", "3.4"))

    def test_passes_over(self):
        """The content of members outside may be damaged: it is never looked at."""
        whole = self.read("--from", "4")
        listed = list(csv.DictReader(self.read("--list").splitlines()))
        data = bytearray(self.file.read_bytes())
        for member in listed[:10]:
            at = int(member["at"]) + 128
            data[at:at + 1000] = bytes(1000)
        self.file.write_bytes(data)
        self.assertEqual(self.read("--from", "4"), whole)
        self.assertEqual(list(csv.DictReader(self.read("--list").splitlines())), listed)
        self.assertEqual(sum(int(member["frames"]) for member in listed), 2000)
        self.assertEqual((listed[-1]["kind"], listed[-1]["first_seq"]), ("1", "2001"))

    def test_damaged(self):
        data = bytearray(self.file.read_bytes())
        data[16] ^= 1
        self.file.write_bytes(data)
        done = run(sys.executable, EXAMPLE, self.file, "--list")
        self.assertEqual(done.returncode, 1)
        self.assertIn("at byte 0 no member begins", done.stderr)

    def test_in_the_tests_for_ever(self):
        self.file = SOURCE / "tests/data/recording-v1.pb.gz"
        self.assertEqual(rows(self.read()), self.cat())


if __name__ == "__main__":
    unittest.main()
