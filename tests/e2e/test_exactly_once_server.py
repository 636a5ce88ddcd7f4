#!/usr/bin/env python3
"""The server alone, exactly once: grpcio's clients of our kind and of the original kind, hundreds of kills of the server,
clients that send what is there already, that leave something out, that come twice; a commit log that is damaged; recordings
whose last seconds a power cut took. What was acked is there, and nothing is there twice.

ACQ_KILLS: how many kills (200); ACQ_SEED: what the test chooses, said when it fails.
"""
import os
import pathlib
import random
import re
import sys
import tempfile
import time
import unittest

import power
from acq import ACQ, Place, wait_until
from clients import Life, Session, Stream, complete
from members import members

KILLS = int(os.environ.get("ACQ_KILLS", 200))
DAMAGES = 2 if KILLS <= 200 else 20
CUTS = 10 if KILLS <= 200 else 100
SEED = int(os.environ.get("ACQ_SEED", time.time()))


class ExactlyOnce(unittest.TestCase):
    def setUp(self):
        self.dice = random.Random(SEED)
        print(f"ACQ_SEED={SEED}", file=sys.stderr)  # for a test that fails

    def test_kills(self):
        """kill -9 at random moments: whatever was acked is there, and every session is whole in the end."""
        sessions = [Session(f"ours-{i}") for i in range(3)] + [Session("original", own=False)]
        counts, begin = {}, time.monotonic()
        with Place() as place:
            for _ in range(KILLS):
                seconds = self.dice.choice((0.02, 0.05, 0.1, 0.2)) * self.dice.random()
                Life(place.serve(), counts).run(sessions, self.dice, seconds)
                place.programs.pop().close()
            self.finish(place, sessions)
        print(f"{KILLS} kills in {time.monotonic() - begin:.0f} s, {sum(s.sent for s in sessions)} frames, "
              f"{sum(s.duplicates for s in sessions)} sent again; {counts}")
        self.assertGreater(counts["gaps refused"] * counts["older streams ended"] * counts["streams ended well"], 0)

    def finish(self, place, sessions):
        server = place.serve()
        complete(server.port, sessions)
        self.assertEqual(server.stop(), 0)
        for s in sessions:
            s.check(place.folder / "data")
        return server

    def fill(self, place, *counts):
        """Sessions one after the other, so many frames each, all acked; then kill -9."""
        sessions = [Session(f"session-{self.dice.randrange(1 << 40):010x}") for _ in counts]
        server = place.serve()
        for s, count in zip(sessions, counts):
            stream = Stream(server.port, s)
            self.assertEqual(stream.hello(), 0)
            for begin in range(1, count + 1, 50):
                stream.send(begin, 50)
                wait_until(lambda: stream.last_ack == begin + 49 or stream.over(), "an ack")
            self.assertEqual(s.acked, count)
            stream.end(cancel=True)
        server.kill()
        return sessions

    def places_in_log(self, place, session):
        """Where frames of the session stand in the commit log: [(path, offset)]."""
        found = []
        for path in sorted((place.folder / "data/commit-log").iterdir()):
            data = path.read_bytes()
            found += [(path, m.start()) for m in re.finditer(session.name.encode(), data)]
        return found

    def in_time(self, work):
        """Something that has to be done before the server's recordings are flushed, which is after five seconds; on a
        machine that is too busy for that, again."""
        for _ in range(20):
            place = Place()
            begin = time.monotonic()
            result = work(place.__enter__())
            if time.monotonic() - begin < 3:
                return place, result
            place.__exit__(None, None, None)
        self.skipTest("this machine is too busy: nothing is done within three seconds")

    def test_log_replaces_recordings(self):
        """A power cut right behind the acks: nothing of the recordings has reached the disk. All comes from the log."""
        for how in range(3 * DAMAGES):
            place, sessions = self.in_time(lambda place: self.fill(place, 300, 600, 300))
            with place:
                for path in (place.folder / "data").glob("*.pb.gz"):
                    self.lose_the_end(path, how % 3)
                server = place.serve()
                for s in sessions:
                    stream = Stream(server.port, s)
                    self.assertEqual(stream.hello(), s.acked)  # and in hello(): no less than was acked
                    stream.end()
                server.stop()
                self.finish(place, sessions)

    def lose_the_end(self, path, how):
        """What a file system may leave of writes that were not flushed: nothing, a file that is too short, zeros."""
        data = path.read_bytes()
        parts = [m.at for m in members(data)]
        begin = self.dice.choice(parts) + self.dice.choice((0, 0, 1, 130))
        if how == 0:
            path.unlink()
        elif how == 1:
            os.truncate(path, begin)
        else:
            end = self.dice.choice((begin + 4096, len(data)))
            path.write_bytes(data[:begin] + bytes(len(data[begin:end])) + data[end:])

    def test_damaged_log(self):
        """A stretch of the log is damaged: it is kept and told, the rest of the log is used, and what is missing comes
        again from the client. The recordings are gone, so that the log is needed."""
        for i in range(2 * DAMAGES):
            place, sessions = self.in_time(lambda place: self.fill(place, 200, 1000, 200))
            with place:
                for path in (place.folder / "data").glob("*.pb.gz"):
                    path.unlink()
                hits = self.places_in_log(place, sessions[1])
                self.assertGreaterEqual(len(hits), 1000)
                path, at = self.dice.choice(hits[100:-100])
                self.damage(path, at, zeros=i % 2 == 1)
                server = place.serve()
                self.check_replay(place, server, sessions)
                self.assertEqual(server.stop(), 0)
                self.finish(place, sessions)

    def damage(self, path, at, zeros):
        with open(path, "r+b") as file:
            file.seek(at)
            old = file.read(4096 if zeros else self.dice.randint(1, 64))
            file.seek(at)
            file.write(bytes(len(old)) if zeros else bytes(byte ^ self.dice.randint(1, 255) for byte in old))

    def check_replay(self, place, server, sessions):
        """What the server has of three sessions, of which the second one's frames were damaged in the log."""
        server.says("damaged")
        kept = [path for path in (place.folder / "data/commit-log").iterdir() if "damaged" in path.name]
        self.assertEqual(len(kept), 1, sorted((place.folder / "data/commit-log").iterdir()))
        self.assertGreater(kept[0].stat().st_size, 0)
        self.assertIn(kept[0].name, server.err())
        before, damaged, behind = sessions
        for s in (before, behind):
            stream = Stream(server.port, s)
            self.assertEqual(stream.hello(), s.acked)
            stream.end()
        was, damaged.acked = damaged.acked, 0  # this one may have less than was acked, for a reason that is told
        stream = Stream(server.port, damaged)
        self.assertIn(stream.hello(), range(1, was))
        stream.end()


