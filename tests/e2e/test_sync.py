#!/usr/bin/env python3
"""Recordings of earlier sessions: `telemetry_bridge sync` and the bridge itself send a server what it lacks of them,
once, and pass over what is not to be sent."""
import fcntl
import os
import shutil
import subprocess
import time
import unittest

from acq import ACQ, BRIDGE, SOURCE, Place, free_port, wait_until
from frames import Recording, check_same
from members import members, sealed
from pages import Pages
from proxy import Proxy

OK, FAILED, USAGE, LOSSY = 0, 1, 2, 3


def drive(place, seed, seconds=5, folder="recordings", name=None):
    """A recording of a session of its own."""
    path = place.folder / folder / (name or f"drive-{seed}.pb.gz")
    path.parent.mkdir(exist_ok=True)
    subprocess.run([ACQ, "sim", "--seed", str(seed), "--seconds", str(seconds), "--quiet", "--out", path], check=True,
                   stdout=subprocess.DEVNULL)
    return Recording(path)


def sync(place, port, folder="recordings", *words):
    """A sync that runs."""
    return place.run(BRIDGE, "sync", place.folder / folder, f"127.0.0.1:{port}", *words)


def frames_of(program):
    """How many frames a sync says that it has sent."""
    return int(program.out().split(" frames were sent")[0].split()[-1])


class Counter:
    """Counts the bytes on their way to the server, for a proxy's tap."""

    def __init__(self):
        self.bytes = 0

    def up(self, data):
        self.bytes += len(data)

    def down(self, data):
        pass


def counting_proxy(port):
    counter = Counter()
    return Proxy(port, lambda: counter), counter


class Case(unittest.TestCase):
    def sync(self, place, port, code=OK):
        program = sync(place, port)
        self.assertEqual(program.wait(), code, program)
        return program

    def check(self, place, *recordings, data="data"):
        """The server has these sessions and no others, equal body by body. Ends the server."""
        place.server.stop()
        theirs = {r.session: r.check() for r in place.recordings(data)}
        self.assertEqual(sorted(theirs), sorted(r.session for r in recordings))
        for recording in recordings:
            check_same(self, recording, theirs[recording.session])

    def serve(self, place, port=0):
        place.server = place.serve(port)
        return place.server.port


