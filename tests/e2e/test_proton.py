#!/usr/bin/env python3
"""The ways to record a game that runs under Proton (docs/proton.md), with Wine in Proton's place and the simulator in the
game's: the telemetry_bridge.exe in the game's prefix, and the native telemetry_bridge behind both kinds of page bridge."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import pages
from acq import SOURCE, Place, wait_until
from frames import MISSED, RING_DROPPED, SEEN, TORN_DROPPED, check_same
from windows import ACQ, BRIDGE, COMPILER, WINE, need_compiler, need_wine

prefix = pathlib.Path(tempfile.mkdtemp(prefix="acq-proton-"))  # the game's: Steam's compatdata/244210/pfx
PAGE_BRIDGE = prefix / "pagebridge.exe"


def setUpModule():
    subprocess.run([COMPILER, "-O1", "-std=c11", "-o", PAGE_BRIDGE, SOURCE / "tests/e2e/pagebridge.c"], check=True)


def tearDownModule():
    wine = subprocess.run([WINE, "--find"], capture_output=True, text=True, check=True).stdout.strip()
    server = pathlib.Path(wine).with_name("wineserver")
    subprocess.run([server if server.exists() else "wineserver", "-k", "-w"], env=dict(os.environ, WINEPREFIX=str(prefix)),
                   stderr=subprocess.DEVNULL)
    shutil.rmtree(prefix, ignore_errors=True)


def inside(place, *words):
    """A Windows program in the game's prefix."""
    return place.run(WINE, *words, env={"WINEPREFIX": str(prefix)})


def steps(sim):
    """How many the simulator says it made."""
    return int(re.search(r"(\d+) steps", sim.out()).group(1))


