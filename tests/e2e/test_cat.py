#!/usr/bin/env python3
"""acq cat: all formats compared value by value with what Python's gzip and protobuf read, and read back by Python's json
and csv; parts of a recording by time, date and lap; many files, pipes, a recording that is being written; bad input."""
import csv
import io
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
from acq import Place, wait_until  # noqa: E402
from frames import Recording  # noqa: E402
from recording import ACQ, Reader  # noqa: E402

FEW = "t_s seq lap speed_kmh gear gas brake steer rpm".split()
START = 1767268800003000000  # utc_ns of the first frame of every simulated recording: 2026-01-01T12:00:00.003


def run(*arguments, **options):
    return subprocess.run([ACQ, "cat", *arguments], capture_output=True, text=True, timeout=120, **options)


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def utc(text):
    """2026-01-01T12:00:00.003000000Z as nanoseconds since 1970"""
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{9})Z", text)
    parts = [int(part) for part in match.groups()]
    return int(time.mktime((*parts[:6], 0, 0, 0)) - time.timezone) * 10**9 + parts[6]


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory(prefix="acq-cat-")
        cls.dir = pathlib.Path(cls.keep.name)
        cls.drive = cls.dir / "drive.pb.gz"
        subprocess.run([ACQ, "sim", "--seconds", "60", "--quiet", "--out", cls.drive], check=True,
                       stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def fails(self, result, code, *words):
        """One sentence on stderr and the right exit code."""
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def good(self, result):
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def seqs(self, *options, code=0):
        result = run(self.drive, "-c", "seq", "--format", "csv", *options)
        self.assertEqual((result.returncode, result.stderr), (code, ""))
        head, *lines = result.stdout.splitlines()
        self.assertEqual(head, "seq")
        return [int(line) for line in lines]


class Values(Base):
    """Every value of a drive."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        reader = Reader()
        cls.floats, cls.part = reader.floats, cls.dir / "part.pb.gz"
        subprocess.run([ACQ, "sim", "--seconds", "8", "--quiet", "--out", cls.part], check=True,
                       stdout=subprocess.DEVNULL)
        cls.rows = list(reader.rows(reader.frames(cls.part)))
        for row in cls.rows:
            row["t_s"] = (row["t_ns"] - cls.rows[0]["t_ns"]) / 1e9

    def same(self, value, expected, column, seq):
        if column == "utc_ns" and value is not None:
            value = utc(value)
        elif column in self.floats and value is not None:
            value = f32(value)  # the fewest digits that mean this float
        self.assertEqual(value, expected, f"{column} of seq {seq}")

    def compare(self, rows):
        self.assertEqual(len(rows), len(self.rows))
        for row, expected in zip(rows, self.rows):
            self.assertEqual(set(row), set(expected))
            for column, value in row.items():
                self.same(value, expected[column], column, expected["seq"])

    def test_json(self):
        self.compare(json.loads(self.good(run(self.part, "--format", "json"))))

    def test_ndjson(self):
        lines = self.good(run(self.part, "--format", "ndjson")).splitlines()
        self.compare([json.loads(line) for line in lines])
        self.assertEqual(list(json.loads(lines[0]))[:4], ["t_ns", "game", "session", "speed_kmh"])

    def test_csv(self):
        rows = list(csv.DictReader(io.StringIO(self.good(run(self.part, "--format", "csv")))))
        texts = {column for row in self.rows[:1] for column, value in row.items() if isinstance(value, str)}

        def value(column, text):
            if text == "" and column not in texts:
                return None
            if column in texts or column == "utc_ns":
                return text
            return float(text) if column in self.floats or column == "t_s" else int(text)

        self.compare([{column: value(column, text) for column, text in row.items()} for row in rows])

    def test_text(self):
        head, *lines = self.good(run(self.part, "-n", "3000")).splitlines()
        self.assertEqual(head.split(), FEW)
        self.assertLessEqual({len(line) for line in [head, *lines]}, {len(head)})
        self.assertLess(len(head), 80)
        self.assertEqual(len(lines), len(self.rows))
        for line, expected in zip(lines, self.rows):
            for text, column in zip(line.split(), FEW):
                close = abs(float(text) - expected[column]) <= 1e-3 + 1e-5 * abs(expected[column])
                self.assertTrue(close, f"{column} of seq {expected['seq']}: {text}, not {expected[column]}")

    def test_columns_in_the_order_that_was_asked_for(self):
        row = json.loads(self.good(run(self.part, "-c", "rpm,t_s", "car_model", "--format", "ndjson", "-n", "1")))
        self.assertEqual(list(row), ["rpm", "t_s", "car_model"])
        self.assertEqual(row["car_model"], self.rows[0]["car_model"])
        text = self.good(run(self.part, "-c", "car_model", "lap_time_s", "-n", "1"))
        self.assertEqual([line.split() for line in text.splitlines()],
                         [["car_model", "lap_time_s"], [self.rows[0]["car_model"], "-"]])


class Parts(Base):
    """What --from, --to, --laps and -n choose."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        recording = Recording(cls.drive)
        cls.frames = [(f.seq, f.t_ns - recording.frames[0].t_ns) for f in recording.frames]
        lines = run(cls.drive, "-c", "seq", "lap", "--format", "csv").stdout.splitlines()[1:]
        cls.laps = [(int(seq), int(lap) + 1) for seq, lap in (line.split(",") for line in lines)]

    def between(self, begin, end):
        return [seq for seq, t in self.frames if begin * 1e9 <= t < end * 1e9]

    def test_time(self):
        for begin, end, a, b in (("10", "12.5s", 10, 12.5), ("0:10", "0:00:12.5", 10, 12.5), ("0", "1", 0, 1),
                                 ("59.9", "1h", 59.9, 3600), ("0:00.003", "0:00.006", 0.003, 0.006)):
            self.assertEqual(self.seqs("--from", begin, "--to", end), self.between(a, b), f"{begin} to {end}")
        self.assertEqual(self.seqs("--from", "59.7"), self.between(59.7, 99))
        self.assertEqual(self.seqs("--to", "0.3"), self.between(0, 0.3))

    def test_dates(self):
        expected = self.between(9.997, 11.997)  # the first frame is at 12:00:00.003
        self.assertEqual(self.seqs("--from", "2026-01-01T12:00:10Z", "--to", "2026-01-01T12:00:12Z"), expected)
        self.assertEqual(self.seqs("--from", "2026-01-01T12:00:10Z", "--to", "11.997s"), expected)
        self.assertEqual(len(self.seqs("--from", "2025-12-31T23:59:59.999Z")), len(self.frames))
        with open(self.drive, "rb") as file:
            self.fails(run("-", "--from", "2026-01-01T12:00:10Z", stdin=file), 2, "standard input")
        for bad in ("2026-01-01T12:00:10", "2026-13-01T12:00:10Z", "2026-01-01", "2026-01-01T12:00:10Zx"):
            self.fails(run(self.drive, "--from", bad), 2, bad, "2026-01-01T12:00:05Z")

    def test_laps(self):
        self.assertGreater(self.laps[-1][1], 2)
        for text, wanted in (("1", {1}), ("2", {2}), ("2-3", {2, 3}), ("2-", {2, 3, 4}), ("1,3-9", {1, 3, 4})):
            self.assertEqual(self.seqs("--laps", text), [seq for seq, lap in self.laps if lap in wanted], text)
        both = set(self.between(20, 40)) & {seq for seq, lap in self.laps if lap == 2}
        self.assertEqual(self.seqs("--laps", "2", "--from", "20", "--to", "40"), sorted(both))

    def test_limit(self):
        self.assertEqual(self.seqs("-n", "5"), [1, 2, 3, 4, 5])
        self.assertEqual(self.seqs("-n", "3", "--from", "30"), self.between(30, 31)[:3])
        self.assertEqual(self.seqs("-n", "0"), [])

    def test_from_a_pipe(self):
        with open(self.drive, "rb") as file:
            result = run("-", "--from", "30", "--to", "31", "-c", "seq", "--format", "csv", stdin=file)
        self.assertEqual([int(seq) for seq in self.good(result).splitlines()[1:]], self.between(30, 31))

    def test_nothing_there(self):
        for options in (("--laps", "40"), ("--from", "30:00"), ("--laps", "1", "--from", "59")):
            result = run(self.drive, *options, "--format", "csv", "-c", "seq")
            self.fails(result, 0, "no frame of", "0:59.997 long", "the laps 1 to 3")
            self.assertEqual(result.stdout, "seq\n")

    def test_wrong_times(self):
        self.fails(run(self.drive, "--from", "2:00", "--to", "1:00"), 2, "--from 2:00 is not before --to 1:00")
        self.fails(run(self.drive, "--from", "soon"), 2, "'soon'", "30:10")
        self.fails(run(self.drive, "--laps", "0"), 2, "'0'", "the first lap is 1")

    def test_cost_follows_what_is_printed(self):
        """A tenth of a second out of the middle reads a small part of the file."""
        def read(*options):
            """Bytes that the program has read, as Linux counts them."""
            child = subprocess.Popen([ACQ, "cat", self.drive, *options], stdout=subprocess.DEVNULL)
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            with open(f"/proc/{child.pid}/io", encoding="ascii") as file:
                count = int(file.readline().split()[1])
            self.assertEqual(child.wait(), 0)
            return count

        everything, slice_ = read(), read("--from", "40", "--to", "40.1")
        self.assertGreater(everything, self.drive.stat().st_size)
        self.assertLess(slice_, self.drive.stat().st_size / 4)


class Files(Base):
    """Many files, pipes, bad input."""

    def test_many(self):
        folder = self.dir / "many"
        folder.mkdir()
        for name in ("b", "a"):
            shutil.copy(self.drive, folder / f"{name}.pb.gz")
        (folder / "notes.txt").write_text("not a recording")
        for words in ((folder,), (folder / "a.pb.gz", folder / "b.pb.gz"), (folder / "*.pb.gz",)):
            lines = self.good(run(*words, "-c", "seq", "--format", "csv")).splitlines()
            count = (len(lines) - 1) // 2
            self.assertEqual(lines, ["seq"] + 2 * [str(i + 1) for i in range(count)], words)
        rows = json.loads(self.good(run(folder, "-c", "seq", "--format", "json", "--to", "0.01")))
        self.assertEqual([row["seq"] for row in rows], [1, 2, 3, 4] * 2)
        self.assertEqual(len(self.good(run(folder, "-n", "5")).splitlines()), 6)

    def test_closed_pipe(self):
        """A reader that has seen enough is no failure, and nothing is said."""
        for form in ("csv", "json", "text"):
            child = subprocess.Popen([ACQ, "cat", self.drive, "--format", form], stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE)
            self.assertTrue(child.stdout.readline())
            child.stdout.close()
            self.assertEqual((child.stderr.read(), child.wait(60)), (b"", 0), form)
            child.stderr.close()

    def test_full_disk(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            child = subprocess.run([ACQ, "cat", self.drive], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(child.returncode, 1)
        self.assertIn("No space left", child.stderr)

    def test_damage(self):
        cut = self.dir / "cut.pb.gz"
        cut.write_bytes(self.drive.read_bytes()[:-100000])
        result = run(cut, "-c", "seq", "--format", "csv")
        self.fails(result, 3, str(cut), "cut")
        self.assertEqual(result.stdout.splitlines()[1:], [str(i + 1) for i in range(len(result.stdout.splitlines()) - 1)])
        self.assertEqual(self.good(run(cut, "--to", "1", "-c", "seq")).splitlines()[1].split(), ["1"])

    def test_bad_input(self):
        other = self.dir / "other.txt"
        other.write_text("hello")
        self.fails(run(other), 1, "not a recording")
        self.fails(run(self.dir / "none.pb.gz"), 1, "none.pb.gz")
        self.fails(run("-f", self.dir / "none.pb.gz"), 1, "none.pb.gz")
        (self.dir / "lap.parquet").write_bytes(b"PAR1")
        self.fails(run(self.dir / "lap.parquet"), 1, "acq view")
        self.fails(run(self.drive, "-c", "speed"), 2, "'speed'", "'speed_kmh'")
        self.fails(run(self.drive, "-c", "gear,gear"), 2, "twice")
        self.fails(run(self.drive, "--format", "jsn"), 2, "'json'")
        self.fails(run(self.drive, "--form", "csv"), 2, "--format")
        self.fails(run(), 2, "acq cat FILE")

    def test_help(self):
        text = self.good(run("--help"))
        shutil.copy(self.drive, self.dir / "hour.pb.gz")
        examples = [line.strip() for line in text.split("Examples:")[1].splitlines() if line.startswith("  acq cat")]
        self.assertGreater(len(examples), 3)
        for example in examples:
            words = example.split(">")[0].split()
            if "-f" in words:
                continue
            result = run(*words[2:], cwd=self.dir)
            self.assertEqual(result.returncode, 0, f"{example}: {result.stderr}")


class Follow(Base):
    """A recording that is being written."""

    def test_pieces(self):
        """Written in pieces that end anywhere: every frame comes as soon as its member is whole."""
        data = self.drive.read_bytes()
        marks, at = [], 0  # where members end
        while at < len(data):
            at += struct.unpack_from("<I", data, at + 20)[0]
            marks.append(at)
        frames = [struct.unpack_from("<I", data, at + 28)[0] for at in [0] + marks[:-1]]
        file = self.dir / "grows.pb.gz"
        with Place() as place, open(file, "wb", buffering=0) as out:
            cat = place.run(ACQ, "cat", "-f", file, "-c", "seq", "--format", "csv")

            def lines():
                assert cat.process.poll() is None, cat
                return len(cat.out().splitlines()) - 1

            time.sleep(0.2)  # nothing can be waited for: an empty file is no reason to give up
            self.assertEqual(lines(), -1)
            out.write(data[:marks[0] + 200])
            wait_until(lambda: lines() == frames[0], "the first member")
            out.write(data[marks[0] + 200:marks[1] - 1])
            out.write(data[marks[1] - 1:marks[1]])
            wait_until(lambda: lines() == sum(frames[:2]), "the second member, byte by byte")
            out.write(data[marks[1]:marks[40] + 50])
            wait_until(lambda: lines() == sum(frames[:41]), "many members at once")
            out.write(data[marks[40] + 50:])
            self.assertEqual(cat.wait(), 0)
            self.assertEqual(cat.err(), "")
            self.assertEqual(cat.out().split(), ["seq", *(str(i + 1) for i in range(sum(frames)))])

    def test_stop(self):
        """Ctrl+C ends it well, with what there was."""
        file = self.dir / "stays.pb.gz"
        file.write_bytes(self.drive.read_bytes()[:100000])
        whole = run(file, "-c", "seq", "--format", "csv").stdout
        self.assertGreater(len(whole.splitlines()), 50)
        with Place() as place:
            cat = place.run(ACQ, "cat", file, "--follow", "-c", "seq", "--format", "csv")
            wait_until(lambda: cat.out() == whole, "what is there")
            self.assertEqual(cat.stop(signal.SIGINT), 0)
            self.assertEqual((cat.out(), cat.err()), (whole, ""))

    def test_live(self):
        """Beside a telemetry_bridge: no later than half a second, and all of it."""
        with Place() as place:
            place.sim("--seconds", "8")
            bridge = place.bridge()
            folder = place.folder / "recordings"
            wait_until(lambda: any(p.stat().st_size for p in folder.glob("*.pb.gz.part")), "a recording")
            cat = place.run(ACQ, "cat", "-f", folder, "-c", "seq", "utc_ns", "--format", "csv")
            delays, seen = [], 0
            end = time.monotonic() + 4
            while time.monotonic() < end:
                lines = cat.out().splitlines()
                if len(lines) > seen and len(lines) > 1:
                    seen = len(lines)
                    delays.append(time.time() - utc(lines[-1].split(",")[1]) / 1e9)
                time.sleep(0.005)
            self.assertGreater(len(delays), 5)
            self.assertLess(sorted(delays)[len(delays) // 2], 0.5, delays)
            self.assertIn(bridge.stop(), (0, 3))  # 3: steps missed, on a busy machine
            self.assertEqual(cat.wait(), 0)
            recording = place.recording()
            self.assertEqual([int(line.split(",")[0]) for line in cat.out().splitlines()[1:]],
                             [f.seq for f in recording.frames])


if __name__ == "__main__":
    unittest.main()
