#!/usr/bin/env python3
"""Nothing that was acked is ever lost, and nothing arrives twice: a telemetry_bridge records a simulated drive and streams
it to a server, through a network that fails, while both are killed and the server's disk fills up. When all has settled,
every session must be on the server in one recording, whole and once.

ACQ_ROUNDS: how many rounds (30). Each round is chosen by a seed, which is said when it fails: ACQ_SEED=seed ACQ_ROUNDS=1
runs it again, with the same disturbances at the same times.
"""
import collections
import heapq
import json
import os
import pathlib
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import unittest

from acq import BRIDGE, Place, wait_until
from frames import LOST_BEFORE, PHYSICS, recordings, varint, walk
from members import members
from world import DISTURBANCES, World, both_ran, plan

ROUNDS = int(os.environ.get("ACQ_ROUNDS", 30))
SEED = int(os.environ.get("ACQ_SEED", time.time()))
AT_ONCE = int(os.environ.get("ACQ_AT_ONCE", 3))  # rounds beside each other: each one waits more than it works
MOST_LOST_S = 0.5
DISK_KB = 48 * 1024  # the server's, where it may fill up
ENOUGH = 3  # rounds of one worker that fail: no need for more


# ---- what must hold ----

def by_session(folder, whole):
    """{session: frames} of the recordings in a folder, one each; those without a whole frame are left out."""
    found = {}
    for recording in recordings(folder):
        path = recording.path
        if not recording.frames and not whole:
            continue
        assert recording.frames, f"{path.name} is without frames"
        assert recording.session not in found, f"session {recording.session} has two recordings"
        assert recording.size == path.stat().st_size or not whole, f"{path.name} ends in the middle of a member"
        found[recording.session] = recording.check().frames
    return found


def check_server(data, recorded, passing):
    """The server's recordings: seq 1 to n of every session, with all that was recorded and all that was ever acked, and
    with the bodies that the bridge made. Returns {session: frames}."""
    served = by_session(data, whole=True)
    for name in sorted(path.name for path in data.rglob("*")):
        assert "damaged" not in name, f"the server has set aside {name}"
    for session in {*recorded, *passing.acked}:
        have, need = len(served.get(session, [])), len(recorded.get(session, []))
        assert have >= passing.acked.get(session, 0), f"{session}: {passing.acked[session]} acked, {have} on the server"
        assert have >= need, f"{session}: {need} recorded, {have} on the server"
    for session, frames in served.items():
        ours, sent = recorded.get(session, []), passing.frames.get(session, {})
        assert sent or not frames, f"{session}: nobody sent it"
        for frame in frames:
            assert LOST_BEFORE not in frame.fields, f"{session}: frames were lost before {frame.seq}"
            assert frame.body == sent.get(frame.seq), f"{session}: frame {frame.seq} is not what was sent"
            if frame.seq <= len(ours):
                assert frame.body == ours[frame.seq - 1].body, f"{session}: frame {frame.seq} is not what was recorded"
    return served


def check_lost(world, life, served):
    """What only the sampler of a killed bridge saw. Returns [s]."""
    sessions = life.sessions()
    if life.killed_at is None or not sessions:
        return 0.0
    if life.program.err().count("session ended") == len(sessions):
        return 0.0  # between two sessions
    frames = served.get(sessions[-1])
    begin = frames[-1].t_ns / 1e9 if frames else life.seen[sessions[-1]]
    ran = both_ran(life.running, world.game_on, begin, life.killed_at)
    lost = max(0.0, ran - world.stalls.around(life.killed_at))
    assert lost <= MOST_LOST_S, f"{sessions[-1]}: a kill of the bridge cost {lost:.3f} s"
    return lost


# ---- a round ----

def drive(world, events, seconds, counts):
    """Everything that happens, at its time."""
    begin, ends, number = time.monotonic(), [], 0
    agenda = [(at, i, kind, "begin", length) for i, (at, kind, length) in enumerate(events)]
    heapq.heapify(agenda)
    while True:
        now = time.monotonic() - begin
        while agenda and agenda[0][0] <= now:
            at, i, kind, part, length = heapq.heappop(agenda)
            first, then = DISTURBANCES[kind]
            if part == "begin":
                counts[kind] += 1
                first(world)
                if then:
                    heapq.heappush(agenda, (now + length, i, kind, "end", 0))
            else:
                then(world)
        if now > seconds:
            return
        world.proxy.check()
        for name in ("bridge", "server"):
            program = getattr(world, name)
            assert not program or program.process.poll() is None, f"{name} ended by itself: {program}"
        if world.bridge:
            world.lives[-1].sessions()
        time.sleep(0.01)


