#!/usr/bin/env python3
"""Recordings that the original project wrote, whose bridge misread the game's pages: recognised, and put right as far
as it goes by acq convert --original. With ACQ_DATA also on a drive that the game itself recorded."""
import csv
import gzip
import os
import pathlib
import random
import struct
import subprocess
import tempfile
import unittest

import original
import test_real_data
from acq import ACQ

DRIVE = test_real_data.DATA
WHEELS = "fl fr rl rr".split()


def run(*arguments):
    return subprocess.run([ACQ, *map(str, arguments)], capture_output=True, text=True, timeout=120)


def as_f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def drive(n, speed=lambda i: 100 + i / 8):
    """Pages of a made-up drive: (game, row), where row has the values that our columns should have."""
    rng, game = random.Random(1), original.Game()
    for name, value in {"sm_version": "1.7", "ac_version": "1.16.4", "car_model": "rss_formula_hybrid_2023",
                        "track": "ks_nurburgring", "max_rpm": 13000, "number_of_sessions": 1}.items():
        game.stat[name] = value
    for i in range(n):
        v = speed(i)
        row = {"speed_kmh": as_f32(v), "gas": 0.5, "gear": i % 8 - 1, "rpm": 3000 + i, "status": 2, "session_type": 3,
               "current_time_ms": 83000 + 3 * i, "steer": as_f32(rng.uniform(-1, 1))}
        wheels = {name: [as_f32(rng.uniform(0, scale)) for _ in WHEELS] for name, scale in (
            ("tyre_slip_", 2), ("tyre_load_n_", 5000), ("tyre_pressure_psi_", 30), ("wheel_angular_speed_radps_", 100),
            ("tyre_wear_pct_", 100))}
        velocity = [as_f32(v / 3.6 * 0.6), 0.0, as_f32(v / 3.6 * 0.8)]
        acc = [as_f32(rng.uniform(-2, 2)) for _ in range(3)]
        for name, value in {"packet_id": i + 1, "gas": 0.5, "gear": row["gear"] + 1, "rpms": row["rpm"],
                            "steer_angle": row["steer"], "speed_kmh": v, "velocity": velocity, "acc_g": acc,
                            "fuel": 40.0}.items():
            game.physics[name] = value
        for field, name in zip("wheel_slip wheel_load wheels_pressure wheel_angular_speed tyre_wear".split(), wheels):
            game.physics[field] = wheels[name]
            row.update({name + w: x for w, x in zip(WHEELS, wheels[name])})
        ms = row["current_time_ms"]
        game.graphics["status"], game.graphics["session"], game.graphics["completed_laps"] = 2, 3, 7
        game.graphics["current_time"] = f"{ms // 60000}:{ms // 1000 % 60:02}:{ms % 1000:03}"
        row.update({f"velocity_mps_{a}": x for a, x in zip("xyz", velocity)})
        row.update({f"a{a}_g": x for a, x in zip("xyz", acc)})
        row["tyre_wear_pct_rr"] = None  # the only wheel that did not get into the message
        yield game, row


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory(prefix="acq-original-")
        cls.dir = pathlib.Path(cls.keep.name)

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def write(self, frames, name="o.pb.gz"):
        original.write(self.dir / name, frames)
        return self.dir / name

    def convert(self, path, *options, code=0):
        """The rows, and what was said."""
        out = self.dir / "o.csv"
        result = run("convert", path, out, "--force", *options)
        self.assertEqual(result.returncode, code, result.stderr)
        with open(out, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file)), result

    def compare(self, found, row):
        """All columns of the row, NULL where it does not name one."""
        for column, text in found.items():
            if column in ("t_ns", "game", "session", "brake", "i_current_time_s"):
                continue
            value = row.get(column)
            if value is None:
                self.assertEqual(text, "", column)
            elif column == "steer":  # was divided by 180, which costs the last bit
                self.assertAlmostEqual(as_f32(float(text)), value, delta=abs(value) * 2.0 ** -23)
            elif isinstance(value, float):
                self.assertEqual(as_f32(float(text)), value, column)
            else:
                self.assertEqual(float(text), value, column)

