#!/usr/bin/env python3
"""acq merge: parts and copies of a session, whole and damaged, become one recording with the same frames, byte for byte;
sessions that follow each other become one; what does not belong together is refused."""
import struct
import unittest

import crafted
from drive import DriveCase, run
from frames import CAPTURE, SEEN, STAT, Frame, Recording

SECOND = 10**9


class Base(DriveCase):
    seconds = 20

    def file(self, name, data):
        path = self.dir / f"{self._testMethodName}-{name}.pb.gz"
        path.write_bytes(data)
        return path

    def foreign(self, name, messages):
        path = self.dir / f"{self._testMethodName}-{name}.pb.gz"
        crafted.write(path, messages)
        return path

    def part(self, name, *options):
        """A part of the drive, whose members begin and end elsewhere."""
        path = self.dir / f"{self._testMethodName}-{name}.pb.gz"
        self.assertEqual(run("filter", self.path, path, *options).returncode, 0)
        return path

    def broken(self, name, *numbers):
        """The drive with these members broken, each in another way."""
        data = bytearray(self.data)
        for i in numbers:
            at, size, *_ = self.members[i]
            if i % 3 == 0:
                data[at + 500] ^= 4
            elif i % 3 == 1:
                data[at:at + 64] = bytes(64)
            else:
                data[at + 10:at + size - 10] = bytes(size - 20)
        return self.file(name, data)

    def merge(self, *sources, code=0, options=()):
        """What comes out, what was said on stdout and on stderr."""
        result = run("merge", self.out, *sources, *options)
        self.assertEqual(result.returncode, code, result.stderr)
        made = Recording(self.out)
        self.assertTrue(made.closed)
        count = f"{len(sources)} recording{'s' if len(sources) > 1 else ''}"
        self.assertTrue(result.stdout.startswith(f"Wrote {self.out} with {len(made.frames)} frames of {count}; "),
                        result.stdout)
        data, partial = self.out.read_bytes(), 0
        for at, size, *_ in crafted.members(data)[:-1]:
            partial = 3 if data[at:at + size] not in self.data else max(partial - 1, 0)
            if partial:  # each member that was made anew, or follows one that was, can be read alone
                first = crafted.read(self.file("alone", data[at:at + size]))[0]
                self.assertTrue({STAT, CAPTURE} <= set(Frame(first).fields))
        return made, result.stdout, result.stderr

    def same(self, made, wanted=None):
        wanted = self.drive.frames if wanted is None else wanted
        self.assertEqual(made.session, self.drive.session)
        self.assertEqual([f.seq for f in made.frames], [f.seq for f in wanted])
        self.assertEqual(made.bodies(), [f.body for f in wanted])


