#!/usr/bin/env python3
"""acq convert and acq view: recording to Parquet, to the screen and to CSV, compared value by value with what Python's
gzip and protobuf read; recordings of the original project; damaged and hostile inputs; outputs that fail."""
import csv
import datetime
import gzip
import math
import os
import pathlib
import random
import resource
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
from recording import ACQ, Reader, varint  # noqa: E402

FIRST = "t_ns game session speed_kmh gas brake gear steer rpm ax_g ay_g az_g lap pos".split()


def run(*arguments, width=100, **options):
    env = dict(os.environ, COLUMNS=str(width))
    return subprocess.run([ACQ, *arguments], capture_output=True, text=True, env=env, timeout=120, **options)


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def utc(text):
    """Nanoseconds since 1970 of 2026-01-01 00:00:00.003"""
    whole, _, part = text.partition(".")
    seconds = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc).timestamp()
    return int(seconds) * 10**9 + int((part or "0").ljust(9, "0"))


def original_frame(i, speed=0.0, gas=0.0, gear=None, session="abc", stat=False):
    """A frame as the original project writes it: no seq, and proto3 leaves zeros out."""
    physics = b""
    if speed:
        physics += b"\x0d" + struct.pack("<f", speed)
    if gas:
        physics += b"\x15" + struct.pack("<f", gas)
    if gear:
        physics += b"\x28" + varint(gear & (1 << 64) - 1)
    frame = b"\x08" + varint(10**12 + i * 3000000) + b"\x1a" + varint(len(session)) + session.encode()
    frame += b"\x22" + varint(len(physics)) + physics
    if stat:
        frame += b"\x32\x05\x0a\x03" + b"gt4"
    return varint(len(frame)) + frame


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory(prefix="acq-convert-")
        cls.dir = pathlib.Path(cls.keep.name)

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def fails(self, result, code, *words):
        """One sentence on stderr, the right exit code, nothing on stdout."""
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("acq: "), result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def files(self):
        return sorted(p.name for p in self.dir.iterdir())


