#!/usr/bin/env python3
"""How telemetry_bridge.exe ends when Windows wants it to, under Wine: each time the recording is closed and says why."""
import subprocess
import unittest

from acq import SOURCE, Place, wait_until
from frames import MISSED, TORN_DROPPED
from windows import ACQ, BRIDGE, COMPILER, WINE, need_compiler, need_wine


class End(unittest.TestCase):
    def end(self, way):
        """A bridge beside a car that drives, told to end in this way. Returns the recording."""
        with Place() as place:
            helper = place.folder / "endsession.exe"
            subprocess.run([COMPILER, "-O1", "-std=c11", "-DUNICODE", "-o", helper, SOURCE / "tests/e2e/endsession.c"],
                           check=True)
            sim = place.run(WINE, ACQ, "sim", "--quiet")
            bridge = place.run(WINE, helper, way, "now", BRIDGE, "--no-stream")
            bridge.says("recording to")
            wait_until(lambda: place.recording().members > 4, "some members")
            (place.folder / "now").touch()
            code = bridge.wait()
            sim.stop()
            recording = place.recording()
            capture = recording.check_counts()
            self.assertEqual(code, 3 if capture[MISSED] + capture.get(TORN_DROPPED, 0) else 0, bridge)
            self.assertTrue(recording.closed)
            self.assertEqual(recording.path.suffix, ".gz")
            bridge.says(f"session ended ({recording.end_reason()})")
            self.assertIn("Recording: ", bridge.out())
            return recording

    def test_shutdown(self):
        self.assertEqual(self.end("shutdown").end_reason(), "Windows is shutting down")

    def test_logoff(self):
        self.assertEqual(self.end("logoff").end_reason(), "the user logged off")

    def test_refused(self):
        """Another program does not let Windows shut down: the bridge goes on."""
        recording = self.end("refused")
        self.assertEqual(recording.end_reason(), "Windows is shutting down")
        self.assertGreater(recording.frames[-1].t_ns - recording.frames[0].t_ns, 2e9)

    def test_console_closed(self):
        self.assertEqual(self.end("close").end_reason(), "the console was closed")

    def test_ctrl_break(self):
        self.assertEqual(self.end("break").end_reason(), "stopped by the user")


if __name__ == "__main__":
    need_wine()
    need_compiler()
    unittest.main()
