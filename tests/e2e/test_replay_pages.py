#!/usr/bin/env python3
"""acq replay --pages: the drive again, in the game's pages, as a telemetry_bridge sees it."""
import gzip
import struct
import time
import unittest

from acq import Place
from frames import GRAPHICS, MISSED, PHYSICS, SEEN, TORN_DROPPED
from pages import SHM
from test_replay import FAILED, drive, make, original, replay


class ToPages(unittest.TestCase):
    def test_bridge_sees_the_drive_again(self):
        with Place() as place:
            path = make(place, 4)
            bridge = place.bridge("--once")
            bridge.says("waiting for Assetto Corsa")
            program = replay(place, path, "--pages")
            self.assertEqual(program.wait(), 0)
            self.assertIn("1334 steps into the pages", program.out())
            self.assertIn(bridge.wait(), (0, 3))
            bridge.says("session ended (the game left the session)")
            ours, theirs = drive(place), place.recording()
            theirs.check_counts()
            truth = {frame.physics_id: frame for frame in ours.frames}
            for frame in theirs.frames:
                self.assertEqual(frame.fields[PHYSICS], truth[frame.physics_id].fields[PHYSICS], frame.seq)
            pictures = {f.fields[GRAPHICS] for f in ours.frames}
            self.assertTrue(all(f.fields[GRAPHICS] in pictures for f in theirs.frames[:-1]))
            self.assertEqual(theirs.frames[-1].physics_id, ours.frames[-1].physics_id)
            stat, capture = theirs.last_context()
            self.assertEqual(stat, ours.last_context()[0])
            ids = theirs.ids()
            self.assertEqual(capture[SEEN] + capture[MISSED] + capture.get(TORN_DROPPED, 0), ids[-1] - ids[0] + 1)
            self.assertGreater(len(ids), 300)
            # not a sleep that drifts: all in all it takes as long as the drive
            shown = (theirs.frames[-1].t_ns - theirs.frames[0].t_ns) / 1e9
            driven = (ids[-1] - ids[0]) * 0.003
            self.assertGreater(shown, driven - 0.03)

    def test_from_the_middle(self):
        """The static page is there from the first step on, though its frame was not asked for."""
        with Place() as place:
            path = make(place, 4)
            bridge = place.bridge("--once")
            bridge.says("waiting for Assetto Corsa")
            program = replay(place, path, "--pages", "--from", "1.1", "--to", "3")
            self.assertEqual(program.wait(), 0)
            bridge.wait()
            ours, ids = drive(place), place.recording().ids()
            first = ours.frames[0].t_ns
            asked = [f.physics_id for f in ours.frames if 1.1e9 <= f.t_ns - first < 3e9]
            self.assertTrue(asked[0] <= ids[0] and ids[-1] == asked[-1])

    def test_loop_and_stop(self):
        """Round and round; Ctrl+C ends it cleanly, and the pages are gone."""
        with Place() as place:
            path = make(place, 1)
            bridge = place.bridge()
            bridge.says("waiting for Assetto Corsa")
            program = replay(place, path, "--pages", "--loop")
            bridge.says("session ended (the game was restarted)", 2)
            self.assertEqual(program.stop(), 0)
            self.assertRegex(program.out(), r"Replayed \d+\.\d s")
            bridge.says("session ended (the game left the session)")
            bridge.stop()
            self.assertEqual(list(SHM.glob(f"{place.prefix}_*")), [])
            self.assertGreaterEqual(len(place.recordings()), 3)

    def test_slow_motion(self):
        with Place() as place:
            path = make(place, 1)
            begin = time.monotonic()
            self.assertEqual(replay(place, path, "--pages", "--speed", "0.5").wait(), 0)
            self.assertGreater(time.monotonic() - begin, 1.99)

    def test_pages_of_another_program(self):
        with Place() as place:
            path, sim = make(place, 1), place.sim()
            bridge = place.bridge()
            bridge.says("recording to")
            program = replay(place, path, "--pages")
            self.assertEqual(program.wait(), FAILED)
            self.assertIn(f"another program is writing the pages {place.prefix}_*", program.err())
            self.assertEqual(sim.stop(), 0)

    def test_original_file(self):
        """It has neither packetIds nor a version of the pages: a reader finds a game all the same."""
        with Place() as place:
            path = place.folder / "original.pb.gz"
            path.write_bytes(gzip.compress(original(700)))
            bridge = place.bridge("--once")
            bridge.says("waiting for Assetto Corsa")
            program = replay(place, path, "--pages")
            self.assertEqual(program.wait(), 0)
            bridge.wait()
            theirs = place.recording()
            theirs.check_counts()
            self.assertGreater(len(theirs.frames), 100)
            self.assertEqual(theirs.last_context()[0][1], b"ks_car")
            for frame in theirs.frames:  # speed was i / 2 in frame i, and the steps are counted from 1
                self.assertEqual(struct.unpack("<f", frame.group(PHYSICS)[1])[0], frame.physics_id / 2)


if __name__ == "__main__":
    unittest.main()
