#!/usr/bin/env python3
"""A telemetry_bridge that is killed, a disk that is full: what a recording loses, and what it keeps. With ACQ_SOAK=1 many more
kills."""
import gzip
import os
import random
import shutil
import subprocess
import time
import unittest

import pages
from acq import ACQ, BRIDGE, PATIENCE, Place, free_port, new_prefix, wait_until
from frames import Frame, Recording, check_same, varint
from pages import Pages

SOAK = os.environ.get("ACQ_SOAK")
KILLS = 200 if SOAK else 8
AT_ONCE = 4
MOST_LOST = 0.5  # seconds


def acq(*words):
    return subprocess.run([ACQ, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)


def content(path):
    """The frames of a recording as any reader of gzip finds them."""
    data, at, frames = gzip.decompress(path.read_bytes()), 0, []
    while at < len(data):
        size, at = varint(data, at)
        frames.append(Frame(data[at:at + size]))
        at += size
    return frames


def link_pages(place):
    """Another prefix for the same pages, since a second bridge on one prefix would leave at once."""
    prefix = new_prefix()
    for name in ("physics", "graphics", "static"):
        page = pages.SHM / f"{place.prefix}_{name}"
        wait_until(page.exists, f"the page {page}")
        os.link(page, pages.SHM / f"{prefix}_{name}")
    return prefix


class Killed(unittest.TestCase):
    def setUp(self):
        self.seed = int(os.environ.get("ACQ_SEED", time.time()))
        self.dice = random.Random(self.seed)
        self.worst = 0.0

    def kill_some(self, place, server):
        """Several bridges beside one game, killed one after the other; returns their recordings' paths."""
        names = [f"r{i}" for i in range(AT_ONCE)]
        bridges = [place.bridge("--pages", link_pages(place), port=server.port, record=name) for name in names]
        for bridge in bridges:
            bridge.says("recording to")
        for bridge in bridges:
            time.sleep(self.dice.uniform(0, 0.7))
            bridge.process.kill()
        for bridge in bridges:
            bridge.wait()
        wait_until(lambda: server.err().count("session-pauses") == AT_ONCE, "the server to see the ends")
        self.assertEqual(server.stop(), 0)
        return [next((place.folder / name).glob("*.pb.gz.part")) for name in names]

    def check(self, place, path):
        """What the server was sent is what the bridge had sampled; the recording has it up to the last half second."""
        sampled = next(r for r in place.recordings("data") if path.name.endswith(f"{r.session}.pb.gz.part")).frames
        recording = Recording(path)
        kept = recording.frames
        self.assertFalse(recording.closed)
        both = min(len(kept), len(sampled))
        self.assertEqual([f.body for f in kept[:both]], [f.body for f in sampled[:both]])
        behind = sampled[-1].t_ns - (kept[-1].t_ns if kept else sampled[0].t_ns)
        self.worst = max(self.worst, behind / 1e9)
        self.assertLessEqual(behind / 1e9, MOST_LOST, f"ACQ_SEED={self.seed}")
        if not kept:
            return
        size = path.stat().st_size
        whole = sum(1 for _ in content(path)) if recording.size == size else len(kept)
        self.assertEqual(whole, len(kept))
        doctor = acq("doctor", path)
        self.assertIn(doctor.returncode, (0, 3) if recording.size == size else (3,), doctor.stdout)
        saved = path.with_name("saved.pb.gz")
        recover = acq("recover", path, saved)
        self.assertEqual(recover.returncode, 0 if recording.size == size else 3, recover.stderr)
        saved = Recording(saved)
        self.assertTrue(saved.closed)
        self.assertEqual([f.body for f in saved.frames], [f.body for f in kept])

    def test_at_random_moments(self):
        for _ in range(KILLS // AT_ONCE):
            with Place() as place:
                place.sim()
                server = place.serve()
                for path in self.kill_some(place, server):
                    self.check(place, path)
        print(f"{KILLS} kills: at most {self.worst:.3f} s lost")


def noise(game):
    game.physics.bytes[420:564] = os.urandom(144)  # what does not pack well


def can_mount():
    return shutil.which("unshare") and \
        subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], stderr=subprocess.DEVNULL).returncode == 0


@unittest.skipUnless(can_mount(), "no mount of a small disk is allowed here")
class DiskFull(unittest.TestCase):
    SCRIPT = """mount -t tmpfs -o size=$SIZE tmpfs small && shift 0 && "$@" --record small/x; code=$?
                ls -la small/x >&2; cp small/x/* recordings/ 2>/dev/null; exit $code"""

    def drive(self, place, size, port, steps, meanwhile=lambda game: None):
        """A session recorded on a disk of that size; the game ends it. What is on the disk then is in recordings/."""
        for name in ("small", "recordings"):
            (place.folder / name).mkdir()
        with Pages(place.prefix) as game:
            game.fill()
            bridge = place.run("unshare", "-rm", "sh", "-c", self.SCRIPT, "sh", BRIDGE, f"127.0.0.1:{port}", "--once",
                               env={"SIZE": size})
            game.step_until(lambda: "session " in bridge.err(), "a session")
            game.step(steps, noise)
            meanwhile(game)
        return bridge

    def test_streams_on(self):
        with Place() as place:
            server = place.serve()
            bridge = self.drive(place, "64k", server.port, 700)
            self.assertEqual(bridge.wait(), 3)
            self.assertEqual(server.stop(), 0)
            self.assertEqual(bridge.err().count("error"), 1)
            self.assertIn("recording stopped: cannot write", bridge.err())
            self.assertIn("No space left on device", bridge.err())
            ours, theirs = place.recording(), place.recording("data").check()
            self.assertTrue(0 < len(ours.frames) < len(theirs.frames))
            self.assertEqual(ours.size, ours.path.stat().st_size)  # not half a member
            self.assertEqual(ours.check().bodies(), theirs.bodies()[:len(ours.frames)])
            self.assertIn(f"Sampled {len(theirs.frames)} frames", bridge.out())
            self.assertIn(", 0 not acked", bridge.out())
            self.assertEqual(acq("recover", ours.path, place.folder / "saved.pb.gz").returncode, 0)
            check_same(self, ours, Recording(place.folder / "saved.pb.gz"))

    def test_server_comes_later(self):
        """What the disk had no room for is still in memory when the server comes."""
        with Place() as place:
            port, servers = free_port(), []
            def late(game):
                servers.append(place.serve(port))
                arrived = lambda: place.recordings("data") and len(place.recording("data").frames) > 500
                game.step_until(arrived, "frames on the server")
            bridge = self.drive(place, "64k", port, 700, late)
            self.assertEqual(bridge.wait(), 3)
            self.assertEqual(servers[0].stop(), 0)
            self.assertIn(f"Sampled {len(place.recording('data').check().frames)} frames", bridge.out())
            self.assertIn(", 0 not acked", bridge.out())

    def test_no_room_at_all(self):
        """Not one member fits: no empty file is left, and all is streamed."""
        with Place() as place:
            server = place.serve()
            bridge = self.drive(place, "4k", server.port, 400)
            self.assertEqual(bridge.wait(), 3)
            self.assertEqual(server.stop(), 0)
            self.assertIn("nothing is in", bridge.err())
            self.assertEqual(list((place.folder / "recordings").iterdir()), [])
            self.assertIn(f"Sampled {len(place.recording('data').check().frames)} frames", bridge.out())


if __name__ == "__main__":
    unittest.main()