class OneSession(Base):
    def test_copies(self):
        made, out, err = self.merge(self.path, self.file("copy", self.data))
        self.assertEqual(self.out.read_bytes(), self.data)
        self.assertIn(f"; {len(made.frames)} were in more than one", out)
        self.assertEqual(err, "")

    def test_alone(self):
        self.merge(self.path)
        self.assertEqual(self.out.read_bytes(), self.data)

    def test_parts(self):
        """Parts that overlap, in any order of naming."""
        parts = [self.part("a", "--to", "7.1"), self.part("b", "--from", "6.9", "--to", "15"),
                 self.part("c", "--from", "14.99")]
        for order in (parts, parts[::-1], [parts[1], parts[2], parts[0]]):
            made, _, err = self.merge(*order)
            self.same(made)
            self.assertEqual(err, "")
            self.out.unlink()

    def test_crash(self):
        """A file cut by a crash, and the rest, which the server has from a little before on."""
        at = self.members[40][0]
        torn = self.file("torn", self.data[:at + 777])
        rest = self.part("rest", "--from", "9.123")
        made, _, err = self.merge(torn, rest)
        self.same(made)
        self.assertEqual(err, "")
        self.out.unlink()
        made, _, err = self.merge(torn, code=3)
        self.same(made, self.drive.frames[:self.members[40][2] - 1])
        self.assertIn(f"{self.members[40][3]} frames are missing", err)
        self.out.unlink()
        made, _, err = self.merge(self.file("none", self.data[:at + 50]), code=3)  # not even a header
        self.same(made, self.drive.frames[:self.members[40][2] - 1])
        self.assertIn("the end is missing", err)

    def test_holes_are_filled(self):
        """Each is damaged, but nowhere both."""
        a, b = self.broken("a", 0, 7, 8, 30, 50), self.broken("b", 3, 10, 29, 31, 52)
        for order in ((a, b), (b, a)):
            made, _, err = self.merge(*order)
            self.same(made)
            self.assertEqual(err, "")
            self.out.unlink()

    def test_holes_of_other_shapes(self):
        """The second one's members have other edges; the third is one gzip stream."""
        shifted = self.part("shifted", "--from", "0.1")
        made, _, _ = self.merge(self.broken("a", 7, 8, 30), shifted)
        self.same(made)
        self.out.unlink()
        made, _, _ = self.merge(self.broken("b", 0, 7, 8, 30), self.foreign("c", self.raw))
        self.same(made)
        whole = [m for m in self.members[:-1] if m[2] not in {self.members[i][2] for i in (0, 7, 8, 30)}]
        data = self.out.read_bytes()
        for at, size, *_ in whole:  # what was whole is copied as it is
            self.assertIn(self.data[at:at + size], data)

    def test_holes_that_stay(self):
        a, b = self.broken("a", 5, 20, 21), self.broken("b", 9, 21)
        made, _, err = self.merge(a, b, code=3)
        _, _, first, count, _ = self.members[21]
        self.same(made, [f for f in self.drive.frames if not first <= f.seq < first + count])
        self.assertIn(f"{count} frames are missing", err)
        result = run("cat", self.out, "-c", "seq", "--format", "csv")
        self.assertEqual(result.returncode, 3)
        self.assertIn(f"{count} frames are missing", result.stderr)

    def test_left_out_on_purpose(self):
        made, _, err = self.merge(self.part("a", "--from", "2", "--to", "4"), self.part("b", "--from", "10", "--to", "11"))
        t = self.drive.frames[0].t_ns
        self.same(made, [f for f in self.drive.frames
                         if 2 * SECOND <= f.t_ns - t < 4 * SECOND or 10 * SECOND <= f.t_ns - t < 11 * SECOND])
        self.assertEqual(err, "")
        self.assertEqual(run("cat", self.out, "-n", "100000").stderr, "")
        self.assertEqual(run("doctor", self.out).returncode, 0)

    def test_first_named_counts(self):
        """Where several have a frame, that of the first one is taken."""
        dropped = self.part("dropped", "-c", "speed_kmh", "--from", "5", "--to", "6")
        few = {f.seq: f.body for f in Recording(dropped).frames}
        made, _, _ = self.merge(dropped, self.path)
        self.assertEqual(made.bodies(), [few.get(f.seq, f.body) for f in self.drive.frames])
        self.out.unlink()
        made, _, _ = self.merge(self.path, dropped)
        self.same(made)

    def test_folder(self):
        folder = self.dir / "folder"
        folder.mkdir()
        self.part("b", "--from", "9").rename(folder / "b.pb.gz")
        self.part("a", "--to", "10").rename(folder / "a.pb.gz")
        result = run("merge", self.out, folder)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("of 2 recordings", result.stdout)
        self.same(Recording(self.out))
        self.fails(run("merge", folder / "a.pb.gz", folder, "--force"), 2, "is one of the recordings that are read")

    def test_outputs(self):
        copy = self.file("copy", self.data)
        self.out.write_bytes(b"precious")
        self.fails(run("merge", self.out, self.path, copy), 1, "exists already", "--force")
        self.assertEqual(self.out.read_bytes(), b"precious")
        self.assertEqual(run("merge", self.out, self.path, copy, "--force").returncode, 0)
        self.assertEqual(self.out.read_bytes(), self.data)
        self.fails(run("merge", copy, self.path, copy, "--force"), 2, "is one of the recordings")
        self.fails(run("merge", self.out), 2, "acq merge OUT")
        with open(self.path, "rb") as file:
            self.fails(run("merge", self.dir / "x.pb.gz", "-", stdin=file), 2, "standard input")
        self.fails(run("merge", self.dir / "x.pb.gz", self.path, self.dir / "none.pb.gz"), 1, "none.pb.gz")
        other = self.dir / "other.pb.gz"
        other.write_bytes(b"hello")
        self.fails(run("merge", self.dir / "x.pb.gz", self.path, other), 1, "not a recording")
        self.assertEqual([p.name for p in self.dir.iterdir() if ".part" in p.name or p.name == "x.pb.gz"], [])

    def test_help(self):
        text = run("merge", "--help").stdout
        folder = self.dir / "help"
        (folder / "recordings").mkdir(parents=True)
        for name in ("bridge", "server", "recordings/a"):
            (folder / f"{name}.pb.gz").write_bytes(self.data)
        examples = [line.strip() for line in text.split("Examples:")[1].splitlines() if line.startswith("  acq")]
        self.assertEqual(len(examples), 2)
        for example in examples:
            result = run(*example.split()[1:], cwd=folder)
            self.assertEqual((result.returncode, result.stderr), (0, ""), example)


