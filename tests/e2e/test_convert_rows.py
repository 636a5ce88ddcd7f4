#!/usr/bin/env python3
"""Which rows acq convert writes: laps, times, and rows at a fixed rate, compared with the frames they come from. With
ACQ_DATA also on a drive that the game itself recorded."""
import bisect
import csv
import math
import pathlib
import random
import struct
import subprocess
import tempfile
import unittest

import original
import test_real_data
from acq import ACQ

COLUMNS = ("t_ns t_s utc_ns seq physics_packet_id session lap gear status speed_kmh rpm heading_rad normalized_car_pos "
           "current_time_ms i_current_time_s split car_model lap_time_s").split()
STEPPED = "physics_packet_id session lap gear status split car_model lap_time_s".split()


def run(*arguments):
    return subprocess.run([ACQ, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def between(a, b, part, cycle):
    """On the way from a to b, the shorter way round."""
    d = (b - a + cycle / 2) % cycle - cycle / 2
    return a + d * part


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory(prefix="acq-rows-")
        cls.dir = pathlib.Path(cls.keep.name)

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def convert(self, path, *options, columns=COLUMNS, code=0):
        out = self.dir / "rows.csv"
        result = run("convert", path, out, "--force", *options, "-c", *columns)
        self.assertEqual(result.returncode, code, result.stderr)
        with open(out, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


class Rows(Base):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.path = cls.dir / "drive.pb.gz"
        subprocess.run([ACQ, "sim", "--laps", "3", "--quiet", "--out", cls.path], check=True,
                       stdout=subprocess.DEVNULL)
        cls.rows = cls().convert(cls.path)

    def runTest(self):
        """For setUpClass, which needs an instance."""

    def seqs(self, *options):
        return [row["seq"] for row in self.convert(self.path, *options)]

    def test_columns(self):
        """The chosen ones, in the order they are named."""
        out = self.dir / "columns.csv"
        self.assertEqual(run("convert", self.path, out, "-c", "gear,t_s", "seq").returncode, 0)
        lines = out.read_text().splitlines()
        self.assertEqual(lines[:2], ["gear,t_s,seq", f"{self.rows[0]['gear']},0.0,1"])
        self.assertEqual(len(lines) - 1, len(self.rows))

    def test_laps(self):
        for text, wanted in (("2", {1}), ("2-3", {1, 2}), ("3-", {2, 3}), ("-2", {0, 1}), ("1,3", {0, 2})):
            expected = [row["seq"] for row in self.rows if int(row["lap"]) in wanted]
            self.assertGreater(len(expected), 5000)
            self.assertEqual(self.seqs("--laps", text), expected, text)

    def test_times(self):
        for first, last, options in ((10, 20, ["--from", "10", "--to", "20"]), (60, 1e9, ["--from", "1:00"]),
                                     (0, 5.5, ["--to", "5.5s"]), (30, 30.25, ["--from", "0:30", "--to", "30.25s"])):
            expected = [row["seq"] for row in self.rows if first <= float(row["t_s"]) < last]
            self.assertGreater(len(expected), 50)
            self.assertEqual(self.seqs(*options), expected)
        expected = [row["seq"] for row in self.rows if int(row["lap"]) == 1 and 40 <= float(row["t_s"])]
        self.assertEqual(self.seqs("--laps", "2", "--from", "40"), expected)

    def test_nothing_there(self):
        """Where nothing is left, it says what there is, and writes nothing."""
        out = self.dir / "nothing.parquet"
        for options in (["--laps", "9"], ["--from", "10:00"], ["--rate", "10", "--laps", "7-"]):
            result = run("convert", self.path, out, *options)
            self.assertEqual((result.returncode, result.stdout), (1, ""), result.stderr)
            self.assertIn("laps 1 to 4", result.stderr)
            self.assertFalse(out.exists())

    def check_rate(self, hz, *options, source=None):
        """Rows at a rate against the frames around them."""
        source = source or self.rows
        found, times = self.convert(self.path, *options, "--rate", str(hz)), [int(row["t_ns"]) for row in source]
        self.assertEqual(len(found), int((times[-1] - times[0]) * hz / 1e9 + 1e-6) + 1)
        for k, row in enumerate(found):
            t = int(row["t_ns"])
            self.assertEqual(t, times[0] + int(k * 1e9 / hz + 0.5))
            i = bisect.bisect_right(times, t) - 1
            a, b = source[i], source[min(i + 1, len(source) - 1)]
            part = 0 if a is b else (t - times[i]) / (int(b["t_ns"]) - times[i])
            self.assertEqual(row["seq"], a["seq"])
            for column in STEPPED:
                self.assertEqual(row[column], a[column], column)
            self.assertAlmostEqual(float(row["t_s"]), float(a["t_s"]) + (t - times[i]) / 1e9, places=9)
            for column in ("speed_kmh", "rpm"):
                x, y = float(a[column]), float(b[column])
                self.assertAlmostEqual(float(row[column]), x + (y - x) * part, delta=1e-6 * abs(x) + 1e-6)
            for column, cycle in (("heading_rad", math.tau), ("normalized_car_pos", 1)):
                value = between(float(a[column]), float(b[column]), part, cycle)
                off = (float(row[column]) - value + cycle / 2) % cycle - cycle / 2
                self.assertAlmostEqual(off, 0, delta=1e-6)
            self.assertTrue(-3.1415928 <= float(row["heading_rad"]) <= 3.1415928)
            self.assertTrue(0 <= float(row["normalized_car_pos"]) <= 1)
            x, y = int(a["current_time_ms"]), int(b["current_time_ms"])
            self.assertAlmostEqual(int(row["current_time_ms"]), x if y < x else x + (y - x) * part, delta=0.51)
            self.assertAlmostEqual(float(row["i_current_time_s"]), x / 1000 if y < x else (x + (y - x) * part) / 1000,
                                   delta=1e-5)

    def test_rates(self):
        for hz in (10, 100, 333):
            self.check_rate(hz)

    def test_rate_of_a_part(self):
        part = [row for row in self.rows if int(row["lap"]) == 1]
        self.check_rate(50, "--laps", "2", source=part)
        part = [row for row in self.rows if 20 <= float(row["t_s"]) < 21]
        self.check_rate(1000, "--from", "20", "--to", "21", source=part)

    def test_rate_of_the_frames(self):
        """At the rate of the frames it is the frames."""
        self.assertEqual(self.convert(self.path, "--rate", "333.3333333333333"), self.rows)

    def test_rate_over_a_loss(self):
        """Nothing is made up where frames are missing."""
        data = bytearray(self.path.read_bytes())
        third = len(data) // 3
        data[third:third + 200000] = bytes(200000)
        broken = self.dir / "broken.pb.gz"
        broken.write_bytes(data)
        frames = [int(row["t_ns"]) for row in self.convert(broken, columns=["t_ns"], code=3)]
        gap = max(range(1, len(frames)), key=lambda i: frames[i] - frames[i - 1])
        self.assertGreater(frames[gap] - frames[gap - 1], 250000000)
        found = [int(row["t_ns"]) for row in self.convert(broken, "--rate", "100", columns=["t_ns"], code=3)]
        expected = [t for t in range(frames[0], frames[-1] + 1, 10000000)
                    if not any(frames[i - 1] < t < frames[i] for i in [gap])]
        self.assertEqual(found, expected)


DRIVE = test_real_data.DATA


@unittest.skipUnless(DRIVE.exists(), "ACQ_DATA does not lead to real recordings")
class RealDrive(Base):
    """What physics says of a drive holds at any rate of rows: slopes are those of the game."""

    def write(self):
        """The drive as a recording, each sample up to a millisecond late."""
        rng, frames = random.Random(4), []
        self.source = test_real_data.Source()
        for seq, row in enumerate(self.source.rows):
            value = lambda *columns: b"".join(struct.pack("<f", self.source.value(row, c)) for c in columns)
            axes = lambda name, end="": value(*(f"{name}{a}{end}" for a in "xyz"))
            step = int(row["physicsPacketID"])
            always = lambda field, kind, data: original.varint(field << 3 | kind) + data  # ours writes zeros too
            physics = (always(1, 5, value("speed_kmh")) +
                       always(5, 0, original.varint(int(self.source.value(row, "gear")))) +
                       original.vector(12, axes("a", "_g")) + original.vector(13, axes("velocity_mps_")) +
                       original.vector(14, axes("angular_velocity_radps_")) + original.number(16, step) +
                       always(25, 5, value("heading_rad")) + original.vector(74, axes("local_velocity_mps_")))
            data = (original.number(1, 3000000 * step + rng.randrange(1000000)) + original.part(3, b"real") +
                    original.part(4, physics) + original.number(16, seq + 1))
            frames.append(original.varint(len(data)) + data)
        path = self.dir / "drive.pb.gz"
        original.write(path, frames)
        return path

    def test_slopes(self):
        path = self.write()
        columns = ["t_ns", "seq", "gear", "speed_kmh", "heading_rad", "ax_g", "az_g", "angular_velocity_radps_y",
                   "velocity_mps_x", "velocity_mps_y", "velocity_mps_z", "local_velocity_mps_z"]
        for hz in (50, 100, 200):
            rows = self.convert(path, "--rate", str(hz), columns=columns)
            rows = [{c: float(v) for c, v in row.items()} for row in rows]
            self.check(rows, hz)

    def check(self, rows, hz):
        steps = [b["t_ns"] - a["t_ns"] for a, b in zip(rows, rows[1:])]
        self.assertLessEqual(sum(step != 1e9 / hz for step in steps), 3)  # but for the pauses of who recorded it
        for row in rows:
            self.assertEqual(int(row["gear"]), int(self.source.value(self.source.rows[int(row["seq"]) - 1], "gear")))
        moving = [r for r in rows if r["speed_kmh"] > 20]
        self.assertGreater(len(moving), 8 * hz)
        for r in moving:
            v = math.sqrt(sum(r[f"velocity_mps_{a}"] ** 2 for a in "xyz"))
            self.assertAlmostEqual(3.6 * v, r["speed_kmh"], delta=0.05)
            self.assertAlmostEqual((r["heading_rad"] - math.atan2(-r["velocity_mps_x"], r["velocity_mps_z"]) + math.pi)
                                   % math.tau - math.pi, 0, delta=0.3)
        pairs = [(a, b) for a, b in zip(moving, moving[1:]) if b["t_ns"] - a["t_ns"] == 1e9 / hz]
        forward = [(b["local_velocity_mps_z"] - a["local_velocity_mps_z"]) * hz / 9.81 for a, b in pairs]
        slope, r = test_real_data.fit(forward, [(a["az_g"] + b["az_g"]) / 2 for a, b in pairs])
        self.assertTrue(0.95 < slope < 1.05 and r > 0.98, f"longitudinal at {hz} Hz: slope {slope}, r {r}")
        lateral = [r["angular_velocity_radps_y"] * r["speed_kmh"] / 3.6 / 9.81 for r in moving]
        slope, r = test_real_data.fit(lateral, [r["ax_g"] for r in moving])
        self.assertTrue(0.9 < slope < 1.1 and r > 0.95, f"lateral at {hz} Hz: slope {slope}, r {r}")


if __name__ == "__main__":
    unittest.main()
