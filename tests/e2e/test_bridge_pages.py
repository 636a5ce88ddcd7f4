#!/usr/bin/env python3
"""telemetry_bridge and the game's pages: filled late, of other versions, short, of another game, torn, full of
rubbish."""
import random
import unittest

import pages
from acq import Place
from frames import GRAPHICS, LAYOUT, PHYSICS, SKIN, f32, i32
from pages import Pages

CLUTCH, GEAR, BRAKE_TEMP, TYRES_OUT = 4, 5, 56, 34


class BridgePages(unittest.TestCase):
    def record(self, game, place, steps=100, change=None, words="recording to"):
        """One session of so many steps; the recording."""
        bridge = place.bridge()
        game.step_until(lambda: words in bridge.err(), words)
        game.step(steps, change)
        self.assertIn(bridge.stop(), (0, 3))
        return place.recording().check()

    def test_static_page_comes_late(self):
        with Place() as place, Pages(place.prefix) as game:
            game.graphics["status"] = pages.LIVE
            game.graphics.publish()
            bridge = place.bridge()
            game.step(300)
            self.assertNotIn("session ", bridge.err())
            game.stat["sm_version"] = "1.7"
            game.stat.publish()
            game.step(100)
            self.assertNotIn("session ", bridge.err())
            game.fill()
            game.step_until(lambda: "recording to" in bridge.err(), "a session")
            bridge.stop()
            self.assertGreater(place.recording().check().ids()[0], 400)

    def test_another_game(self):
        with Place() as place, Pages(place.prefix) as game:
            game.fill(version="1.9")
            bridge = place.bridge("--once")
            words = "another game than Assetto Corsa: its shared memory has version 1.9"
            game.step_until(lambda: words in bridge.err(), "a refusal")
            game.step(300)
            self.assertEqual(bridge.err().count("this is another game"), 1)
            self.assertEqual(place.recordings(), [])
            game.fill()
            game.step_until(lambda: "recording to" in bridge.err(), "a session")
            game.fill(version="1.9")
            game.step_until(lambda: bridge.process.poll() is not None, "the end")
            self.assertEqual(place.recording().end_reason(), "another game has come")

    def test_old_static_page(self):
        """trackConfiguration with 15 characters: what stands behind it lies 36 bytes earlier."""
        for size in (None, 2048):
            with self.subTest(size=size), Place() as place, \
                    Pages(place.prefix, old_static=True, static_size=size) as game:
                game.stat["pit_window_end"] = 17
                game.fill(layout_name="fifteen-letters")
                stat, _ = self.record(game, place).last_context()
                self.assertEqual(stat[LAYOUT], b"fifteen-letters")
                self.assertEqual(stat[SKIN], b"red")
                self.assertEqual(stat[53], 17)

    def test_short_pages(self):
        """An older game has shorter pages: the channels behind their end are absent, not 0."""
        with Place() as place, Pages(place.prefix, physics_size=364, graphics_size=288, static_size=524) as game:
            game.fill()
            recording = self.record(game, place)
            for frame in recording.frames:
                physics, graphics = frame.group(PHYSICS), frame.group(GRAPHICS)
                self.assertIn(BRAKE_TEMP, physics)
                self.assertFalse({n for n in physics if n > BRAKE_TEMP} | {CLUTCH} & set(physics))
                self.assertIn(36, graphics)
                self.assertFalse({37, 38} & set(graphics))
            stat, _ = recording.last_context()
            self.assertIn(46, stat)
            self.assertFalse({LAYOUT, SKIN} & set(stat))

    def test_long_pages(self):
        """Wine and bridges for Proton round a page up to 2048 or 4096 bytes."""
        with Place() as place, Pages(place.prefix, 2048, 2048, 4096) as game:
            game.fill()
            recording = self.record(game, place, change=lambda g: g.physics.__setitem__("local_velocity", [1, 2, 3]))
            self.assertEqual(f32(recording.frames[-1].group(PHYSICS)[74], 3), [1, 2, 3])

    def test_values(self):
        """What the page says is what the frame says, bit for bit; the three conversions are what the table says."""
        with Place() as place, Pages(place.prefix) as game:
            game.fill(car="ks_ferrari_488_gt3_ÄÖ_赤", track="тест")

            def change(g):
                n = g.physics["packet_id"]
                g.physics["gear"], g.physics["rpms"], g.physics["clutch"] = 0, -786, 0.25
                g.physics["steer_angle"], g.physics["velocity"] = -0.5, [n * 0.1, -n * 0.3, 1e-42]
                g.physics["number_of_tyres_out"] = 4
                g.physics["tyre_contact_heading"] = [n + i for i in range(12)]
            change(game)
            recording = self.record(game, place, change=change)
            self.assertIn("ks_ferrari_488_gt3_ÄÖ_赤", recording.path.name)
            self.assertIn("тест-gp", recording.path.name)
            for frame in recording.frames[20:]:
                p, n = frame.group(PHYSICS), frame.physics_id
                self.assertEqual((i32(p[GEAR]), f32(p[7]), f32(p[CLUTCH]), f32(p[6])), (-1, -786, 0.75, -0.5))
                self.assertEqual(p[TYRES_OUT], 4)
                game.physics["velocity"] = [n * 0.1, -n * 0.3, 1e-42]
                self.assertEqual(f32(p[13], 3), game.physics["velocity"])
                self.assertEqual(f32(p[72], 3), [n + 9, n + 10, n + 11])

    def test_rubbish(self):
        """Pages full of random bytes, or of the largest numbers, break nothing."""
        dice = random.Random(5)
        with Place() as place, Pages(place.prefix) as game:
            bridge = place.bridge("--flush-ms", "1")
            for round_ in range(120):
                for page in (game.physics, game.graphics, game.stat):
                    page.bytes[:] = bytes([255]) * page.size if round_ % 10 == 0 else dice.randbytes(page.size)
                game.physics["packet_id"] = dice.choice([round_, 2**31 - 2, -2**31])
                if round_ % 3:
                    game.stat["sm_version"] = "1.7"
                    game.graphics["status"] = dice.choice([pages.LIVE, pages.PAUSE, 2**31 - 1])
                    game.graphics["completed_laps"] = dice.choice([2**31 - 1, -2**31])
                game.stat.publish()
                game.graphics.publish()
                game.step(4, lambda g: g.physics.__setitem__("packet_id", min(g.physics["packet_id"], 2**31 - 2)))
            self.assertIn(bridge.stop(), (0, 3), bridge)
            self.assertGreaterEqual(len(place.recordings()), 5)  # then the bridge waits: test_bridge_hostile.py
            for recording in place.recordings():
                recording.check()
                self.assertTrue(recording.closed)


if __name__ == "__main__":
    unittest.main()
