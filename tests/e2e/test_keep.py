#!/usr/bin/env python3
"""telemetry_bridge --keep: old recordings that the server has are removed, and never any other."""
import fcntl
import os
import shutil
import subprocess
import time
import unittest

from acq import ACQ, BRIDGE, SOURCE, Place, wait_until
from frames import Recording
from members import members
from pages import OFF, Pages

OK, USAGE, LOSSY = 0, 2, 3
DAY_NS = 86400 * 10**9


def aged(data, days):
    """The recording's bytes, as if it had been driven so many days ago, by what its members' headers say."""
    shift = time.time_ns() - int(days * DAY_NS) - members(data)[0]["first_utc_ns"]
    return b"".join(m.with_values(first_utc_ns=m["first_utc_ns"] + shift) if m["first_utc_ns"] else m.bytes
                    for m in members(data))


def drive(place, seed, days, seconds=3, folder="recordings", name=None):
    """A recording of a session of its own, named as the bridge does it, driven so many days ago. Returns its path."""
    path = place.folder / folder / "drive.pb.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([ACQ, "sim", "--seed", str(seed), "--seconds", str(seconds), "--quiet", "--out", path], check=True,
                   stdout=subprocess.DEVNULL)
    session = Recording(path).session
    final = path.with_name(name or f"20260101T0000{seed:02}Z_monza_car_driver_{session}.pb.gz")
    final.write_bytes(aged(path.read_bytes(), days))
    path.unlink()
    return final


def session_of(path):
    return path.name[-len(".pb.gz") - 36:-len(".pb.gz")]


class Case(unittest.TestCase):
    def serve(self, place, port=0, data="data"):
        place.server = place.serve(port, data)
        return place.server.port

    def bridge(self, place, port, keep, *words):
        return place.run(BRIDGE, f"127.0.0.1:{port}", "--record", place.folder / "recordings", "--keep", keep, *words)

    def sync(self, place, port, folder="recordings"):
        program = place.run(BRIDGE, "sync", place.folder / folder, f"127.0.0.1:{port}")
        self.assertIn(program.wait(), (OK, LOSSY))

    def tidied(self, place, port, keep="30d"):
        """A bridge that tidies once, ended: what it said."""
        bridge = self.bridge(place, port, keep)
        bridge.says("tidied up: ")
        self.assertEqual(bridge.stop(), OK)
        self.assertEqual(bridge.err().count("tidied up"), 1, bridge.err())
        return bridge.err()


class Removed(Case):
    def test_by_age(self):
        """Those that the server had, and those that are sent only now; young ones stay."""
        with Place() as place:
            port = self.serve(place)
            had = drive(place, 1, 40)
            self.sync(place, port)
            sent, young = drive(place, 2, 31), drive(place, 3, 29)
            said = self.tidied(place, port)
            self.assertIn("tidied up: 2 recordings removed", said)
            self.assertFalse(had.exists() or sent.exists())
            self.assertTrue(young.exists())
            place.server.stop()
            self.assertEqual({r.session for r in place.recordings("data")}, {session_of(p) for p in (had, sent, young)})
            for recording in place.recordings("data"):
                recording.check()

    def test_by_size(self):
        """The oldest go first, by when they were driven and not by their names, until the rest fits."""
        with Place() as place:
            port = self.serve(place)
            drives = [drive(place, seed, days) for seed, days in ((1, 1), (2, 5), (3, 3), (4, 2), (5, 4))]
            size = sum(p.stat().st_size for p in drives if p.name[13:15] in ("01", "04", "03"))
            said = self.tidied(place, port, f"{size / 1e6 + 0.001:.6f}MB")
            self.assertIn("tidied up: 2 recordings removed", said)
            self.assertEqual([p.exists() for p in drives], [True, False, True, True, False])

    def test_both(self):
        """An age and a size: what is beyond either."""
        with Place() as place:
            port = self.serve(place)
            old, middle, young = drive(place, 1, 40), drive(place, 2, 20), drive(place, 3, 10)
            self.tidied(place, port, f"30d,{young.stat().st_size / 1e6 + 0.001:.6f}MB")
            self.assertFalse(old.exists() or middle.exists())
            self.assertTrue(young.exists())

    def test_session_of_this_process(self):
        """A session that has just ended goes when its acks are there, and the one that runs stays."""
        with Place() as place, Pages(place.prefix) as game:
            port = self.serve(place)
            game.fill()
            bridge = self.bridge(place, port, "0.001MB")
            game.step_until(lambda: "recording to" in bridge.err(), "a session")
            game.step(400)
            game.set_status(OFF)
            bridge.says("tidied up: 1 recording removed")
            game.fill()
            game.step_until(lambda: bridge.err().count("recording to") == 2, "another session")
            game.step(400)
            running = list((place.folder / "recordings").glob("*.pb.gz*"))
            self.assertEqual(len(running), 1)
            self.assertIn(bridge.stop(), (OK, LOSSY))
            self.assertIn(", 0 not acked", bridge.out())
            mine = place.recording().check()
            self.assertTrue(mine.closed)
            place.server.stop()
            theirs = {r.session: r for r in place.recordings("data")}
            self.assertEqual(len(theirs), 2)
            self.assertEqual(theirs[mine.session].check().bodies(), mine.bodies())


