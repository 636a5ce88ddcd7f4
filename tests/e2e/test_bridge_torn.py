#!/usr/bin/env python3
"""telemetry_bridge and a game that stands still in the middle of its pages: no frame mixes two steps, and the counts in
the recording are those that the game knows. On Linux and, where Wine is, the Windows program; also on a computer that
has more to do than it can."""
import ctypes
import os
import subprocess
import sys
import unittest

from acq import ACQ, BRIDGE, SOURCE, Place
from frames import (GRAPHICS, LOST_BEFORE, MISSED, PHYSICS, PHYSICS_ID, SEEN, TORN_DROPPED, TORN_RETRIED, f32, i32,
                    message)
from windows import BRIDGE as WINDOWS_BRIDGE
from windows import COMPILER, WINE, has_wine

CPUS = sorted(os.sched_getaffinity(0))
CLUTCH, GEAR, STATUS_ID, SESSION_ID, DELTA_LAP, PICTURE_ID = 4, 5, 1, 17, 8, 16
GRAPHICS_FLOATS = (9, 22, 23, 29, 31, 35, 37, 38)
DUPLICATES, JITTER_P50, JITTER_P99, JITTER_MAX = 9, 10, 11, 12
LEARN = 900       # as in tear.c: before, the bridge does not know yet which fields always change
PICTURE_NS = 4e6  # a picture that is half for longer is believed
STEPS = 1900


def floats(value):
    """What a field holds: a number, or those of a Vec3f or Wheel4f."""
    if isinstance(value, int):
        return [i32(value)]
    return [f32(value)] if len(value) == 4 else [f32(part) for part in message(value).values()]