class Sessions(Base):
    """Sessions that follow each other, or do not."""

    def later(self, seconds=100, session="second", previous=None, utc_seconds=None, frames=None):
        """The frames of another session, so much later on the steady clock, and on the calendar."""
        utc = (seconds if utc_seconds is None else utc_seconds) * SECOND
        return [crafted.changed(data, session=session, shift_ns=seconds * SECOND, utc_shift_ns=utc,
                                previous=previous if i == 0 else None)
                for i, data in enumerate(frames or self.raw)]

    def check_joined(self, made, sessions):
        """The first session as it is; then the others with numbers, times and counts that go on."""
        n = len(self.drive.frames)
        self.assertEqual(len(made.frames), n * sessions)
        self.assertEqual(made.bodies()[:n], self.drive.bodies())
        self.assertEqual([f.seq for f in made.frames], list(range(1, n * sessions + 1)))
        self.assertEqual({f.fields[3] for f in made.frames}, {self.drive.session.encode()})
        for a, b in zip(made.frames, made.frames[1:]):
            self.assertGreater(b.t_ns, a.t_ns)
            self.assertEqual(b.utc_ns - a.utc_ns, b.t_ns - a.t_ns)
        for k in range(1, sessions):
            for new, old in zip(made.frames[k * n:(k + 1) * n], self.drive.frames):
                for number in (2, 4, 5):  # game, physics, graphics
                    self.assertEqual(new.fields[number], old.fields[number], f"seq {new.seq}")
        seen = [f.group(CAPTURE)[SEEN] for f in made.frames if SEEN in f.group(CAPTURE)]
        self.assertEqual(seen, sorted(seen))
        self.assertFalse(any(6 in f.group(CAPTURE) for f in made.frames))  # the first one goes on from none

    def test_chain(self):
        """Each names the one before it."""
        second = self.foreign("second", self.later(100, "second", previous=self.drive.session))
        third = self.foreign("third", self.later(200, "third", previous="second"))
        made, out, err = self.merge(third, self.path, second)
        self.check_joined(made, 3)
        self.assertEqual(err, "")
        self.assertIn(f"Joined 3 sessions: the last {2 * len(self.drive.frames)} frames are encoded anew, as session "
                      f"{self.drive.session}\n", out)

    def test_join(self):
        """On request, sessions of the same car, track and driver; after a restart of the machine, whose steady clock
        begins again."""
        second = self.foreign("second", self.later(-1 if self.drive.frames[0].t_ns > SECOND else 0, "second",
                                                   utc_seconds=3600))
        refused = run("merge", self.out, self.path, second)
        self.fails(refused, 2, str(self.path), str(second), "--join", self.drive.session, "second")
        self.assertFalse(self.out.exists())
        made, _, _ = self.merge(self.path, second, options=("--join",))
        self.check_joined(made, 2)
        n = len(self.drive.frames)
        self.assertEqual(made.frames[n].utc_ns - made.frames[0].utc_ns, 3600 * SECOND)
        self.assertEqual(run("doctor", self.out).returncode, 0)

    def test_parts_of_sessions(self):
        """Copies and parts of each session, all at once."""
        later = self.later(100, "second", previous=self.drive.session)
        made, _, err = self.merge(self.foreign("d", later[3000:]), self.broken("a", 4), self.foreign("c", later[:4000]),
                                  self.broken("b", 9))
        self.check_joined(made, 2)
        self.assertEqual(err, "")

    def test_overlap(self):
        second = self.foreign("second", self.later(10, "second", previous=self.drive.session))
        self.fails(run("merge", self.out, self.path, second), 2, "overlap in time")
        self.assertFalse(self.out.exists())

    def test_other_car(self):
        def other(data):
            """car_model again, which counts as it comes later"""
            return data + (crafted.field(STAT, crafted.field(1, "tractor")) if STAT in Frame(data).fields else b"")

        second = self.foreign("second", [other(data) for data in self.later(100, "second")])
        for options in ((), ("--join",)):
            self.fails(run("merge", self.out, self.path, second, *options), 2, "do not belong together", "tractor")
        self.assertFalse(self.out.exists())

    def test_original(self):
        frames = [crafted.field(1, 10**12 + i * 3000000) + crafted.field(3, "abc") +
                  crafted.field(4, b"\x0d" + struct.pack("<f", i)) + crafted.field(5, b"") for i in range(100)]
        path = self.foreign("original", frames)
        self.fails(run("merge", self.out, path, path), 2, "the original project", str(path))


if __name__ == "__main__":
    unittest.main()
