#!/usr/bin/env python3
"""acq convert of many recordings: into a folder, or merged into one file; what fails is left out and named, nothing is
overwritten, nothing half done stays."""
import csv
import gzip
import os
import pathlib
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest

import original
from acq import ACQ
from frames import Recording


def run(*arguments, **options):
    return subprocess.run([ACQ, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)


def sim(path, seconds=1, seed=1):
    subprocess.run([ACQ, "sim", "--seconds", str(seconds), "--seed", str(seed), "--quiet", "--out", path], check=True,
                   stdout=subprocess.DEVNULL)
    return path


class Many(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory(prefix="acq-many-")
        cls.made = pathlib.Path(cls.keep.name) / "made"
        cls.made.mkdir()
        for seed in (1, 2, 3):
            sim(cls.made / f"{'abc'[seed - 1]}.pb.gz", seed, seed)

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def setUp(self):
        self.dir = pathlib.Path(self.keep.name) / self._testMethodName
        self.dir.mkdir()
        self.ins = self.dir / "in"
        shutil.copytree(self.made, self.ins)
        self.out = self.dir / "out"

    def names(self, folder=None):
        return sorted(p.name for p in (folder or self.out).iterdir())

    def fails(self, result, code, *words):
        """One sentence on stderr, nothing on stdout."""
        self.assertEqual((result.returncode, result.stdout), (code, ""), result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def rows(self, path, *columns):
        """The rows of a Parquet file or a recording, through CSV."""
        out = self.dir / "rows.csv"
        result = run("view", path, "-n", "0", "--no-stats", "--to-csv", out, "--force", "-c", *columns)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(out, newline="", encoding="utf-8") as file:
            return list(csv.reader(file))[1:]

    # ---- into a folder ----

    def test_folder(self):
        """Each becomes a file of its own name, equal to what it becomes alone."""
        result = run("convert", self.ins, self.out)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(self.names(), ["a.parquet", "b.parquet", "c.parquet"])
        self.assertEqual(len(result.stdout.splitlines()), 3)
        for name in "abc":
            frames = len(Recording(self.ins / f"{name}.pb.gz").frames)
            self.assertIn(f"Wrote {self.out / name}.parquet with {frames} rows\n", result.stdout)
            alone = self.dir / f"{name}.parquet"
            self.assertEqual(run("convert", self.ins / f"{name}.pb.gz", alone).returncode, 0)
            columns = ["seq", "session", "speed_kmh", "gear", "car_model"]
            self.assertEqual(self.rows(self.out / f"{name}.parquet", *columns), self.rows(alone, *columns))

    def test_words(self):
        """Files, folders and patterns together; a recording that is named twice is converted once."""
        more = self.dir / "more"
        more.mkdir()
        sim(more / "d.pb.gz", 1, 4)
        (more / "notes.txt").write_text("no recording")
        result = run("convert", self.ins / "[ab].pb.gz", self.ins / "a.pb.gz", more, self.out)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(self.names(), ["a.parquet", "b.parquet", "d.parquet"])

    def test_one_into_a_folder(self):
        self.out.mkdir()
        for out in (self.out, f"{self.dir / 'new'}/"):
            result = run("convert", self.ins / "a.pb.gz", out)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertTrue((pathlib.Path(out) / "a.parquet").exists())

    def test_csv(self):
        result = run("convert", self.ins, self.out, "--csv", "-c", "t_s,seq,gear")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.names(), ["a.csv", "b.csv", "c.csv"])
        for name in self.names():
            lines = (self.out / name).read_text().splitlines()
            self.assertEqual(lines[0], "t_s,seq,gear")
            self.assertEqual(lines[1].split(",")[:2], ["0.0", "1"])
            self.assertGreater(len(lines), 300)

    def test_wrong_words(self):
        a, b = self.ins / "a.pb.gz", self.ins / "b.pb.gz"
        self.fails(run("convert", a, b, self.dir / "x.parquet"), 2, "--merge")
        self.fails(run("convert", self.ins, self.dir / "x.parquet"), 2, "--merge")
        self.fails(run("convert", a, b, self.out, "--merge"), 2, ".parquet or .csv")
        self.fails(run("convert", a, self.out), 2, ".parquet or .csv")
        self.fails(run("convert", a, self.dir / "x.parquet", "--csv"), 2, "--csv")
        self.fails(run("convert", a, self.dir / "x.csv", "--compat"), 2, "--compat")
        self.fails(run("convert", "-", a, self.out), 2, "standard input")
        self.fails(run("convert", a, self.dir / "x.parquet", "-c", "gear,gear"), 2, "twice")
        self.fails(run("convert", a, self.dir / "x.parquet", "-c", "sped_kmh"), 2, "speed_kmh")
        self.fails(run("convert", a, self.dir / "x.parquet", "--rat", "5"), 2, "--rate")
        self.fails(run("convert", self.dir / "none.pb.gz", self.dir / "x.parquet"), 1, "none.pb.gz")
        self.fails(run("convert", self.dir / "*.none", self.out), 1)
        empty = self.dir / "empty"
        empty.mkdir()
        self.fails(run("convert", empty, self.out), 1, "empty")
        self.assertEqual(self.names(self.dir), ["empty", "in"])

    def test_same_names(self):
        other = self.dir / "other"
        shutil.copytree(self.ins, other)
        self.fails(run("convert", self.ins, other, self.out), 2, "a.parquet", "different folders")
        self.assertFalse(self.out.exists())

    # ---- what fails ----

    def test_bad_one(self):
        """The others are converted, each failure is named in one line."""
        (self.ins / "b.pb.gz").write_bytes(b"no recording")
        (self.ins / "empty.pb.gz").write_bytes(b"")
        cut = (self.ins / "c.pb.gz").read_bytes()
        (self.ins / "c.pb.gz").write_bytes(cut[:len(cut) // 2])
        result = run("convert", self.ins, self.dir / "none.pb.gz", self.out)
        self.assertEqual(result.returncode, 3)
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 4, result.stderr)
        for name in ("b.pb.gz", "c.pb.gz", "empty.pb.gz", "none.pb.gz"):
            self.assertEqual(sum(name in line for line in lines), 1, result.stderr)
        self.assertEqual(self.names(), ["a.parquet", "c.parquet"])
        self.assertTrue(0 < len(self.rows(self.out / "c.parquet", "seq")) < 1000)
        merged = self.dir / "merged.parquet"
        result = run("convert", self.ins, merged, "--merge")
        self.assertEqual((result.returncode, len(result.stderr.splitlines())), (3, 3), result.stderr)
        self.assertEqual(len(self.rows(merged, "seq")),
                         sum(len(self.rows(self.out / f"{name}.parquet", "seq")) for name in "ac"))

    def test_all_bad(self):
        for name in "abc":
            (self.ins / f"{name}.pb.gz").write_bytes(b"no recording")
        result = run("convert", self.ins, self.out)
        self.assertEqual((result.returncode, result.stdout, len(result.stderr.splitlines())), (1, "", 3))
        self.assertEqual(self.names(), [])
        result = run("convert", self.ins, self.dir / "x.parquet", "--merge")
        self.assertEqual((result.returncode, result.stdout, len(result.stderr.splitlines())), (1, "", 3))
        self.assertNotIn("x.parquet", self.names(self.dir))

    def test_what_exists_stays(self):
        self.out.mkdir()
        (self.out / "b.parquet").write_text("mine")
        result = run("convert", self.ins, self.out)
        self.assertEqual(result.returncode, 3)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertIn("--force", result.stderr)
        self.assertEqual((self.out / "b.parquet").read_text(), "mine")
        self.assertEqual(self.names(), ["a.parquet", "b.parquet", "c.parquet"])
        self.assertEqual(run("convert", self.ins, self.out, "--force").returncode, 0)
        self.assertGreater((self.out / "b.parquet").stat().st_size, 1000)

    def test_never_over_itself(self):
        """A recording is not overwritten by what it becomes, whatever its name, also through links, also merged."""
        odd = self.ins / "odd.parquet"
        shutil.copy(self.ins / "a.pb.gz", odd)
        before = odd.read_bytes()
        self.fails(run("convert", odd, odd, "--force"), 2, "odd.parquet")
        self.fails(run("convert", odd, self.ins, "--force"), 2, "odd.parquet")
        self.fails(run("convert", self.ins / "b.pb.gz", odd, odd, "--merge", "--force"), 2, "odd.parquet")
        link = self.dir / "link.parquet"
        link.symlink_to(odd)
        self.fails(run("convert", odd, link, "--force"), 2, "link.parquet")
        hard = self.dir / "hard.parquet"
        os.link(odd, hard)
        self.fails(run("convert", odd, hard, "--force"), 2, "hard.parquet")
        self.assertEqual(odd.read_bytes(), before)

    def test_full_disk(self):
        """What does not fit leaves nothing behind; smaller ones are written."""
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        run("convert", self.ins, self.dir / "sizes")
        size = sum((self.dir / "sizes" / name).stat().st_size for name in ("b.parquet", "c.parquet")) // 2
        result = run("convert", self.ins, self.out, preexec_fn=limit)
        self.assertEqual((result.returncode, len(result.stderr.splitlines())), (3, 1), result.stderr)
        self.assertEqual(self.names(), ["a.parquet", "b.parquet"])

    def test_stop(self):
        """Ctrl+C: what is done stays whole, nothing half done, and it says how many are written."""
        long = sim(self.dir / "long.pb.gz", 120).read_bytes()
        for i in range(40):
            (self.ins / f"x{i:02}.pb.gz").write_bytes(long)
        process = subprocess.Popen([ACQ, "convert", self.ins, self.out], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        lines = [process.stdout.readline() for _ in range(5)]  # the first of the long ones are written
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
        lines += stdout.splitlines()
        self.assertEqual(process.returncode, 1, stderr)
        self.assertEqual(len(stderr.splitlines()), 1, stderr)
        self.assertIn(f"{len(lines)} of 43 files are written", stderr)
        self.assertEqual(self.names(), sorted(pathlib.Path(line.split()[1]).name for line in lines))
        self.assertLess(len(lines), 43)
        last = pathlib.Path(lines[-1].split()[1])
        self.assertEqual(len(self.rows(last, "seq")), int(lines[-1].split()[3]))

    # ---- merged ----

    def test_merge(self):
        """Sessions in the order of their start, whatever the order of the words; in each, by seq."""
        minute, parts = 60 * 10**9, {}
        for name, session, start, first in (("p", "later", 30, 1), ("q", "first", 10, 1), ("r", "later", 50, 101),
                                            ("s", "between", 40, 1)):  # begins after p and before r, which are one
            parts[name] = [(session, first + i, start * minute + 3000000 * i) for i in range(100)]
            self.write(self.dir / f"{name}.pb.gz", parts[name])
        out = self.dir / "all.csv"
        result = run("convert", *(self.dir / f"{name}.pb.gz" for name in "srqp"), out, "--merge", "-c", "session,seq")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(result.stdout, f"Wrote {out} with 400 rows\n")
        rows = [tuple(line.split(",")) for line in out.read_text().split()[1:]]
        self.assertEqual(rows, [(session, str(seq)) for name in "qprs" for session, seq, _ in parts[name]])

    def write(self, path, rows):
        """A recording of (session, seq, utc_ns), as one gzip stream."""
        frames = b""
        for session, seq, utc_ns in rows:
            data = (original.number(1, utc_ns % 10**15) + original.part(3, session.encode()) + b"\x80\x01" +
                    original.varint(seq) + b"\x89\x01" + struct.pack("<Q", 1767225600 * 10**9 + utc_ns))
            frames += original.varint(len(data)) + data
        path.write_bytes(gzip.compress(frames))

    def test_merge_parts(self):
        """Parts of one session come in their order; the same frames twice are refused."""
        whole = self.ins / "c.pb.gz"
        parts = []
        for i, (first, last) in enumerate([(0, 1), (1, 2), (2, 9)]):
            part = self.dir / f"part{2 - i}.pb.gz"
            result = run("filter", whole, part, "--from", f"{first}s", "--to", f"{last}s")
            self.assertEqual(result.returncode, 0, result.stderr)
            parts.append(part)
        out = self.dir / "parts.csv"
        result = run("convert", parts[2], parts[0], self.ins / "a.pb.gz", parts[1], out, "--merge", "-c", "session,seq")
        self.assertIn(result.returncode, (0, 3), result.stderr)
        rows = [line.split(",") for line in out.read_text().split()[1:]]
        one = [int(seq) for session, seq in rows if session == rows[0][0]]
        other = [int(seq) for session, seq in rows if session != rows[0][0]]
        self.assertEqual(sorted([len(one), len(other)]), sorted([len(Recording(self.ins / f"{n}.pb.gz").frames)
                                                                 for n in "ac"]))
        self.assertEqual(one, list(range(1, len(one) + 1)))
        self.assertEqual(other, list(range(1, len(other) + 1)))
        self.fails(run("convert", whole, parts[1], self.dir / "x.parquet", "--merge"), 2, "acq merge", "part1.pb.gz")
        self.assertFalse((self.dir / "x.parquet").exists())

    def test_merge_one(self):
        """--merge of a single recording is that recording."""
        out = self.dir / "one.csv"
        self.assertEqual(run("convert", self.ins / "a.pb.gz", out, "--merge", "-c", "seq").returncode, 0)
        self.assertEqual(len(out.read_text().split()) - 1, len(Recording(self.ins / "a.pb.gz").frames))


if __name__ == "__main__":
    unittest.main()