class Stays(Case):
    """What must never be removed, all of it old enough. A control, which is the last to be decided on, goes."""

    def check_stays(self, place, port, *paths, keep="30d"):
        before = [p.read_bytes() for p in paths]
        control = drive(place, 99, 31)
        self.tidied(place, port, keep)
        self.assertFalse(control.exists())
        self.assertEqual([p.read_bytes() for p in paths], before)

    def known(self, place, *seeds):
        """Recordings elsewhere, of which the folder has copies under names of people's own: so the server is asked for
        their sessions, and has them."""
        paths = [drive(place, seed, 40, folder="elsewhere") for seed in seeds]
        (place.folder / "recordings").mkdir()
        for seed, path in zip(seeds, paths):
            shutil.copy(path, place.folder / f"recordings/my lap {seed}.pb.gz")
        return paths

    def test_damaged(self):
        """The server has all of it from before; a byte of its content has changed since."""
        with Place() as place:
            port = self.serve(place)
            path = drive(place, 1, 40)
            self.sync(place, port)
            data = bytearray(path.read_bytes())
            member = members(bytes(data))[3]
            data[member.at + 200] ^= 0x10
            path.write_bytes(data)
            self.check_stays(place, port, path)

    def test_header_damaged(self):
        """A hole in the middle: the server gets what is before it, and has not all."""
        with Place() as place:
            port = self.serve(place)
            path = drive(place, 1, 40)
            data = bytearray(path.read_bytes())
            member = members(bytes(data))[3]
            data[member.at:member.at + 20] = bytes(20)
            path.write_bytes(data)
            self.check_stays(place, port, path)

    def test_not_closed(self):
        """As a crash leaves it, also under the name of a running one: the end mark is missing."""
        with Place() as place:
            port = self.serve(place)
            crashed, running = drive(place, 1, 40), drive(place, 2, 40)
            for path in (crashed, running):
                data = path.read_bytes()
                path.write_bytes(data[:members(data)[-1].at])
            part = running.rename(running.with_name(running.name + ".part"))
            before = part.read_bytes()
            self.check_stays(place, port, crashed)
            self.assertIn(before, [p.read_bytes() for p in running.parent.iterdir()])

    def test_server_has_more(self):
        """The server's session is longer than the recording, though that is whole: they are not the same."""
        with Place() as place:
            port = self.serve(place)
            path = drive(place, 1, 40)
            self.sync(place, port)
            parts = members(path.read_bytes())
            end = parts[-1].with_values(first_seq=parts[6]["first_seq"])
            path.write_bytes(b"".join(m.bytes for m in parts[:6]) + end)
            self.assertTrue(Recording(path).closed)
            self.check_stays(place, port, path)

    def test_copies(self):
        """A copy under another name stays when the recording goes; of two that are named alike, both do: the other may
        be a server's, or that of another bridge."""
        with Place() as place:
            port = self.serve(place)
            one, two, three = drive(place, 1, 40), drive(place, 2, 40), drive(place, 3, 40)
            copy = shutil.copy(one, one.with_name("my best lap.pb.gz"))
            double = shutil.copy(two, two.with_name("best_" + two.name))
            numbered = shutil.copy(three, three.with_name(three.name.replace(".pb.gz", "-2.pb.gz")))
            self.check_stays(place, port, copy, two, double, three, numbered)
            self.assertFalse(one.exists())

    def test_renamed(self):
        with Place() as place:
            port = self.serve(place)
            self.check_stays(place, port, drive(place, 1, 40, name="record of the club.pb.gz"))

    def test_filtered(self):
        """Frames were left out on purpose: the server has the whole session, and this is something else."""
        with Place() as place:
            port = self.serve(place)
            path, = self.known(place, 1)
            filtered = place.folder / "recordings" / path.name
            subprocess.run([ACQ, "filter", path, filtered, "--from", "1"], check=True, stdout=subprocess.DEVNULL)
            self.check_stays(place, port, filtered)
            self.assertTrue(path.exists())

    def test_other_session_by_its_name(self):
        """The name says a session that the server has, the content is another one of the same length."""
        with Place() as place:
            port = self.serve(place)
            known, = self.known(place, 1)
            path = drive(place, 2, 40, name=known.name)
            self.assertEqual(len(Recording(path).frames), len(Recording(known).frames))
            self.check_stays(place, port, path)

    def test_foreign(self):
        """A recording of the original project, and a file that is none."""
        with Place() as place:
            port = self.serve(place)
            known, also = self.known(place, 1, 2)
            folder = place.folder / "recordings"
            shutil.copy(SOURCE / "tests/data/original.pb.gz", folder / known.name)
            (folder / also.name).write_bytes(b"notes\n")
            self.check_stays(place, port, folder / known.name, folder / also.name)

    def test_being_written(self):
        with Place() as place:
            port = self.serve(place)
            path = drive(place, 1, 40)
            self.sync(place, port)
            with open(path, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                self.check_stays(place, port, path)

    def test_written_by_now(self):
        """Not asked for again, but locked by a program when it would go: when the folder has become too large."""
        with Place() as place, Pages(place.prefix) as game:
            port = self.serve(place)
            path, control = drive(place, 1, 40), drive(place, 2, 35)
            game.fill()
            bridge = self.bridge(place, port, "2MB")
            bridge.says("that the server lacked were sent, of 2 sessions")
            with open(path, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                large = path.with_name("x_01890000-0000-7000-8000-000000000000.pb.gz")
                large.write_bytes(bytes(2000000))
                game.step_until(lambda: "recording to" in bridge.err(), "a session")
                game.step(100)
                game.set_status(OFF)
                bridge.says("tidied up: 2 recordings removed")  # the control, and the session that has just ended
                bridge.stop()
            self.assertTrue(path.exists() and large.exists())
            self.assertFalse(control.exists())

    def test_outside_the_folder(self):
        """Folders below, and what a link in the folder leads to."""
        with Place() as place:
            port = self.serve(place)
            below = drive(place, 1, 40, folder="recordings/below")
            outside = drive(place, 2, 40, folder="elsewhere")
            self.sync(place, port, "recordings/below")
            os.symlink(outside, place.folder / "recordings" / outside.name)
            self.check_stays(place, port, below, outside)

    def test_young_and_without_time(self):
        """What is young, and what does not say when it was driven."""
        with Place() as place:
            port = self.serve(place)
            young, timeless, ahead = drive(place, 1, 29.9), drive(place, 2, 40), drive(place, 3, -1)
            timeless.write_bytes(b"".join(m.with_values(first_utc_ns=0) for m in members(timeless.read_bytes())))
            self.check_stays(place, port, young, timeless, ahead)

    def test_server_away(self):
        """Without the server's word nothing goes, though it had all of it before."""
        with Place() as place:
            port = self.serve(place)
            paths = [drive(place, 1, 40), drive(place, 2, 50)]
            self.sync(place, port)
            place.server.stop()
            bridge = self.bridge(place, port, "30d")
            bridge.says("trying again")
            time.sleep(2)
            self.assertTrue(all(p.exists() for p in paths))
            self.assertNotIn("tidied up", bridge.err())
            self.serve(place, port)
            bridge.says("tidied up: 2 recordings removed")
            bridge.stop()

    def test_server_lost_it(self):
        """The server had it once and lost it: it gets it again, before anything goes."""
        with Place() as place:
            port = self.serve(place)
            path = drive(place, 1, 40)
            session, frames = session_of(path), len(Recording(path).frames)
            self.sync(place, port)
            place.server.stop()
            shutil.rmtree(place.folder / "data")
            self.serve(place, port)
            self.tidied(place, port)
            place.server.stop()
            theirs = place.recording("data").check()
            self.assertEqual((theirs.session, len(theirs.frames)), (session, frames))

    def test_size_cannot_be_kept(self):
        """What the server has not makes the folder larger than it may be: that is said, and it stays."""
        with Place() as place:
            port = self.serve(place)
            path = drive(place, 1, 40, seconds=6)
            data = path.read_bytes()
            path.write_bytes(data[:members(data)[-1].at])
            self.check_stays(place, port, path, keep="0.001MB")
            self.assertEqual(place.programs[-1].err().count("more than --keep allows"), 1)

    def test_not_asked_for(self):
        """Without --keep, and with `all`, everything stays."""
        with Place() as place:
            port = self.serve(place)
            path = drive(place, 1, 4000)
            for words in ([], ["--keep", "all"]):
                bridge = place.bridge("--once", *words, port=port)
                bridge.says("waiting for")
                wait_until(lambda: [r for r in place.recordings("data") if r.frames], "frames on the server")
                time.sleep(1)
                bridge.stop()
                self.assertTrue(path.exists())


class Usage(Case):
    def test_wrong(self):
        with Place() as place:
            for words, answer in ((["--keep", "30"], "30d, 12h"), (["--keep", "30x"], "'30x'"),
                                  (["--keep", "-1d"], "'-1d'"), (["--keep", "0d"], "'0d'"),
                                  (["--keep", "30d,40d"], "'30d,40d'"), (["--keep", "30d,"], "'30d,'"),
                                  (["--keep", ""], "''"), (["--keep", "1e99GB"], "'1e99GB'"),
                                  (["--keep", "nanGB"], "'nanGB'"), (["--keep", "30D"], "'30D'"),
                                  (["--keep", "30d", "--no-stream"], "no-stream none is asked"),
                                  (["--keep", "30d", "--no-record"], "no-record there is none"),
                                  (["--keep", "30d", "--record", "x.pb.gz"], "x.pb.gz is a file")):
                with self.subTest(words):
                    program = place.run(BRIDGE, *words)
                    self.assertEqual(program.wait(), USAGE)
                    self.assertIn(answer, program.err())
                    self.assertEqual(program.err().count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
