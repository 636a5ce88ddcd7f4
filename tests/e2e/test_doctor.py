#!/usr/bin/env python3
"""acq doctor and acq recover: every kind of damage is found at its place, what a header or a frame must not say is named,
and what is recovered holds each frame of each intact member, none that is wrong, and passes the doctor."""
import gzip
import json
import os
import random
import resource
import struct
import subprocess
import unittest
import zlib

from acq import ACQ, Place
from frames import CAPTURE, GRAPHICS, PHYSICS, SEQ, STAT, Frame, Recording, f32, varint, walk
from members import HEADER, TRAILER, members, sealed


def run(*words, **options):
    return subprocess.run([ACQ, *words], capture_output=True, timeout=120, **options)


def split(content):
    """The frames of a member's content, with their lengths before them."""
    at, found = 0, []
    while at < len(content):
        size, start = varint(content, at)
        found.append(content[at:start + size])
        at = start + size
    return found


def bare(frame):
    """A frame without its length."""
    return frame[varint(frame, 0)[1]:]


def number(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def long(frame):
    return number(len(frame)) + frame


def replaced(frame, tag, value):
    """A frame (with its length) whose top field `tag` is other bytes, or gone."""
    data, out = bare(frame), b""
    for field, _, start, end in walk(data):
        out += (value or b"") if field == tag else data[start:end]
    return long(out)


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place().__enter__()
        cls.addClassCleanup(cls.place.__exit__, None)
        cls.dir = cls.place.folder
        cls.whole = cls.dir / "whole.pb.gz"
        subprocess.run([ACQ, "sim", "--quiet", "--seconds", "10", "--out", cls.whole], check=True,
                       stdout=subprocess.DEVNULL)
        cls.data = cls.whole.read_bytes()
        cls.members = members(cls.data)
        cls.bodies = {f.seq: f.body for f in Recording(cls.whole).check().frames}

    def file(self, data, name="damaged.pb.gz"):
        path = self.dir / name
        path.write_bytes(data)
        return path

    def doctor(self, path, code, *options):
        done = run("doctor", path, "--json", *options)
        self.assertEqual(done.returncode, code, (done.stdout, done.stderr))
        said = json.loads(done.stdout)
        self.assertEqual(said["whole"], code == 0)
        return said

    def faults(self, data, code=3):
        """Texts of the faults and of the warnings."""
        said = self.doctor(self.file(data), code)
        return ([f["text"] for f in said["findings"] if f["severity"] == "fault"],
                [f["text"] for f in said["findings"] if f["severity"] == "warning"])

    def recover(self, path, code):
        out = self.dir / "out.pb.gz"
        out.unlink(missing_ok=True)
        done = run("recover", path, out)
        self.assertEqual(done.returncode, code, (done.stdout, done.stderr))
        self.assertEqual([p.name for p in self.dir.glob("*.part*")], [])
        return out, done.stdout.decode()

    def check_recovered(self, path, intact, code=3, last=None, unsure=()):
        """All frames of the intact members are there, all are right, and the doctor finds nothing but the gaps. last:
        the last frame that anybody can know of. unsure: numbers of frames of which some may be wrong."""
        out, said = self.recover(path, code)
        found = Recording(out)
        self.assertTrue(found.closed)
        for frame in found.frames:
            if frame.seq not in unsure:
                self.assertEqual(frame.body, self.bodies[frame.seq], f"seq {frame.seq}")
        seqs = {f.seq for f in found.frames}
        for m in intact:
            self.assertLessEqual(set(range(m["first_seq"], m["first_seq"] + m["frames"])), seqs, "an intact member")
        self.assertEqual(len(found.frames), len(seqs))
        holes = sum(b != a + 1 for a, b in zip([0, *sorted(seqs)], sorted(seqs)))
        done = run("doctor", out, "--json")
        findings = json.loads(done.stdout)["findings"]
        self.assertEqual(done.returncode, 3 if holes else 0)
        self.assertEqual(len(findings), holes, findings)
        self.assertTrue(all("are missing" in f["text"] for f in findings), findings)
        self.assertIn(f"with {len(seqs):,} frames", said)
        missing = (last or len(self.bodies)) - len(seqs)
        if code == 3 and (last or " after " not in said):
            self.assertIn(f"Missing: {missing:,} frames", said)
        info = run("info", out, "--json")
        self.assertEqual(json.loads(info.stdout)["frames"], len(seqs), info.stderr)
        return sorted(seqs), said


class Whole(Base):
    def test_whole(self):
        said = self.doctor(self.whole, 0)
        self.assertEqual((said["findings"], said["closed"], said["frames"]), ([], True, len(self.bodies)))
        self.assertEqual(said["members"], len(self.members) - 1)
        self.assertIn(f"whole: {len(self.bodies):,} frames in", run("doctor", self.whole).stdout.decode())
        out, text = self.recover(self.whole, 0)
        self.assertEqual(out.read_bytes(), self.data)  # byte for byte
        self.assertIn("No frame is missing", text)

    def test_not_closed(self):
        path = self.file(self.data[:self.members[7].at])
        self.assertFalse(self.doctor(path, 0)["closed"])
        self.assertIn("not closed: still being written, or its program was killed", run("doctor", path).stdout.decode())
        self.check_recovered(path, self.members[:7], 0)

    def test_pipe(self):
        done = run("doctor", "-", "--json", input=self.data)
        self.assertEqual((done.returncode, json.loads(done.stdout)["frames"]), (0, len(self.bodies)))
        out = self.dir / "from_pipe.pb.gz"
        self.assertEqual(run("recover", "-", out, input=self.data).returncode, 0)
        self.assertEqual(out.read_bytes(), self.data)

    def test_several(self):
        bad = self.file(self.data[:self.members[4].at + 900])
        nothing = self.file(b"nothing", "nothing.pb.gz")
        self.assertEqual(run("doctor", self.whole, bad).returncode, 3)
        done = run("doctor", self.whole, nothing, bad)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not a recording", done.stderr.decode())
        self.assertEqual((done.stdout.decode().count("whole: "), done.stdout.decode().count("faulty: ")), (1, 1))


class Damage(Base):
    """Damage at a known place of one member."""

    def check(self, data, at, frames, what, first=None):
        said = self.doctor(self.file(data), 3)
        self.assertEqual(said["faults"], 1, said)
        fault = said["findings"][0]
        m = next(m for m in self.members if m.at == (at if first is None else first))
        self.assertEqual((fault["at_byte"], fault["seq"]), (at, m["first_seq"]))
        self.assertIn(what, fault["text"])
        if frames:
            self.assertIn(f"frames {m['first_seq']} to {m['first_seq'] + frames - 1} are missing", fault["text"])
            self.assertAlmostEqual(fault["t_s"], (m["first_seq"] - 2) * 0.003, 3)
        self.assertEqual(said["missing_frames"], frames)

    def others(self, *hit):
        return [m for m in self.members[:-1] if m not in hit]

    def test_content(self):
        data, m = bytearray(self.data), self.members[11]
        data[m.at + HEADER + 5000:m.at + HEADER + 9096] = bytes(4096)
        self.check(data, m.at, m["frames"], "does not fit its checksum")
        seqs, said = self.check_recovered(self.dir / "damaged.pb.gz", self.others(m))
        rescued = [s for s in seqs if m["first_seq"] <= s < m["first_seq"] + m["frames"]]
        self.assertTrue(0 < len(rescued) < m["frames"])
        self.assertEqual(rescued, list(range(m["first_seq"], m["first_seq"] + len(rescued))))
        self.assertIn(f"{len(rescued)} of them out of damaged members", said)
        self.assertIn(f"seq {rescued[-1] + 1} to {m['first_seq'] + m['frames'] - 1}, between ", said)

    def test_header(self):
        data, m = bytearray(self.data), self.members[11]
        data[m.at + 40] ^= 4
        self.check(data, m.at, m["frames"], "are no member")
        self.check_recovered(self.dir / "damaged.pb.gz", self.others(m))

    def test_first_header(self):
        """Then it is read as any gzip file, of which nothing is missing; recovered it is one of ours again."""
        data = bytearray(self.data)
        data[40] ^= 4
        said = self.doctor(self.file(data), 3)
        self.assertEqual([f["text"] for f in said["findings"]],
                         ["the header of the first member is damaged: the file can only be read from its start"])
        self.check_recovered(self.dir / "damaged.pb.gz", self.members[:-1], 0)

    def test_checksum_itself(self):
        """A flipped bit in the checksum or the size behind the content: the content is whole, and saved."""
        m = self.members[11]
        for place in (m.end - TRAILER + 2, m.end - 1):
            data = bytearray(self.data)
            data[place] ^= 16
            self.check(data, m.at, m["frames"], "does not fit its checksum")
            self.check_recovered(self.dir / "damaged.pb.gz", self.members[:-1], 0)

    def test_value_without_trace(self):
        """A wrong value that breaks nothing else: where it is cannot be known, so no frame is taken for right."""
        m = self.members[11]
        frames = split(m.content())
        frames[40] = frames[40][:-3] + bytes([frames[40][-3] ^ 1]) + frames[40][-2:]
        made = m.with_content(b"".join(frames))
        made = made[:-TRAILER] + struct.pack("<I", zlib.crc32(m.content())) + made[-4:]
        data = self.data[:m.at] + made + self.data[m.end:]
        self.check(data, m.at, m["frames"], "does not fit its checksum")
        seqs, said = self.check_recovered(self.dir / "damaged.pb.gz", self.others(m))
        self.assertEqual(len(seqs), len(self.bodies) - m["frames"])
        self.assertIn(f"{m['frames']} left out: they come from damaged members", said)

    def test_piece_missing(self):
        m = self.members[11]
        self.check(self.data[:m.at] + self.data[m.end:], m.at, m["frames"], "whole members are not there")
        self.check_recovered(self.dir / "damaged.pb.gz", self.others(m))

    def test_junk_between(self):
        m = self.members[11]
        self.check(self.data[:m.at] + b"junk" * 100 + self.data[m.at:], m.at, 0, "400 bytes are no member")
        self.check_recovered(self.dir / "damaged.pb.gz", self.members[:-1], 0)

    def test_cut(self):
        m = self.members[11]
        for keep in (HEADER + 1, HEADER + 9000, m["size"] - TRAILER - 1, m["size"] - 3):
            path = self.file(self.data[:m.at + keep])
            self.check(path.read_bytes(), m.at, m["frames"], "the file ends inside this member")
            inflate = zlib.decompressobj(-15)
            there = self.count(inflate.decompress(path.read_bytes()[m.at + HEADER:m.end - TRAILER]))
            seqs, _ = self.check_recovered(path, self.members[:11], 0 if there == m["frames"] else 3,
                                           m["first_seq"] + m["frames"] - 1)
            self.assertEqual(len(seqs), m["first_seq"] - 1 + there)  # up to the very last whole one

    def count(self, content):
        at = n = 0
        while at < len(content) - 3:
            size, start = varint(content, at)
            at = start + size
            n += at <= len(content)
        return n

    def test_only_member_cut(self):
        """A file cut in its first member is none that can be read, but frames can be saved."""
        path = self.file(self.data[:self.members[0].end - 300])
        self.assertEqual(run("doctor", path).returncode, 1)
        seqs, _ = self.check_recovered(path, [])
        self.assertGreater(len(seqs), 50)

    def test_many(self):
        """The list of faults is bounded; --all is not."""
        subprocess.run([ACQ, "sim", "--quiet", "--seconds", "70", "--out", self.dir / "many.pb.gz"], check=True,
                       stdout=subprocess.DEVNULL)
        data = (self.dir / "many.pb.gz").read_bytes()
        found = members(data)
        path = self.file(b"".join(data[m.at:m.end] for i, m in enumerate(found) if i % 2 == 0), "holes.pb.gz")
        said = self.doctor(path, 3)
        holes = len(range(1, len(found) - 1, 2))  # without the end mark nobody knows what stood before it
        self.assertEqual((said["faults"], len(said["findings"]), said["faults_not_listed"]), (holes, 100, holes - 100))
        self.assertEqual(len(self.doctor(path, 3, "--all")["findings"]), holes)
        self.assertIn("--all lists them", run("doctor", path).stdout.decode())

    def test_random(self):
        """Anything, anywhere, in any number."""
        chance = random.Random(71)
        for trial in range(25):
            data, hits = bytearray(self.data), []
            for _ in range(chance.choice((1, 1, 2, 5))):
                kind, at = chance.choice(("flip", "zeros", "noise", "cut")), chance.randrange(len(data))
                size = min(chance.choice((1, 100, 4096)), len(data) - at)
                if kind == "flip":
                    size = 1
                    data[at] ^= 1 << chance.randrange(8)
                elif kind == "cut":
                    size = len(data) - at
                    del data[at:]
                else:
                    data[at:at + size] = bytes(size) if kind == "zeros" else chance.randbytes(size)
                hits.append((at, at + size))
                if not data:
                    break
            intact = [m for m in self.members[:-1]
                      if m.end <= len(data) and data[m.at:m.end] == self.data[m.at:m.end]]
            path = self.file(data)
            if not intact:
                continue
            # a small damage that leaves no trace, with a large one behind it in the same member
            twice = [m for m in self.members if sum(a < m.end and b > m.at for a, b in hits) > 1]
            unsure = {s for m in twice for s in range(m["first_seq"], m["first_seq"] + m["frames"])}
            done = run("info", path, "--json")
            self.assertIn(done.returncode, (0, 3), (trial, done.stderr))
            done = run("doctor", path, "--json")
            self.assertIn(done.returncode, (0, 3), (trial, done.stderr))
            damaged = bytes(data) != self.data[:len(data)] or len(data) not in [m.at for m in self.members]
            self.assertEqual(json.loads(done.stdout)["whole"], not damaged, (trial, hits))
            code = run("recover", path, self.dir / "try.pb.gz", "--force").returncode
            self.assertIn(code, (0, 3), trial)
            self.check_recovered(path, intact, code, None, unsure)


class Lies(Base):
    """Headers and frames that are whole but say what is not so."""

    def with_member(self, index, made):
        m = self.members[index]
        return self.data[:m.at] + made + self.data[m.end:]

    def test_header_values(self):
        m = self.members[5]
        for name, word in (("frames", "says frames"), ("first_seq", "first seq"), ("first_t_ns", "first time"),
                           ("last_t_ns", "last time"), ("first_utc_ns", "first UTC"), ("laps", "laps"),
                           ("best_lap_ms", "best lap"), ("steps", "says steps"), ("missed", "missed steps"),
                           ("pictures", "pictures"), ("lost", "lost samples")):
            faults, _ = self.faults(self.with_member(5, m.with_values(**{name: m[name] + 1})))
            self.assertTrue(any(word in f and f"{m[name] + 1}, its frames {m[name]}" in f for f in faults),
                            (name, faults))

    def test_header_jitter(self):
        m = self.members[5]
        made = bytearray(m.header)
        made[88] ^= 1
        faults, _ = self.faults(self.with_member(5, sealed(made) + m.bytes[HEADER:]))
        self.assertEqual(faults, ["the member's header has another histogram of sample times than its frames"])

    def change(self, index, change, **values):
        """The recording with other frames in one member, whose checksums are right."""
        m = self.members[index]
        frames = split(m.content())
        change(frames)
        return self.with_member(index, m.with_content(b"".join(frames), **values))

    def check_change(self, change, *words, warning=False):
        faults, warnings = self.faults(self.change(5, change), 0 if warning else 3)
        for word in words:
            self.assertTrue(any(word in f for f in (warnings if warning else faults)), (word, faults, warnings))
        if warning:
            self.assertEqual(faults, [])

    def test_frames(self):
        def swap(frames): frames[10], frames[11] = frames[11], frames[10]
        def no_seq(frames): frames[10] = replaced(frames[10], SEQ, None)
        def no_frame(frames): frames[10] = long(b"\xff\xff\xff")
        def session(frames): frames[10] = replaced(frames[10], 3, b"\x1a\x05other")
        def no_context(frames): frames[0] = replaced(replaced(frames[0], STAT, None), CAPTURE, None)
        def half(frames): frames[-1] = frames[-1][:-5]
        first = self.members[5]["first_seq"]
        self.check_change(swap, f"seq jumps from {first + 9} to {first + 11}", f"seq goes back from {first + 11}",
                          "the sample time goes back by 0.003000 s")
        self.check_change(no_seq, "a frame has no seq")
        self.check_change(no_frame, "a frame of 3 bytes is no TelemetryFrame")
        self.check_change(session, "' to 'other'", "from 'other' to '")
        self.check_change(no_context, "lacks the static page", "lacks the capture")
        self.check_change(half, "does not end with a frame")

    def test_values(self):
        """Odd values are warnings: the file is whole, and the frames are counted."""
        def physics(frames, tag, value):
            for i in (10, 11):
                frame = Frame(bare(frames[i]))
                frames[i] = replaced(frames[i], 4, b"\x22" + long(frame.fields[4] + tag + struct.pack("<f", value)))
        self.check_change(lambda f: physics(f, b"\x15", 1.5), "gas is outside 0 to 1: 1.5", warning=True)
        self.check_change(lambda f: physics(f, b"\x0d", float("nan")), "speed_kmh is no finite number: ", warning=True)
        said = self.doctor(self.file(self.change(5, lambda f: physics(f, b"\x15", 1.5))), 0)
        found, m = said["findings"][0], self.members[5]
        self.assertEqual((found["frames"], found["seq"], found["at_byte"]), (2, m["first_seq"] + 10, m.at))
        self.assertEqual(said["warnings"], 1)

    def test_capture(self):
        def back(frames):
            frames[0] = replaced(frames[0], CAPTURE, None)
            frames[0] = long(bare(frames[0]) + b"\x9a\x01" + long(b"\x08\x01"))
        self.check_change(back, "the totals of the capture go back")

    def test_end_mark(self):
        end = self.members[-1]
        faults, _ = self.faults(self.data[:end.at] + end.with_values(first_seq=5))
        self.assertEqual(faults, [f"the end mark says that seq 5 comes next, but frames up to {len(self.bodies)} stand "
                                  "before it"])
        faults, _ = self.faults(self.data[:end.at] + end.with_values(first_seq=len(self.bodies) + 4))
        self.assertIn(f"frames {len(self.bodies) + 1} to {len(self.bodies) + 3} are missing", faults[0])
        cut = self.members[7]
        mark = end.with_values(first_seq=cut["first_seq"])
        faults, _ = self.faults(self.data[:cut.at] + mark + self.data[cut.at:])
        self.assertEqual(faults, [f"a member stands behind the end mark at byte {cut.at}"])

    def test_members_twice(self):
        """A member that comes again: doctor says so, recover takes it once."""
        m = self.members[5]
        data = self.data[:m.end] + m.bytes + self.data[m.end:]
        faults, _ = self.faults(data)
        self.assertTrue(any("seq goes back" in f for f in faults), faults)
        _, said = self.check_recovered(self.file(data), self.members[:-1], 0)
        self.assertIn(f"{m['frames']} left out: they had been there already", said)


ZERO = bytes(4)
PHYSICS_ZEROS = {1: ZERO, 2: ZERO, 3: ZERO, 4: ZERO, 5: 0, 6: ZERO, 7: ZERO}
GRAPHICS_ZEROS = {1: 0, 2: 0, 3: 0, 4: ZERO, 5: ZERO, 6: ZERO, 7: ZERO, 8: ZERO, 9: ZERO}


class Others(Base):
    """Files that are not of ours, and none at all."""

    def original(self, n, **changes):
        """Frames as the original project writes them, with their lengths: no brake, no position, sometimes no gear, as
        0 is left out."""
        frames = []
        for i in range(n):
            gear = b"\x28" + number(i % 4) if i % 4 else b""
            physics = b"\x0d" + struct.pack("<f", 144.0) + b"\x15" + struct.pack("<f", 0.5) + gear
            physics += b"\x62\x0a\x0d" + struct.pack("<f", 32.0) + b"\x1d" + struct.pack("<f", 24.0)
            frames.append(long(b"\x08" + number(10**9 + 3_000_000 * changes.get("times", range(n))[i]) + b"\x12\x0dassetto_corsa"
                               b"\x1a\x03abc" + b"\x22" + long(physics) + b"\x2a\x02\x10\x01"))
        return frames

    def test_original(self):
        """It becomes a recording of ours: its frames, numbered in their order, with their values. What the original
        leaves out is 0, and must be there as 0: in a frame with seq it would not be known."""
        frames = self.original(500)
        path = self.file(gzip.compress(b"".join(frames)), "telemetry_record.pb.gz")
        done = run("doctor", path)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("written by the original project", done.stdout.decode())
        out, said = self.recover(path, 0)
        self.assertIn("500 of them had no seq and got one", said)
        found = Recording(out)
        self.assertEqual([f.seq for f in found.frames], list(range(1, 501)))
        for ours, theirs in zip(found.frames, (Frame(bare(f)) for f in frames)):
            self.assertEqual(ours.fields.keys(), theirs.fields.keys() | {SEQ})
            for tag in (1, 2, 3):
                self.assertEqual(ours.fields[tag], theirs.fields[tag])
            for group, zeros in ((PHYSICS, PHYSICS_ZEROS), (GRAPHICS, GRAPHICS_ZEROS)):
                values, expected = ours.group(group), zeros | theirs.group(group)
                if group == PHYSICS:
                    self.assertEqual(f32(values.pop(12), 3), f32(expected.pop(12), 3))
                self.assertEqual(values, expected)
        self.assertGreater(found.members, 5)
        self.doctor(out, 0)

    def test_original_as_table(self):
        """The same values stand in the tables of both files."""
        frames = self.original(500)
        path = self.file(gzip.compress(b"".join(frames)), "telemetry_record.pb.gz")
        out, _ = self.recover(path, 0)
        columns = "t_ns,game,session,speed_kmh,gas,brake,gear,steer,rpm,ax_g,tyre_load_n_fl,lap,pos,velocity_mps_y"
        before, after = (run("cat", p, "-c", columns, "--format", "csv") for p in (path, out))
        self.assertEqual(before.returncode, 0, before.stderr)
        rows = before.stdout.decode().split()
        self.assertEqual(len(rows), 501)
        for row in rows[1:]:
            values = dict(zip(columns.split(","), row.split(",")))
            self.assertEqual((float(values["brake"]), values["pos"]), (0, "0"), row)
        self.assertEqual(len({row.split(",")[6] for row in rows[1:]}), 4)  # gears, neutral as well
        self.assertEqual(after.stdout, before.stdout)

    def test_original_keeps_unknown_fields(self):
        """A writer that knows more than we do: what it wrote is still there, in frame and parts."""
        def more(frame, k):
            data = bare(frame)
            graphics = Frame(data).fields[GRAPHICS] + b"\xc8\x3e" + number(k)  # field 1001
            data = bare(replaced(frame, GRAPHICS, b"\x2a" + long(graphics)))
            return long(data + b"\xc2\x3e" + long(b"note %d" % k))             # field 1000
        frames = [more(f, k) for k, f in enumerate(self.original(300))]
        path = self.file(gzip.compress(b"".join(frames)), "telemetry_record.pb.gz")
        out, _ = self.recover(path, 0)
        found = Recording(out).frames
        self.assertEqual(len(found), 300)
        for k, frame in enumerate(found):
            self.assertEqual((frame.fields[1000], frame.group(GRAPHICS)[1001]), (b"note %d" % k, k))
        self.doctor(out, 0)

    def test_original_cut(self):
        frames = self.original(500)
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        path = self.file(packer.compress(b"".join(frames)) + packer.flush(zlib.Z_SYNC_FLUSH), "telemetry_record.pb.gz")
        said = self.doctor(path, 3)
        self.assertIn("the file is cut", said["findings"][0]["text"])
        out, text = self.recover(path, 3)
        self.assertIn("the file is cut", text)
        self.assertEqual(len(Recording(out).frames), 500)

    def test_original_out_of_order(self):
        times = [*range(100), 50, 99, *range(100, 200)]
        frames = self.original(len(times), times=times)
        path = self.file(gzip.compress(b"".join(frames)), "telemetry_record.pb.gz")
        self.assertEqual(self.doctor(path, 3)["faults"], 1)
        out, said = self.recover(path, 0)
        self.assertIn("2 left out: they had been there already, or are not later", said)
        self.assertEqual(len(Recording(out).frames), 200)
        self.doctor(out, 0)

    def test_unpacked_and_packed_again(self):
        """Our own frames in one gzip stream keep their numbers."""
        path = self.file(gzip.compress(b"".join(m.content() for m in self.members)))
        self.doctor(path, 0)
        self.check_recovered(path, self.members[:-1], 0)
        path = self.file(path.read_bytes()[:-100000])
        out, _ = self.recover(path, 3)
        seqs = [f.seq for f in Recording(out).frames]
        self.assertEqual(seqs, list(range(1, len(seqs) + 1)))

    def test_two_sessions(self):
        """A recording is one session: frames of another are left out."""
        frames = self.original(100)
        other = [f.replace(b"\x1a\x03abc", b"\x1a\x03xyz") for f in frames]
        path = self.file(gzip.compress(b"".join(frames + other)))
        out, said = self.recover(path, 3)
        self.assertIn("100 left out: they are of another session", said)
        self.assertEqual(len(Recording(out).frames), 100)

    def test_nothing_to_save(self):
        empty = gzip.compress(b"")
        for data in (b"", b"hello", gzip.compress(b"hello" * 100), self.data[:HEADER], self.data[:60],
                     random.Random(1).randbytes(100000), empty):
            path = self.file(data)
            out, said = self.recover(path, 1)
            self.assertEqual((said, out.exists()), ("", False), data[:20])
            self.assertEqual(run("doctor", path).returncode, 0 if data == empty else 1)

    def test_output(self):
        """OUT is not overwritten unasked, nor is IN ever."""
        out = self.dir / "there.pb.gz"
        out.write_text("precious")
        done = run("recover", self.whole, out)
        self.assertEqual((done.returncode, out.read_text()), (1, "precious"), done.stderr)
        self.assertEqual(run("recover", self.whole, self.whole, "--force").returncode, 2)
        self.assertEqual(self.whole.read_bytes(), self.data)
        self.assertEqual(run("recover", self.whole, out, "--force").returncode, 0)
        self.assertEqual(out.read_bytes(), self.data)
        self.assertEqual(run("recover", self.whole, self.dir / "no" / "folder.pb.gz").returncode, 1)
        self.assertEqual(run("recover", self.whole).returncode, 2)

    def test_bomb(self):
        """A gzip bomb is checked and saved with little memory."""
        def little():
            resource.setrlimit(resource.RLIMIT_DATA, (96 << 20, 96 << 20))
        block = long(b"\x08\x01\x7a" + long(bytes(59000)))
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        path = self.file(b"".join(packer.compress(block) for _ in range(4000)) + packer.flush())
        limit = {} if "asan" in os.environ["ACQ_BUILD"] else {"preexec_fn": little}
        self.assertEqual(run("doctor", path, **limit).returncode, 0)
        self.assertEqual(run("recover", path, self.dir / "bomb.pb.gz", **limit).returncode, 0)


if __name__ == "__main__":
    unittest.main()
