#!/usr/bin/env python3
"""acq laps: simulated drives against what the simulator knows; real recordings against what was read off them by hand;
drives made up here with restarts, pits, pauses, replays, holes and fields that change one after the other."""
import csv
import io
import json
import os
import pathlib
import re
import struct
import subprocess
import unittest

from acq import ACQ, SOURCE, Place
from crafted import field, read, varint, write

DATA = pathlib.Path(os.environ.get("ACQ_DATA", "/nowhere"))
LIVE, REPLAY, PAUSE = 2, 1, 3

# field numbers and kinds of what is written here: proto/telemetry/v1/telemetry.proto
PHYSICS = {"speed": (1, "f"), "fuel": (17, "f"), "tyres_out": (34, "i"), "ai": (60, "i"), "air": (45, "f"),
           "road": (46, "f")}
WHEELS = {"tyre_c": 10, "brake_c": 56}
GRAPHICS = {"status": (1, "i"), "laps": (2, "i"), "pos": (9, "f"), "session_type": (17, "i"), "clock": (19, "i"),
            "last": (20, "i"), "best": (21, "i"), "in_pit": (24, "i"), "sector": (25, "i"), "sector_ms": (26, "i"),
            "penalty": (31, "f"), "in_pit_lane": (34, "i")}
STAT = {"sectors": (23, "i"), "spline": (46, "f")}


def values(table, state):
    out = b""
    for name, (number, kind) in table.items():
        value = state.get(name)
        if value is not None and kind == "f":
            out += varint(number << 3 | 5) + struct.pack("<f", value)
        elif value is not None:
            out += field(number, value & (1 << 64) - 1)
    return out


def floats(number, four):
    return field(number, b"".join(varint(i + 1 << 3 | 5) + struct.pack("<f", v) for i, v in enumerate(four)))


def frame(seq, t, state, session="a-session", previous=None, stat=None):
    physics = values(PHYSICS, state)
    for name, number in WHEELS.items():
        if name in state:
            physics += floats(number, state[name])
    if "x" in state:
        place = b"".join(varint(i + 1 << 3 | 5) + struct.pack("<f", state.get(k, 0.0)) for i, k in enumerate("xyz"))
    out = field(1, round(t * 1e9) + 10**9) + field(2, "assetto_corsa") + field(3, session) + field(4, physics)
    out += field(5, values(GRAPHICS, state) + (field(30, place) if "x" in state else b"")) + field(16, seq)
    if stat is not None:
        out += field(6, field(1, "a_car") + field(2, "a_track") + values(STAT, stat))
    return out + (field(19, field(6, previous)) if previous else b"")