class Sync(Case):
    def test_all_and_again(self):
        with Place() as place:
            port = self.serve(place)
            drives = [drive(place, seed) for seed in (1, 2, 3)]
            program = self.sync(place, port)
            self.assertEqual(frames_of(program), sum(len(d.frames) for d in drives))
            self.assertIn("the server lacked something of 3", program.out())
            for _ in range(2):
                program = self.sync(place, port)
                self.assertEqual(frames_of(program), 0)
                self.assertIn("3 recordings", program.out())
            drives.append(drive(place, 4))
            self.assertEqual(frames_of(self.sync(place, port)), len(drives[3].frames))
            self.check(place, *drives)

    def test_default_place(self):
        """Nothing to send is no error; a folder without recordings neither."""
        with Place() as place:
            port = self.serve(place)
            (place.folder / "recordings").mkdir()
            self.assertIn("nothing to send", self.sync(place, port).out())
            (place.folder / "recordings/notes.txt").write_text("mine")
            (place.folder / "recordings/empty.pb.gz").write_bytes(b"")
            self.assertIn("nothing to send", self.sync(place, port).out())
            self.check(place)

    def test_usage(self):
        with Place() as place:
            for words, code, answer in ((["sync"], USAGE, "an argument is missing"),
                                        (["synk", "x"], USAGE, "did you mean 'sync'?"),
                                        (["sync", "x", "y:1", "z"], USAGE, "too many"),
                                        (["sync", "x", "--quite"], USAGE, "did you mean --quiet?"),
                                        (["sync", "x", "host:port"], USAGE, "write HOST:PORT"),
                                        (["sync", "missing"], FAILED, "there is no folder missing"),
                                        (["sync", "file"], FAILED, "is a file, not a folder")):
                with self.subTest(words):
                    (place.folder / "file").write_text("")
                    program = place.run(BRIDGE, *words)
                    self.assertEqual((program.wait(), program.out()), (code, ""))
                    self.assertIn(answer, program.err())
                    self.assertEqual(program.err().count("\n"), 1)
            program = place.run(BRIDGE, "sync", "--help")
            self.assertEqual(program.wait(), OK)
            for words in ("telemetry_bridge sync DIR [HOST:PORT]", "--quiet", "Example:", "Exit codes"):
                self.assertIn(words, program.out())

    def test_what_is_passed_over(self):
        """Copies, filtered copies, files of other programs and what is being written: the server gets none of them,
        and they are as they were."""
        with Place() as place:
            port = self.serve(place)
            whole, written = drive(place, 1), drive(place, 2)
            folder = whole.path.parent
            part = Recording(folder / "drive-1.pb.gz")
            cut = members(whole.path.read_bytes())[3].end
            (folder / "a-shorter-copy.pb.gz").write_bytes(whole.path.read_bytes()[:cut])
            drive(place, 3, folder="elsewhere")
            subprocess.run([ACQ, "filter", place.folder / "elsewhere/drive-3.pb.gz", folder / "filtered.pb.gz",
                            "--to", "1"], check=True, stdout=subprocess.DEVNULL)
            subprocess.run([ACQ, "filter", place.folder / "elsewhere/drive-3.pb.gz", folder / "middle.pb.gz",
                            "--from", "2"], check=True, stdout=subprocess.DEVNULL)
            shutil.copy(SOURCE / "tests/data/original.pb.gz", folder / "original.pb.gz")
            (folder / "text.pb.gz").write_text("no gzip")
            (folder / "notes.txt").write_text("mine")
            before = {path.name: path.read_bytes() for path in folder.iterdir()}
            with open(written.path, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                program = self.sync(place, port)
            for words in ("1 further copies", "being written now", "1 of other programs", "1 no recordings"):
                self.assertIn(words, program.out())
            self.assertEqual({path.name: path.read_bytes() for path in folder.iterdir()}, before)
            theirs = [r.session for r in place.recordings("data")]
            self.assertNotIn(written.session, theirs)
            self.assertIn(whole.session, theirs)
            self.assertEqual(frames_of(self.sync(place, port)), len(written.frames))
            self.assertEqual(part.session, whole.session)

    def test_filtered_in_the_middle(self):
        """A copy that begins with the first frame and leaves others out."""
        with Place() as place:
            port = self.serve(place)
            whole = drive(place, 1, seconds=60)
            data, all_members = whole.path.read_bytes(), members(whole.path.read_bytes())
            later = b"".join(m.bytes for m in all_members[21:])
            whole.path.write_bytes(data[:all_members[10].at] + all_members[20].with_values(left_out=1) + later)
            program = self.sync(place, port)
            self.assertEqual(frames_of(program), 0)
            self.check(place)

    def test_damaged(self):
        """Sent up to the damage, and said; the next sync asks, and sends nothing twice."""
        with Place() as place:
            port = self.serve(place)
            header, content, torn, begin, good = (drive(place, seed) for seed in (1, 2, 3, 4, 5))
            for recording, place_in_member in ((header, 0), (content, 1000)):
                data = bytearray(recording.path.read_bytes())
                at = members(data)[5].at
                data[at + place_in_member:at + place_in_member + 30] = bytes(30)
                recording.path.write_bytes(data)
            data = torn.path.read_bytes()  # as a crash leaves it: that is no damage
            torn.path.write_bytes(data[:members(data)[7].at + 500])
            torn = Recording(torn.path)
            data = bytearray(begin.path.read_bytes())
            data[200:300] = bytes(100)
            begin.path.write_bytes(data)
            for i in range(2):
                program = self.sync(place, port, LOSSY)
                self.assertIn("acq recover", program.err())
                self.assertIn("3 recordings could not be sent", program.err())
            self.assertEqual(frames_of(program), 0)
            place.server.stop()
            theirs = {r.session: r.check() for r in place.recordings("data")}
            self.assertEqual(sorted(theirs), sorted(r.session for r in (header, content, torn, good)))
            for recording in (torn, good):
                check_same(self, recording, theirs[recording.session])
            for recording in (header, content):
                got = theirs[recording.session].bodies()
                self.assertGreater(len(got), 100)
                self.assertEqual(got, recording.bodies()[:len(got)])
                self.assertLess(len(got), len(recording.frames))

    def test_server_knows_less(self):
        """The server has lost the end, and then everything, of what it once acked: it gets that again."""
        with Place() as place:
            port = self.serve(place)
            whole = drive(place, 1, seconds=20)
            self.sync(place, port)
            place.server.stop()
            shutil.rmtree(place.folder / "data")
            self.serve(place, port)
            self.assertEqual(frames_of(self.sync(place, port)), len(whole.frames))
            self.check(place, whole)

    def test_server_has_a_part(self):
        with Place() as place:
            port = self.serve(place)
            whole = drive(place, 1, seconds=20)
            data = whole.path.read_bytes()
            middle = members(data)[40]
            whole.path.write_bytes(data[:middle.at])
            self.assertEqual(frames_of(self.sync(place, port)), middle["first_seq"] - 1)
            whole.path.write_bytes(data)
            self.assertEqual(frames_of(self.sync(place, port)), len(whole.frames) - middle["first_seq"] + 1)
            self.check(place, whole)

    def test_network_and_server_fail(self):
        """The server comes late, is killed in the middle, and the connection is cut."""
        with Place() as place:
            port = free_port()
            proxy, counter = counting_proxy(port)
            drives = [drive(place, seed, seconds=60) for seed in (1, 2, 3)]
            program = sync(place, proxy.port)
            program.says("trying again")
            self.serve(place, port)
            for i in range(4):
                last = counter.bytes
                wait_until(lambda: counter.bytes > last + 1000000 or program.process.poll() is not None, "bytes")
                if i % 2:
                    place.server.kill()
                    self.serve(place, port)
                else:
                    proxy.cut()
            self.assertEqual(program.wait(), OK)
            self.check(place, *drives)
            proxy.close()

    def test_names_of_running_sessions(self):
        """What a crash left under the name of a running recording is sent and gets its final name; what is being written
        is another program's."""
        with Place() as place:
            port = self.serve(place)
            left, running = drive(place, 1), drive(place, 2)
            for recording in (left, running):
                data = recording.path.read_bytes()
                recording.path.write_bytes(data[:members(data)[-1].at])
                recording.path.rename(f"{recording.path}.part")
            with open(f"{running.path}.part", "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                program = self.sync(place, port)
                self.assertEqual(frames_of(program), len(left.frames))
                self.assertIn("1 being written now", program.out())
            self.assertEqual(sorted(p.name for p in left.path.parent.iterdir()),
                             sorted([left.path.name, running.path.name + ".part"]))
            self.check(place, left)

    def test_server_away(self):
        """No server: tried for half a minute, then said; Ctrl+C ends it before."""
        with Place() as place:
            drive(place, 1)
            port = free_port()
            begin = time.monotonic()
            patient, stopped = sync(place, port, "recordings", "--quiet"), sync(place, port)
            stopped.says("trying again")
            self.assertEqual(stopped.stop(), FAILED)
            self.assertIn("stopped after 0 of 1 recordings", stopped.err())
            self.assertEqual(patient.wait(), FAILED)
            self.assertGreater(time.monotonic() - begin, 20)
            self.assertIn("given up after 0 of 1 recordings", patient.err())
            self.assertIn("connection refused; the same command again", patient.err())
            self.assertEqual(patient.err().count("\n"), 2, patient.err())

    def test_killed(self):
        """kill -9 of the sync in the middle: the next one goes on."""
        with Place() as place:
            port = self.serve(place)
            proxy, counter = counting_proxy(port)
            whole = drive(place, 1, seconds=60)
            for _ in range(3):
                program, last = sync(place, proxy.port), counter.bytes
                wait_until(lambda: counter.bytes > last + 500000 or program.process.poll() is not None, "bytes")
                program.kill()
            self.sync(place, port)
            self.check(place, whole)
            proxy.close()


class Older(Case):
    """The bridge beside the game."""

    def test_beside_a_drive(self):
        """The running session is streamed at once; older ones arrive beside it; the server dies in between."""
        with Place() as place, Pages(place.prefix) as game:
            port = self.serve(place)
            older = [drive(place, seed, seconds=60) for seed in (1, 2, 3)]
            game.fill()
            bridge = place.bridge(port=port)
            game.step_until(lambda: "recording to" in bridge.err(), "a session")
            name = bridge.err().split("recording to ")[1].split("\n")[0]
            for _ in range(3):
                game.step(100)
                place.server.kill()
                game.step(50)
                self.serve(place, port)
            session = lambda: os.path.basename(name).rsplit("_", 1)[1].split(".")[0]
            there = lambda: {r.session: len(r.frames) for r in place.recordings("data")}
            game.step_until(lambda: there().get(session()), "the running session")
            wanted = {r.session: len(r.frames) for r in older}
            game.step_until(lambda: {k: v for k, v in there().items() if k in wanted} == wanted, "the older ones")
            self.assertIn(bridge.stop(), (OK, LOSSY))
            self.assertIn(", 0 not acked", bridge.out())
            ours = [r for r in place.recordings() if r.session not in wanted]
            self.assertEqual(len(ours), 1)
            self.check(place, *older, *ours)

    def test_running_session_does_not_wait(self):
        """A slow line and a minute of older driving: the running session arrives while that is on its way."""
        with Place() as place, Pages(place.prefix) as game:
            port = self.serve(place)
            slow = Proxy(port)
            slow.up.rate = 1000000
            older = drive(place, 1, seconds=60)
            game.fill()
            bridge = place.bridge(port=slow.port)
            game.step_until(lambda: "recording to" in bridge.err(), "a session")

            def size(is_older):
                return sum(path.stat().st_size for path in (place.folder / "data").glob("*.gz")
                           if (older.session in path.name) == is_older)
            game.step_until(lambda: size(False) > 1000, "frames of the running session")
            self.assertLess(size(True), older.path.stat().st_size // 2)
            bridge.says("that the server lacked")
            bridge.stop()
            ours = [r for r in place.recordings() if r.session != older.session]
            self.check(place, older, *ours)
            slow.close()

    def test_before_the_game(self):
        """They are sent while there is no game too, and said once."""
        with Place() as place:
            port = free_port()
            older = [drive(place, seed) for seed in (1, 2)]
            bridge = place.bridge(port=port)
            bridge.says("trying again")
            self.serve(place, port)
            bridge.says(f"older recordings: {sum(len(r.frames) for r in older)} frames that the server lacked were sent, "
                        "of 2 sessions")
            self.assertEqual(bridge.stop(), OK)
            self.check(place, *older)

    def test_not_asked_for(self):
        """Not with --no-stream, --no-record, or a file to record to."""
        for words in (["--no-record", "--record", "recordings"], ["--record", "recordings/x.pb.gz"]):
            with self.subTest(words), Place() as place, Pages(place.prefix) as game:
                port = self.serve(place)
                older = drive(place, 1)
                game.fill()
                bridge = place.run(BRIDGE, f"127.0.0.1:{port}", *words)
                game.step_until(lambda: place.recordings("data") and place.recordings("data")[0].frames, "frames")
                bridge.stop()
                self.assertNotIn(older.session, [r.session for r in place.recordings("data")])

    def test_thousands_of_files(self):
        """A folder full of files does not delay the running session."""
        with Place() as place, Pages(place.prefix) as game:
            port = self.serve(place)
            small = drive(place, 1, seconds=0.1).path
            frames = len(Recording(small).frames)
            self.assertEqual(self.sync(place, port).process.returncode, OK)
            for i in range(3000):
                os.link(small, place.folder / f"recordings/copy-{i}.pb.gz")
            game.fill()
            bridge = place.bridge(port=port)
            game.step_until(lambda: "recording to" in bridge.err(), "a session")
            game.step_until(lambda: len(place.recordings("data")) > 1, "frames of the running session")
            bridge.stop()
            place.server.stop()
            theirs = {r.session: r for r in place.recordings("data")}
            self.assertEqual(len(theirs[Recording(small).session].frames), frames)
            self.assertEqual(len(theirs), 2)


if __name__ == "__main__":
    unittest.main()