def prepare(which=None):
    """For a bridge: on one processor, and without the right to go before other programs."""
    def before_exec():
        if which is None:
            ctypes.CDLL(None).prctl(24, 23, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_SYS_NICE: prctl(2)
        else:
            os.sched_setaffinity(0, {CPUS[which]})
    return before_exec


class Truth:
    """What the game wrote."""

    def __init__(self, text):
        lines = [line.split() for line in text.splitlines()]
        self.steps = [int(words[1]) for words in lines if words[0] == "step"]
        self.next = dict(zip(self.steps, self.steps[1:]))
        self.untold = set()  # steps that were half, and the bridge could not tell
        self.before = dict(zip(self.steps[1:], self.steps))
        self.long = {(words[1], int(words[2])): int(words[3]) for words in lines if words[0] == "long"}


class Busy:
    """More programs that calculate than there are processors."""

    def __enter__(self):
        loop = "while True: pass"
        self.programs = [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(2 * len(CPUS))]

    def __exit__(self, *_):
        for program in self.programs:
            program.kill()
            program.wait()


def wrong_numbers(frame):
    """The step and the picture of a frame, and which fields of each are another's."""
    physics, graphics = frame.group(PHYSICS), frame.group(GRAPHICS)
    step, picture = i32(physics[PHYSICS_ID]), i32(graphics[PICTURE_ID])
    expected = {CLUTCH: 1 - step, GEAR: step - 1}
    steps = [n for n, value in physics.items() if set(floats(value)) != {expected.get(n, step)}]
    steps += [DELTA_LAP + 1000] * (floats(graphics[DELTA_LAP]) != [step])
    numbers = {n: i32(value) if isinstance(value, int) else f32(value) for n, value in graphics.items()
               if n in GRAPHICS_FLOATS or isinstance(value, int) and n not in (STATUS_ID, SESSION_ID)}
    pictures = [n for n, value in numbers.items() if value != picture]
    return step, steps, picture, pictures


class Torn(unittest.TestCase):
    def compiled(self, place, *compiler):
        program = place.folder / ("tear.exe" if compiler[0] == COMPILER else "tear")
        subprocess.run([*compiler, "-O1", "-std=gnu11", "-I", SOURCE / "src", "-o", program,
                        SOURCE / "tests/e2e/tear.c"], check=True)
        return [WINE, program] if compiler[0] == COMPILER else [program]

    def check(self, place, order, truth):
        recording = place.recording().check()
        counts, ids = recording.check_counts(), recording.ids()
        self.assertGreater(len(ids), STEPS / 6)
        # the counts are the truth: no step that was never written, all others seen, missed or given up
        self.assertLessEqual(set(ids), set(truth.steps))
        written = [step for step in truth.steps if ids[0] <= step <= ids[-1]]
        left_out = ids[-1] - ids[0] + 1 - len(written)
        self.assertEqual(counts[SEEN], len(ids))
        self.assertGreaterEqual(counts[MISSED], left_out)
        self.assertEqual(counts[SEEN] + counts[MISSED] - left_out + counts[TORN_DROPPED], len(written))
        self.assertEqual(sum(frame.fields.get(LOST_BEFORE, 0) for frame in recording.frames), counts[TORN_DROPPED])
        self.assertIn(DUPLICATES, counts)
        jitter = [counts[n] for n in (JITTER_P50, JITTER_P99, JITTER_MAX)]
        self.assertEqual(jitter, sorted(jitter))
        frames = recording.frames if order == "first" else recording.frames[::-1]
        mixed = [found for frame in frames for found in self.mixed(frame, order, truth, set(ids))]
        self.assertEqual(mixed, [])
        self.assertLess(len(truth.untold), len(ids) / 4)
        if os.environ.get("ACQ_TORN_SAY"):
            print(order, counts, len(written), "written", left_out, "left out", len(truth.untold), "untold")
        return counts

    def mixed(self, frame, order, truth, seen):
        """What is wrong with a frame, except for what cannot be told, as docs/bridge.md says."""
        step, steps, picture, pictures = wrong_numbers(frame)
        before, behind = truth.before.get(step), truth.next.get(step)
        judge = before if order == "first" else behind  # the step that would tell
        untold = step <= LEARN + 1 or judge not in seen or judge in truth.untold or \
            any(("physics", n) in truth.long for n in (step, judge))
        if steps and untold:
            truth.untold.add(step)
        elif steps:
            yield "physics", step, steps[0], steps[-1]
        longest = max(truth.long.get(("graphics", n), 0) for n in truth.steps if 0 <= n - picture <= 40)
        if pictures and picture > LEARN and longest < PICTURE_NS:
            yield "graphics", picture, step, pictures[0], pictures[-1]

    def play(self, place, tear, bridge, order, how):
        bridge.says("Ctrl+C ends it")
        game = place.run(*tear, place.prefix, order, how, STEPS, "truth.txt")
        self.assertEqual(game.wait(), 0, game)
        self.assertIn(bridge.stop(), (0, 3), bridge)
        return self.check(place, order, Truth((place.folder / "truth.txt").read_text()))

    def on_linux(self, order, how, before_exec):
        with Place() as place:
            tear = self.compiled(place, os.environ.get("CC", "cc"))
            bridge = place.run(BRIDGE, "--no-stream", "--record", "recordings", preexec_fn=before_exec)
            return self.play(place, tear, bridge, order, how)

    def test_linux(self):
        retried = 0
        for order in ("first", "last"):
            for how in ("pieces", "halves"):
                with self.subTest(f"{order}, {how}"):
                    retried += self.on_linux(order, how, prepare(0))[TORN_RETRIED]
        if len(CPUS) > 1:  # on one processor nobody sees a half page
            self.assertGreater(retried, 0)

    def test_linux_busy(self):
        for order in ("first", "last"):
            with self.subTest(order), Busy():
                self.on_linux(order, "halves", prepare())

    def test_good_game(self):
        """A game that writes its pages at one go: nothing is given up, whoever is there first. The car stands, starts,
        drives; at first the pages are empty."""
        for first in ("bridge", "game"):
            with self.subTest(first), Place() as place:
                options = ("--no-stream", "--record", "recordings", "--once")
                if first == "bridge":
                    bridge = place.run(BRIDGE, *options)
                    bridge.says("Ctrl+C ends it")
                game = place.run(ACQ, "sim", "--quiet", "--seconds", 10)
                if first == "game":
                    bridge = place.run(BRIDGE, *options)
                self.assertEqual(game.wait(), 0)
                self.assertIn(bridge.wait(), (0, 3), bridge)
                counts = place.recording().check_counts()
                self.assertGreater(counts[SEEN], 500)
                self.assertEqual(counts.get(TORN_DROPPED, 0), 0)

    @unittest.skipUnless(WINDOWS_BRIDGE.exists() and COMPILER and has_wine(), "needs the Windows programs, mingw and wine")
    def test_wine(self):
        for order, busy in (("first", False), ("last", False), ("first", True), ("last", True)):
            with self.subTest(f"{order}, busy: {busy}"), Place() as place:
                tear = self.compiled(place, COMPILER)
                bridge = place.run(WINE, WINDOWS_BRIDGE, "--no-stream", "--record", "recordings")
                if not busy:
                    self.play(place, tear, bridge, order, "halves")
                    continue
                with Busy():
                    self.play(place, tear, bridge, order, "halves")


if __name__ == "__main__":
    unittest.main()