class Drive:
    """A made-up drive: 500 m a lap in 10 s, three sectors, frames at 50 Hz. Each method drives on."""
    LENGTH, LAP, STEP = 500.0, 10.0, 0.02

    def __init__(self, pos=0.98, clock=0, seed_speed=0.0, **state):
        self.t, self.frames, self.sector_at, self.waiting = 0.0, [], 0, []
        self.state = dict(status=LIVE, laps=0, pos=pos, clock=clock, last=0, best=0, sector=0, sector_ms=0, in_pit=0,
                          in_pit_lane=0, tyres_out=0, speed=seed_speed, fuel=50.0, session_type=0, ai=0)
        self.state.update(state)
        self.lap_t = -clock / 1000
        self.crossed = pos < 0.8

    def put(self, **changes):
        """One frame, a step later."""
        self.state.update(changes)
        self.frames.append((self.t, dict(self.state)))
        self.t = round(self.t + self.STEP, 6)
        return self

    def stand(self, seconds, clock=True):
        for _ in range(round(seconds / self.STEP)):
            self.put(speed=0.0, clock=round((self.t - self.lap_t) * 1000) if clock else self.state["clock"])
        return self

    def drive(self, seconds, late=(0, 0, 0, 0), counted=True, **changes):
        """Drives at full speed. At the line the position changes at once, clock, count, last and best time `late`
        frames later."""
        for _ in range(round(seconds / self.STEP)):
            s = self.state
            s.update(changes)
            s["speed"] = 3.6 * self.LENGTH / self.LAP
            s["fuel"] -= 0.001
            pos = s["pos"] + self.STEP / self.LAP
            if pos >= 1:
                pos -= 1
                # the line was passed between this frame and the one before
                at = self.t - pos * self.LAP
                if self.crossed:
                    ms = round((at - self.lap_t) * 1000)
                    best = ms if counted and (not s["best"] or ms < s["best"]) else s["best"]
                    self.waiting = [[late[0], {"clock": None}], [late[1], {"laps": s["laps"] + 1}],
                               [late[2], {"last": ms}], [late[3], {"best": best}]]
                    self.hold, self.lap_t = s["clock"], at
                    s["sector"], self.sector_at = 0, at
                self.crossed = True
            for entry in self.waiting:
                if entry[0] == 0:
                    s.update({k: v for k, v in entry[1].items() if v is not None})
                entry[0] -= 1
            waiting_clock = bool(self.waiting) and self.waiting[0][0] >= 0
            s["pos"] = pos
            s["clock"] = self.hold if waiting_clock else round((self.t - self.lap_t) * 1000)
            sector = min(int(pos * 3), 2)
            if sector == s["sector"] + 1:
                at = self.t - (pos - sector / 3) * self.LAP
                s["sector_ms"] = round((at - max(self.sector_at, self.lap_t)) * 1000)
                s["sector"], self.sector_at = sector, at
            self.put()
        return self

    def jump(self, seconds):
        """Time goes by without frames, while the car drives."""
        frames = len(self.frames)
        self.drive(seconds)
        del self.frames[frames:]
        return self

    def wait(self, seconds):
        """Time goes by while the game stands still."""
        self.t = round(self.t + seconds, 6)
        self.lap_t += seconds
        self.sector_at += seconds
        return self

    def restart(self, pos=0.98, **changes):
        self.lap_t, self.sector_at, self.crossed, self.waiting = self.t, self.t, pos < 0.8, []
        self.state.update(pos=pos, speed=0.0, clock=0, sector=0, **changes)
        return self

    def without(self, *names):
        for _, state in self.frames:
            for name in names:
                state[name] = None
        return self

    def save(self, path, session="a-session", previous=None, spline=500.0, shift=0.0, first=0, last=None):
        stat = {"sectors": 3, "spline": spline}
        write(path, [frame(i + 1, t + shift, state, session, previous, stat if i == 0 else None)
                     for i, (t, state) in enumerate(self.frames[first:last])])
        return path


