#!/usr/bin/env python3
"""What a person sees of telemetry_bridge: the status line on a terminal of any width, and plain lines elsewhere."""
import re
import signal
import time
import unittest

import pages
from acq import BRIDGE, Place, free_port, wait_until
from frames import SEEN
from pages import Pages
from terminal import SGR, Screen, Terminal

# what a line has, the most important first
PARTS = (r"recording, streaming", r"3\d\d Hz", r"\d+ missed", r"lap 1", r"ks_test_car @ ks_test_track-gp", r"\d+ acked",
         r"\d+ frames", r"\d+\.\d MB")


class Line(unittest.TestCase):
    def bridge(self, place, *words, columns=120, **options):
        """The bridge on a terminal."""
        environment = dict(options.pop("env", {}), ACQ_PAGES=place.prefix)
        return Terminal(BRIDGE, *words, columns=columns, cwd=place.folder, env=environment, **options)

    def drive(self, columns, until=r"recording \| ", stat=None, **options):
        """What a terminal has of a session without a server, to the bridge's end."""
        with Place() as place, Pages(place.prefix) as game:
            game.fill(**stat or {})
            with self.bridge(place, "--no-stream", columns=columns, **options) as terminal:
                game.step_until(lambda: re.search(until, SGR.sub("", terminal.said())), f"'{until}' on the terminal")
                game.step(250)
                terminal.stop(signal.SIGINT)
                return terminal

    # ---- on a terminal ----

    def test_widths(self):
        """The line is never broken, whatever the width; where there is room it says all."""
        for columns in (20, 40, 60, 80, 120, 200):
            with self.subTest(columns=columns), Place() as place, Pages(place.prefix) as game:
                game.fill()
                server = place.serve()
                with self.bridge(place, f"127.0.0.1:{server.port}", columns=columns) as terminal:
                    game.step_until(lambda: any("record" in line for line in terminal.statuses()), "the status line")
                    game.step(500)
                    terminal.stop(signal.SIGINT)
                    lines = [line for line in terminal.statuses() if "record" in line]
                    self.assertTrue(lines)
                    for line in lines:
                        self.assertEqual(Screen(columns - 1).feed(line).broken, 0, line)
                        for part in line.split(" | "):
                            self.assertTrue(columns < 80 or re.match(r"recording|ks_test|lap|\d", part), line)
                    for part in PARTS[:{200: 8, 120: 7, 80: 4, 60: 4, 40: 2, 20: 0}[columns]]:
                        self.assertTrue(any(re.search(part, line) for line in lines), (part, lines))

    def test_nothing_is_left_behind(self):
        """Lines that come while the status line is there stand whole above it, and at the end it is gone."""
        with Place() as place, Pages(place.prefix) as game:
            with self.bridge(place, "--no-stream", columns=400) as terminal:
                terminal.says(r"\rwaiting for a session: nobody drives")
                game.fill()
                game.step_until(lambda: "recording | " in SGR.sub("", terminal.said()), "a session")
                game.graphics["completed_laps"], game.graphics["i_last_time"] = 1, 83456
                game.graphics["i_best_time"] = 83456
                game.graphics.publish()
                game.step_until(lambda: "lap 1: " in terminal.said(), "a lap")
                game.step(100)
                terminal.stop(signal.SIGINT)
            lines = Screen(400).feed(terminal.said()).text()
            self.assertEqual(lines.pop(), "")
            if "warning: " in lines[-1]:  # steps were missed: it is said last
                lines.pop()
            self.assertEqual([line.split(":")[0] for line in lines], ["telemetry_bridge"] * 5)
            for line, pattern in zip(lines, (r"recordings go to recordings, nothing is streamed; Ctrl\+C ends it$",
                                             r"session [0-9a-f-]{36}: ks_test_car @ ks_test_track-gp, Ada Lovelace$",
                                             r"recording to recordings/\S+$", r"lap 1: 1:23\.456, the best so far$",
                                             r"session ended \(stopped by the user\): \d+\.\d s, 1 laps, \d+ steps")):
                self.assertRegex(line, "^telemetry_bridge: " + pattern)

    def test_wide_characters(self):
        """A car that takes two columns for each character, and one whose name would move the cursor."""
        for columns in (60, 61, 62, 63, 64, 65):
            terminal = self.drive(columns, stat={"car": "日本の車" * 3, "track": "モンツァ"})
            lines = [line for line in terminal.statuses() if "日本" in line]
            self.assertTrue(lines)
            for line in lines:
                self.assertEqual(Screen(columns - 1).feed(line).broken, 0, line)
        terminal = self.drive(200, stat={"car": "a\x1b[2J\r\nerror: b\x9b2J", "track": "t"})
        self.assertNotIn("\x1b[2J", terminal.said())
        self.assertNotIn("\x9b", terminal.said())
        self.assertRegex(terminal.said(), r"telemetry_bridge: session \S+: a\?\[2J\?\?error: b\?2J @ t-gp, Ada Lovelace\r\n")
        self.assertTrue(any("a?[2J??error: b?2J @ t-gp" in line for line in terminal.statuses()))

    def test_colours(self):
        """Words and colours; NO_COLOR, unless it is empty, leaves the words."""
        for none, coloured in ((None, True), ("", True), ("1", False)):
            with self.subTest(NO_COLOR=none):
                terminal = self.drive(120, env={} if none is None else {"NO_COLOR": none})
                self.assertEqual("\x1b[32mrecording\x1b[0m | " in terminal.said(), coloured)
                self.assertEqual("\x1b[33mwaiting for" in terminal.said() or bool(SGR.search(terminal.said())), coloured)
                self.assertTrue(any(line.startswith("recording | ") for line in terminal.statuses()))

    def test_dumb(self):
        """TERM=dumb: lines, as in a file."""
        terminal = self.drive(120, env={"TERM": "dumb"})
        self.assertNotIn("\x1b", terminal.said())
        self.assertNotIn("\r", terminal.said().replace("\r\n", "\n"))
        self.assertRegex(terminal.said(), r"telemetry_bridge: recording \| ks_test_car @ ks_test_track-gp \| ")

    def test_resize(self):
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            with self.bridge(place, "--no-stream", columns=200) as terminal:
                game.step_until(lambda: any(len(line) > 90 for line in terminal.statuses()), "a long line")
                for columns in (70, 40, 100):
                    terminal.resize(columns)
                    begun = len(terminal.statuses())
                    game.step_until(lambda: len(terminal.statuses()) > begun + 3, "more lines")
                    for line in terminal.statuses()[begun + 1:]:
                        self.assertLess(len(line), columns, line)
                game.step_until(lambda: len(terminal.statuses()[-1]) > 70, "a longer line again")

    def test_nobody_reads(self):
        """A terminal that stands still (Ctrl+S) holds nothing up: all is recorded, and the bridge ends when told to."""
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            with self.bridge(place, "--no-stream") as terminal:
                game.step_until(lambda: "recording | " in SGR.sub("", terminal.said()), "a session")
                terminal.hold()
                before = len(place.recording().frames)
                game.step_until(lambda: len(place.recording().frames) > before + 700, "more members")
                game.graphics["session"] = 1  # which ends the session, and there are lines to say
                game.graphics.publish()
                game.step_until(lambda: len(place.recordings()) == 2, "the next session")
                terminal.hold(False)
                game.step_until(lambda: "lines were left out before: nobody read them" in terminal.said(), "what was left out")
                terminal.hold()
                terminal.process.send_signal(signal.SIGINT)
                wait_until(lambda: terminal.process.poll() is not None, "the end")
                terminal.hold(False)
            for recording in place.recordings():
                self.assertTrue(recording.closed)
                self.assertEqual(recording.check_counts()[SEEN], len(recording.frames))

    # ---- elsewhere ----

    def test_plain_lines(self):
        """In a file: a line when the state changes, none for the numbers alone, and no sequences."""
        with Place() as place:
            bridge = place.bridge(port=free_port())
            bridge.says("telemetry_bridge: waiting for Assetto Corsa\n")
            with Pages(place.prefix) as game:
                bridge.says("telemetry_bridge: waiting for a session: nobody drives\n")
                self.pause(bridge, game)

    def pause(self, bridge, game):
        game.fill()
        game.step_until(lambda: re.search(r"recording, server away \| \d+ frames behind \| ks_test_car @ ", bridge.err()), "server away")
        game.step(300)
        game.set_status(pages.PAUSE)
        bridge.says("paused, server away | ")
        game.set_status(pages.LIVE)
        game.step_until(lambda: bridge.err().count("recording, server away | ") == 2, "driving again")
        game.step(300)
        bridge.stop()
        self.assertNotRegex(bridge.err(), r"[\x00-\x09\x0b-\x1f]")
        self.assertLessEqual(len(re.findall(r" \| \d+ frames behind", bridge.err())), 6)
        for line in bridge.err().splitlines():
            self.assertRegex(line, r"^telemetry_bridge: [a-z]")

    def test_again(self):
        """Every ten seconds, if it says something new."""
        with Place() as place:
            bridge = place.bridge()
            bridge.says("waiting for Assetto Corsa")
            time.sleep(11)
            self.assertEqual(bridge.err().count("waiting for Assetto Corsa"), 1)
            with Pages(place.prefix) as game:
                game.fill()
                game.step_until(lambda: bridge.err().count("recording | ks_test_car") == 2, "the second line")
            numbers = [int(n) for n in re.findall(r"\| (\d+) frames, ", bridge.err())]
            self.assertGreater(numbers[1] - numbers[0], 1000)


if __name__ == "__main__":
    unittest.main()
