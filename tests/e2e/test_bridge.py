#!/usr/bin/env python3
"""telemetry_bridge between a game and `acq serve`: every step that was seen is on both sides, sessions begin and end
where they should, signals close everything."""
import re
import signal
import time
import unittest

import pages
from acq import ACQ, Place, wait_until
from frames import (CAPTURE, CAR, GRAPHICS, LAYOUT, MISSED, PROGRAM, SEEN, SKIN, STAT, STATUS, TORN_DROPPED, TRACK,
                    check_same, i32)
from pages import Pages


def numbers(program):
    """What the bridge's summary says."""
    found = re.search(r"Sampled (\d+) frames in (\d+) sessions, (\d+) steps missed, (\d+) samples dropped",
                      program.out())
    names = ("frames", "sessions", "missed", "dropped")
    result = dict(zip(names, map(int, found.groups())))
    found = re.search(r"Sent (\d+) frames to .*, (\d+) acked, (\d+) not acked", program.out())
    if found:
        result.update(zip(("sent", "acked", "behind"), map(int, found.groups())))
    return result


class Bridge(unittest.TestCase):
    def check_exit(self, code, missed):
        self.assertEqual(code, 3 if missed else 0)

    def test_simulator_to_server(self):
        with Place() as place:
            server = place.serve()
            bridge = place.bridge("--once", port=server.port)
            bridge.says("waiting for Assetto Corsa")
            before = time.time_ns()
            sim = place.sim("--seconds", "3")
            code = bridge.wait()
            self.assertEqual(sim.wait(), 0)
            self.assertEqual(server.stop(), 0)
            ours, theirs = place.recording(), place.recording("data")
            capture = ours.check_counts()
            check_same(self, ours, theirs.check())
            self.assertTrue(ours.closed and theirs.closed)
            self.assertGreater(len(ours.frames), 300)
            self.assertTrue(capture[PROGRAM].startswith(b"telemetry_bridge "))
            self.assertEqual(ours.end_reason(), "the game left the session")
            self.assertEqual(theirs.end_reason(), ours.end_reason())
            bridge.says("session ended (the game left the session)")
            for frame in ours.frames:
                self.assertTrue(before <= frame.utc_ns <= time.time_ns())
            said = numbers(bridge)
            self.assertEqual(said["frames"], len(ours.frames))
            self.assertEqual((said["sent"], said["acked"], said["behind"]), (len(ours.frames), len(ours.frames), 0))
            ids = ours.ids()
            self.assertEqual(said["missed"], ids[-1] - ids[0] + 1 - len(ids) - capture.get(TORN_DROPPED, 0))
            steps = int(re.search(r"(\d+) steps", sim.out()).group(1))
            self.assertLessEqual(ours.ids()[-1] - ours.ids()[0] + 1, steps)
            self.check_exit(code, said["missed"] + said["dropped"])
            self.assertNotIn("error", bridge.err())

    def test_stop(self):
        """SIGINT and SIGTERM, while the car drives, in a pause, before there is a game; the bridge comes last."""
        for number, paused in ((signal.SIGINT, False), (signal.SIGTERM, False), (signal.SIGINT, True)):
            with self.subTest(number=number, paused=paused), Place() as place, Pages(place.prefix) as game:
                game.fill()
                game.step(20)
                server = place.serve()
                bridge = place.bridge(port=server.port)
                game.step_until(lambda: "recording to" in bridge.err(), "a session")
                game.step(200)
                if paused:
                    game.set_status(pages.PAUSE)
                    time.sleep(0.3)
                    bridge.process.send_signal(number)
                else:
                    bridge.process.send_signal(number)
                    game.step_until(lambda: bridge.process.poll() is not None, "the bridge's end")
                code = bridge.wait()
                self.assertEqual(server.stop(number), 0)
                ours = place.recording()
                ours.check_counts()
                check_same(self, ours, place.recording("data"))
                self.assertTrue(ours.closed and place.recording("data").closed)
                why = "another program ended it" if number == signal.SIGTERM else "stopped by the user"
                bridge.says(f"session ended ({why})")
                for recording in (ours, place.recording("data")):
                    self.assertIn(f"session ended ({recording.end_reason()})", bridge.err())
                    self.assertTrue(recording.end_reason())
                self.check_exit(code, numbers(bridge)["missed"])
        with Place() as place:
            bridge = place.bridge(port=1)
            bridge.says("waiting for Assetto Corsa")
            self.assertEqual(bridge.stop(), 0)
            self.assertEqual(numbers(bridge)["sessions"], 0)

    def test_simulator_again(self):
        with Place() as place:
            server = place.serve()
            bridge = place.bridge(port=server.port)
            for _ in range(2):
                self.assertEqual(place.sim("--seconds", "1").wait(), 0)
            bridge.says("session ended", 2)
            bridge.stop()
            server.stop()
            ours, theirs = place.recordings(), place.recordings("data")
            self.assertEqual((len(ours), len(theirs)), (2, 2))
            self.assertNotEqual(ours[0].session, ours[1].session)
            for a, b in zip(ours, theirs):
                a.check_counts()
                check_same(self, a, b)

    def test_game_killed_and_again(self):
        """A game that crashed leaves its pages; the next one takes them over."""
        with Place() as place:
            bridge = place.bridge()
            sim = place.sim()
            bridge.says("recording to")
            wait_until(lambda: place.recordings()[0].frames, "frames")
            sim.kill()
            place.sim("--seconds", "1").wait()
            bridge.says("session ended", 2)
            bridge.stop()
            for recording in place.recordings():
                recording.check_counts()
            self.assertEqual(len(place.recordings()), 2)

    def sessions(self, *changes, once=False):
        """Recordings of a drive that each change interrupts."""
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            bridge = place.bridge(*(["--once"] if once else []))
            game.step_until(lambda: "recording to" in bridge.err(), "a session")
            for change in changes:
                game.step(60)
                change(game)
                game.step(60)
            if not once:
                bridge.process.send_signal(signal.SIGINT)
            bridge.wait()
            recordings = place.recordings()
            for recording in recordings:
                recording.check()
                self.assertTrue(recording.closed)
            return recordings, numbers(bridge)

    def test_car_and_track_change(self):
        for name, field, why in (("car_model", CAR, "the car changed"), ("track", TRACK, "the track changed"),
                                 ("track_configuration", LAYOUT, "the track changed")):
            with self.subTest(name):
                def change(game):
                    game.stat[name] = "other"
                    game.stat.publish()
                recordings, _ = self.sessions(change)
                self.assertEqual(len(recordings), 2)
                self.assertNotEqual(recordings[0].session, recordings[1].session)
                for recording, other in zip(recordings, (False, True)):
                    for frame in recording.frames:
                        if STAT in frame.fields:
                            self.assertEqual(frame.group(STAT)[field] == b"other", other)
                    recording.check_counts()
                self.assertEqual([r.end_reason() for r in recordings], [why, "stopped by the user"])

    def test_once(self):
        """The first session's end is the end, also where the next one begins at once."""
        def change(game):
            game.stat["car_model"] = "other"
            game.stat.publish()
        recordings, said = self.sessions(change, once=True)
        self.assertEqual((len(recordings), said["sessions"]), (1, 1))

    def test_other_game_session_and_restart(self):
        def race(game):
            game.graphics["session"] = 1
            game.graphics.publish()

        def restart(game):
            game.physics["packet_id"] = 0
        recordings, _ = self.sessions(race, restart)
        self.assertEqual([r.end_reason() for r in recordings],
                         ["the game went to another session", "the game was restarted", "stopped by the user"])

    def test_pause(self):
        """A pause ends nothing, and no frame of it stands there twice. Its last step waits to become a frame, so a session
        that ends in it can say why."""
        def pause(game):
            game.set_status(pages.PAUSE)
            time.sleep(0.3)
            game.set_status(pages.LIVE)
            time.sleep(0.3)
        recordings, _ = self.sessions(pause)
        self.assertEqual(len(recordings), 1)
        recordings[0].check_counts()

    def test_menu(self):
        """Status OFF ends a session, with and without a step; LIVE begins the next."""
        def menu(game):
            game.set_status(pages.OFF)
            time.sleep(0.3)
            game.set_status(pages.LIVE)

        def menu_with_steps(game):
            game.set_status(pages.OFF)
            game.step(60)
            game.set_status(pages.LIVE)
        recordings, _ = self.sessions(menu, menu_with_steps)
        self.assertEqual([r.end_reason() for r in recordings],
                         ["the game left the session", "the game left the session", "stopped by the user"])
        for recording in recordings:
            off = [i32(f.group(GRAPHICS).get(STATUS, 0)) for f in recording.frames].count(pages.OFF)
            self.assertLessEqual(off, 1)
            recording.check_counts()

    def test_replay_is_left_out(self):
        def replay(game):
            game.set_status(pages.REPLAY)
            game.step(150)
            game.set_status(pages.LIVE)
        recordings, _ = self.sessions(replay)
        self.assertEqual(len(recordings), 1)
        for frame in recordings[0].frames:
            self.assertEqual(i32(frame.group(GRAPHICS)[STATUS]), pages.LIVE)
        _, capture = recordings[0].last_context()
        ids = recordings[0].ids()
        self.assertEqual(capture[SEEN] + capture[MISSED], ids[-1] - ids[0] + 1)
        self.assertGreater(capture[SEEN], len(ids))

    def test_pages_go_away(self):
        with Place() as place:
            with Pages(place.prefix) as game:
                game.fill()
                bridge = place.bridge("--once")
                game.step_until(lambda: "recording to" in bridge.err(), "a session")
                game.step(50)
            bridge.wait()
            bridge.says("session ended (the game ended)")
            place.recording().check_counts()

    def test_stat_in_every_member(self):
        recordings, _ = self.sessions(lambda game: game.step(300))
        with_context = [f for f in recordings[0].frames if STAT in f.fields]
        self.assertGreaterEqual(len(with_context), recordings[0].members - 1)
        for frame in with_context:
            self.assertEqual(frame.group(STAT)[SKIN], b"red")
            self.assertEqual(frame.group(CAPTURE)[SEEN], frame.seq)

    def test_no_record_streams_all(self):
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            server = place.serve()
            bridge = place.bridge("--no-record", port=server.port)
            game.step_until(lambda: "session " in bridge.err(), "a session")
            game.step(150)
            bridge.stop()
            server.stop()
            recording = place.recording("data").check()
            ids = recording.ids()
            self.assertEqual(numbers(bridge)["missed"], ids[-1] - ids[0] + 1 - len(ids))
            self.assertEqual(numbers(bridge)["acked"], len(recording.frames))
            self.assertEqual(place.recordings(), [])

    def test_sim_refuses_busy_pages(self):
        with Place() as place:
            bridge = place.bridge()
            place.sim()
            bridge.says("recording to")
            second = place.run(ACQ, "sim", "--quiet", "--seconds", "1")
            self.assertEqual(second.wait(), 1)
            self.assertIn("another program is writing the pages", second.err())


if __name__ == "__main__":
    unittest.main()
