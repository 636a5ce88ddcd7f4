#!/usr/bin/env python3
"""acq replay into a server, which is sent only what it lacks; and what is wrong is said in one sentence."""
import gzip
import re
import resource
import signal
import struct
import subprocess
import time
import unittest

from acq import ACQ, PATIENCE, Place, free_port, wait_until
from frames import GRAPHICS, LOST_BEFORE, PHYSICS, check_same
from proxy import Proxy

FAILED, USAGE, LOSSY = 1, 2, 3


def make(place, seconds, name="drive.pb.gz", seed=1):
    """A recording of so many seconds; returns its path."""
    path = place.folder / name
    done = place.run(ACQ, "sim", "--quiet", "--seconds", str(seconds), "--seed", str(seed), "-o", path)
    assert done.wait() == 0, done
    return path


def drive(place, name="drive.pb.gz"):
    """That recording, read by Python."""
    (place.folder / "one").mkdir(exist_ok=True)
    (place.folder / "one" / name).write_bytes((place.folder / name).read_bytes())
    return place.recording("one")


def cat(path, *columns):
    """Columns of a recording, as acq cat gives them: texts, "" for what is not there."""
    done = subprocess.run([ACQ, "cat", path, "--format", "csv", "-c", *columns], stdout=subprocess.PIPE, text=True,
                          timeout=PATIENCE, check=True)
    return [line.split(",") for line in done.stdout.splitlines()[1:]]


def replay(place, *words, **options):
    return place.run(ACQ, "replay", "--quiet", *words, **options)


def sent(program):
    """How many frames it says that it has sent, and how many the server had before."""
    found = re.search(r"(\d+) frames of session \S+, all acked; the server had (\d+) before", program.out())
    return tuple(map(int, found.groups()))


def put_varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(tag, value):
    return put_varint(tag << 3 | 2) + put_varint(len(value)) + value


def original(count, session=b"b7a0", first=1):
    """The content of a recording by the original project: no seq, nothing but its own fields."""
    out = b""
    for i in range(first, first + count):
        physics = struct.pack("<Bf", 1 << 3 | 5, i / 2) + struct.pack("<Bf", 2 << 3 | 5, 0.25)
        frame = put_varint(1 << 3) + put_varint(10**9 + 3000000 * i) + text(2, b"assetto_corsa")
        frame += (text(3, session) if session else b"") + text(4, physics)
        if i == first:
            frame += text(6, text(1, b"ks_car") + text(2, b"monza"))
        out += put_varint(len(frame)) + frame
    return out


