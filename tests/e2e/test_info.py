#!/usr/bin/env python3
"""acq info: what it says of recordings, compared with what Python reads of the same files; recordings of others, damaged
ones, a folder, a pipe, one that is being written; hostile files with little memory."""
import gzip
import json
import math
import os
import resource
import signal
import struct
import subprocess
import unittest
import zlib

from acq import ACQ, Place, wait_until
from frames import GRAPHICS, Recording, i32
from members import HEADER, members, sealed

LAPS, LAST_MS, PICTURE = 2, 20, 16  # in Graphics
BOUNDS = [50, 100, 200, 500, 1000, 2000, 3000, 5000, 10000, 20000, 50000]


def run(*words, **options):
    return subprocess.run([ACQ, "info", *words], capture_output=True, timeout=120, **options)


def number(tag, value, kind=0):
    out = bytearray()
    for part in (tag << 3 | kind, value):
        while part > 127:
            out.append(part & 127 | 128)
            part >>= 7
        out.append(part)
    return bytes(out)


def text(tag, value):
    return number(tag, len(value), 2) + value


def frame(seq, t_ns, step=None, picture=None, lost=0, speed=None, velocity=None):
    """A frame with its length; seq 0: none, as the original project writes it."""
    physics = b"" if speed is None else b"\x0d" + struct.pack("<f", speed)
    if velocity:
        physics += text(12, b"".join(bytes([8 * i + 5 + 8]) + struct.pack("<f", v) for i, v in enumerate(velocity)))
    physics += b"" if step is None else number(16, step)
    body = number(1, t_ns) + text(2, b"assetto_corsa") + text(3, b"a-session") + text(4, physics)
    body += text(5, b"" if picture is None else number(16, picture))
    body += (number(16, seq) if seq else b"") + (number(18, lost) if lost else b"")
    return number(0, len(body))[1:] + body


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place().__enter__()
        cls.addClassCleanup(cls.place.__exit__, None)
        cls.dir = cls.place.folder

    @classmethod
    def sim(cls, name, *options):
        path = cls.dir / name
        subprocess.run([ACQ, "sim", "--quiet", "--out", path, *options], check=True, stdout=subprocess.DEVNULL)
        return path

    def info(self, *words, code=0, **options):
        """What --json says."""
        done = run(*words, "--json", **options)
        self.assertEqual(done.returncode, code, done.stderr)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return found[0] if len(found) == 1 else found

    def page(self, *words, code=0, **options):
        done = run(*words, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout.decode()


class Drive(Base):
    """A simulated drive of two laps."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.path = cls.sim("drive.pb.gz", "--laps", "2")
        cls.recording = Recording(cls.path).check()
        graphics = [f.group(GRAPHICS) for f in cls.recording.frames]
        cls.done = [i32(g.get(LAPS, 0)) for g in graphics]
        cls.pictures = [i32(g[PICTURE]) for g in graphics]
        cls.said = json.loads(run(cls.path, "--json").stdout)

    def test_session(self):
        stat, capture = self.recording.last_context()
        want = {"session_id": self.recording.session, "game": "assetto_corsa", "car": stat[1].decode(),
                "track": stat[2].decode(), "game_version": stat[17].decode(), "car_skin": stat[50].decode(),
                "driver": f"{stat[20].decode()} {stat[21].decode()}", "driver_nick": stat[22].decode(),
                "program": capture[8].decode(), "previous_session_id": None, "layout": None, "end_reason": None}
        self.assertEqual({key: self.said[key] for key in want}, want)

    def test_time(self):
        first, last = self.recording.frames[0], self.recording.frames[-1]
        self.assertEqual(self.said["start_utc_ns"], first.utc_ns)
        self.assertTrue(self.said["start_utc"].startswith("2026-01-01T12:00:00.003"), self.said["start_utc"])
        self.assertEqual((self.said["first_t_ns"], self.said["last_t_ns"]), (first.t_ns, last.t_ns))
        self.assertAlmostEqual(self.said["duration_s"], (last.t_ns - first.t_ns) / 1e9, 8)
        self.assertEqual(self.said["sampled_s"], self.said["duration_s"])

    def test_counts(self):
        n, r = len(self.recording.frames), self.recording
        pictures = self.pictures
        different = 1 + sum(a != b for a, b in zip(pictures, pictures[1:]))
        duration = (r.frames[-1].t_ns - r.frames[0].t_ns) / 1e9
        self.assertEqual((self.said["frames"], self.said["steps"], self.said["pictures"]), (n, n, different))
        self.assertEqual((self.said["steps_missed"], self.said["frames_repeated"], self.said["samples_lost"]), (0, 0, 0))
        self.assertAlmostEqual(self.said["physics_hz"], (n - 1) / duration, 2)
        self.assertAlmostEqual(self.said["graphics_hz"], (different - 1) / duration, 2)
        self.assertEqual(self.said["members"], r.members - 1)  # the end mark is none
        self.assertEqual(self.said["content_bytes"], r.raw_size)
        self.assertEqual(self.said["file_bytes"], self.path.stat().st_size)
        self.assertAlmostEqual(self.said["bytes_per_frame"], self.path.stat().st_size / n, 2)
        self.assertEqual([b["up_to_us"] for b in self.said["jitter"]], BOUNDS + [None])
        self.assertEqual(sum(b["frames"] for b in self.said["jitter"]), n - 1)

    def test_laps(self):
        """A lap's time is what the game says shortly behind its end."""
        frames, laps = self.recording.frames, []
        done = self.done
        for i in range(1, len(frames)):
            if done[i] > done[i - 1]:
                late = frames[min(i + 30, len(frames) - 1)].group(GRAPHICS)
                laps.append({"lap": done[i], "time_ms": i32(late[LAST_MS]),
                             "end_s": round((frames[i].t_ns - frames[0].t_ns) / 1e9, 3)})
        self.assertEqual(self.said["laps"], 2)
        self.assertEqual(self.said["lap_times"], laps)
        self.assertEqual(self.said["best_lap_ms"], min(lap["time_ms"] for lap in laps))

    def test_state(self):
        self.assertTrue(self.said["closed"])
        self.assertEqual((self.said["lossy"], self.said["foreign"], self.said["original"]), (False, False, False))
        self.assertEqual((self.said["gaps"], self.said["missing_frames"], self.said["error"]), ([], 0, None))

    def test_page(self):
        page = self.page(self.path)
        self.assertEqual(page.splitlines()[0], str(self.path))
        for line in (f"Session     {self.recording.session}", "Game        assetto_corsa 1.16",
                     "Start       2026-01-01 12:00:00 UTC  =  ", "Laps        2 completed, best lap",
                     f"Frames      {len(self.recording.frames):,} in", "State       closed cleanly",
                     "physics 333.3 Hz", "0 missed"):
            self.assertIn(line, page)
        self.assertEqual(max(map(len, page.splitlines()[1:])) < 120, True)

    def test_local_time(self):
        page = self.page(self.path, env=dict(os.environ, TZ="Asia/Kolkata"))
        self.assertIn("2026-01-01 12:00:00 UTC  =  2026-01-01 17:30:00 +05:30 here", page)
        page = self.page(self.path, env=dict(os.environ, TZ="America/St_Johns"))
        self.assertIn("2026-01-01 08:30:00 -03:30 here", page)

    def test_pipe_and_foreign(self):
        """From a pipe, and of the same frames in one gzip stream, everything is read, and the same is said."""
        pipe = self.info("-", input=self.path.read_bytes())
        other = self.dir / "other.pb.gz"
        with gzip.open(other, "wb", 1) as file:
            file.write(b"".join(m.content() for m in members(self.path.read_bytes())))
        foreign = self.info(other)
        different = {"file", "file_bytes", "bytes_per_frame", "ratio"}
        self.assertEqual({k for k in pipe if pipe[k] != self.said[k]}, different)
        self.assertEqual({k for k in foreign if foreign[k] != self.said[k]}, different | {"foreign", "members"})
        self.assertEqual((pipe["file_bytes"], foreign["members"], foreign["foreign"]), (None, None, True))

    def test_headers_alone(self):
        """The content of members in the middle is not read: damage there is doctor's to find."""
        data = bytearray(self.path.read_bytes())
        middle = members(data)[8]
        data[middle.at + HEADER:middle.end] = bytes(middle["size"] - HEADER)
        path = self.dir / "content.pb.gz"
        path.write_bytes(data)
        said = self.info(path)
        self.assertEqual({k for k in said if said[k] != self.said[k]}, {"file"})

    def test_gap(self):
        data = bytearray(self.path.read_bytes())
        found = members(data)
        bad, before, behind = found[10], found[9], found[11]
        data[bad.at + 30] ^= 1
        path = self.dir / "gap.pb.gz"
        path.write_bytes(data)
        said = self.info(path, code=3)
        first = self.said["first_t_ns"]
        gap = {"at_byte": bad.at, "bytes": bad["size"], "first_seq": bad["first_seq"], "frames": bad["frames"],
               "from_s": round((before["last_t_ns"] - first) / 1e9, 3),
               "to_s": round((behind["first_t_ns"] - first) / 1e9, 3)}
        self.assertEqual(said["gaps"], [gap])
        self.assertEqual(said["frames"], self.said["frames"] - bad["frames"])
        self.assertAlmostEqual(said["physics_hz"], 333.333, 1)  # of what is there
        page = self.page(path, code=3)
        self.assertIn(f"{bad['frames']} frames between", page)

    def test_cut(self):
        found = members(self.path.read_bytes())
        path = self.dir / "cut.pb.gz"
        path.write_bytes(self.path.read_bytes()[:found[20].at + 500])
        said = self.info(path, code=3)
        self.assertEqual((said["closed"], said["missing_frames"]), (False, found[20]["frames"]))
        self.assertIn("not closed", self.page(path, code=3))
        path.write_bytes(self.path.read_bytes()[:found[20].at])  # as after kill -9: whole, and not closed
        self.assertFalse(self.info(path)["lossy"])
        self.assertIn("not closed: still being written, or its program was killed", self.page(path))

    def test_absurd_headers(self):
        """Header values are claims: the greatest and the least of each are read without harm."""
        found = members(self.sim("short.pb.gz", "--seconds", "3").read_bytes())
        top = {"frames": 2**32 - 1, "first_seq": 2**64 - 1, "first_t_ns": -2**63, "last_t_ns": 2**63 - 1, "laps": 2**31 - 1,
               "best_lap_ms": 2**31 - 1, "steps": 2**32 - 1, "missed": 2**32 - 1, "pictures": 2**32 - 1,
               "lost": 2**32 - 1}
        low = {"frames": 0, "first_seq": 0, "first_t_ns": 2**63 - 1, "last_t_ns": -2**63, "laps": -2**31,
               "best_lap_ms": -2**31}
        path = self.dir / "absurd.pb.gz"
        for values in [top, low] + [{k: v} for k, v in (*top.items(), *low.items())]:
            path.write_bytes(b"".join(m.with_values(**values) if i in (3, 4, 9) else m.bytes for i, m in enumerate(found)))
            done = run(path)
            self.assertIn(done.returncode, (0, 3), (values, done.stderr))
            self.assertTrue(math.isfinite(self.info(path, code=done.returncode)["duration_s"]))
            for command in (["doctor", path], ["recover", path, self.dir / "saved.pb.gz", "--force"]):
                done = subprocess.run([ACQ, *command], capture_output=True, timeout=120)
                self.assertIn(done.returncode, (0, 3), (command, values, done.stderr))

    def test_control_characters(self):
        """Names out of a file do not move the terminal's cursor."""
        data = b"".join(m.content() for m in members(self.path.read_bytes())[:2]).replace(b"acq_sim_gt", b"a\x1b[2J\xc2\x9b3J\n")
        path = self.dir / "evil.pb.gz"
        path.write_bytes(gzip.compress(data))
        page = self.page(path)
        self.assertIn("a?[2J??3J?", page)
        self.assertEqual(self.info(path)["car"], "a\x1b[2J\x9b3J\n")


class Counts(Base):
    """Steps missed, repeated and lost, times, pauses: of frames that are made here."""

    def test_counts(self):
        steps = [100, 101, 101, 104, 105, 105, 105, 120]
        pictures = [7, 7, 7, 9, 9, 9, 11, 11]
        times = [10**9 + 3_000_000 * (s - 100) + 700_000 * i for i, s in enumerate(steps)]
        frames = [frame(i + 1, t, s, p, lost=2 if i == 3 else 0)
                  for i, (t, s, p) in enumerate(zip(times, steps, pictures))]
        path = self.dir / "counts.pb.gz"
        path.write_bytes(gzip.compress(b"".join(frames)))
        said = self.info(path)
        self.assertEqual((said["frames"], said["steps"], said["frames_repeated"]), (8, 5, 3))
        self.assertEqual((said["steps_missed"], said["samples_lost"], said["pictures"]), (2 + 14, 2, 3))
        self.assertEqual({b["up_to_us"]: b["frames"] for b in said["jitter"] if b["frames"]}, {1000: 4})
        self.assertIn("5 seen, 16 missed (76.2 %), 3 frames repeated", self.page(path))

    def test_pause(self):
        times = [10**9 + 3_000_000 * i + (5 * 10**9 if i >= 50 else 0) for i in range(100)]
        path = self.dir / "pause.pb.gz"
        path.write_bytes(gzip.compress(b"".join(frame(i + 1, t, i, i) for i, t in enumerate(times))))
        said = self.info(path)
        self.assertEqual(said["pauses"], 1)
        self.assertAlmostEqual(said["sampled_s"], 98 * 0.003, 6)
        self.assertAlmostEqual(said["physics_hz"], 333.333, 2)

    def test_without_numbers(self):
        """Steps without a number are told apart by what is in them."""
        frames = [frame(0, 10**9 + i, speed=5 + i // 4) for i in range(20)]
        path = self.dir / "numbers.pb.gz"
        path.write_bytes(gzip.compress(b"".join(frames)))
        said = self.info(path)
        self.assertEqual((said["steps"], said["frames_repeated"], said["steps_missed"]), (5, 15, None))
        self.assertEqual((said["pictures"], said["graphics_hz"], said["torn_retried"]), (None, None, None))
        self.assertIn("5 different by content, 15 frames repeated; missed: not known", self.page(path))

    def test_original(self):
        """Of the original project's bridge: acc_g is the velocity, and info says so."""
        frames = [frame(0, 10**9 + 3_000_000 * i, speed=144.0, velocity=(32.0, 0.5, 24.0)) for i in range(50)]
        path = self.dir / "telemetry_record.pb.gz"
        path.write_bytes(gzip.compress(b"".join(frames))[:-9])
        said = self.info(path, code=3)
        self.assertEqual((said["original"], said["laps"], said["best_lap_ms"]), (True, None, None))
        page = self.page(path, code=3)
        self.assertIn("original project", page)
        self.assertIn("`acq convert --original`", page)
        self.assertIn("cut", page)


class Several(Base):
    def test_table_and_sum(self):
        folder = self.dir / "several"
        folder.mkdir()
        a, b = self.sim("several/a.pb.gz", "--seconds", "3"), self.sim("several/b.pb.gz", "--seconds", "2", "--track", "long")
        (folder / "notes.txt").write_text("no recording")
        lines = self.page(folder).splitlines()
        self.assertEqual(len(lines), 4)
        self.assertTrue(lines[0].startswith("start (UTC)"), lines[0])
        for line, what in zip(lines[1:3], (("a.pb.gz", "1,000", "0:02.997", "acq_short", "whole"),
                                           ("b.pb.gz", "667", "0:01.998", "acq_long", "whole"))):
            for word in what:
                self.assertIn(word, line)
        self.assertIn("2 recordings", lines[3])
        self.assertIn("1,667", lines[3])
        self.assertIn("0:04.995", lines[3])
        found = self.info(b, a)  # in the order of the command line
        self.assertEqual([f["file"] for f in found], [str(b), str(a)])

    def test_one_is_bad(self):
        good, bad = self.sim("good.pb.gz", "--seconds", "1"), self.dir / "bad.pb.gz"
        bad.write_bytes(b"hello")
        done = run(good, bad)
        self.assertEqual(done.returncode, 1)
        self.assertIn("good.pb.gz", done.stdout.decode())
        self.assertEqual(done.stderr.decode(), f"acq: error: {bad} is not a recording: it is no gzip file\n")
        found = self.info(good, bad, code=1)
        self.assertEqual((found[0]["frames"], found[1]["file"]), (334, str(bad)))
        self.assertIn("no gzip file", found[1]["error"])


class Refused(Base):
    def test_newer_version(self):
        data = self.sim("newer.pb.gz", "--seconds", "1").read_bytes()
        header = bytearray(data[:HEADER])
        header[16] = 9
        path = self.dir / "newer.pb.gz"
        path.write_bytes(sealed(header) + data[HEADER:])
        done = run(path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("version 9", done.stderr.decode())

    def test_missing_empty_usage(self):
        empty = self.dir / "empty.pb.gz"
        empty.touch()
        for words, code, said in (([self.dir / "no.pb.gz"], 1, "no.pb.gz"), ([empty], 1, "is empty"), ([], 2, ""),
                                  (["--jsn", empty], 2, "--json"), (["-f", "-"], 2, "--follow")):
            done = run(*words)
            self.assertEqual(done.returncode, code, (words, done.stderr))
            self.assertIn(said, done.stderr.decode())

    def test_bomb(self):
        """A gzip bomb, and a member that claims to be large, cost no memory to speak of."""
        def little():
            resource.setrlimit(resource.RLIMIT_DATA, (64 << 20, 64 << 20))
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        big = frame(0, 1, 1, 1) + number(0, 60000)[1:] + text(15, bytes(59996))  # a long unknown field, and again ...
        block = number(0, 60000)[1:] + text(15, bytes(59996))
        data = packer.compress(big) + b"".join(packer.compress(block) for _ in range(5000)) + packer.flush()
        path = self.dir / "bomb.pb.gz"
        path.write_bytes(data)
        self.assertLess(len(data), 1 << 20)
        limit = {} if "asan" in str(ACQ) else {"preexec_fn": little}
        said = self.info(path, **limit)
        self.assertEqual(said["content_bytes"], len(big) + 5000 * len(block))


class Follow(Base):
    """A recording is shown while it grows, until it is closed."""

    def test_until_closed(self):
        data = self.sim("whole.pb.gz", "--seconds", "3").read_bytes()
        found, path = members(data), self.dir / "growing.pb.gz"
        path.write_bytes(data[:found[5].at])
        program = self.place.run(ACQ, "info", "-f", "--json", path)
        wait_until(lambda: program.out().count("\n") >= 1, "the first look")
        first = json.loads(program.out().splitlines()[0])
        with open(path, "ab") as file:
            file.write(data[found[5].at:])
        self.assertEqual(program.wait(), 0, program)
        last = json.loads(program.out().splitlines()[-1])
        self.assertEqual((first["closed"], first["frames"]), (False, found[5]["first_seq"] - 1))
        self.assertEqual((last["closed"], last["frames"]), (True, 1000))

    def test_stop(self):
        data = self.sim("whole2.pb.gz", "--seconds", "3").read_bytes()
        path = self.dir / "open.pb.gz"
        path.write_bytes(data[:members(data)[5].at])
        program = self.place.run(ACQ, "info", "-f", "--json", path)
        wait_until(lambda: program.out().count("\n") >= 1, "the first look")
        self.assertEqual(program.stop(signal.SIGINT), 0, program)


if __name__ == "__main__":
    unittest.main()
