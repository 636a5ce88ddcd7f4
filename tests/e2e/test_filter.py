#!/usr/bin/env python3
"""acq filter: the frames that were asked for, byte for byte; channels dropped; marks of what was left out on purpose, and
damage that stays damage; outputs that must not be touched; recordings of the original project."""
import os
import struct
import unittest

import crafted
from drive import DriveCase, run
from frames import CAPTURE, GRAPHICS, PHYSICS, SEQ, STAT, Frame, Recording

LAP = 2  # completed_laps in Graphics


class Filter(DriveCase):
    def filter(self, *options, source=None, code=0):
        """The recording that comes out, and what was said on stderr."""
        result = run("filter", source or self.path, self.out, *options)
        self.assertEqual(result.returncode, code, result.stderr)
        made = Recording(self.out)
        self.assertTrue(result.stdout.startswith(f"Wrote {self.out} with {len(made.frames)} frames, "), result.stdout)
        self.assertTrue(made.closed)
        self.assertEqual(made.session, self.drive.session)
        return made, result.stderr

    def same(self, made, wanted):
        self.assertEqual([f.seq for f in made.frames], [f.seq for f in wanted])
        self.assertEqual(made.bodies(), [f.body for f in wanted])
        self.assertTrue({STAT, CAPTURE} <= set(made.frames[0].fields))
        data, alone = made.path.read_bytes(), self.dir / "alone.pb.gz"
        for at, size, *_ in crafted.members(data)[:-1][::-20]:  # each can be read alone
            alone.write_bytes(data[at:at + size])
            self.assertTrue({STAT, CAPTURE} <= set(Recording(alone).frames[0].fields))

    def whole(self, path):
        """Nothing calls the recording damaged."""
        result = run("cat", path, "--format", "csv", "-c", "seq")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        result = run("doctor", path)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def between(self, begin, end):
        first = self.drive.frames[0].t_ns
        return [f for f in self.drive.frames if begin * 1e9 <= f.t_ns - first < end * 1e9]

    def of_laps(self, laps):
        return [f for f in self.drive.frames if f.group(GRAPHICS).get(LAP, 0) + 1 in laps]

    def test_lap_is_what_it_is_taken_for(self):
        self.assertTrue(f"int32 completed_laps = {LAP};" in run("channels", "--proto").stdout)
        self.assertGreater(self.drive.frames[-1].group(GRAPHICS)[LAP], 1)

    def test_time(self):
        made, said = self.filter("--from", "10.1", "--to", "0:20")
        self.same(made, self.between(10.1, 20))
        self.assertEqual(said, "")
        self.whole(self.out)
        data = self.out.read_bytes()
        inner = [m for m in self.members if made.frames[0].seq <= m[2] and m[2] + m[3] - 1 <= made.frames[-1].seq]
        self.assertGreater(len(inner), 30)
        for at, size, *_ in inner[1:]:  # members that are wanted as they are come as they are
            self.assertIn(self.data[at:at + size], data)
        self.assertEqual([m[4] for m in crafted.members(data)], [1] + [0] * (len(crafted.members(data)) - 1))

    def test_everything(self):
        made, _ = self.filter()
        self.same(made, self.drive.frames)
        self.assertEqual(self.out.read_bytes(), self.data)

    def test_laps(self):
        made, _ = self.filter("--laps", "1,3")
        self.same(made, self.of_laps({1, 3}))
        self.assertEqual(sum(m[4] for m in crafted.members(self.out.read_bytes())), 1)
        self.whole(self.out)
        made, _ = self.filter("--laps", "3", "--force", source=self.path)
        self.same(made, self.of_laps({3}))

    def test_again(self):
        """A part of a part: what was left out the first time is no damage the second time."""
        first = self.dir / "first.pb.gz"
        self.assertEqual(run("filter", self.path, first, "--laps", "1,3").returncode, 0)
        made, said = self.filter("--from", "1", source=first)
        second = self.between(1, 99)[0].seq
        self.same(made, [f for f in self.of_laps({1, 3}) if f.seq >= second])
        self.assertEqual(said, "")
        self.whole(self.out)

    def test_columns(self):
        made, _ = self.filter("-c", "speed_kmh", "tyre_load_n_fl,lap", "--from", "5", "--to", "6")
        wanted = self.between(5, 6)
        self.assertEqual([f.seq for f in made.frames], [f.seq for f in wanted])
        for frame, old in zip(made.frames, wanted):
            self.assertEqual(set(frame.group(PHYSICS)), {1, 9, 16})  # speed_kmh, tyre_load, packet_id
            for number, value in frame.group(PHYSICS).items():
                self.assertEqual(value, old.group(PHYSICS)[number])
            self.assertEqual(set(frame.group(GRAPHICS)), {LAP, 16} & set(old.group(GRAPHICS)))
            for number in set(old.fields) - {PHYSICS, GRAPHICS, STAT, CAPTURE}:
                self.assertEqual(frame.fields[number], old.fields[number])
        stat, _ = made.last_context()
        self.assertEqual(stat, self.drive.last_context()[0])
        self.whole(self.out)
        rows = run("cat", self.out, "--format", "csv", "-n", "1", "-c", "speed_kmh", "gas", "tyre_load_n_rr").stdout
        self.assertRegex(rows.splitlines()[1], r"^[0-9.]+,,[0-9.]+$")

    def test_pipe(self):
        with open(self.path, "rb") as file:
            result = run("filter", "-", self.out, "--from", "30", "--to", "31", stdin=file)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.same(Recording(self.out), self.between(30, 31))

    def test_foreign(self):
        """One gzip stream, written by another program: frames are taken one by one."""
        foreign = self.dir / "foreign.pb.gz"
        crafted.write(foreign, crafted.read(self.path))
        made, _ = self.filter("--from", "30", "--to", "31", source=foreign)
        self.same(made, self.between(30, 31))

    def test_nothing(self):
        for options in (("--laps", "7"), ("--from", "2:00")):
            result = run("filter", self.path, self.out, *options)
            self.fails(result, 1, "no frame of", "the laps 1 to 3", "0:59.997 long")
        self.assertEqual(list(self.dir.glob("test_nothing*")), [])

    def test_damage_stays_damage(self):
        """Members are broken inside and outside of what is wanted."""
        broken = bytearray(self.data)
        inside, outside = self.members[60], self.members[200]
        for at, *_ in (inside, outside):
            broken[at + 300] ^= 1
        source = self.dir / "broken.pb.gz"
        source.write_bytes(broken)
        made, said = self.filter("--from", "10", "--to", "20", source=source, code=3)
        lost = set(range(inside[2], inside[2] + inside[3]))
        self.same(made, [f for f in self.between(10, 20) if f.seq not in lost])
        self.assertIn(f"{len(lost)} frames are missing", said)
        result = run("cat", self.out, "--format", "csv", "-c", "seq")
        self.assertEqual(result.returncode, 3)
        self.assertIn(f"{len(lost)} frames are missing", result.stderr)
        self.out.unlink()
        made, said = self.filter("--from", "30", "--to", "40", source=source)
        self.same(made, self.between(30, 40))
        self.assertEqual(said, "")

    def test_outputs(self):
        self.out.write_bytes(b"precious")
        self.fails(run("filter", self.path, self.out), 1, "exists already", "--force")
        self.assertEqual(self.out.read_bytes(), b"precious")
        self.assertEqual(run("filter", self.path, self.out, "--force", "--to", "1").returncode, 0)
        self.same(Recording(self.out), self.between(0, 1))
        link = self.dir / "link.pb.gz"
        link.symlink_to(self.path)
        for out in (self.path, link):
            self.fails(run("filter", self.path, out, "--force"), 2, "another name for OUT")
        self.assertEqual(self.path.read_bytes(), self.data)
        self.fails(run("filter", self.path, self.dir / "no" / "where.pb.gz"), 1, "no such folder")
        self.fails(run("filter", self.path, self.dir), 1, "is a folder")
        self.fails(run("filter", self.dir / "none.pb.gz", self.dir / "new.pb.gz"), 1, "none.pb.gz")
        self.fails(run("filter", self.path), 2, "acq filter IN OUT")
        self.fails(run("filter", self.path, self.out, "-c", "speed"), 2, "'speed_kmh'")
        self.assertEqual([p.name for p in self.dir.iterdir() if "part" in p.name], [])

    def test_original(self):
        """Recordings of the original project stay what they are: frames without seq in one gzip stream."""
        def frame(i):
            physics = b"\x0d" + struct.pack("<f", i)
            return (crafted.field(1, 10**12 + i * 3000000) + crafted.field(3, "abc") +
                    crafted.field(PHYSICS, physics) + crafted.field(GRAPHICS, b""))

        source = self.dir / "original.pb.gz"
        frames = [frame(i) for i in range(5000)]
        self.assertNotIn(SEQ, Frame(frames[0]).fields)
        crafted.write(source, frames)
        result = run("filter", source, self.out, "--from", "3", "--to", "6")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(crafted.read(self.out), frames[1000:2000])
        again = run("cat", self.out, "--format", "csv", "-c", "speed_kmh")
        self.assertEqual((again.returncode, again.stderr), (0, ""))
        self.assertEqual(len(again.stdout.splitlines()), 1001)
        new = self.dir / "dropped.pb.gz"
        self.fails(run("filter", source, new, "-c", "gas"), 2, "the original project", "acq convert")
        self.assertFalse(new.exists())

    def test_help(self):
        text = run("filter", "--help").stdout
        os.link(self.path, self.dir / "hour.pb.gz")
        examples = [line.strip() for line in text.split("Examples:")[1].splitlines() if line.startswith("  acq")]
        self.assertEqual(len(examples), 3)
        for example in examples:
            example = example.replace("30:00", "0:30").replace("30:10", "0:40")  # our hour is short
            result = run(*example.split()[1:], cwd=self.dir)
            self.assertEqual((result.returncode, result.stderr), (0, ""), example)


if __name__ == "__main__":
    unittest.main()