def calm(world):
    """The disturbances end."""
    world.free_disk()
    world.go_on("server")
    world.go_on("bridge")
    world.proxy.calm()
    world.proxy.bury(rst=True)
    world.start_server()


def recorded_by_bridge(world):
    folder = world.place.folder / "recordings"
    return by_session(folder, whole=False) if folder.exists() else {}


def acked(world, session):
    return world.passing.acked.get(session, 0)


def settle(world, alone):
    """Waits until the server has all: either from the bridge that runs, or, when that has been stopped, by a sync."""
    if alone:
        world.start_bridge()
        world.end_game()
        life = world.lives[-1]
        wait_until(lambda: life.program.err().count("session ended") == len(life.sessions()), "the session to end")
        need = {session: len(frames) for session, frames in recorded_by_bridge(world).items()}
        wait_until(lambda: world.proxy.check() or all(acked(world, session) >= n for session, n in need.items()),
                   f"the bridge to deliver {need}; acked are {world.passing.acked}")
    if world.bridge:
        world.bridge.says("Ctrl+C ends it")
        code = world.bridge.stop()
        assert code in (0, 3), f"the bridge ended with {code}: {world.bridge}"
        world.lives[-1].running.turn(False)
    world.end_game()
    if not alone:
        sync = world.place.run(BRIDGE, "sync", world.place.folder / "recordings", f"127.0.0.1:{world.proxy.port}")
        assert sync.wait() == 0, f"sync: {sync}"
    world.end_server()


def run_round(seed, small):
    """One round. `small`: a folder on a small disk, or None. Returns what is worth counting."""
    dice, counts = random.Random(seed), collections.Counter()
    on_small = bool(small) and dice.random() < 0.35
    events, seconds = plan(dice, on_small)
    with Place() as place:
        data = (small if on_small else place.folder) / "data"
        world = World(place, data, dice)
        try:
            try:
                (place.folder / "recordings").mkdir()
                world.start_game()
                world.start_server()
                world.start_bridge()
                if dice.random() < 0.7:
                    wait_until(lambda: world.passing.acks, "the first ack")
                drive(world, events, seconds, counts)
                calm(world)
                settle(world, alone=dice.random() < 0.5)
                world.proxy.check()
                recorded = recorded_by_bridge(world)
                served = check_server(data, recorded, world.passing)
                lost = [check_lost(world, life, served) for life in world.lives]
                full = sum("No space left" in program.err() for program in place.programs)
            finally:
                world.close()
        finally:
            if on_small:
                shutil.rmtree(data, ignore_errors=True)
    return {"kinds": counts, "frames": sum(map(len, served.values())), "sessions": len(served),
            "acks": world.passing.acks, "again": world.passing.again, "lost": max(lost, default=0.0),
            "full": full, "connections": world.proxy.connections}


# ---- many rounds ----

def can_mount():
    mount = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return shutil.which("unshare") and subprocess.run(mount, stderr=subprocess.DEVNULL).returncode == 0


def work(small, seeds):
    """Rounds one after the other, until too many have failed; one line of JSON for each."""
    failures = 0
    for seed in seeds:
        if failures == ENOUGH:
            return
        begin = time.monotonic()
        try:
            result = run_round(int(seed), pathlib.Path(small) if small else None)
        except Exception:  # a failure of the round, or of this test: both are told
            traceback.print_exc()
            print(f"The round failed that ACQ_SEED={seed} ACQ_ROUNDS=1 runs again.", file=sys.stderr, flush=True)
            result = {"failed": int(seed)}
            failures += 1
        print(json.dumps(dict(result, seconds=time.monotonic() - begin)), flush=True)


class Workers:
    """Processes that do rounds, each with a small disk of its own where that may be mounted."""
    SCRIPT = 'mount -t tmpfs -o size="$SIZE" tmpfs "$0" && exec "$@"'

    def __init__(self, folder, seeds, mount):
        self.programs = []
        for i in range(min(AT_ONCE, len(seeds))):
            small = folder / f"small{i}"
            small.mkdir()
            command = ["unshare", "-rm", "sh", "-c", self.SCRIPT, small] if mount else []
            command += [sys.executable, __file__, "--rounds", small if mount else "", *seeds[i::AT_ONCE]]
            environment = dict(os.environ, SIZE=f"{DISK_KB}k")
            self.programs.append(subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                                                  env=environment, text=True))

    def results(self):
        """The rounds' results, as they come."""
        found = queue.SimpleQueue()
        def read(program):
            for line in program.stdout:
                found.put(json.loads(line))
            program.stdout.close()
            found.put(program.wait())
        for program in self.programs:
            threading.Thread(target=read, args=(program,), daemon=True).start()
        ended = 0
        while ended < len(self.programs):
            result = found.get()
            if isinstance(result, dict):
                yield result
            else:
                assert result == 0, f"a process of rounds ended with {result}"
                ended += 1


