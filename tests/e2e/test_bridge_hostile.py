#!/usr/bin/env python3
"""telemetry_bridge and pages that nobody should write: cut while they are mapped, no files, another user's, full of
rubbish, of other games; two bridges at once; folders that take nothing."""
import os
import random
import shutil
import stat
import struct
import subprocess
import time
import unittest

import pages
from acq import ACQ, BRIDGE, PATIENCE, Place, wait_until
from frames import CAPTURE, CAR, PHYSICS, STAT, TRACK, f32, i32
from pages import Pages

NOBODY = 65534
SPEED, VELOCITY = 1, 13


def names(prefix):
    return [pages.SHM / f"{prefix}_{name}" for name in ("physics", "graphics", "static")]


class Case(unittest.TestCase):
    def alive(self, bridge):
        self.assertIsNone(bridge.process.poll(), bridge)

    def ended(self, bridge, codes=(0, 3)):
        """Ctrl+C ends it in order."""
        self.alive(bridge)
        self.assertIn(bridge.stop(), codes, bridge)

    def session(self, game, bridge, count=1):
        """Drives until so many sessions have begun."""
        game.step_until(lambda: bridge.err().count("recording to") >= count, f"session {count}", PATIENCE)


class Files(Case):
    """What stands where a page should be."""

    def test_cut_while_mapped(self):
        """Reading a page that was cut raises SIGBUS: the session ends, and the next begins when the page is back."""
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            bridge = place.bridge()
            for count, page in enumerate((game.physics, game.graphics, game.stat), 1):
                self.session(game, bridge, count)
                game.step(60)
                os.truncate(page.path, 0)
                bridge.says("session ended (the game ended)", count)
                os.truncate(page.path, page.size)
                game.fill()
            self.session(game, bridge, 4)
            self.ended(bridge)
            self.assertEqual(len(place.recordings()), 4)
            for recording in place.recordings():
                recording.check_counts()
                self.assertTrue(recording.closed)
                for frame in recording.frames:  # nothing of the zeros that stood there
                    self.assertGreater(frame.physics_id, 0)

    def test_cut_while_still(self):
        """The same in a pause, when nobody moves."""
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            bridge = place.bridge()
            self.session(game, bridge)
            os.truncate(game.graphics.path, 0)
            bridge.says("session ended (the game ended)")
            self.ended(bridge)

    def test_other_file_of_that_name(self):
        """A page bridge that is started anew makes new files; the old ones, still mapped, never change again."""
        with Place() as place:
            bridge = place.bridge()
            for count in (1, 2, 3):
                with Pages(place.prefix) as game:
                    game.fill()
                    self.session(game, bridge, count)
                    game.step(30)
                    names(place.prefix)[count - 1].unlink()  # each of the three is noticed alone
                    bridge.says("session ended (the game ended)", count)
            self.ended(bridge)

    def test_no_page(self):
        """A link, a pipe, a folder: one sentence, and nothing hangs; with a page in its place it goes on."""
        def link(path):
            path.symlink_to(place.folder / "elsewhere")

        for make in (os.mkfifo, os.mkdir, link):
            with self.subTest(make.__name__), Place() as place:
                for path in names(place.prefix):
                    make(path)
                try:
                    bridge = place.bridge()
                    bridge.says(f"/dev/shm/{place.prefix}_physics is not a page but a link, a pipe or a folder: remove it")
                    time.sleep(1.2)  # it looks twice a second, and says it once
                    self.assertEqual(bridge.err().count("is not a page"), 1)
                finally:
                    for path in names(place.prefix):
                        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
                with Pages(place.prefix) as game:
                    game.fill()
                    self.session(game, bridge)
                    self.ended(bridge)

    def test_pipes_among_the_recordings(self):
        """A pipe with a recording's name is no recording: nothing waits for its other end, neither start nor end."""
        with Place() as place:
            folder = place.folder / "recordings"
            folder.mkdir()
            for name in ("x.pb.gz", "x.pb.gz.part", "99991122T153329Z_x.pb.gz"):
                os.mkfifo(folder / name)
            bridge = place.bridge("--keep", "1d", port=1)
            bridge.says("waiting for")
            self.ended(bridge)

    def test_empty_and_huge(self):
        """Files that are made first and filled later, and one that is larger than the machine's memory."""
        with Place() as place:
            for path in names(place.prefix):
                path.touch()
            bridge = place.bridge()
            time.sleep(0.7)
            self.assertNotIn("error", bridge.err())
            with Pages(place.prefix) as game:
                for path in names(place.prefix):
                    os.truncate(path, 1 << 40)
                game.fill()
                self.session(game, bridge)
                self.ended(bridge)

    def test_tiny(self):
        """Pages of one byte, of three: no session, no harm."""
        with Place() as place, Pages(place.prefix, 1, 3, 5) as game:
            game.fill()
            bridge = place.bridge()
            game.step(300)
            self.ended(bridge)
            self.assertEqual(place.recordings(), [])

    @unittest.skipUnless(os.getuid() == 0, "only root can make files of another user")
    def test_not_readable(self):
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            (place.folder / "out").mkdir()
            place.folder.chmod(0o755)
            os.chown(place.folder / "out", NOBODY, NOBODY)
            program = place.folder / "telemetry_bridge"  # a build folder may be closed to others
            shutil.copy(BRIDGE, program)
            for path in names(place.prefix):
                path.chmod(0o600)
            bridge = place.run(program, "--no-stream", "--record", "out", user=NOBODY, group=NOBODY, extra_groups=[])
            bridge.says(f"the page /dev/shm/{place.prefix}_physics belongs to another user and may not be read")
            time.sleep(1.2)
            self.assertEqual(bridge.err().count("may not be read"), 1)
            for path in names(place.prefix):
                path.chmod(0o644)
            self.session(game, bridge)
            self.ended(bridge)


