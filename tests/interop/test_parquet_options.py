#!/usr/bin/env python3
"""What the options of acq convert make of a Parquet file, as another reader (hyparquet, JavaScript) finds it: --compat
holds the same values in encodings that old readers know, and the footer says how the rows were made."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from recording import ACQ, require
from test_parquet import MODULES, read_parquet


class Options(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory(prefix="acq-options-")
        cls.dir = pathlib.Path(cls.keep.name)
        for seed in (1, 2):
            subprocess.run([ACQ, "sim", "--seconds", "3", "--seed", str(seed), "--quiet", "--out",
                            cls.dir / f"{seed}.pb.gz"], check=True, stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def convert(self, *arguments):
        out = self.dir / "t.parquet"
        subprocess.run([ACQ, "convert", *map(str, arguments), out, "--force"], check=True, stdout=subprocess.DEVNULL)
        return read_parquet(out)

    def test_compat(self):
        ours, rows = self.convert(self.dir / "1.pb.gz")
        old, old_rows = self.convert(self.dir / "1.pb.gz", "--compat")
        self.assertEqual(old["codecs"], ["SNAPPY"])
        version_1 = {"PLAIN", "RLE", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "BIT_PACKED"}
        self.assertLessEqual(set(old["encodings"]), version_1)
        self.assertFalse(set(ours["encodings"]) <= version_1)
        self.assertEqual(old_rows, rows)
        self.assertEqual((old["columns"], old["about"]), (ours["columns"], ours["about"]))
        self.assertGreater(len(rows), 900)

    def test_columns(self):
        about, rows = self.convert(self.dir / "1.pb.gz", "--columns", "t_s,gear", "speed_kmh", "--rate", "20")
        self.assertEqual([name for name, _, _ in about["columns"]], ["t_s", "gear", "speed_kmh"])
        channels = json.loads(about["about"]["acq.channels"])
        self.assertEqual(list(channels), ["t_s", "gear", "speed_kmh"])
        self.assertEqual(channels["t_s"]["unit"], "s")
        self.assertEqual(len(rows), 60)

    def test_one(self):
        about = self.convert(self.dir / "1.pb.gz")[0]["about"]
        self.assertEqual(about["acq.car"], "acq_sim_gt")
        self.assertTrue(about["acq.driver"])
        self.assertRegex(about["acq.start"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
        for key in ("acq.laps", "acq.from", "acq.to", "acq.rate_hz", "acq.original", "acq.sessions"):
            self.assertNotIn(key, about)
        about = self.convert(self.dir / "1.pb.gz", "--laps", "1", "--from", "1s", "--to", "0:02", "--rate", "12.5")[0]
        self.assertEqual({key: about["about"][f"acq.{key}"] for key in ("laps", "from", "to", "rate_hz")},
                         {"laps": "1", "from": "1s", "to": "0:02", "rate_hz": "12.5"})

    def test_merged(self):
        about, rows = self.convert(self.dir / "2.pb.gz", self.dir / "1.pb.gz", "--merge")
        self.assertNotIn("acq.session", about["about"])
        sessions = json.loads(about["about"]["acq.sessions"])
        self.assertEqual({session["session"] for session in sessions}, {row["session"] for row in rows})
        self.assertEqual(rows[0]["session"], sessions[0]["session"])
        self.assertEqual([session["car"] for session in sessions], ["acq_sim_gt"] * 2)


if __name__ == "__main__":
    require(shutil.which("node"), "node")
    require(os.path.isdir(os.path.join(MODULES, "hyparquet")), "hyparquet (ACQ_NODE_MODULES)")
    unittest.main()
