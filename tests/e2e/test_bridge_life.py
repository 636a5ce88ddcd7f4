#!/usr/bin/env python3
"""The life of telemetry_bridge's sessions: `acq sim --event` plays what a game does beside driving, and each recording must
begin, go on and end as docs/bridge.md says, under the right name."""
import signal
import time
import unittest

import pages
from acq import ACQ, Place, free_port, wait_until
from frames import CAPTURE, CAR, GRAPHICS, STAT, STATUS, TRACK, f32, i32
from pages import Pages

PREVIOUS, SESSION_TYPE, CLOCK_MS, DISTANCE = 6, 17, 19, 23
LEFT, ENDED, RESTARTED = "the game left the session", "the game ended", "the game was restarted"
SHORT = ["--idle", "0.035"]  # 2 s
STILL = "nothing moved for 2 seconds"


def previous(recording):
    return recording.frames[0].group(CAPTURE).get(PREVIOUS, b"").decode()


def statuses(recording):
    return {i32(frame.group(GRAPHICS).get(STATUS, 0)) for frame in recording.frames}


class Life(unittest.TestCase):
    def check(self, recordings, reasons, counted=True):
        """Every one is whole and closed, under its final name, without a frame twice, and ended for its reason."""
        self.assertEqual([r.end_reason() for r in recordings], reasons)
        for recording in recordings:
            recording.check_counts() if counted else recording.check()
            self.assertTrue(recording.closed)
            self.assertTrue(recording.path.name.endswith(".pb.gz"), recording.path)
        self.assertEqual(len({r.session for r in recordings}), len(recordings))
        return recordings

    def play(self, *events, seconds=3, options=(), reasons=(LEFT,), counted=True):
        """A drive with events, recorded from its first to its last step; the recordings."""
        with Place() as place:
            bridge = place.bridge(*options)
            bridge.says("Ctrl+C ends it")
            sim = place.sim("--seconds", str(seconds), "--event", *events)
            self.assertEqual(sim.wait(), 0)
            bridge.says("session ended", len(reasons))
            self.assertIn(bridge.stop(), (0, 3))
            self.assertEqual(list(place.folder.glob("recordings/*.part")), [])
            return self.check(place.recordings(), list(reasons), counted)

    # ---- what a session outlives ----

    def test_pauses(self):
        """With a status and without: one session, no step twice, and nothing between the last step and the next."""
        for event in ("pause", "silent-pause"):
            with self.subTest(event):
                recording, = self.play(f"{event}@1.5:1")
                ids = recording.ids()
                gaps = [(b.t_ns - a.t_ns, b.physics_id - a.physics_id) for a, b in zip(recording.frames, recording.frames[1:])
                        if b.t_ns - a.t_ns > 9e8]
                self.assertEqual(len(gaps), 1, event)
                self.assertLess(gaps[0][1] * 3e6, gaps[0][0] / 2)
                self.assertEqual(len(ids), len(set(ids)))
                self.assertEqual(statuses(recording) - {pages.OFF}, {pages.LIVE})

    def test_restart_and_teleport(self):
        for event in ("restart@3", "pits@3:0.5"):
            with self.subTest(event):
                recording, = self.play(event, seconds=4)
                values = [(i32(g[CLOCK_MS]), f32(g[DISTANCE])) for g in (f.group(GRAPHICS) for f in recording.frames)]
                drops = [a for a, b in zip(values, values[1:]) if b[0] < a[0] - 50]
                self.assertEqual(len(drops), 1, drops)
                self.assertTrue(all(b[1] >= a[1] for a, b in zip(values, values[1:])))

    def test_replay(self):
        """Left out, without a trace but in the steps; the session goes on behind it."""
        recording, = self.play("replay@1.5:1", counted=False)
        self.assertEqual(statuses(recording) - {pages.OFF}, {pages.LIVE})
        ids = recording.ids()
        self.assertGreater(max(b - a for a, b in zip(ids, ids[1:])), 200)

    def test_replay_is_recorded(self):
        """With --replay it is a session of its own; the drive behind it goes on from the one before."""
        first, replay, last = self.play("replay@2.5:2.2", seconds=5, options=["--replay"],
                                        reasons=["a replay began", "the replay ended", LEFT])
        self.assertEqual([statuses(r) - {pages.OFF} for r in (first, replay, last)],
                         [{pages.LIVE}, {pages.REPLAY}, {pages.LIVE}])
        self.assertEqual([previous(r) for r in (first, replay, last)], ["", "", first.session])

    def test_only_a_replay(self):
        for options, count in (((), 0), (("--replay",), 1)):
            with self.subTest(options), Place() as place, Pages(place.prefix) as game:
                bridge = place.bridge(*options)
                bridge.says("Ctrl+C ends it")
                game.fill(status=pages.REPLAY)
                if count:
                    game.step_until(lambda: "recording to" in bridge.err(), "a session")
                game.step(400)
                bridge.stop()
                self.assertEqual(len(place.recordings()), count)

    # ---- what ends a session ----

    def test_menu(self):
        first, second = self.play("menu@1.5:1", reasons=[LEFT, LEFT])
        self.assertEqual(second.ids()[0], first.ids()[-1] + 1)
        self.assertEqual([previous(first), previous(second)], ["", first.session])

    def test_other_car_track_type(self):
        for event, reason, value in (("car", "the car changed", lambda f: f.group(STAT).get(CAR)),
                                     ("track", "the track changed", lambda f: f.group(STAT).get(TRACK)),
                                     ("session", "the game went to another session",
                                      lambda f: f.group(GRAPHICS).get(SESSION_TYPE))):
            with self.subTest(event):
                recordings = self.play(f"{event}@1.5", reasons=[reason, LEFT])
                values = [{value(f) for f in r.frames if STAT in f.fields} for r in recordings]
                self.assertTrue(all(len(v) == 1 for v in values) and values[0] != values[1], values)
                self.assertEqual(previous(recordings[1]), "")

    def test_game_comes_again(self):
        """Closed and started again; crashed and started on its own pages; started anew in one go."""
        for event, reason in (("quit@1.5:1.5", ENDED), ("crash@1.5:1.5", RESTARTED), ("relaunch@1.5", RESTARTED)):
            with self.subTest(event):
                first, second = self.play(event, seconds=4, reasons=[reason, LEFT])
                self.assertLess(second.ids()[0], first.ids()[-1])
                self.assertEqual(previous(second), "")

    def test_static_page_comes_late(self):
        recording, = self.play("empty-static@0:1")
        self.assertGreater(recording.ids()[0], 300)
        stat = recording.frames[0].group(STAT)
        self.assertEqual((stat[CAR], stat[TRACK]), (b"acq_sim_gt", b"acq_short"))

    def test_pages_stay(self):
        """A game that crashed leaves its pages, with the status LIVE: its session ends by itself. A bridge that comes then
        begins none, and the next game begins the next one."""
        with Place() as place:
            bridge = place.bridge(*SHORT)
            bridge.says("Ctrl+C ends it")
            self.assertEqual(place.sim("--event", "crash@2").wait(), 0)
            self.assertTrue((pages.SHM / f"{place.prefix}_physics").exists())
            bridge.says("session ended")
            self.check(place.recordings(), [STILL])
            bridge.stop()
            bridge = place.bridge(*SHORT)
            bridge.says("Ctrl+C ends it")
            time.sleep(1)
            self.assertNotIn("recording to", bridge.err())
            self.assertEqual(place.sim("--seconds", "2").wait(), 0)
            bridge.says("session ended")
            bridge.stop()
            self.check(place.recordings(), [STILL, LEFT])
            self.assertEqual(previous(place.recordings()[1]), "")

    def test_long_pause(self):
        """It ends the session; when the drive goes on, so does the next session, without a step lost between them."""
        first, second = self.play("silent-pause@1.5:4", options=SHORT, reasons=[STILL, LEFT])
        self.assertEqual(second.ids()[0], first.ids()[-1] + 1)
        self.assertEqual(previous(second), first.session)

    # ---- bridges that come and go ----

    def test_bridge_again(self):
        """Stopped, or killed: the next one gives the file its name, and its session goes on from that one."""
        for number in (signal.SIGINT, signal.SIGKILL):
            with self.subTest(number), Place() as place:
                place.sim()
                bridge = place.bridge()
                bridge.says("recording to")
                wait_until(lambda: len(place.recording().frames) > 300, "frames")
                bridge.stop(number)
                part = list(place.folder.glob("recordings/*.part"))
                self.assertEqual(len(part), number == signal.SIGKILL)
                second = place.bridge()
                second.says("recording to")
                if part:
                    second.says("was not closed")
                second.stop()
                first, last = place.recordings()
                self.assertEqual(list(place.folder.glob("recordings/*.part")), [])
                self.assertEqual((first.closed, last.closed), (number == signal.SIGINT, True))
                self.assertEqual([previous(first), previous(last)], ["", first.session])
                self.assertGreater(last.ids()[0], first.ids()[-1])

    def test_sync_names_what_a_crash_left(self):
        with Place() as place:
            place.sim()
            bridge = place.bridge()
            bridge.says("recording to")
            wait_until(lambda: len(place.recording().frames) > 100, "frames")
            bridge.stop(signal.SIGKILL)
            server = place.serve()
            sync = place.run(bridge.process.args[0], "sync", place.folder / "recordings", f"127.0.0.1:{server.port}")
            self.assertEqual(sync.wait(), 0, sync)
            self.assertTrue(place.recording().path.name.endswith(".pb.gz"))
            server.stop()
            self.assertEqual(place.recording("data").bodies(), place.recording().bodies())

    def test_a_name_that_is_taken(self):
        """Nobody's file is overwritten, also when it came while the session ran; and a file in use is left alone."""
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            mine = place.folder / "mine.pb.gz"
            bridge = place.bridge(record="mine.pb.gz")
            game.step_until(lambda: "recording to" in bridge.err(), "a session")
            game.step(300)
            self.assertTrue((place.folder / "mine.pb.gz.part").exists())
            other = place.bridge("--pages", "none_" + place.prefix, record="mine.pb.gz")
            other.says("Ctrl+C ends it")
            self.assertTrue((place.folder / "mine.pb.gz.part").exists())
            other.stop()
            mine.write_text("a friend's")
            bridge.stop()
            self.assertEqual(mine.read_text(), "a friend's")
            self.assertEqual(sorted(p.name for p in place.folder.glob("mine*")), ["mine-2.pb.gz", "mine.pb.gz"])

    def test_reason_without_waiting(self):
        """With --flush-ms 0 frames wait for nothing; the recording knows the reason all the same."""
        for paused in (False, True):
            with self.subTest(paused=paused), Place() as place, Pages(place.prefix) as game:
                game.fill()
                bridge = place.bridge("--flush-ms", "0")
                game.step_until(lambda: "recording to" in bridge.err(), "a session")
                game.step(200)
                if paused:
                    game.set_status(pages.PAUSE)
                    time.sleep(0.4)
                bridge.stop()
                recording = place.recording()
                recording.check_counts()
                self.assertTrue(recording.end_reason())
                self.assertEqual(recording.ids()[-1] - recording.ids()[0] + 1 - len(recording.frames),
                                 recording.last_context()[1].get(2, 0))

    def test_server_after_the_end(self):
        """A recording gets its name while what is in it waits to be sent; then it is sent from there."""
        with Place() as place:
            port = free_port()
            bridge = place.bridge(port=port)
            bridge.says("Ctrl+C ends it")
            self.assertEqual(place.sim("--seconds", "3", "--event", "menu@1.5:1").wait(), 0)
            bridge.says("session ended", 2)
            server = place.serve(port)
            sampled = sum(len(r.frames) for r in place.recordings())
            wait_until(lambda: sum(len(r.frames) for r in place.recordings("data")) == sampled, "all on the server")
            bridge.stop()
            server.stop()
            for ours, theirs in zip(place.recordings(), place.recordings("data")):
                self.assertEqual(theirs.bodies(), ours.bodies())
                self.assertEqual(theirs.end_reason(), ours.end_reason())

    def test_tools_read_a_part(self):
        """By its path a recording can be read while it is being written."""
        with Place() as place:
            place.sim()
            bridge = place.bridge()
            bridge.says("recording to")
            wait_until(lambda: len(place.recording().frames) > 400, "frames")
            part, = place.folder.glob("recordings/*.part")
            for command in (["info"], ["cat", "-c", "seq", "-n", "3"], ["laps"], ["view"], ["doctor"]):
                tool = place.run(ACQ, command[0], part, *command[1:])
                self.assertIn(tool.wait(), (0, 3), tool)
            bridge.stop()


if __name__ == "__main__":
    unittest.main()