def run(*words, **options):
    return subprocess.run([ACQ, *words], capture_output=True, timeout=300, **options)


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place().__enter__()
        cls.addClassCleanup(cls.place.__exit__, None)
        cls.dir = cls.place.folder

    def sessions(self, *words, code=0):
        done = run("laps", *words, "--json")
        self.assertEqual(done.returncode, code, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def laps(self, *words, code=0):
        found = self.sessions(*words, code=code)
        self.assertEqual(len(found), 1)
        return found[0]["laps"]

    def of(self, drive, code=0, **options):
        """The laps of a made-up drive, which are the same from Parquet."""
        path = drive.save(self.dir / (self.id().split(".")[-1] + ".pb.gz"), **options)
        found = self.laps(path, code=code)
        parquet = path.with_name(path.name.replace(".pb.gz", ".parquet"))
        self.assertEqual(run("convert", path, parquet, "--force").returncode, 0)
        self.assertEqual(self.laps(parquet, code=code), found)
        return found

    def kinds(self, laps):
        return [(lap["lap"], lap["kind"]) for lap in laps]


class Simulated(Base):
    def test_times_agree(self):
        for track, laps in (("short", 6), ("long", 2)):
            path = self.dir / f"{track}.pb.gz"
            self.assertEqual(run("sim", "--quiet", "--track", track, "--laps", str(laps), "--out", path).returncode, 0)
            truth = [lap["time_ms"] for lap in json.loads(run("info", path, "--json").stdout)["lap_times"]]
            found = self.laps(path)
            self.assertEqual(len(truth), laps)
            self.assertEqual([lap["time_ms"] for lap in found if lap["time_ms"]], truth)
            self.assertEqual(self.kinds(found), [(1, "out")] + [(n, "flying") for n in range(2, laps + 1)] +
                             [(laps + 1, "incomplete")])
            for lap in found[:-1]:
                self.assertEqual((lap["time_from"], lap["sectors_from"], lap["valid"]), ("game", "game", True), lap)
                self.assertLessEqual(abs(lap["time_ms"] - lap["samples_ms"]), 3)
                self.assertEqual(len(lap["sectors_ms"]), 3)
                self.assertEqual(sum(lap["sectors_ms"]), lap["time_ms"])
            self.assertEqual(found[0]["reasons"], ["standing"])
            self.assertEqual(found[-1]["reasons"], ["no_end"])
            self.check_same_elsewhere(path, found)

    def check_same_elsewhere(self, path, found):
        """Parquet, standard input, and each lap alone give the same."""
        parquet = path.with_suffix(".parquet")
        self.assertEqual(run("convert", path, parquet).returncode, 0)
        self.assertEqual(self.laps(parquet), found)
        done = run("laps", "-", "--json", input=path.read_bytes())
        self.assertEqual(json.loads(done.stdout)["laps"], found)
        part = path.with_name("part.pb.gz")
        self.assertEqual(run("filter", path, part, "--laps", "2").returncode, 0)
        alone = self.laps(part)
        self.assertEqual(self.kinds(alone), [(2, "flying")])
        self.assertLessEqual(abs(alone[0]["time_ms"] - found[1]["time_ms"]), 3)
        part.unlink()

    def test_channels_missing(self):
        """The clock, the position, and the count of laps each suffice."""
        path, parquet = self.dir / "all.pb.gz", self.dir / "some.parquet"
        self.assertEqual(run("sim", "--quiet", "--laps", "3", "--out", path).returncode, 0)
        truth = [lap["time_ms"] for lap in self.laps(path)[:3]]
        for columns, first, within in (("lap,normalized_car_pos", 1, 3), ("normalized_car_pos", 1, 3),
                                       ("current_time_ms,normalized_car_pos", 0, 3), ("current_time_ms", 0, 3),
                                       ("i_current_time_s", 0, 3), ("lap", 0, 40), ("lap,last_time_ms", 0, 0)):
            done = run("convert", path, parquet, "--force", "-c", "t_ns,speed_kmh," + columns)
            self.assertEqual(done.returncode, 0, done.stderr)
            found = [lap for lap in self.laps(parquet) if lap["time_ms"]]
            self.assertEqual(len(found), 2 if columns == "lap" else 3, columns)  # where nothing says when lap 1 began
            for lap, ms in list(zip(found, truth[-len(found):]))[first:]:
                self.assertLessEqual(abs(lap["time_ms"] - ms), within, columns)
                self.assertEqual(lap["time_from"], "game" if "last" in columns else "samples", columns)
        done = run("convert", path, parquet, "--force", "-c", "t_ns,speed_kmh")
        self.assertEqual(done.returncode, 0)
        done = run("laps", parquet)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"one of them is needed", done.stderr)

    def test_output(self):
        path = self.dir / "out.pb.gz"
        self.assertEqual(run("sim", "--quiet", "--laps", "3", "--out", path).returncode, 0)
        session, = self.sessions(path)
        flying = [lap for lap in session["laps"] if lap["kind"] == "flying"]
        self.assertEqual(session["best_ms"], min(lap["time_ms"] for lap in flying))
        best = [min(lap["sectors_ms"][i] for lap in flying) for i in range(3)]
        self.assertEqual(session["theoretical_ms"], sum(best))
        rows = list(csv.DictReader(io.StringIO(run("laps", path, "--csv").stdout.decode())))
        self.assertEqual(len(rows), len(session["laps"]))
        for row, lap in zip(rows, session["laps"]):
            self.assertEqual((int(row["lap"]), row["kind"]), (lap["lap"], lap["kind"]))
            self.assertEqual(row["time_s"], f"{lap['time_ms'] / 1000:.3f}" if lap["time_ms"] else "")
            self.assertEqual(float(row["speed_max_kmh"]), lap["speed_max_kmh"])
        text = run("laps", path).stdout.decode()
        lines = text.splitlines()
        self.assertTrue(all(len(line) <= 120 for line in lines), text)
        self.assertEqual(sum(bool(re.search(r"\d\* ", line)) and "flying" in line for line in lines), 2, text)
        self.assertIn("theoretical best: 0:%06.3f" % (session["theoretical_ms"] / 1000), text)
        self.assertEqual(run("laps", path, "--csv", "--json").returncode, 2)