class Values(Base):
    """Every value of a simulated drive."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = Reader()
        cls.recording, cls.parquet = cls.dir / "drive.pb.gz", cls.dir / "drive.parquet"
        subprocess.run([ACQ, "sim", "--seconds", "20", "--quiet", "--out", cls.recording], check=True,
                       stdout=subprocess.DEVNULL)
        cls.rows = list(cls.reader.rows(cls.reader.frames(cls.recording)))
        cls.converted = run("convert", cls.recording, cls.parquet)

    def test_message(self):
        self.assertEqual(self.converted.returncode, 0, self.converted.stderr)
        self.assertEqual(self.converted.stdout, f"Wrote {self.parquet} with {len(self.rows)} rows\n")
        self.assertEqual(self.converted.stderr, "")
        self.assertGreater(len(self.rows), 6000)

    def compare(self, text, row, column):
        value = row[column]
        if column == "utc_ns":
            return utc(text) == value
        if value is None or value == "":
            return text == ""
        if isinstance(value, float):
            return f32(float(text)) == value
        return text == str(value)

    def test_csv(self):
        """Recording -> Parquet -> CSV and recording -> CSV give the same, and the values of the recording."""
        outputs = [self.dir / "a.csv", self.dir / "b.csv"]
        for source, out in zip((self.parquet, self.recording), outputs):
            result = run("view", source, "-n", "0", "--no-stats", "--to-csv", out)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertTrue(result.stdout.endswith(f"Wrote {out} with {len(self.rows)} rows\n"), result.stdout)
        self.assertEqual(outputs[0].read_bytes(), outputs[1].read_bytes())
        with open(outputs[0], newline="", encoding="utf-8") as file:
            table = list(csv.reader(file))
        head, lines = table[0], table[1:]
        self.assertEqual(head[:14], FIRST)
        self.assertEqual(head[-1], "t_s")
        self.assertEqual(sorted(head[:-1]), sorted(self.rows[0]))
        self.assertEqual(len(lines), len(self.rows))
        for line, row in zip(lines, self.rows):
            for text, column in zip(line, head[:-1]):
                if not self.compare(text, row, column):
                    self.fail(f"{column} of seq {row['seq']}: {text!r}, not {row[column]!r}")
            self.assertAlmostEqual(float(line[-1]), (row["t_ns"] - self.rows[0]["t_ns"]) / 1e9, 9)

    def test_there_is_something_to_see(self):
        """The drive has what the comparison is about: values that change, and columns that are NULL."""
        for column in FIRST[3:9] + ["tyre_load_n_rr", "normalized_car_pos", "physics_packet_id"]:
            self.assertGreater(len({row[column] for row in self.rows}), 5 if column != "gear" else 2, column)
        self.assertTrue(any(value is None for value in self.rows[0].values()))
        self.assertTrue(all(row["car_model"] and row["track"] for row in self.rows))

    def test_statistics(self):
        columns = ["speed_kmh", "gear", "t_ns", "session", "lap_time_s"]
        for source in (self.parquet, self.recording):
            result = run("view", source, "-n", "1", "-c", *columns, width=200)
            self.assertEqual(result.returncode, 0, result.stderr)
            lines = result.stdout.split("Statistics of ")[1].splitlines()
            self.assertEqual(lines[0], f"{len(self.rows)} rows:")
            self.assertEqual(lines[1].split(), "column unit count nulls min max mean std distinct".split())
            found = {line.split()[0]: line.split() for line in lines[2:]}
            for column, at in (("speed_kmh", 2), ("gear", 1), ("t_ns", 2)):
                values = [row[column] for row in self.rows]
                count, nulls, least, most, mean, deviation = found[column][at:at + 6]
                self.assertEqual((int(count), int(nulls)), (len(values), 0))
                if column == "t_ns":
                    self.assertEqual((int(least), int(most)), (min(values), max(values)))
                self.assertTrue(math.isclose(float(least), min(values), rel_tol=1e-6))
                self.assertTrue(math.isclose(float(most), max(values), rel_tol=1e-6))
                self.assertTrue(math.isclose(float(mean), statistics.fmean(values), rel_tol=1e-5))
                self.assertTrue(math.isclose(float(deviation), statistics.stdev(values), rel_tol=1e-5))
            self.assertEqual(found["session"][1:3] + found["session"][-1:], [str(len(self.rows)), "0", "1"])
            self.assertEqual(found["lap_time_s"][1:4], ["s", "0", str(len(self.rows))])

    def test_first_rows(self):
        for source in (self.parquet, self.recording):
            result = run("view", source, "-n", "3", "--no-stats")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertTrue(all(len(line) <= 100 for line in result.stdout.splitlines()), result.stdout)
            names, _, table = result.stdout.partition("\n\n")
            listed = [name.strip() for name in names.removeprefix("Columns:").replace("\n", " ").split(",")]
            self.assertEqual(listed[:14], FIRST)
            self.assertEqual(len(listed), len(self.rows[0]) + 1)
            lines = table.splitlines()
            shown = len(lines[0].split())
            self.assertEqual(lines[0].split(), FIRST[:shown])
            self.assertEqual([line.split()[0] for line in lines[1:4]], [str(row["t_ns"]) for row in self.rows[:3]])
            self.assertEqual(lines[4:], [f"... and {len(listed) - shown} more columns: choose with -c"])

    def test_chosen_columns(self):
        """All that were chosen are shown, in blocks; commas and spaces separate names."""
        chosen = FIRST + ["tyre_contact_point_m_fl_x", "tyre_contact_point_m_fl_y", "t_s"]
        result = run("view", self.parquet, "-n", "2", "--no-stats", "-c", ",".join(chosen[:5]), *chosen[5:])
        self.assertEqual(result.returncode, 0, result.stderr)
        blocks = result.stdout.strip().split("\n\n")[1:]
        self.assertGreater(len(blocks), 1)
        self.assertEqual([name for block in blocks for name in block.splitlines()[0].split()], chosen)
        out = self.dir / "chosen.csv"
        run("view", self.parquet, "-n", "0", "--no-stats", "-c", "gear,t_s", "--to-csv", out)
        self.assertEqual(out.read_text(encoding="utf-8").split("\n")[:2], ["gear,t_s", f"{self.rows[0]['gear']},0.0"])

    def test_unknown_column(self):
        for source in (self.parquet, self.recording):
            self.fails(run("view", source, "-c", "sped_kmh"), 2, "sped_kmh", "'speed_kmh'")

    def test_existing_output_stays(self):
        for name, arguments in (("x.parquet", ["convert", self.recording]),
                                ("x.csv", ["view", self.parquet, "--to-csv"])):
            out = self.dir / name
            out.write_text("mine")
            before = self.files()
            result = run(*arguments, out)
            self.fails(result, 1, str(out), "--force")
            self.assertEqual(out.read_text(), "mine")
            self.assertEqual(self.files(), before)
            self.assertEqual(run(*arguments, out, "--force").returncode, 0)
            self.assertGreater(out.stat().st_size, 1000)
            self.assertEqual(self.files(), before)

    def test_unwritable_output(self):
        before = self.files()
        self.fails(run("convert", self.recording, self.dir / "no" / "x.parquet"), 1, "folder")
        self.fails(run("convert", self.recording, "/proc/x.parquet"), 1, "/proc/x.parquet")
        self.fails(run("convert", self.recording, self.dir / "x.txt"), 2, ".parquet")
        self.fails(run("convert", self.recording), 2, "usage")
        self.assertEqual(self.files(), before)

    def test_full_disk(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
        before = self.files()
        self.fails(run("convert", self.recording, self.dir / "full.parquet", preexec_fn=limit), 1)
        self.assertEqual(self.files(), before)

    def test_no_duckdb(self):
        env = dict(os.environ, ACQ_DUCKDB="/nowhere/libduckdb.so")
        result = subprocess.run([ACQ, "convert", self.recording, self.dir / "d.parquet"], capture_output=True,
                                text=True, env=env, timeout=60)
        self.fails(result, 1, "/nowhere/libduckdb.so")
        self.assertNotIn("d.parquet", self.files())

    def test_stop(self):
        """Ctrl+C ends it soon and leaves nothing behind, also while DuckDB is only starting: so more than once."""
        long = self.dir / "long.pb.gz"
        long.write_bytes(self.recording.read_bytes() * 60)
        before = self.files()
        for _ in range(10):
            self.stop_once(long)
            self.assertEqual(self.files(), before)
        long.unlink()

    def stop_once(self, recording):
        process = subprocess.Popen([ACQ, "convert", recording, self.dir / "long.parquet"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 30
        while not any(name.endswith(".part") for name in self.files()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
        self.assertEqual((process.returncode, stdout), (1, ""), stderr)
        self.assertIn("stopped", stderr)

    def test_cut(self):
        """A recording of ours that is cut keeps what is whole, says so, and exits with 3."""
        whole, cut, out = self.recording.read_bytes(), self.dir / "cut.pb.gz", self.dir / "cut.parquet"
        cut.write_bytes(whole[:len(whole) * 2 // 3])
        result = run("convert", cut, out)
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1)
        self.assertIn("cut", result.stderr)
        rows = int(result.stdout.split(" with ")[1].split()[0])
        self.assertTrue(len(self.rows) // 2 < rows < len(self.rows), rows)
        seq = self.dir / "seq.csv"
        self.assertEqual(run("view", out, "-n", "0", "-c", "seq", "--no-stats", "--to-csv", seq).returncode, 0)
        self.assertEqual(seq.read_text().split()[1:], [str(i + 1) for i in range(rows)])
        self.assertEqual(run("view", cut, "-n", "1").returncode, 3)


class Original(Base):
    """Recordings of the original project, and files that are none."""

    def write(self, data, name="o.pb.gz"):
        path = self.dir / name
        path.write_bytes(gzip.compress(data, 1))
        return path

    def table(self, path, *columns):
        """The rows of a recording, through Parquet and CSV, and convert's result."""
        parquet, out = self.dir / "t.parquet", self.dir / "t.csv"
        result = run("convert", path, parquet, "--force")
        if result.returncode not in (0, 3):
            return None, result
        viewed = run("view", parquet, "-n", "0", "--no-stats", "-c", *columns, "--to-csv", out, "--force")
        self.assertEqual(viewed.returncode, 0, viewed.stderr)
        with open(out, newline="", encoding="utf-8") as file:
            return list(csv.reader(file))[1:], result

    def test_absent_is_zero(self):
        path = self.write(original_frame(0, stat=True) + original_frame(1, 88.5, 0.25, -1) + original_frame(2))
        rows, result = self.table(path, "t_ns", "speed_kmh", "gas", "gear", "seq", "fuel_l", "car_model", "lap", "ax_g")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        t = 10**12
        self.assertEqual(rows, [[str(t), "0.0", "0.0", "0", "", "", "gt4", "", ""],
                                [str(t + 3000000), "88.5", "0.25", "-1", "", "", "gt4", "", ""],
                                [str(t + 6000000), "0.0", "0.0", "0", "", "", "gt4", "", ""]])

    def test_session_ends_context(self):
        path = self.write(original_frame(0, stat=True) + original_frame(1) + original_frame(2, session="other"))
        rows, _ = self.table(path, "session", "car_model")
        self.assertEqual(rows, [["abc", "gt4"], ["abc", "gt4"], ["other", ""]])

    def test_sorted_by_time(self):
        order = list(range(3000))
        random.Random(1).shuffle(order)
        path = self.write(b"".join(original_frame(i, 1.0 + i) for i in order))
        rows, result = self.table(path, "t_ns", "speed_kmh", "t_s")
        self.assertEqual(result.stdout.split(" with ")[1], "3000 rows\n")
        self.assertEqual([int(r[0]) for r in rows], [10**12 + i * 3000000 for i in range(3000)])
        self.assertEqual([float(r[1]) for r in rows], [1.0 + i for i in range(3000)])
        direct = self.dir / "direct.csv"
        run("view", path, "-n", "0", "--no-stats", "-c", "t_ns", "speed_kmh", "t_s", "--to-csv", direct, "--force")
        with open(direct, newline="", encoding="utf-8") as file:
            self.assertEqual(list(csv.reader(file))[1:], rows)

    def test_cut_anywhere(self):
        """Of a file cut at any byte, all whole frames are kept, as zlib sees them."""
        frames = [original_frame(i, 1.5 * i) for i in range(400)]
        whole, cut = gzip.compress(b"".join(frames), 6), self.dir / "cut.pb.gz"
        ends, total = [], 0
        for frame in frames:
            total += len(frame)
            ends.append(total)
        for size in [5, 15, 40] + [len(whole) * k // 23 for k in range(1, 23)] + [len(whole) - 8, len(whole) - 1]:
            cut.write_bytes(whole[:size])
            readable = 0
            try:
                with gzip.open(cut) as file:
                    while file.read(1):
                        readable += 1
            except EOFError:
                pass
            expected = sum(end <= readable for end in ends)
            out = self.dir / "cut.parquet"
            result = run("convert", cut, out, "--force")
            if expected == 0:
                self.fails(result, 1, str(cut))
                continue
            self.assertEqual(result.returncode, 3, (size, result.stderr))
            self.assertEqual(len(result.stderr.splitlines()), 1)
            self.assertEqual(result.stdout, f"Wrote {out} with {expected} rows\n")

    def test_bad_inputs(self):
        good = original_frame(0, 1.0)
        files = {"empty": b"", "text": b"t_ns,speed\n1,2\n", "gzip of text": gzip.compress(b"t_ns,speed\n1,2\n" * 100),
                 "length 2^63": gzip.compress(varint(1 << 63) + b"abc"),
                 "length 2^64-1": gzip.compress(varint((1 << 64) - 1) + b"abc"),
                 "endless varint": gzip.compress(b"\xff" * 20), "cut varint": gzip.compress(b"\xff\xff"),
                 "zeros": bytes(1000), "half a Parquet": b"PAR1" + b"x" * 100,
                 "random": random.Random(2).randbytes(5000)}
        for name, data in files.items():
            path, out = self.dir / "bad.pb.gz", self.dir / "bad.parquet"
            path.write_bytes(data)
            before = self.files()
            for arguments in (["convert", path, out], ["view", path]):
                with self.subTest(name=name, command=arguments[0]):
                    self.fails(run(*arguments), 1, str(path))
                    self.assertEqual(self.files(), before)
        self.fails(run("convert", self.dir / "none.pb.gz", self.dir / "x.parquet"), 1, "none.pb.gz")
        self.fails(run("view", self.dir / "none.parquet"), 1, "none.parquet")
        self.fails(run("view", self.dir), 1, "folder")
        for tail in (varint(1 << 63) + b"abc", b"\xff" * 20, varint(65 * 1024) + bytes(65 * 1024)):
            rows, result = self.table(self.write(good + tail), "speed_kmh")
            self.assertEqual((result.returncode, rows), (3, [["1.0"]]), result.stderr)
            self.assertEqual(len(result.stderr.splitlines()), 1)

    def test_no_frame(self):
        """A recording that ended before its first frame is an empty table."""
        rows, result = self.table(self.write(b""), *FIRST)
        self.assertEqual((result.returncode, rows), (0, []), result.stderr)
        result = run("view", self.dir / "t.parquet", "-c", "speed_kmh")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("no rows", result.stdout)

    def test_unreadable_frame(self):
        """A frame that is no TelemetryFrame is left out, and said."""
        path = self.write(original_frame(0, 1.0) + varint(3) + b"\x22\x7fx" + original_frame(2, 3.0))
        rows, result = self.table(path, "speed_kmh")
        self.assertEqual((result.returncode, rows), (3, [["1.0"], ["3.0"]]))
        self.assertIn("1 frame", result.stderr)

    def test_standard_input(self):
        path = self.write(original_frame(0, 1.0) + original_frame(1, 2.0))
        out = self.dir / "stdin.parquet"
        with open(path, "rb") as file:
            result = run("convert", "-", out, stdin=file)
        self.assertEqual((result.returncode, result.stdout), (0, f"Wrote {out} with 2 rows\n"), result.stderr)

    def test_odd_names(self):
        """Paths with quotes, spaces and letters beyond ASCII, and those that look like patterns."""
        decoy = self.write(original_frame(0, 1.25), "decoy.pb.gz")
        for name in ("x1z.parquet", "a.parquet", "b.parquet"):
            self.assertEqual(run("convert", decoy, self.dir / name).returncode, 0)
        for name in ("a'b \"c\".parquet", "spülen 語.parquet", "x[1]*.parquet", "{a,b}.parquet", "-x.parquet"):
            path, out = self.write(original_frame(0, 7.5), name.replace(".parquet", ".pb.gz")), self.dir / name
            result = run("convert", path, out)
            self.assertEqual(result.returncode, 0, (name, result.stderr))
            for source in (out, path):
                result = run("view", source, "-c", "speed_kmh")
                self.assertEqual(result.returncode, 0, (name, result.stderr))
                self.assertIn("7.5", result.stdout)
                self.assertNotIn("1.25", result.stdout)


if __name__ == "__main__":
    unittest.main()
