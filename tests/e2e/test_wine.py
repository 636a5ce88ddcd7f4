#!/usr/bin/env python3
"""The Windows programs under Wine: the bridge samples the simulator there, records, and streams to `acq serve` on
Linux."""
import re
import signal
import unittest

from acq import ACQ as LINUX_ACQ
from acq import Place, wait_until
from frames import MISSED, TORN_DROPPED, check_same
from windows import ACQ, BRIDGE, need_wine, wine


class Wine(unittest.TestCase):
    def check_exit(self, code, capture):
        self.assertEqual(code, 3 if capture[MISSED] + capture.get(TORN_DROPPED, 0) else 0)

    def test_simulator_to_linux_server(self):
        """The whole way, into a folder whose name is not ASCII; the session's end is the end."""
        with Place() as place:
            server = place.serve()
            bridge = wine(place, BRIDGE, f"127.0.0.1:{server.port}", "--record", "записи\\круг", "--once")
            bridge.says("waiting for Assetto Corsa")
            sim = wine(place, ACQ, "sim", "--quiet", "--seconds", "5")
            code = bridge.wait()
            self.assertEqual(sim.wait(), 0)
            self.assertEqual(server.stop(), 0)
            ours, theirs = place.recording("записи/круг"), place.recording("data")
            capture = ours.check_counts()
            check_same(self, ours, theirs.check())
            self.assertTrue(ours.closed and theirs.closed)
            self.assertGreater(len(ours.frames), 100)
            bridge.says("session ended (the game left the session)")
            self.assertIn(f"{len(ours.frames)} acked, 0 not acked", bridge.out())
            self.assertLessEqual(ours.ids()[-1] - ours.ids()[0] + 1, int(re.search(r"(\d+) steps", sim.out()).group(1)))
            self.check_exit(code, capture)

    def test_ctrl_c(self):
        """Ctrl+C closes the recording of a car that still drives, and the simulator's Ctrl+C ends that."""
        with Place() as place:
            sim = wine(place, ACQ, "sim", "--quiet")
            bridge = wine(place, BRIDGE, "--no-stream")
            bridge.says("recording to")
            wait_until(lambda: place.recording().members > 4, "some members")
            code = bridge.stop(signal.SIGINT)
            self.assertEqual(sim.stop(signal.SIGINT), 0)
            recording = place.recording()
            self.assertTrue(recording.closed)
            self.assertEqual(recording.end_reason(), "stopped by the user")
            self.check_exit(code, recording.check_counts())
            self.assertIn("Recording: ", bridge.out())

    def test_linux_reads_what_windows_recorded(self):
        with Place() as place:
            self.assertEqual(wine(place, ACQ, "sim", "--quiet", "--seconds", "20", "--out", "drive.pb.gz").wait(), 0)
            recording = place.recording(".").check()
            self.assertTrue(recording.closed)
            self.assertGreater(len(recording.frames), 6000)
            self.assertIn("20.0 s", place.programs[-1].out())
            view = place.run(LINUX_ACQ, "view", "drive.pb.gz", "-n", "1", "-c", "t_s", "speed_kmh")
            self.assertEqual(view.wait(), 0)
            self.assertIn(f"Statistics of {len(recording.frames)} rows", view.out())

    def test_command_line(self):
        with Place() as place:
            for program in (BRIDGE, ACQ):
                version = wine(place, program, "--version")
                self.assertEqual(version.wait(), 0)
                self.assertRegex(version.out(), r"^(telemetry_bridge|acq) \d+\.\d+\.\d+\r?\n$")
            wrong = wine(place, BRIDGE, "--recrod", "x")
            self.assertEqual(wrong.wait(), 2)
            self.assertIn("did you mean --record?", wrong.err())

    def test_no_game(self):
        """Without a game it waits, and Ctrl+C ends it; nothing is left behind that a game would find."""
        with Place() as place:
            bridge = wine(place, BRIDGE, "--no-stream")
            bridge.says("waiting for Assetto Corsa")
            self.assertEqual(bridge.stop(signal.SIGINT), 0)
            self.assertIn("Sampled 0 frames in 0 sessions", bridge.out())
            self.assertEqual(place.recordings(), [])


if __name__ == "__main__":
    need_wine()
    unittest.main()