class MadeUp(Base):
    def test_fields_one_after_the_other(self):
        """Clock, count, last and best time up to a second behind the position, in any order."""
        for late in ((0, 0, 0, 0), (1, 0, 2, 2), (0, 1, 3, 1), (3, 1, 0, 5), (2, 25, 25, 30), (25, 2, 50, 60),
                     (5, 40, 0, 0)):
            drive = Drive().stand(1).drive(0.2).drive(10, late).drive(10, late).drive(10, late).drive(3, late)
            laps = self.of(drive)
            self.assertEqual(self.kinds(laps), [(1, "out"), (2, "flying"), (3, "flying"), (4, "incomplete")], late)
            for lap in laps[1:3]:
                self.assertEqual((lap["time_ms"], lap["time_from"]), (10000, "game"), late)
                self.assertLessEqual(abs(lap["samples_ms"] - 10000), 3, late)
                self.assertEqual(sum(lap["sectors_ms"]), 10000)
                self.assertEqual(lap["valid"], True)
            self.assertLessEqual(abs(laps[0]["samples_ms"] - laps[0]["time_ms"]), 3, late)

    def test_restart(self):
        drive = Drive().stand(1).drive(7).restart().stand(2).drive(13).restart(laps=0, last=0).stand(1).drive(2)
        laps = self.of(drive)
        self.assertEqual([(lap["lap"], lap["kind"], lap["stint"]) for lap in laps],
                         [(1, "incomplete", 1), (1, "out", 2), (2, "incomplete", 2), (1, "incomplete", 3)])
        self.assertEqual([lap["reasons"] for lap in laps],
                         [["restarted", "standing"], ["standing"], ["restarted"], ["no_end", "standing"]])
        self.assertEqual(laps[1]["time_ms"], 12180)

    def test_restart_at_the_line(self):
        """The restart puts the car from just before the line to just behind it: no lap."""
        laps = self.of(Drive().stand(1).drive(9.9).restart(pos=0.01).stand(1).drive(10.5))
        self.assertEqual([lap["kind"] for lap in laps], ["incomplete", "out", "incomplete"])
        self.assertIn("restarted", laps[0]["reasons"])

    def test_teleport(self):
        """Into the pits, with the clock anew, and with the clock going on."""
        for clock in (True, False):
            drive = Drive().stand(1).drive(15, x=1.0, y=0.0, z=2.0)
            at = drive.state["clock"]
            drive.restart(pos=0.1, in_pit=1, in_pit_lane=1, x=900.0)
            if not clock:
                drive.lap_t -= at / 1000 + drive.STEP
                drive.state["clock"] = at
            drive.stand(3).drive(2, in_pit=0).drive(8, in_pit_lane=0)
            laps = self.of(drive)
            self.assertEqual([(lap["kind"], lap["stint"]) for lap in laps],
                             [("out", 1), ("incomplete", 1), ("out", 2), ("incomplete", 2)])
            self.assertIn("teleported", laps[1]["reasons"])

    def test_pits(self):
        """Into the pits over the line, out again; through them in one lap; refuelled there."""
        drive = Drive().stand(1).drive(10.2).drive(9.5).drive(1, in_pit_lane=1)
        added = 60 - drive.state["fuel"]
        drive.state.update(fuel=60.0, in_pit=1)
        drive.stand(2).put(in_pit=0).drive(1, in_pit_lane=1).drive(8.3, in_pit_lane=0).drive(3).drive(2, in_pit_lane=1)
        drive.drive(5.2, in_pit_lane=0).drive(12)
        laps = self.of(drive)
        self.assertEqual([lap["kind"] for lap in laps], ["out", "in", "out", "pit", "flying", "incomplete"])
        self.assertEqual([lap["stint"] for lap in laps], [1, 1, 2, 2, 2, 2])
        self.assertIn("refuelled", laps[2]["reasons"])
        self.assertAlmostEqual(laps[2]["fuel_added_l"], added, delta=0.01)
        self.assertEqual([lap["valid"] for lap in laps], [True, True, False, True, True, False])

    def test_clock_anew_at_the_first_line(self):
        """Out of pits before the line, where the clock begins anew: the game counts no lap, so there is none."""
        drive = Drive(pos=0.95, in_pit=1, in_pit_lane=1).stand(5).drive(0.5, in_pit=0)
        drive.lap_t = drive.sector_at = drive.t
        laps = self.of(drive.drive(0.5).drive(11, in_pit_lane=0))
        self.assertEqual(self.kinds(laps), [(1, "out"), (2, "incomplete")])
        self.assertEqual(laps[0]["time_from"], "game")
        self.assertLessEqual(abs(laps[0]["time_ms"] - 10000), 20)
        self.assertLessEqual(abs(laps[0]["samples_ms"] - laps[0]["time_ms"]), 3)

    def test_pause_and_replay(self):
        """Neither is in the lap's time: without frames, with frames that say it, with a replay of another lap."""
        drive = Drive().stand(1).drive(13.2).wait(30).drive(3)
        for _ in range(100):
            drive.put(status=PAUSE)
            drive.lap_t += drive.STEP
            drive.sector_at += drive.STEP
        before = dict(drive.state)
        for i in range(200):
            drive.put(status=REPLAY, pos=i % 100 / 100, clock=i % 100 * 100, laps=i // 100)
            drive.lap_t += drive.STEP
            drive.sector_at += drive.STEP
        drive.state.update(before, status=LIVE)
        drive.drive(20)
        laps = self.of(drive)
        self.assertEqual(self.kinds(laps), [(1, "out"), (2, "flying"), (3, "flying"), (4, "incomplete")])
        self.assertAlmostEqual(laps[1]["paused_s"], 36, delta=0.1)
        self.assertEqual(laps[1]["time_ms"], 10000)
        self.assertLessEqual(abs(laps[1]["samples_ms"] - 10000), 25)
        self.assertLess(laps[1]["not_sampled_s"], 0.1)
        self.assertEqual([lap["valid"] for lap in laps], [True, True, True, False])

    def test_holes(self):
        """In a lap; over the line; over more than a lap."""
        drive = Drive().stand(1).drive(13.2).jump(4).drive(4.9).jump(9).drive(3).jump(17).drive(12)
        laps = self.of(drive)
        self.assertEqual([(lap["lap"], lap["kind"], lap["time_ms"]) for lap in laps],
                         [(1, "out", 11180), (2, "flying", 10000), (3, "flying", 10000), (4, "incomplete", None),
                          (6, "flying", 10000), (7, "incomplete", None)])
        self.assertEqual([lap["reasons"] for lap in laps], [["standing"], ["hole"], ["hole"], ["missed", "hole"],
                                                            ["hole"], ["no_end"]])
        for lap, missing in zip(laps, (0, 4, 8.1, 0.9 + 16.1, 0.9, 0)):
            self.assertAlmostEqual(lap["not_sampled_s"], missing, delta=0.06)

    def test_begins_and_ends_anywhere(self):
        drive = Drive().stand(1).drive(35)
        path = drive.save(self.dir / "middle.pb.gz", first=400, last=1400)
        laps = self.laps(path)
        self.assertEqual([(lap["lap"], lap["kind"]) for lap in laps], [(1, "incomplete"), (2, "flying"),
                                                                      (3, "incomplete")])
        self.assertEqual([lap["reasons"] for lap in laps], [["no_start"], [], ["no_end"]])
        self.assertEqual(laps[0]["time_ms"], 11180)  # the game states it
        # the recording ends with the first frame behind the line
        at = next(i for i, (_, s) in enumerate(drive.frames) if s["laps"] == 1)
        laps = self.laps(drive.save(path, last=at + 1))
        self.assertEqual([(lap["kind"], lap["time_ms"]) for lap in laps], [("out", 11180)])

    def test_no_spline(self):
        """A track without a spline: the position is always 0, and the path tells where something was."""
        drive = Drive().stand(1).drive(14).drive(0.5, tyres_out=4).drive(16, tyres_out=0).restart(x=1.0).stand(1).drive(3)
        for _, state in drive.frames:
            state["pos"] = 0.0
        laps = self.of(drive, spline=0.0)
        self.assertEqual(self.kinds(laps), [(1, "out"), (2, "flying"), (3, "flying"), (4, "incomplete"),
                                            (4, "incomplete")])
        self.assertEqual([lap["time_ms"] for lap in laps[1:3]], [10000, 10000])
        self.assertAlmostEqual(laps[1]["distance_m"], 500, delta=3)
        self.assertAlmostEqual(laps[1]["wheels_out_at_m"], 190, delta=5)
        # the clock alone
        laps = self.of(drive.without("laps", "last", "best", "sector"), spline=0.0)
        self.assertEqual(self.kinds(laps), [(1, "out"), (2, "flying"), (3, "flying"), (4, "incomplete"),
                                            (1, "incomplete")])
        self.assertEqual([lap["time_from"] for lap in laps[:3]], ["samples"] * 3)

    def test_validity(self):
        drive = Drive().stand(1).drive(10.2)  # lap 1 is slower than all others, so it is the best so far
        drive.drive(2).drive(0.5, tyres_out=3).drive(8.7, tyres_out=2)  # lap 2: the game takes it as the best
        drive.drive(2, tyres_out=0).drive(0.5, tyres_out=4).drive(7.5, tyres_out=0)  # lap 3: as fast, wheels out
        drive.drive(10)  # lap 4: clean
        drive.drive(5, ai=1).drive(5, ai=0)
        drive.drive(5, penalty=1.0).drive(5, penalty=0.0).drive(1)
        laps = self.of(drive)
        self.assertEqual([lap["valid"] for lap in laps[1:6]], [True, False, True, False, False])
        self.assertEqual([lap["reasons"] for lap in laps[1:6]], [[], ["wheels_out"], [], ["ai"], ["penalty"]])
        self.assertEqual(laps[2]["wheels_out"], 4)
        self.assertAlmostEqual(laps[2]["wheels_out_s"], 0.5, delta=0.03)
        self.assertIn("4 wheels out at ", laps[2]["why"])

    def test_not_counted(self):
        """The game's last time changes and its best one does not, though it is slower: it has not counted the lap."""
        drive = Drive().stand(1).drive(10.2).drive(12, counted=False).drive(10)
        laps = self.of(drive)
        self.assertEqual([(lap["valid"], lap["reasons"]) for lap in laps[1:3]], [(False, ["not_counted"]), (True, [])])

    def test_cut(self):
        """The car is further along the track than it drove."""
        drive = Drive().stand(1).drive(13)
        drive.state["pos"] += 0.15
        laps = self.of(drive.drive(17))
        self.assertEqual([lap["valid"] for lap in laps], [True, False, True, False])
        self.assertIn("cut", laps[1]["reasons"])

    def test_unknown_validity(self):
        laps = self.of(Drive().stand(1).drive(25).without("tyres_out", "best"))
        self.assertEqual([lap["valid"] for lap in laps], [None, None, False])

    def test_another_session(self):
        """Practice, then a race, in one recording."""
        drive = Drive().stand(1).drive(25).restart(session_type=2, laps=0, last=0, best=0).stand(2).drive(12)
        laps = self.of(drive)
        self.assertEqual(self.kinds(laps), [(1, "out"), (2, "flying"), (3, "incomplete"), (1, "out"),
                                            (2, "incomplete")])
        self.assertIn("broken", laps[2]["reasons"])

    def test_joined(self):
        """The bridge was started again in lap 2, and its second session names the first."""
        drive = Drive().stand(1).drive(38)
        a = drive.save(self.dir / "z-first.pb.gz", session="one", last=700)
        b = drive.save(self.dir / "a-second.pb.gz", session="two", previous="one", first=850)
        session, = self.sessions(b, a)
        self.assertEqual(session["session"], "one")
        self.assertEqual(session["files"], "z-first.pb.gz, a-second.pb.gz")
        self.assertEqual(self.kinds(session["laps"]), [(1, "out"), (2, "flying"), (3, "flying"), (4, "incomplete")])
        self.assertEqual(session["laps"][1]["reasons"], ["hole"])
        self.assertAlmostEqual(session["laps"][1]["not_sampled_s"], 3, delta=0.1)
        self.assertEqual(session["laps"][1]["time_ms"], 10000)
        self.assertLessEqual(abs(session["laps"][1]["samples_ms"] - 10000), 3)
        # alone, and both in one Parquet file
        self.assertEqual([lap["kind"] for lap in self.laps(b)], ["incomplete", "flying", "incomplete"])
        merged = self.dir / "both.parquet"
        done = run("convert", a, b, merged, "--merge")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.laps(merged), session["laps"])

    def test_rounds_of_previous_sessions(self):
        drive = Drive().stand(1).drive(12)
        for name, before in (("p", "q"), ("q", "p")):
            drive.save(self.dir / f"ring-{name}.pb.gz", session=name, previous=before)
        self.assertEqual(len(self.sessions(self.dir / "ring-p.pb.gz", self.dir / "ring-q.pb.gz", code=3)), 1)

    def test_values(self):
        drive = Drive().stand(1, ).drive(10.2)
        drive.drive(5, tyre_c=(80, 81, 82, 83), brake_c=(300, 310, 320, 330), air=20.0, road=30.0)
        drive.drive(5, tyre_c=(90, 91, 92, 93), brake_c=(500, 310, 320, 330), air=22.0, road=30.0).drive(3)
        lap = self.of(drive)[1]
        self.assertAlmostEqual(lap["tyre_temp_mean_c"]["fl"], 85, delta=0.2)
        self.assertEqual(lap["brake_temp_max_c"], {"fl": 500, "fr": 310, "rl": 320, "rr": 330})
        self.assertAlmostEqual(lap["air_temp_c"], 21, delta=0.1)
        self.assertAlmostEqual(lap["fuel_used_l"], 0.5, delta=0.01)
        self.assertEqual((lap["speed_max_kmh"], lap["speed_min_kmh"]), (180, 180))