class Contents(Case):
    """What stands in a page."""

    def rubbish(self, game, seconds, dice):
        """Whole pages of random bytes at the game's pace, with whatever leads a bridge on."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for page in (game.physics, game.graphics, game.stat):
                page.bytes[:] = dice.randbytes(len(page.bytes))
            game.stat["sm_version"] = "1.7"
            game.graphics["status"] = dice.choice([pages.LIVE, pages.LIVE, pages.PAUSE, pages.OFF, pages.REPLAY, -1])
            game.stat.publish()
            game.graphics.publish()
            game.physics.publish()
            time.sleep(pages.STEP_S)

    def test_disk_is_not_filled(self):
        """Hundreds of sessions a second are begun by nobody: the bridge waits, says so, and takes the next real one."""
        dice = random.Random(7)
        with Place() as place, Pages(place.prefix) as game:
            bridge = place.bridge()
            self.rubbish(game, 4, dice)
            self.alive(bridge)
            self.assertEqual(bridge.err().count("the game's pages change wildly"), 1, bridge)
            begun = bridge.err().count("recording to")
            self.assertTrue(5 <= begun <= 9, begun)
            game.physics.bytes[:] = bytes(len(game.physics.bytes))
            for page in (game.graphics, game.stat):
                page.bytes[:] = bytes(len(page.bytes))
            game.fill(car="a_real_one")
            game.step_until(lambda: "a_real_one @" in bridge.err(), "a real session", PATIENCE)
            game.step(100)
            self.ended(bridge)
            for recording in place.recordings():
                recording.check()
                self.assertTrue(recording.closed)
            self.assertEqual(place.recordings()[-1].frames[0].group(STAT)[CAR], b"a_real_one")

    def test_strings(self):
        """Texts without an end, halves of characters, paths: a file name that every system takes, in the folder."""
        texts = [
            "\ud800" * 33, "x" * 33, "\U0001f3ce" * 16 + "\ud83c", "../../../etc/x", "C:\\x", "a/b\\c:d*e?f\"g<h>i|j",
            "con", ".", "..", " ", "\x01\x02", "\u202e\u200b", "\ufffe\uffff", "ä" * 33,
        ]
        for text in texts:
            with self.subTest(ascii(text)), Place() as place, Pages(place.prefix) as game:
                game.fill()
                for name in ("car_model", "track", "track_configuration", "player_name", "player_surname"):
                    kind, count, at = game.stat.fields[name]
                    units = text.encode("utf-16-le", "surrogatepass")[:2 * count]
                    game.stat.bytes[at:at + 2 * count] = units + bytes(2 * count - len(units))
                game.stat.publish()
                bridge = place.bridge()
                self.session(game, bridge)
                game.step(30)
                self.ended(bridge)
                self.assertEqual({path.name for path in place.folder.iterdir()}, {"recordings"})
                recording = place.recording()
                recording.check()
                name = recording.path.name.removesuffix(".pb.gz")
                self.assertFalse(set(name) & set('<>:"/\\|?*') or any(c < " " for c in name), ascii(name))
                self.assertLessEqual(len(recording.path.name.encode()), 255)
                for field in (CAR, TRACK):
                    recording.frames[0].group(STAT)[field].decode()  # well-formed UTF-8

    def test_numbers(self):
        """No number, the infinities, the smallest: bit for bit, and the tools live with them."""
        bits = [0x7fc00000, 0x7f800000, 0xff800000, 0x00000001, 0x807fffff, 0x7f800001, 0xffffffff, 0x80000000, 0x7f7fffff]

        def change(game):
            n = game.physics["packet_id"]
            for at in range(4, game.physics.size, 4):
                struct.pack_into("<I", game.physics.bytes, at, bits[(n + at // 4) % len(bits)])
            for at in range(132, 164, 4):
                struct.pack_into("<I", game.graphics.bytes, at, bits[(n + at // 4) % len(bits)])
            game.graphics["normalized_car_position"] = float("nan")
            game.graphics.publish()
            game.sent[n] = struct.unpack_from("<I", game.physics.bytes, game.physics.fields["speed_kmh"][2])[0]

        with Place() as place, Pages(place.prefix) as game:
            game.sent = {}
            game.fill()
            bridge = place.bridge()
            self.session(game, bridge)
            game.step(300, change)
            self.ended(bridge)
            recording = place.recording().check()
            compared = 0
            for frame in recording.frames:
                if frame.physics_id in game.sent:
                    seen = struct.unpack("<I", frame.group(PHYSICS)[SPEED])[0]
                    self.assertEqual(seen, game.sent[frame.physics_id])
                    compared += 1
            self.assertGreater(compared, 100)
            for words in (["info"], ["doctor"], ["laps"], ["view", "-n", "2"], ["cat"]):
                done = subprocess.run([ACQ, *words, recording.path], stdin=subprocess.DEVNULL, capture_output=True,
                                      timeout=PATIENCE)
                self.assertIn(done.returncode, (0, 1, 3), (words, done.stderr))
                self.assertNotIn(b"Sanitizer", done.stderr)
                self.assertNotIn(b"runtime error", done.stderr)

    def test_packet_ids(self):
        """Back, far ahead, below zero, round the end of 32 bits: every frame of a session is newer than the one before,
        and what was missed is never made up."""
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            bridge = place.bridge()
            self.session(game, bridge)
            for start in (500, 400, 2**31 - 40, -2**31 + 10, -1000, 2**30, 5):
                game.physics["packet_id"] = start
                game.step(35)
            game.physics["packet_id"] = 2**31 - 3  # and over the end
            game.step(2)
            for start in (-2**31, 2**31 - 1, -2**31, 2**31 - 1):
                game.physics["packet_id"] = start
                game.physics.publish()
                time.sleep(0.01)
            self.ended(bridge)
            found = place.recordings()
            self.assertGreater(len(found), 4)
            for recording in found:
                recording.check()
                self.assertTrue(recording.closed)
                missed = recording.last_context()[1][2]
                self.assertLessEqual(missed, 40000, recording.ids())

    def test_other_games(self):
        """ACC and EVO have other pages: nothing is recorded, and why is said once."""
        for version, words in (("1.8", "version 1.8"), ("1.9", "version 1.9"), ("2.0", "version 2.0"),
                               ("9.12", "version 9.12"), ("0.5", "version 0.5"), ("what", "states no version"),
                               ("\u3431\u302e", "states no version")):  # EVO's 8-bit text, read as 16 bits
            with self.subTest(version), Place() as place, Pages(place.prefix, 800, 1588, 820) as game:
                game.fill(version=version)
                bridge = place.bridge()
                game.step_until(lambda b=bridge: "another game than Assetto Corsa" in b.err(), "a refusal", PATIENCE)
                game.step(60)
                self.assertIn(words, bridge.err())
                self.assertEqual(bridge.err().count("this is another game"), 1)
                self.ended(bridge, (0,))
                self.assertEqual(place.recordings(), [])

    def test_rally(self):
        """AC Rally fills the car and states no version: it is waited, nothing is recorded."""
        with Place() as place, Pages(place.prefix, 800, 1588, 820) as game:
            game.fill(version="", track="")
            game.set_status(pages.OFF)
            bridge = place.bridge()
            game.step(300)
            self.ended(bridge, (0,))
            self.assertEqual(place.recordings(), [])


class Removed(Case):
    def test_recording_is_removed(self):
        """Somebody deletes the folder, or just the file, under the running recording: the system goes on writing to what
        nobody can find any more, so the bridge has to see it, say it and end with 3. The next session is recorded."""
        for folder in (True, False):
            with self.subTest(folder=folder), Place() as place, Pages(place.prefix) as game:
                game.fill()
                bridge = place.bridge()
                self.session(game, bridge)
                game.step(100)
                if folder:
                    shutil.rmtree(place.folder / "recordings")
                else:
                    next((place.folder / "recordings").iterdir()).unlink()
                game.step_until(lambda b=bridge: "recording stopped: somebody removed" in b.err(), "the news", PATIENCE)
                self.assertEqual(place.recordings(), [])
                (place.folder / "recordings").mkdir(exist_ok=True)
                game.stat["track"] = "another_track"
                game.stat.publish()
                game.step_until(lambda b=bridge: "another_track" in b.err(), "another session", PATIENCE)
                game.step(50)
                self.assertEqual(bridge.stop(), 3, bridge)
                self.assertEqual(bridge.err().count("recording stopped"), 1)
                self.assertEqual(bridge.err().count("error"), 1, bridge.err())
                self.assertEqual(place.recording().check().frames[0].group(STAT)[TRACK], b"another_track")


class Two(Case):
    def test_two_bridges(self):
        """The second one says so and leaves; the first does not notice. Other pages, and the next start, are free."""
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            first = place.bridge()
            self.session(game, first)
            for record in ("recordings", "elsewhere"):
                second = place.bridge(record=record)
                self.assertEqual(second.wait(), 1)
                self.assertEqual(second.err().count("\n"), 1, second.err())
                self.assertIn(f"another telemetry_bridge takes the pages '{place.prefix}' already", second.err())
                self.assertEqual(second.out(), "")
            self.assertFalse((place.folder / "elsewhere").exists())
            other = place.bridge("--pages", place.prefix + "x", record="other")
            other.says("waiting for Assetto Corsa")
            self.ended(other, (0,))
            first.process.kill()  # a crash leaves no lock
            first.wait()
            third = place.bridge()
            self.session(game, third)
            self.ended(third)
            fourth = place.bridge()
            self.session(game, fourth)
            self.ended(fourth)


def can_mount():
    return shutil.which("unshare") and subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
                                                      stderr=subprocess.DEVNULL).returncode == 0


@unittest.skipUnless(can_mount(), "no mount of a small disk is allowed here")
class Disks(Case):
    def start(self, place, script, port):
        """The bridge on a disk of its own, `disk`, which the script mounts; it records to disk/out."""
        (place.folder / "disk").mkdir()
        return place.run("unshare", "-rm", "sh", "-c", script, "sh", BRIDGE, f"127.0.0.1:{port}", "--record", "disk/out")

    def streams_on(self, place, game, server, bridge):
        """The server gets what is not recorded."""
        game.step_until(lambda: "session " in bridge.err(), "a session", PATIENCE)
        game.step(300)
        self.assertEqual(bridge.stop(), 3, bridge)
        server.stop()
        return place.recording("data").check()

    def test_read_only(self):
        """At the start: one sentence. Made read-only later: the session is streamed, not recorded."""
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            bridge = self.start(place, 'mount -t tmpfs -o ro tmpfs disk && exec "$@"', 1)
            self.assertEqual(bridge.wait(), 1)
            self.assertEqual(bridge.err().count("\n"), 1, bridge.err())
            self.assertIn("cannot make the folder disk/out: choose one that you may write to", bridge.err())
        with Place() as place, Pages(place.prefix) as game:
            server = place.serve()
            game.fill()
            bridge = self.start(place, 'mount -t tmpfs tmpfs disk && mkdir disk/out && mount -o remount,ro disk && '
                                       'exec "$@"', server.port)
            theirs = self.streams_on(place, game, server, bridge)
            self.assertGreater(len(theirs.frames), 200)
            self.assertEqual(bridge.err().count("no recording: "), 1)

    def test_vanishes(self):
        """The disk goes away under the recording."""
        with Place() as place, Pages(place.prefix) as game:
            server = place.serve()
            game.fill()
            script = ('mount -t tmpfs tmpfs disk && mkdir disk/out && { "$@" & bridge=$!; trap "kill -INT $bridge" INT; '
                      'while [ ! -e go ]; do sleep 0.05; done; umount -l disk; touch gone; wait $bridge; code=$?; '
                      '[ $code -gt 128 ] && wait $bridge && code=$?; exit $code; }')
            bridge = self.start(place, script, server.port)
            game.step_until(lambda: "recording to" in bridge.err(), "a session", PATIENCE)
            game.step(100)
            (place.folder / "go").touch()
            game.step_until((place.folder / "gone").exists, "the disk to go", PATIENCE)
            game.step(300)
            bridge.stop()
            server.stop()
            self.assertGreater(len(place.recording("data").check().frames), 350)
            self.assertIn("session ended", bridge.err())
            self.assertEqual(bridge.err().count("recording stopped: somebody removed disk/out/"), 1, bridge)


if __name__ == "__main__":
    unittest.main()