class ToServer(unittest.TestCase):
    def finish(self, server):
        self.assertEqual(server.stop(), 0)

    def test_all_then_nothing(self):
        """Twice: the second time the server has all."""
        with Place() as place:
            path, server = make(place, 6), place.serve()
            first = replay(place, path, f"127.0.0.1:{server.port}", "--speed", "0")
            self.assertEqual(first.wait(), 0)
            self.assertEqual(sent(first), (2000, 0))
            again = replay(place, path, f"127.0.0.1:{server.port}", "--speed", "0")
            self.assertEqual(again.wait(), 0)
            self.assertIn("has all of session", again.out())
            self.finish(server)
            check_same(self, drive(place), place.recording("data").check())
            self.assertTrue(place.recording("data").closed)

    def test_stopped_and_again(self):
        """Ctrl+C in the middle, and the server's death: what is missing is sent by the same command."""
        with Place() as place:
            path, server = make(place, 20), place.serve()
            address = f"localhost:{server.port}"
            first = replay(place, path, address, "--speed", "4")
            first_part = lambda: place.recordings("data") and place.recording("data").members > 3
            wait_until(first_part, "some members")
            self.assertEqual(first.stop(), FAILED)
            had = int(re.search(r"stopped after (\d+) frames, which the server has", first.err()).group(1))
            self.assertEqual(first.err().count("\n"), 1)
            second = replay(place, path, address, "--speed", "8")
            members = place.recording("data").members
            wait_until(lambda: place.recording("data").members > members + 3, "some more")
            server.kill()
            self.assertEqual(second.wait(), FAILED)
            self.assertRegex(second.err(), r"the connection to localhost:\d+ was lost after \d+ acked frames")
            self.assertEqual(second.err().count("\n"), 1)
            server = place.serve(server.port)
            third = replay(place, path, address, "--speed", "0")
            self.assertEqual(third.wait(), 0)
            count, before = sent(third)
            self.assertEqual(count + before, 6667)
            self.assertGreater(before, had)
            self.finish(server)
            check_same(self, drive(place), place.recording("data").check())

    def test_pace(self):
        """At the recorded speed it takes as long as the drive; frames come evenly, not all at once."""
        with Place() as place:
            path, server = make(place, 3), place.serve()
            begin = time.monotonic()
            program = replay(place, path, f"127.0.0.1:{server.port}")
            wait_until(lambda: place.recordings("data") and place.recording("data").frames, "frames")
            self.assertLess(len(place.recording("data").frames), 800)
            self.assertEqual(program.wait(), 0)
            self.assertGreater(time.monotonic() - begin, 2.9)
            self.assertEqual(sent(program), (1000, 0))
            begin = time.monotonic()
            program = replay(place, path, f"127.0.0.1:{server.port}", "--new-session", "--speed", "3")
            self.assertEqual(program.wait(), 0)
            self.assertGreater(time.monotonic() - begin, 0.95)
            self.finish(server)

    def test_new_session(self):
        """The same drive as another session, and part of it, numbered from 1; from a pipe, too."""
        with Place() as place:
            path, server = make(place, 6), place.serve()
            ours = drive(place)
            address = f"127.0.0.1:{server.port}"
            for words, first, count in (([path], 0, 2000), ([path, "--from", "2", "--to", "4"], 667, 667)):
                program = replay(place, *words, address, "--new-session", "--speed", "0")
                self.assertEqual(program.wait(), 0)
                self.assertEqual(sent(program), (count, 0))
                theirs = next(r for r in place.recordings("data") if len(r.frames) == count).check()
                self.assertNotEqual(theirs.session, ours.session)
                for a, b in zip(ours.frames[first:], theirs.frames):
                    self.assertEqual((a.t_ns, a.fields[PHYSICS], a.fields[GRAPHICS]),
                                     (b.t_ns, b.fields[PHYSICS], b.fields[GRAPHICS]))
            done = subprocess.run([ACQ, "replay", "-q", "-", address, "--new-session", "--speed", "0"],
                                  input=path.read_bytes(), stdout=subprocess.PIPE, timeout=PATIENCE, cwd=place.folder)
            self.assertEqual(done.returncode, 0)
            self.finish(server)
            self.assertEqual(sorted(len(r.frames) for r in place.recordings("data")), [667, 2000, 2000])

    def test_laps(self):
        """Two laps with one between them left out: nothing of that counts as lost, and nothing waits for it."""
        with Place() as place:
            path, server = place.folder / "drive.pb.gz", place.serve()
            self.assertEqual(place.run(ACQ, "sim", "--quiet", "--laps", "3", "-o", path).wait(), 0)
            laps = [row[0] for row in cat(path, "lap")]
            begin = time.monotonic()
            program = replay(place, path, f"127.0.0.1:{server.port}", "--new-session", "--laps", "1,3", "--speed", "100")
            self.assertEqual(program.wait(), 0)
            count = laps.count("0") + laps.count("2")
            self.assertLess(time.monotonic() - begin, 0.003 * len(laps) / 100 + 1)
            self.assertEqual(sent(program), (count, 0))
            self.assertRegex(program.out(), rf"Replayed {0.003 * count:.1f}")
            self.finish(server)
            theirs = cat(next((place.folder / "data").glob("*.pb.gz")), "seq", "lap", "lost_before")
            self.assertEqual([row[0] for row in theirs], [str(i) for i in range(1, count + 1)])
            self.assertEqual([row[1] for row in theirs], [lap for lap in laps if lap in "02"])
            self.assertEqual({row[2] for row in theirs}, {""})

    def test_part_that_the_server_cannot_take(self):
        """Frames without those before them would be a gap: refused here, with what to do."""
        with Place() as place:
            path, server = make(place, 6), place.serve()
            address = f"127.0.0.1:{server.port}"
            program = replay(place, path, address, "--from", "2", "--speed", "0")
            self.assertEqual(program.wait(), FAILED)
            self.assertIn("the server needs frame 1 of this session next", program.err())
            self.assertIn("--new-session", program.err())
            begin = replay(place, path, address, "--to", "2", "--speed", "0")  # the begin, though, is welcome
            self.assertEqual(begin.wait(), 0)
            rest = replay(place, path, address, "--from", "1", "--speed", "0")
            self.assertEqual(rest.wait(), 0)
            self.assertEqual(sent(rest)[0] + sent(begin)[0], 2000)
            self.finish(server)
            check_same(self, drive(place), place.recording("data").check())

    def test_damaged(self):
        """Frames are missing in the middle: as a session of its own it goes, and says where they were."""
        with Place() as place:
            path, server = make(place, 6), place.serve()
            ours, address = drive(place), f"127.0.0.1:{server.port}"
            data = bytearray(path.read_bytes())
            data[len(data) // 2:len(data) // 2 + 4096] = bytes(4096)
            path.write_bytes(data)
            program = replay(place, path, address, "--speed", "0")
            self.assertEqual(program.wait(), FAILED)
            self.assertIn("--new-session", program.err())
            program = replay(place, path, address, "--speed", "0", "--new-session")
            self.assertEqual(program.wait(), LOSSY)
            self.assertIn("frames are missing", program.err())
            self.finish(server)
            theirs = max(place.recordings("data"), key=lambda r: len(r.frames)).check()
            lost = sum(frame.fields.get(LOST_BEFORE, 0) for frame in theirs.frames)
            self.assertEqual(len(theirs.frames) + lost, len(ours.frames))
            self.assertGreater(lost, 0)
            physics = {frame.fields[PHYSICS] for frame in ours.frames}
            self.assertTrue(all(frame.fields[PHYSICS] in physics for frame in theirs.frames))

    def test_original_file(self):
        """Frames without seq: the server numbers them, and is not sent them again."""
        with Place() as place:
            server = place.serve()
            address = f"127.0.0.1:{server.port}"
            content = original(600)
            path = place.folder / "original.pb.gz"
            path.write_bytes(gzip.compress(original(200)))
            self.assertEqual(replay(place, path, address, "--speed", "0").wait(), 0)
            path.write_bytes(gzip.compress(content))
            program = replay(place, path, address, "--speed", "0")
            self.assertEqual(program.wait(), 0)
            self.assertEqual(sent(program), (400, 200))
            theirs = place.recording("data")
            self.assertEqual([f.seq for f in theirs.frames], list(range(1, 601)))
            self.assertEqual([f.t_ns for f in theirs.frames], [10**9 + 3000000 * i for i in range(1, 601)])
            # times that come again are left out, and said
            path.write_bytes(gzip.compress(content + original(50, first=551)))
            program = replay(place, path, address, "--speed", "0", "--new-session")
            self.assertEqual(program.wait(), LOSSY)
            self.assertEqual(sent(program), (600, 0))
            self.assertIn("50 frames were left out", program.err())
            path.write_bytes(gzip.compress(original(10, session=b"")))
            program = replay(place, path, address, "--speed", "0")
            self.assertEqual(program.wait(), FAILED)
            self.assertIn("have no session", program.err())
            self.assertEqual(replay(place, path, address, "--speed", "0", "--new-session").wait(), 0)
            path.write_bytes(gzip.compress(original(10, b"one") + original(10, b"two", 11)))
            program = replay(place, path, address, "--speed", "0")
            self.assertEqual(program.wait(), FAILED)
            self.assertIn("another session from frame 11 on", program.err())
            self.finish(server)

    def test_no_server(self):
        with Place() as place:
            path = make(place, 1)
            for address, says in ((f"127.0.0.1:{free_port()}", "cannot reach a server at"),
                                  (f"localhost:{free_port()}", "cannot reach a server at"),
                                  ("no-such-host.invalid:1", "cannot reach a server at no-such-host.invalid:1")):
                program = replay(place, path, address)
                self.assertEqual(program.wait(), FAILED)
                self.assertIn(says, program.err())
                self.assertEqual(program.err().count("\n"), 1)

    def test_connection_is_cut(self):
        with Place() as place:
            path, server = make(place, 6), place.serve()
            proxy = Proxy(server.port)
            program = replay(place, path, f"127.0.0.1:{proxy.port}")
            wait_until(lambda: place.recordings("data") and place.recording("data").frames, "frames")
            proxy.cut()
            self.assertEqual(program.wait(), FAILED)
            self.assertIn("was lost after", program.err())
            self.assertEqual(replay(place, path, f"127.0.0.1:{server.port}", "--speed", "0").wait(), 0)
            proxy.close()
            self.finish(server)
            check_same(self, drive(place), place.recording("data").check())

    def test_server_that_refuses(self):
        """Its disk is full: it slows its clients down, and this one says so in the end."""
        with Place() as place:
            path, port = make(place, 20), free_port()
            limit = (100000, resource.RLIM_INFINITY)
            server = place.run(ACQ, "serve", "--listen", f"127.0.0.1:{port}", "--data", "data", restore_signals=False,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
            server.says("listening on")
            program = replay(place, path, f"127.0.0.1:{port}", "--speed", "0")
            self.assertEqual(program.wait(), FAILED)
            self.assertIn("has acked nothing for 30 s", program.err())
            self.assertEqual(program.err().count("\n"), 1)

    def test_longer_than_any_window(self):
        """Half a minute at once: more than what may be on its way."""
        with Place() as place:
            path, server = make(place, 30), place.serve()
            program = replay(place, path, f"127.0.0.1:{server.port}", "--speed", "0")
            self.assertEqual(program.wait(), 0)
            self.assertEqual(sent(program), (10000, 0))
            self.finish(server)
            check_same(self, drive(place), place.recording("data").check())


class Usage(unittest.TestCase):
    def refused(self, code, says, *words):
        done = subprocess.run([ACQ, "replay", *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=PATIENCE)
        err = done.stderr.decode()
        self.assertEqual((done.returncode, done.stdout), (code, b""), err)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertIn(says, err)

    def test_usage(self):
        self.refused(USAGE, "an argument is missing")
        self.refused(USAGE, "did you mean --pages", "x.pb.gz", "--page")
        self.refused(USAGE, "not both", "x.pb.gz", "host:1", "--pages")
        self.refused(USAGE, "--new-session is for a server", "x.pb.gz", "--pages", "--new-session")
        self.refused(USAGE, "pages need a speed above 0", "x.pb.gz", "--pages", "--speed", "0")
        self.refused(USAGE, "--loop is for --pages", "x.pb.gz", "--loop")
        self.refused(USAGE, "standard input can be read once", "-", "--pages", "--loop")
        self.refused(USAGE, "--speed takes a number", "x.pb.gz", "--speed", "fast")
        self.refused(USAGE, "HOST:PORT", "x.pb.gz", "a:b:c")
        for words in (["--from", "x"], ["--to", "-1"], ["--laps", "5-3"], ["--laps", "a"]):
            self.refused(USAGE, words[1], "x.pb.gz", *words)

    def test_files(self):
        with Place() as place:
            self.refused(FAILED, "none.pb.gz", place.folder / "none.pb.gz", "--pages")
            self.refused(FAILED, "none.pb.gz", place.folder / "none.pb.gz")
            bad = place.folder / "bad.pb.gz"
            bad.write_bytes(b"t_ns,game\n1,2\n")
            self.refused(FAILED, "is not a recording", bad, "--pages")
            self.refused(FAILED, "is not a recording", bad)
            path = make(place, 1)
            self.refused(FAILED, "there is nothing to replay", path, "--from", "1:00")
            self.refused(FAILED, "there is nothing to replay", path, "--pages", "--laps", "7")


if __name__ == "__main__":
    unittest.main()
