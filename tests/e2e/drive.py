"""drive.py - for the end-to-end tests: a test case on a recording of a simulated drive that a command works on."""
import pathlib
import subprocess
import tempfile
import unittest

import crafted
from acq import ACQ
from frames import Recording


def run(*arguments, **options):
    return subprocess.run([ACQ, *arguments], capture_output=True, text=True, timeout=120, **options)


class DriveCase(unittest.TestCase):
    """path: the recording of `seconds` of driving; drive: its frames; data: its bytes; members, raw: their content;
    out: where this test may write."""
    seconds = 60

    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory(prefix="acq-drive-")
        cls.dir = pathlib.Path(cls.keep.name)
        cls.path = cls.dir / "drive.pb.gz"
        subprocess.run([ACQ, "sim", "--seconds", str(cls.seconds), "--quiet", "--out", cls.path], check=True,
                       stdout=subprocess.DEVNULL)
        cls.drive = Recording(cls.path)
        cls.data = cls.path.read_bytes()
        cls.members = crafted.members(cls.data)
        cls.raw = crafted.read(cls.path)

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def setUp(self):
        self.out = self.dir / f"{self._testMethodName}.pb.gz"

    def fails(self, result, code, *words):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual((result.stdout, len(result.stderr.splitlines())), ("", 1), result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)
