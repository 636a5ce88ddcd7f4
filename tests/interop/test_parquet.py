#!/usr/bin/env python3
"""Another Parquet reader (hyparquet, JavaScript) finds in our Parquet files what Python's gzip and protobuf find in the
recordings: all columns of all rows, their types, and what the footer says about them."""
import gzip
import json
import math
import os
import pathlib
import random
import shutil
import struct
import subprocess
import tempfile
import unittest

from recording import ACQ, Reader, require, varint

HERE = pathlib.Path(__file__).resolve().parent
MODULES = os.environ.get("ACQ_NODE_MODULES", "")


def read_parquet(path):
    """What the footer says, and the rows."""
    result = subprocess.run(["node", HERE / "read_parquet.mjs", path], capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    return json.loads(lines[0]), [json.loads(line) for line in lines[1:]]


def same(found, value, is_float):
    if value is None:
        return found is None
    if is_float:
        found = math.nan if found == "NaN" else float(found) if found is not None else None
        return found == value or (found is not None and math.isnan(found) and math.isnan(value))
    return found == value or (isinstance(found, str) and isinstance(value, int) and int(found) == value)


class Parquet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory(prefix="acq-parquet-")
        cls.dir = pathlib.Path(cls.keep.name)
        cls.reader = Reader()

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def compare(self, recording):
        out = self.dir / "t.parquet"
        subprocess.run([ACQ, "convert", recording, out, "--force"], check=True, stdout=subprocess.DEVNULL)
        frames = self.reader.frames(recording)
        about, rows = read_parquet(out)
        self.assertEqual((about["rows"], len(rows)), (len(frames), len(frames)))
        for i, (found, row) in enumerate(zip(rows, self.reader.rows(frames))):
            self.assertEqual(set(found), set(row))
            for column, value in row.items():
                if not same(found[column], value, column in self.reader.floats):
                    self.fail(f"{column} of row {i}: {found[column]!r}, not {value!r}")
        return about, frames[0] if frames else None

    def test_drive(self):
        recording = self.dir / "drive.pb.gz"
        subprocess.run([ACQ, "sim", "--seconds", "30", "--quiet", "--out", recording], check=True,
                       stdout=subprocess.DEVNULL)
        about, first = self.compare(recording)
        self.assertGreater(about["rows"], 9000)
        self.assertEqual(about["codecs"], ["ZSTD"])
        types = {name: (kind, meaning) for name, kind, meaning in about["columns"]}
        self.assertEqual(list(types)[:14],
                         "t_ns game session speed_kmh gas brake gear steer rpm ax_g ay_g az_g lap pos".split())
        self.assertEqual(types["t_ns"][0], "INT64")
        self.assertEqual(types["utc_ns"], ("INT64", "TIMESTAMP"))
        self.assertEqual(types["gear"][0], "INT32")
        self.assertEqual(types["session"][0], "BYTE_ARRAY")
        self.assertTrue(all(types[column][0] == "FLOAT" for column in self.reader.floats))
        self.check_footer(about["about"], first, types)

    def check_footer(self, about, first, types):
        channels = json.loads(about["acq.channels"])
        self.assertEqual(set(channels), set(types))
        self.assertEqual(channels["speed_kmh"], {"unit": "km/h", "doc": "speed of the car"})
        self.assertTrue(all(channel["doc"] for channel in channels.values()))
        self.assertEqual(about["acq.session"], first.session_id)
        self.assertEqual(about["acq.car"], first.stat.car_model)
        self.assertEqual(about["acq.track"], first.stat.track)
        self.assertEqual(about["acq.layout"], first.stat.track_configuration)
        version = subprocess.run([ACQ, "--version"], capture_output=True, text=True).stdout
        self.assertIn(about["acq.version"], version)

    def test_random_frames(self):
        """Frames written by protobuf's Python with whatever values and gaps: ends of the ranges, NaN, odd texts."""
        rng, out, proto = random.Random(3), bytearray(), self.reader.proto
        odd = [0.0, 1.0, -1.5, math.inf, -math.inf, math.nan, 3.4028234663852886e38, 1e-45]
        number = {"int32": lambda: rng.choice([0, -1, 2**31 - 1, -2**31, rng.randrange(1000)]),
                  "big": lambda: rng.choice([0, 1, 2**63 - 1, rng.randrange(2**62)])}

        def value(field):
            if field.type == field.TYPE_FLOAT:
                any_float = struct.unpack("<f", struct.pack("<f", rng.uniform(-1e3, 1e3)))[0]
                return rng.choice([*odd, any_float, any_float])
            if field.type == field.TYPE_STRING:
                return rng.choice(["", "a", "zwölf語", "\x01 \"'\\", "x" * 15, str(rng.random())[:12]])
            return number["int32" if field.type == field.TYPE_INT32 else "big"]()

        def fill(message, share):
            for field in message.DESCRIPTOR.fields:
                if rng.random() > share:
                    continue
                if field.message_type:
                    fill(getattr(message, field.name), 1 if field.message_type.name in ("Vec3f", "Wheel4f") else share)
                    getattr(message, field.name).SetInParent()
                elif field.name not in ("seq", "session_id"):
                    setattr(message, field.name, value(field))

        for i in range(4000):
            frame = proto.TelemetryFrame(seq=i + 1, session_id=f"s{i // 1500}")
            fill(frame, rng.choice([0.1, 0.6, 1]))
            body = frame.SerializeToString()
            out += varint(len(body)) + body
        recording = self.dir / "random.pb.gz"
        recording.write_bytes(gzip.compress(bytes(out), 1))
        self.compare(recording)

    def test_nothing(self):
        recording = self.dir / "nothing.pb.gz"
        recording.write_bytes(gzip.compress(b""))
        about, _ = self.compare(recording)
        self.assertEqual(about["rows"], 0)
        self.assertNotIn("acq.car", about["about"])


if __name__ == "__main__":
    require(shutil.which("node"), "node")
    require(os.path.isdir(os.path.join(MODULES, "hyparquet")), "hyparquet (ACQ_NODE_MODULES)")
    unittest.main()