class Original(Base):
    def test_restored(self):
        pairs = [(original.frame(game, 10**12 + 3000000 * i), row) for i, (game, row) in enumerate(drive(1200))]
        path = self.write([frame for frame, _ in pairs])
        rows, result = self.convert(path, "--original")
        self.assertEqual(result.stderr, "")
        self.assertEqual(len(rows), len(pairs))
        for i, (found, (_, row)) in enumerate(zip(rows, pairs)):
            self.compare(found, row)
            self.assertEqual(found["t_ns"], str(10**12 + 3000000 * i))
            self.assertEqual(as_f32(float(found["i_current_time_s"])), as_f32(row["current_time_ms"] / 1000))
            self.assertEqual((found["game"], found["brake"]), ("assetto_corsa", "0.0"))

    def test_numbered(self):
        """Frames that got a seq since, as from a server or acq recover, are recognised and put right all the same."""
        pairs = [(original.frame(game, 3000000 * i), row) for i, (game, row) in enumerate(drive(200))]
        path, saved = self.write([frame for frame, _ in pairs]), self.dir / "numbered.pb.gz"
        self.assertEqual(run("recover", path, saved).returncode, 0)
        rows, result = self.convert(saved)
        self.assertIn("--original", result.stderr)
        rows, result = self.convert(saved, "--original")
        self.assertEqual([row["seq"] for row in rows], [str(i) for i in range(1, 201)])
        for found, (_, row) in zip(rows, pairs):
            for column in ("ax_g", "az_g", "velocity_mps_x", "tyre_slip_fl", "tyre_pressure_psi_rr"):
                self.assertEqual(as_f32(float(found[column])), row[column], column)

    def test_said(self):
        """Without --original the values stand as they were written, and one line says what they are."""
        path = self.write([original.frame(game, i) for i, (game, _) in enumerate(drive(20))])
        rows, result = self.convert(path)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for word in (path.name, "original project", "--original"):
            self.assertIn(word, result.stderr)
        self.assertEqual(as_f32(float(rows[0]["ax_g"])), as_f32(100 / 3.6 * 0.6))
        self.assertEqual((rows[0]["car_model"], rows[0]["lap"], rows[0]["clutch"]), ("1", "3", "0.0"))

    def test_standing_first(self):
        """The car stands still for long, and the static page is not there yet: what comes later tells."""
        frames = [original.frame(game, 3000000 * i) for i, (game, _) in
                  enumerate(drive(20000, lambda i: 0 if i < 19000 else 80))]
        game = original.Game()
        cold = [original.frame(game, i) for i in range(1, 4)]
        rows, result = self.convert(self.write(cold + frames), "--original", "-c", "velocity_mps_z,ax_g")
        self.assertEqual(result.stderr, "")
        self.assertEqual(as_f32(float(rows[-1]["velocity_mps_z"])), as_f32(80 / 3.6 * 0.8))

    def test_refused(self):
        """--original on anything else is refused, and nothing is written."""
        files = {"ours.pb.gz": None, "right.pb.gz": None, "empty.pb.gz": []}
        subprocess.run([ACQ, "sim", "--seconds", "20", "--quiet", "--out", self.dir / "ours.pb.gz"], check=True,
                       stdout=subprocess.DEVNULL)
        frames = []
        for i, (game, row) in enumerate(drive(50)):  # a bridge that reads the pages right, with the same messages
            v = b"".join(struct.pack("<f", row[f"velocity_mps_{a}"]) for a in "xyz")
            physics = original.real(1, struct.pack("<f", row["speed_kmh"])) + original.vector(13, v)
            data = original.number(1, i + 1) + original.part(4, physics)
            frames.append(original.varint(len(data)) + data)
        files["right.pb.gz"] = frames
        for name, content in files.items():
            if content is not None:
                self.write(content, name)
            out = self.dir / "refused.parquet"
            result = run("convert", self.dir / name, out, "--original")
            self.assertEqual((result.returncode, result.stdout), (1, ""), name)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
            self.assertIn("leave out --original", result.stderr)
            self.assertFalse(out.exists())
            result = run("convert", self.dir / name, out)
            self.assertEqual((result.returncode, result.stderr), (0, ""), name)
            out.unlink()

    def test_laps_are_not_known(self):
        path = self.write([original.frame(game, i) for i, (game, _) in enumerate(drive(20))])
        for options in ([], ["--original"]):
            result = run("convert", path, self.dir / "laps.parquet", "--laps", "1", *options)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertIn("--from", result.stderr)
        rows, _ = self.convert(path, "--original", "--from", "0.000000010s", "-c", "t_ns")
        self.assertEqual([row["t_ns"] for row in rows], [str(i) for i in range(10, 20)])

    def test_resampled(self):
        path = self.write([original.frame(game, 3000000 * i) for i, (game, _) in enumerate(drive(1000))])
        rows, _ = self.convert(path, "--original", "--rate", "100", "-c", "t_ns", "speed_kmh", "gear")
        self.assertEqual(len(rows), 300)
        for i, row in enumerate(rows):
            self.assertEqual(int(row["t_ns"]), 10000000 * i)
            self.assertAlmostEqual(float(row["speed_kmh"]), 100 + 10 * i / 3 / 8, places=4)
            self.assertEqual(int(row["gear"]), 10 * i // 3 % 8 - 1)

    def test_many(self):
        """In a folder each is what it is; what --original does not fit is left out and named."""
        folder = self.dir / "many"
        folder.mkdir()
        for name in ("a", "b"):
            original.write(folder / f"{name}.pb.gz",
                           [original.frame(game, i + 1, session=name) for i, (game, _) in enumerate(drive(100))])
        subprocess.run([ACQ, "sim", "--seconds", "2", "--quiet", "--out", folder / "ours.pb.gz"], check=True,
                       stdout=subprocess.DEVNULL)
        result = run("convert", folder, self.dir / "many-out")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 2, result.stderr)
        result = run("convert", folder, self.dir / "many-original", "--original")
        self.assertEqual(result.returncode, 3)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertIn("ours.pb.gz", result.stderr)
        self.assertEqual(sorted(p.name for p in (self.dir / "many-original").iterdir()), ["a.parquet", "b.parquet"])
        result = run("convert", folder, self.dir / "all.csv", "--merge", "--original", "-c", "session,velocity_mps_x")
        self.assertEqual(result.returncode, 3, result.stderr)
        lines = (self.dir / "all.csv").read_text().split()
        self.assertEqual([line.split(",")[0] for line in lines[1:]], ["a"] * 100 + ["b"] * 100)

    def test_cut_anywhere(self):
        """Cut at any byte, the whole frames are restored, and the cut is said."""
        pairs = [(original.frame(game, i + 1), row) for i, (game, row) in enumerate(drive(300))]
        data = gzip.compress(b"".join(frame for frame, _ in pairs), 6)
        rng, path = random.Random(2), self.dir / "cut.pb.gz"
        for size in [rng.randrange(len(data) // 10, len(data) - 1) for _ in range(12)]:
            path.write_bytes(data[:size])
            rows, result = self.convert(path, "--original", code=3)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
            self.assertTrue(0 < len(rows) < 300, (size, len(rows)))
            for found, (_, row) in zip(rows, pairs):
                self.compare(found, row)


@unittest.skipUnless(DRIVE.exists(), "ACQ_DATA does not lead to real recordings")
class RealDrive(Base):
    """The game's own values, through the original's bridge and back."""

    def test_drive(self):
        source, game, frames = test_real_data.Source(), original.Game(), []
        for i, row in enumerate(source.rows):
            for page, fields in zip((game.graphics, game.physics, game.stat), source.plan):
                source.fill(page, fields, row)
            frames.append(original.frame(game, 3000000 * int(row["physicsPacketID"])))
        path = self.write(frames)
        self.assertIn("original project", self.convert(path)[1].stderr)
        rows, result = self.convert(path, "--original")
        self.assertEqual((len(rows), result.stderr), (len(source.rows), ""))
        exact = ["speed_kmh", "gas", "brake", "gear", "rpm", "ax_g", "ay_g", "az_g", "status", "current_time_ms",
                 "session_type"] + [f"velocity_mps_{a}" for a in "xyz"]
        exact += [name + w for w in WHEELS for name in ("tyre_slip_", "tyre_load_n_", "tyre_pressure_psi_",
                                                        "wheel_angular_speed_radps_", "tyre_wear_pct_")]
        exact.remove("tyre_wear_pct_rr")
        gone = "lap pos clutch car_model track max_rpm i_last_time_s normalized_car_pos tyre_temp_c_fl".split()
        for found, row in zip(rows, source.rows):
            for column in exact:
                self.assertEqual(as_f32(float(found[column])), source.value(row, column), column)
            self.assertAlmostEqual(float(found["steer"]), source.value(row, "steer"), delta=2.0 ** -23)
            self.assertEqual({found[column] for column in gone}, {""})


if __name__ == "__main__":
    unittest.main()