class Proton(unittest.TestCase):
    def check_truth(self, recording, sim):
        """What is seen and what is missed make up what the game did; nothing is made up. Returns the counts."""
        counts = recording.check_counts()
        ids = recording.ids()
        self.assertTrue(recording.closed)
        self.assertLessEqual(ids[-1] - ids[0] + 1, steps(sim))
        self.assertLess(counts.get(TORN_DROPPED, 0), steps(sim) * 0.05)  # the simulator does not stop in a page
        return counts

    def lost(self, counts):
        return counts[MISSED] + counts.get(TORN_DROPPED, 0) + counts.get(RING_DROPPED, 0)

    def in_the_prefix(self, bridge_first):
        """Both .exe side by side; the recording lies in the prefix, the server is Linux'."""
        folder = prefix / "drive_c/records"
        with Place() as place:
            server = place.serve()
            words = [BRIDGE, f"127.0.0.1:{server.port}", "--record", "C:\\records", "--once"]
            if bridge_first:
                bridge = inside(place, *words)
                bridge.says("waiting for Assetto Corsa")
            sim = inside(place, ACQ, "sim", "--quiet", *(["--seconds", "6"] if bridge_first else []))
            if not bridge_first:
                bridge = inside(place, *words)
                bridge.says("recording to")
                time.sleep(3)  # of driving: a moment more or less changes only how many steps are compared
                self.assertEqual(sim.stop(signal.SIGINT), 0, sim)
            code = bridge.wait()
            self.assertEqual(sim.wait(), 0, sim)
            self.assertEqual(server.stop(), 0)
            try:
                ours, theirs = place.recording(folder), place.recording("data")
                counts = self.check_truth(ours, sim)
                check_same(self, ours, theirs.check())
                self.assertEqual(ours.end_reason(), "the game left the session")
                self.assertEqual(code, 3 if self.lost(counts) else 0)
                self.assertGreater(len(ours.frames), 100)
                self.assertFalse(any((pages.SHM / f"{place.prefix}_{n}").exists() for n in ("physics", "static")))
            finally:
                shutil.rmtree(folder)

    def test_bridge_then_game(self):
        self.in_the_prefix(True)

    def test_game_then_bridge(self):
        self.in_the_prefix(False)

    def test_two_in_one_prefix(self):
        """A launch option and a double click: the second leaves."""
        with Place() as place:
            first = inside(place, BRIDGE, "--no-stream")
            first.says("waiting for Assetto Corsa")
            second = inside(place, BRIDGE, "--no-stream")
            self.assertEqual(second.wait(), 1, second)
            self.assertIn("another telemetry_bridge takes the pages", second.err())
            self.assertEqual(first.stop(signal.SIGINT), 0)
            third = inside(place, BRIDGE, "--no-stream")
            third.says("waiting for Assetto Corsa")
            self.assertEqual(third.stop(signal.SIGINT), 0)

    def test_launch_script(self):
        """The script of docs/proton.md, given a stand-in for Steam's runtime: the service comes up a moment after the game
        has been started, and ends with the game, and with it whatever it has started."""
        script = re.search(r"```sh\n(#!/bin/sh\n# launch.sh.*?)```", (SOURCE / "docs/proton.md").read_text(), re.S)[1]
        with Place() as place:
            folder = place.folder / "my telemetry"
            client = folder / "runtime/pressure-vessel/bin/steam-runtime-launch-client"
            client.parent.mkdir(parents=True)
            for path, text in (
                (folder / "launch.sh", script),
                (folder / "runtime/_v2-entry-point", f"""#!/bin/sh
                    [ "$STEAM_COMPAT_LAUNCHER_SERVICE" = proton ] && [ "$1 $2" = "waitforexitandrun --" ] || exit 9
                    shift 2; "$@" & game=$!
                    sleep 1; touch '{folder}/up'
                    wait $game; code=$?
                    until grep -q 'session ended' '{folder}/bridge.log'; do sleep 0.1; done
                    rm '{folder}/up'; kill -TERM $(cat '{folder}/started'); exit $code"""),
                (client, f"""#!/bin/sh
                    [ "$1 $2" = "--bus-name=com.steampowered.App244210 --" ] && [ -e '{folder}/up' ] || exit 1
                    shift 2; [ "$1" = wine ] || exec "$@"
                    shift; echo $$ >'{folder}/started'; exec '{WINE}' "$@\""""),
                (folder / "game", f"""#!/bin/sh
                    '{WINE}' '{ACQ}' sim --quiet & sim=$!
                    until [ -e '{folder}/enough' ]; do sleep 0.1; done
                    kill -INT $sim; wait $sim; exit 5"""),
            ):
                path.write_text(text)
                path.chmod(0o755)
            shutil.copy(BRIDGE, folder / "telemetry_bridge.exe")
            game = place.run(folder / "launch.sh", folder / "runtime/_v2-entry-point", "waitforexitandrun", "--",
                             folder / "game", env={"WINEPREFIX": str(prefix)})
            log = folder / "bridge.log"
            wait_until(lambda: log.exists() and "recording to" in log.read_text(), "the bridge inside")
            time.sleep(2)
            (folder / "enough").touch()
            self.assertEqual(game.wait(), 5, game)
            self.assertIn("session ended (the game left the session)", log.read_text())
            recording = place.recording(folder / "recordings")
            self.assertTrue(recording.closed)
            self.assertGreater(recording.check_counts()[SEEN], 100)
            self.assertEqual(recording.end_reason(), "the game left the session")

    def test_mapped_before_the_game(self):
        """The page bridge's mappings become the game's: what the game writes stands in /dev/shm, every step. The files
        are made first, filled later, larger than the pages, and stay for a second drive."""
        with Place() as place:
            bridge = place.bridge()
            helper = inside(place, PAGE_BRIDGE, "map", place.prefix, "2048")
            helper.says("ready")
            self.assertEqual((pages.SHM / f"{place.prefix}_physics").stat().st_size, 2048)
            sims = []
            for count in (1, 2):
                sims.append(inside(place, ACQ, "sim", "--quiet", "--seconds", "6"))
                self.assertEqual(sims[-1].wait(), 0, sims[-1])
                bridge.says("session ended (the game left the session)", count)
            self.assertEqual(helper.stop(signal.SIGINT), 0)
            wait_until(lambda: not (pages.SHM / f"{place.prefix}_physics").exists(), "the files to go")
            code = bridge.stop()
            found = place.recordings()
            self.assertEqual(len(found), 2, bridge)
            counts = [self.check_truth(recording, sim) for recording, sim in zip(found, sims)]
            for count, sim in zip(counts, sims):
                self.assertGreater(count[SEEN] + count[MISSED], steps(sim) * 0.5)
            self.assertEqual(code, 3 if any(map(self.lost, counts)) else 0)

    def test_stale_pages(self):
        """The game has ended, the page bridge was killed: its files stay, and nothing is made of them, by a bridge that
        saw the game or by one that comes later."""
        with Place() as place:
            helper = inside(place, PAGE_BRIDGE, "map", place.prefix, "2048", "keep")
            helper.says("ready")
            bridge = place.bridge("--once")
            sim = inside(place, ACQ, "sim", "--quiet", "--seconds", "5")
            self.assertIn(bridge.wait(), (0, 3), bridge)
            self.assertEqual(sim.wait(), 0, sim)
            self.check_truth(place.recording(), sim)
            helper.stop(signal.SIGINT)
            page = pages.SHM / f"{place.prefix}_physics"
            self.assertTrue(any(page.read_bytes()))
            late = place.bridge(record="late")
            late.says("Ctrl+C ends it")
            helper = inside(place, PAGE_BRIDGE, "map", place.prefix, "4096")  # over the old files, of another size
            helper.says("ready")
            self.assertEqual(place.recordings("late"), [])
            sim = inside(place, ACQ, "sim", "--quiet", "--seconds", "5")
            self.assertEqual(sim.wait(), 0, sim)
            late.says("session ended (the game left the session)")
            self.assertIn(late.stop(), (0, 3))
            helper.stop(signal.SIGINT)
            self.check_truth(place.recording("late"), sim)

    def test_copied(self):
        """The page bridge copies 240 times a second: the rest of the game's 333 steps never comes by, and the count of
        missed steps says so."""
        with Place() as place:
            bridge = place.bridge()
            helper = inside(place, PAGE_BRIDGE, "copy", place.prefix, "240")
            sim = inside(place, ACQ, "sim", "--quiet", "--seconds", "8")
            helper.says("ready")
            self.assertEqual(sim.wait(), 0, sim)
            bridge.says("session ended (the game left the session)")
            self.assertEqual(helper.stop(signal.SIGINT), 0)
            self.assertEqual(bridge.stop(), 3)
            recording = place.recording()
            counts = self.check_truth(recording, sim)
            seconds = (recording.frames[-1].t_ns - recording.frames[0].t_ns) / 1e9
            self.assertLess(counts[SEEN] / seconds, 290)
            self.assertGreater(counts[MISSED], counts[SEEN] * 0.1)
            self.assertGreater(counts[SEEN], 100)


if __name__ == "__main__":
    need_compiler()
    need_wine()
    unittest.main()