class ExactlyOnce(unittest.TestCase):
    def test_rounds(self):
        mount, begin = can_mount(), time.monotonic()
        if not mount:
            print("no small disk may be mounted here: the rounds are without full disks")
        sums, kinds, failed = collections.Counter(), collections.Counter(), []
        lost = longest = 0
        with tempfile.TemporaryDirectory(prefix="acq-rounds-") as folder:
            for result in Workers(pathlib.Path(folder), range(SEED, SEED + ROUNDS), mount).results():
                longest = max(longest, result["seconds"])
                if "failed" in result:
                    failed.append(result["failed"])
                    continue
                kinds.update(result["kinds"])
                lost = max(lost, result["lost"])
                sums.update({name: result[name] for name in SUMS})
                sums["rounds"] += 1
                if sums["rounds"] % 100 == 0:
                    print(f"{sums['rounds']} rounds, {time.monotonic() - begin:.0f} s, {len(failed)} failed", flush=True)
        print(f"ACQ_SEED={SEED}: {sums['rounds']} rounds in {time.monotonic() - begin:.0f} s, the longest {longest:.1f} s; "
              f"{sums['sessions']} sessions, {sums['frames']} frames, {sums['connections']} connections, "
              f"{sums['acks']} acks, {sums['again']} frames sent again; a kill of the bridge cost at most {lost:.3f} s")
        print(", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items())))
        print(f"{sums['full']} servers had no room on their disk")
        self.assertEqual(failed, [])
        self.assertGreater(sums["acks"], 0)
        self.assertTrue(sums["full"] or kinds["disk full"] < 10, "a full disk goes unnoticed")


SUMS = ("sessions", "frames", "connections", "acks", "again", "full")


def other_speed(content):
    """A member's content whose first frame has another speed."""
    size, at = varint(content, 0)
    start, end = next((start, end) for number, _, start, end in walk(content[at:at + size]) if number == PHYSICS)
    speed = content.index(b"\x0d", at + start, at + end)  # the group's first field: a key and four bytes
    return content[:speed + 1] + bytes([content[speed + 1] ^ 1]) + content[speed + 2:]


class Strict(unittest.TestCase):
    """That the checks see what must not be."""

    def test_faults_are_seen(self):
        with Place() as place:
            world = World(place, place.folder / "data", random.Random(SEED))
            try:
                world.start_game()
                world.start_server()
                world.start_bridge()
                wait_until(lambda: max(world.passing.acked.values(), default=0) > 300, "some acks")
                settle(world, alone=True)
                recorded, passing = recorded_by_bridge(world), world.passing
                check_server(world.data, recorded, passing)
                self.check_faults(place.folder, world.data, recorded, passing)
            finally:
                world.close()

    def check_faults(self, folder, data, recorded, passing):
        path, = data.glob("*.pb.gz")
        whole = members(path.read_bytes())
        def spoilt(*parts, more=()):
            shutil.rmtree(folder / "spoilt", ignore_errors=True)
            (folder / "spoilt").mkdir()
            (folder / "spoilt" / path.name).write_bytes(b"".join(parts))
            for name in more:
                shutil.copy(path, folder / "spoilt" / name)
            with self.assertRaises(AssertionError) as caught:
                check_server(folder / "spoilt", recorded, passing)
            return str(caught.exception)
        parts = [m.bytes for m in whole]
        content = other_speed(whole[1].content())
        self.assertIn("acked", spoilt(*parts[:-2], parts[-1]))
        self.assertIn("holes", spoilt(parts[0], *parts[2:]))
        self.assertIn("holes", spoilt(parts[0], parts[1], *parts[1:]))
        self.assertIn("middle of a member", spoilt(*parts, parts[1][:-1]))
        self.assertIn("two recordings", spoilt(*parts, more=["again.pb.gz"]))
        self.assertIn("not what was sent", spoilt(parts[0], whole[1].with_content(content), *parts[2:]))
        passing.acked = {}
        self.assertIn("recorded", spoilt(*parts[:-2], parts[-1]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--rounds"]:
        work(sys.argv[2], sys.argv[3:])
    else:
        unittest.main()