class PowerCut(unittest.TestCase):
    """The computer goes off: only what was synced is bound to be there, of the rest whatever the dice say."""

    def setUp(self):
        self.dice = random.Random(SEED)
        print(f"ACQ_SEED={SEED}", file=sys.stderr)
        if b"__asan_init" in ACQ.read_bytes():
            self.skipTest("nothing can be preloaded into a sanitized program")
        tools = tempfile.TemporaryDirectory(prefix="acq-power-")
        self.addCleanup(tools.cleanup)
        self.library = power.build(pathlib.Path(__file__).with_name("power.c"), pathlib.Path(tools.name))
        if not self.library:
            self.skipTest("there is no compiler cc")

    def serve(self, place, data, journal):
        environment = {"LD_PRELOAD": str(self.library), "POWER_FOLDER": str(data), "POWER_JOURNAL": str(journal)}
        server = place.run(ACQ, "serve", "--listen", "127.0.0.1:0", "--data", data, "--log-mib", "64", env=environment)
        server.says("listening on")
        server.port = int(server.err().split("listening on 127.0.0.1:")[1].split(",")[0])
        return server

    def test_acked_is_durable(self):
        """Every client finds what was acked to it, after each cut. One server in ten runs for longer, with so much to take
        that recordings are synced and the log's segments are used again."""
        sessions, counts = [Session(f"ours-{i}") for i in range(3)], {}
        with Place() as place:
            data = place.folder / "data0"
            data.mkdir()
            for i in range(CUTS):
                seconds = self.dice.uniform(0, 0.3)
                if i % 10 == 4:
                    sessions += [Session(f"large-{i}-{k}", padding=2000) for k in range(2)]
                    seconds = self.dice.uniform(7, 9)
                disk, journal = power.Disk(data), place.folder / f"journal{i}"
                Life(self.serve(place, data, journal), counts).run(sessions, self.dice, seconds)
                place.programs.pop().close()
                disk.play(journal)
                journal.unlink()
                data = place.folder / f"data{i + 1}"
                data.mkdir()
                disk.cut(data, self.dice)
            server = place.serve(data=data)
            complete(server.port, sessions)
            self.assertEqual(server.stop(), 0)
            for s in sessions:
                s.check(data)
        print(f"{CUTS} power cuts, {sum(s.sent for s in sessions)} frames, {sum(s.duplicates for s in sessions)} sent again")


if __name__ == "__main__":
    unittest.main()
