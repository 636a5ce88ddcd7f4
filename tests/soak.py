#!/usr/bin/env python3
"""soak.py BUILD SECONDS ROUNDS - what a recording and a stream survive, in full; then simulator, bridge and server for a
long time.

First the property tests on damaged recordings, with seeds of their own that are printed, and 200 bridges killed at random
moments. Then ROUNDS rounds of exactly once, in which programs are killed, networks fail and disks are full
(e2e/test_exactly_once.py), and for each ten of them eight kills of a server alone. Then a drive of SECONDS, in which the
server is killed now and then: says every half minute how it stands; at the end every frame of the bridge's recording must
be in the server's, byte for byte and once, whatever was killed, and neither program may have grown.
"""
import gzip
import hashlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

E2E = pathlib.Path(__file__).parent / "e2e"
sys.path.insert(0, str(E2E))
from frames import SEQ, Frame, varint  # noqa: E402

GROWTH_KB = 8 * 1024  # between the first quarter and the end
KILL_EVERY_S = 45
SEEDS = 10  # of the property tests
SKIPPED = 77


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def memory_kb(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def body(data):
    """The number of a frame, and a digest of it without its context."""
    frame = Frame(data)
    return frame.fields[SEQ], hashlib.sha256(frame.body).digest()


def frames(folder):
    """The frames of all recordings in a folder, (session's file name, seq) -> digest; fails where one stands twice."""
    found = {}
    for path in [*folder.glob("*.pb.gz"), *folder.glob("*.pb.gz.part")]:
        session = path.name.split(".")[0].rsplit("_", 1)[1]
        with gzip.open(path) as file:
            data = file.read()
        at = 0
        while at < len(data):
            size, at = varint(data, at)
            seq, digest = body(data[at:at + size])
            at += size
            assert (session, seq) not in found, f"{path.name} has frame {seq} twice"
            found[session, seq] = digest
    return found


class Programs:
    """Simulator, bridge and server in a folder of their own."""

    def __init__(self, build, folder, seconds):
        self.build, self.folder, self.port = build, folder, free_port()
        self.pages = f"soak{os.getpid()}"
        self.server = self.start_server()
        self.bridge = self.start("bridge", "telemetry_bridge", f"127.0.0.1:{self.port}", "--once", "--record",
                                 folder / "recordings", "--pages", self.pages)
        self.sim = self.start("sim", "acq", "sim", "--quiet", "--seconds", str(seconds), "--pages", self.pages)

    def start(self, name, program, *arguments):
        log = open(self.folder / f"{name}.log", "ab")
        return subprocess.Popen([self.build / program, *arguments], stdout=log, stderr=log, cwd=self.folder)

    def start_server(self):
        return self.start("serve", "acq", "serve", "--listen", f"127.0.0.1:{self.port}", "--data", self.folder / "data")

    def kill_server(self):
        self.server.kill()
        self.server.wait()
        time.sleep(2)  # the server stays away so long; nothing is waited for
        self.server = self.start_server()

    def stop(self):
        for process in (self.sim, self.bridge, self.server):
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()


def watch(programs):
    """Until the simulator ends: kills the server now and then. Returns how often, and the bridge's growth."""
    begin = last = shown = time.monotonic()
    kills, early, late, total = 0, None, 0, int(sys.argv[2])
    while True:
        time.sleep(1)
        now = time.monotonic()
        if programs.sim.poll() is not None:
            break
        if programs.server.poll() is not None or programs.bridge.poll() is not None:
            sys.exit("bridge or server ended by itself: see their last words")
        if early is None and now - begin > total / 4:
            early = memory_kb(programs.bridge)
        if now - last > KILL_EVERY_S and now - begin < total - 10:
            programs.kill_server()
            last, kills = now, kills + 1
        if now - shown > 30:
            shown = now
            print(f"{now - begin:.0f} s: bridge {memory_kb(programs.bridge)} kB, {cpu_seconds(programs.bridge):.1f} CPU s; "
                  f"server {memory_kb(programs.server)} kB; killed {kills} times", flush=True)
        late = memory_kb(programs.bridge)
    return kills, late - (early or late)


def survive(build):
    """The tests of survival, in full. Returns whether all passed."""
    environment = dict(os.environ, ACQ_SOAK="1", ACQ_BUILD=str(build), PYTHONDONTWRITEBYTECODE="1")
    begin, good = int(time.time()), True
    for seed in range(begin, begin + SEEDS):
        program = [build / "tests/test_survival"]
        good &= not subprocess.run(program, env=dict(environment, ACQ_SEED=str(seed))).returncode
    kills = [sys.executable, E2E / "test_survival.py"]
    good &= not subprocess.run(kills, env=environment).returncode
    return good


def exactly_once(build, rounds):
    """The tests of exactly once, in full. Returns whether all passed; a test that cannot run here has said why."""
    environment = dict(os.environ, ACQ_BUILD=str(build), PYTHONDONTWRITEBYTECODE="1", ACQ_ROUNDS=str(rounds),
                       ACQ_KILLS=str(rounds * 8 // 10))
    tests = [[sys.executable, E2E / name] for name in ("test_exactly_once.py", "test_exactly_once_server.py")]
    return all([subprocess.run(test, env=environment).returncode in (0, SKIPPED) for test in tests])


def main():
    build, seconds = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
    survived = survive(build)
    once = exactly_once(build, int(sys.argv[3]))
    with tempfile.TemporaryDirectory(prefix="acq-soak-") as name:
        folder = pathlib.Path(name)
        programs = Programs(build, folder, seconds)
        try:
            kills, growth = watch(programs)
            programs.bridge.wait(120)  # --once: it ends when all is acked
        finally:
            programs.stop()
            for log in sorted(folder.glob("*.log")):
                print(f"-- {log.stem}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-6:]))
        here, there = frames(folder / "recordings"), frames(folder / "data")
    lost = [key for key in here if there.get(key) != here[key]]
    print(f"{len(here)} frames recorded, {len(there)} on the server, {len(lost)} missing or different there; "
          f"server killed {kills} times; bridge grew by {growth} kB")
    print("damaged recordings, killed bridges, full disks:", "as promised" if survived else "FAILED, see above")
    print("exactly once:", "as promised" if once else "FAILED, see above")
    return 0 if survived and once and here and not lost and len(there) == len(here) and growth < GROWTH_KB else 1


if __name__ == "__main__":
    sys.exit(main())