class BadInput(Base):
    def fails(self, *words, says, code=1):
        done = run("laps", *words)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(says, done.stderr.decode())
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_no_lap(self):
        empty = self.dir / "empty.pb.gz"
        write(empty, [frame(1, 0, {})])
        self.fails(empty, says="needed to find laps")
        write(empty, [])
        done = run("laps", empty)
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.assertIn(b"has no lap", done.stderr)
        self.fails(self.dir / "not-there.pb.gz", says="not-there.pb.gz")
        self.fails(says="", code=2)

    def test_original(self):
        self.fails(SOURCE / "tests/data/original.pb.gz", says="written by the original project")

    def test_nonsense(self):
        """NaN, infinities and absurd numbers among the rows change nothing."""
        drive = Drive().stand(1).drive(38)
        truth = self.of(drive)
        for i, (_, state) in enumerate(drive.frames):
            if i % 7 == 3:
                state.update(pos=float("nan"), speed=float("inf"), laps=-5, clock=-1, last=2**31 - 1, fuel=-1e30,
                             tyres_out=77, sector=-9)
        found = self.of(drive)
        self.assertEqual(self.kinds(found), self.kinds(truth))
        self.assertEqual([lap["time_ms"] for lap in found], [lap["time_ms"] for lap in truth])
        self.assertEqual([lap["speed_max_kmh"] for lap in found], [lap["speed_max_kmh"] for lap in truth])

    def test_wrong_order(self):
        """Rows of a Parquet file in any order; a recording whose times run back leaves rows out."""
        drive = Drive().stand(1).drive(38)
        path, parquet = drive.save(self.dir / "order.pb.gz"), self.dir / "order.parquet"
        truth = self.laps(path)
        done = run("sql", f"COPY (SELECT * FROM '{path}' ORDER BY hash(t_ns)) TO '{parquet}'")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = self.laps(parquet)
        self.assertEqual([(lap["lap"], lap["kind"], lap["time_ms"]) for lap in found],
                         [(lap["lap"], lap["kind"], lap["time_ms"]) for lap in truth])
        messages = read(path)
        messages[500:600] = reversed(messages[500:600])
        write(path, messages)
        session, = self.sessions(path, code=3)
        self.assertEqual(session["rows_left_out"], 99)
        self.assertEqual([lap["kind"] for lap in session["laps"]], [lap["kind"] for lap in truth])

    def test_absurd_times(self):
        path = Drive().stand(1).drive(25).save(self.dir / "times.pb.gz")
        parquet = self.dir / "times.parquet"
        done = run("sql", f"COPY (SELECT * REPLACE (CASE seq % 9 WHEN 3 THEN NULL WHEN 4 THEN -9223372036854775807 "
                          f"WHEN 5 THEN 9223372036854775807 ELSE t_ns END AS t_ns) FROM '{path}') TO '{parquet}'")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = run("laps", parquet, "--json")
        self.assertEqual(done.returncode, 3, done.stderr)
        laps = json.loads(done.stdout)["laps"]
        self.assertEqual(self.kinds(laps)[:2], [(1, "out"), (2, "flying")])

    def test_damage_in_one_of_several(self):
        good = Drive().stand(1).drive(13).save(self.dir / "m-good.pb.gz")
        bad = self.dir / "m-bad.pb.gz"
        bad.write_bytes(b"no gzip")
        done = run("laps", self.dir / "m-*.pb.gz")
        self.assertEqual(done.returncode, 1)
        self.assertIn("m-bad.pb.gz", done.stderr.decode())
        self.assertIn("m-good.pb.gz", done.stdout.decode())
        data = good.read_bytes()
        bad.write_bytes(data[:len(data) * 2 // 3])
        self.assertEqual([lap["kind"] for lap in self.laps(bad, code=3)][-1], "incomplete")


# What the recordings hold, read off their own time column by hand: for each lap its kind, what is said of it, and the
# clock's last reading before it fell back and its first one behind, in ms. Samples are 118 to 141 ms apart.
REAL = {
    "ac-laps-8hz/mugello-a.csv": [("out", ["standing"], 164772, 75), ("flying", [], 145509, 96),
                                  ("incomplete", ["no_end"], None, None)],
    "ac-laps-8hz/mugello-b-restarts.csv": [
        ("incomplete", ["no_start", "restarted"], None, None), ("incomplete", ["restarted", "standing"], None, None),
        ("out", ["standing"], 123246, 30), ("flying", [], 110394, 42), ("incomplete", ["restarted"], None, None),
        ("incomplete", ["restarted", "standing"], None, None), ("incomplete", ["no_end", "standing"], None, None)],
    "ac-laps-8hz/yas-marina-torn-rollover.csv": [
        ("out", ["standing"], 119703, 96), ("flying", [], 105129, 117), ("flying", [], 100851, 108),
        ("incomplete", ["no_end"], None, None)],
}


@unittest.skipUnless(DATA.is_dir(), "real recordings are found through the environment variable ACQ_DATA")
class Real(Base):
    def rows(self, name):
        with open(DATA / name, newline="") as file:
            return list(csv.DictReader(file))

    def test_laps_at_8_hz(self):
        for name, wanted in REAL.items():
            messages, t, before, number = [], 0.0, None, lambda row, key: float(row[key])
            for seq, row in enumerate(self.rows(name), 1):
                minutes, seconds, ms = (int(part) for part in row["current_time_str"].split(":"))
                clock = minutes * 60000 + seconds * 1000 + ms
                # these rows have no time of their own: it is the clock's, and where that falls back, the usual step
                t += 0 if before is None else (clock - before) / 1000 if clock > before else 0.124
                before = clock
                state = {"pos": number(row, "normalized_car_position"), "clock": clock, "speed": number(row, "speed"),
                         "air": number(row, "air_temp"), "road": number(row, "road_temp")}
                messages.append(frame(seq, t, state))
            path = self.dir / "real.pb.gz"
            write(path, messages)
            found = self.laps(path)
            self.assertEqual([(lap["kind"], lap["reasons"]) for lap in found], [lap[:2] for lap in wanted], name)
            for lap, (_, _, last, first) in zip(found, wanted):
                self.assertEqual(lap["time_from"], "samples" if last else None)
                if last:  # between the last reading and the next sample, of which `first` was behind the line
                    self.assertGreaterEqual(lap["time_ms"], last + 118 - first - 6, name)
                    self.assertLessEqual(lap["time_ms"], last + 141 - first + 6, name)
                self.assertIsNone(lap["valid"]) if last else self.assertIs(lap["valid"], False)

    def test_out_of_the_pits(self):
        """22.6 s of all pages: out of the box, and stopped on the track. No lap ends in it."""
        messages = []
        for seq, row in enumerate(self.rows("ac-pages-100hz/nurburgring-gp-formula-hybrid.csv"), 1):
            n = lambda key: float(row[key])
            state = {"status": LIVE, "laps": int(row["completedLaps"]), "pos": n("normalizedCarPosition"),
                     "clock": int(row["iCurrentTime"]), "last": int(row["iLastTime"]), "best": int(row["iBestTime"]),
                     "in_pit": int(row["isInPit"]), "in_pit_lane": int(row["isInPitLane"] == "true"),
                     "sector": int(row["currentSectorIndex"]), "sector_ms": int(row["lastSectorTime"]),
                     "speed": n("speedKMH"), "fuel": n("fuel"), "tyres_out": int(row["numTiresOut"]),
                     "x": n("coordinatesX"), "y": n("coordinatesY"), "z": n("coordinatesZ"),
                     "air": n("airTemp"), "road": n("roadTemp")}
            t = n("sessionTime") / 1000
            messages.append(frame(seq, t, state, stat={"sectors": 3, "spline": 5077.904} if seq == 1 else None))
        path = self.dir / "pages.pb.gz"
        write(path, messages)
        lap, = self.laps(path)
        self.assertEqual((lap["lap"], lap["kind"], lap["valid"], lap["time_ms"]), (1, "incomplete", False, None))
        self.assertEqual(lap["reasons"], ["no_end"])
        self.assertAlmostEqual(lap["distance_m"], 300.9, delta=3)
        self.assertEqual((lap["air_temp_c"], lap["road_temp_c"]), (26.0, 23.0))


if __name__ == "__main__":
    if not DATA.is_dir():
        print("laps of real recordings are not tested: these are found through the environment variable ACQ_DATA")
    unittest.main()
