#!/usr/bin/env python3
"""What the thread that samples does while the game runs: no allocation, and no system call but timer and clock. And
telemetry_bridge without a game: it hardly runs at all, and ends at once when it is to."""
import os
import subprocess
import time
import unittest

from acq import ACQ, BRIDGE, SKIP, SOURCE, Place, skip, wait_until

THREAD = "acq sampler"


def compiled(place, name, *options):
    program = place.folder / name
    subprocess.run([os.environ.get("CC", "cc"), "-O1", "-std=gnu11", *options, "-o", program,
                    SOURCE / f"tests/e2e/{name}.c"], check=True)
    return program


def threads(process):
    """{name and number: how often it has slept} of a program's threads."""
    found = {}
    for task in os.listdir(f"/proc/{process.pid}/task"):
        with open(f"/proc/{process.pid}/task/{task}/status", encoding="ascii") as file:
            lines = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
        found[f"{lines['Name']} {task}"] = int(lines["voluntary_ctxt_switches"])
    return found


class Cost(unittest.TestCase):
    def bridge_beside_game(self, place, *before, **options):
        bridge = place.run(*before, BRIDGE, "--no-stream", "--record", "recordings", **options)
        game = place.run(ACQ, "sim", "--quiet", "--seconds", "60")
        bridge.says("recording to")
        return bridge, game

    def test_system_calls(self):
        with Place() as place:
            calls = compiled(place, "calls")
            bridge, game = self.bridge_beside_game(place, calls, THREAD, "go", "counted", 3)
            (place.folder / "go").touch()
            counted = place.folder / "counted"
            wait_until(lambda: counted.exists() or bridge.process.poll() is not None, "the count")
            if bridge.process.poll() == SKIP:
                skip(f"this system does not let a program count another's system calls: {bridge.err()}")
            self.assertIn(bridge.stop(), (0, 3), bridge)
            game.kill()
            counts = {name: int(n) for name, n in (line.split() for line in counted.read_text().splitlines())}
            self.assertGreater(counts.pop("clock_nanosleep"), 300)
            counts.pop("clock_gettime", 0)  # where the kernel does not give the clock without a call
            self.assertLessEqual(counts.pop("restart_syscall", 0), 1)
            self.assertEqual(counts, {})

    def test_allocations(self):
        if b"__asan_init" in BRIDGE.read_bytes() or b"__tsan_init" in BRIDGE.read_bytes():
            self.skipTest("the sanitizer has an allocator of its own")
        with Place() as place:
            library = compiled(place, "allocations", "-shared", "-fPIC")
            counted = place.folder / "counted"
            bridge, game = self.bridge_beside_game(place, env={"LD_PRELOAD": str(library), "ACQ_THREAD": THREAD,
                                                               "ACQ_ALLOCATIONS": str(counted)})
            wait_until(lambda: place.recording().members > 12, "three seconds of the game")
            self.assertIn(bridge.stop(), (0, 3), bridge)
            game.kill()
            sleeps, allocations = map(int, counted.read_text().split())
            self.assertGreater(sleeps, 800)
            self.assertEqual(allocations, 1)  # the timer is freed when the thread ends

    def test_idle(self):
        """Without a game the sampler wakes twice a second and the rest hardly more often; stopping does not wait."""
        with Place() as place:
            bridge = place.run(BRIDGE, "--no-stream", "--record", "recordings")
            bridge.says("Ctrl+C ends it")
            time.sleep(0.5)
            before, start = threads(bridge.process), time.monotonic()
            time.sleep(4)
            after, seconds = threads(bridge.process), time.monotonic() - start
            woken = {name: (after[name] - before[name]) / seconds for name in after}
            sampler = next(rate for name, rate in woken.items() if name.startswith(THREAD))
            self.assertLessEqual(sampler, 4)
            self.assertGreater(sampler, 0)
            self.assertLess(sum(woken.values()), 40, woken)
            start = time.monotonic()
            self.assertEqual(bridge.stop(), 0)
            print(f"woken a second: {woken}; ended after {time.monotonic() - start:.3f} s")


if __name__ == "__main__":
    unittest.main()
