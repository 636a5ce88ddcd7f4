"""world.py - for the test of exactly once: game, bridge, network and server, and what may happen to them."""
import os
import re
import signal
import threading
import time

import pages
from acq import ACQ, wait_until
from members import HEADER, Member
from passing import Passing
from proxy import Proxy

SERVER_OPTIONS = ["--log-mib", "64", "--drain-s", "1"]
PROBE_S, USUAL_S = 0.05, 0.01


class Stalls:
    """How long this machine keeps a program waiting: a thread that sleeps and writes to the disk, and notes what took
    longer than it should. What a bridge loses is counted without that."""

    def __init__(self, folder):
        self.file, self.late, self.running = open(folder / "probe", "wb", buffering=0), [], True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while self.running:
            before = time.monotonic()
            time.sleep(PROBE_S)
            self.file.write(b"x")
            os.fdatasync(self.file.fileno())
            now = time.monotonic()
            self.late.append((now, now - before - PROBE_S))

    def around(self, moment):
        """The sum of what was late in the two seconds before, but for the little that always is."""
        return sum(late for at, late in list(self.late) if moment - 2 < at < moment + 1 and late > USUAL_S)

    def close(self):
        self.running = False
        self.thread.join()
        self.file.close()


class Running:
    """When something ran: it is turned on and off."""

    def __init__(self):
        self.turns = []  # (moment, on)

    def turn(self, on):
        self.turns.append((time.monotonic(), on))

    def at(self, moment):
        return next((on for at, on in reversed(self.turns) if at <= moment), False)


def both_ran(a, b, begin, end):
    """How long both ran between two moments."""
    moments = [begin, *sorted(at for at, _ in a.turns + b.turns if begin < at < end), end]
    return sum(until - since for since, until in zip(moments, moments[1:]) if a.at(since) and b.at(since))


class Life:
    """One process of the bridge."""

    def __init__(self, program):
        self.program, self.running, self.killed_at = program, Running(), None
        self.seen = {}  # session: when it was first heard of
        self.running.turn(True)

    def sessions(self):
        found = re.findall(r"session ([0-9a-f-]{36}): ", self.program.err())
        for session in found:
            self.seen.setdefault(session, time.monotonic())
        return found


def last_seq(path):
    """The last frame of a recording, by the headers of its members; without the last one where that is not whole."""
    data, at, last = path.read_bytes(), 0, 0
    while at + HEADER <= len(data):
        member = Member(data, at)
        if member.end <= len(data):
            last = max(last, member["first_seq"] + member["frames"] - 1)
        at = member.end
    return last


class World:
    """Game, bridge, proxy and server of one round, and what may happen to them."""

    def __init__(self, place, data, dice):
        self.place, self.data, self.dice = place, data, dice
        self.passing = Passing()
        self.proxy = Proxy(1, self.passing.connection)
        self.lives, self.server, self.game, self.stopped = [], None, None, set()
        self.game_on = Running()
        self.disk = None  # the file that fills it up
        self.refused = 0  # starts of the server
        self.stalls = Stalls(place.folder)

    @property
    def bridge(self):
        return self.lives[-1].program if self.lives and self.lives[-1].killed_at is None else None

    def start_game(self):
        if not self.game:
            self.game = self.place.sim("--seed", str(self.dice.randrange(1 << 30)))
            page = pages.SHM / f"{self.place.prefix}_physics"
            wait_until(lambda: page.exists() and any(page.read_bytes()[:4]), "the game's first step")
            self.game_on.turn(True)

    def end_game(self):
        if self.game:
            self.game_on.turn(False)
            code = self.game.stop()
            assert code == 0, f"the game ended with {code}: {self.game}"
            self.game = None

    def start_bridge(self):
        if not self.bridge:
            self.lives.append(Life(self.place.bridge(port=self.proxy.port)))

    def start_server(self):
        """Starts it, if none runs. On a full disk it may refuse, with a sentence: then it is started later."""
        if self.server:
            return
        server = self.place.run(ACQ, "serve", "--listen", "127.0.0.1:0", "--data", self.data, *SERVER_OPTIONS)
        wait_until(lambda: server.process.poll() is not None or "listening on" in server.err(), f"a server: {server}")
        if server.process.poll() is not None:
            assert self.disk and "No space left" in server.err(), f"the server does not start: {server}"
            self.refused += 1
            return
        self.check_acked()
        self.proxy.target = int(server.err().split("listening on 127.0.0.1:")[1].split(",")[0])
        self.server = server

    def check_acked(self):
        """A server has just started, and no bridge has found it yet: what any server has acked is in the recordings. Later
        that could not be told from what was sent again."""
        have = {}
        for path in self.data.glob("*.pb.gz"):
            session = path.name[:-len(".pb.gz")].rsplit("_", 1)[1]
            have[session] = max(have.get(session, 0), last_seq(path))
        for session, seq in self.passing.acked.items():
            assert have.get(session, 0) >= seq, f"{session}: {seq} acked, {have.get(session, 0)} on the server that starts"

    # ---- disturbances ----

    def kill_bridge(self):
        if self.bridge:
            life = self.lives[-1]
            life.sessions()
            self.bridge.process.kill()
            life.killed_at = time.monotonic()
            life.running.turn(False)
            life.program.wait()
            self.stopped.discard("bridge")

    def kill_server(self):
        if self.server:
            self.server.kill()
            self.server = None
            self.stopped.discard("server")

    def end_server(self):
        """Ctrl+C, and whatever it does then may take its time."""
        if self.server:
            self.go_on("server")
            self.server.process.send_signal(signal.SIGINT)
            code = self.server.wait()
            assert code == 0 or self.disk, f"the server ended with {code}: {self.server}"
            self.server = None

    def freeze(self, name):
        program = getattr(self, name)
        if program and name not in self.stopped:
            program.process.send_signal(signal.SIGSTOP)
            self.stopped.add(name)
            if name == "bridge":
                self.lives[-1].running.turn(False)

    def go_on(self, name):
        program = getattr(self, name)
        if program and name in self.stopped:
            if name == "bridge":
                self.lives[-1].running.turn(True)
            program.process.send_signal(signal.SIGCONT)
        self.stopped.discard(name)

    def fill_disk(self):
        if not self.disk:
            self.disk = open(self.data.parent / "filler", "wb", buffering=0)
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        self.disk.write(bytes(size))
                except OSError:
                    pass

    def free_disk(self):
        if self.disk:
            os.unlink(self.disk.name)
            self.disk.close()
            self.disk = None
            if self.refused:
                self.start_server()

    def close(self):
        if self.disk:
            self.disk.close()
            os.unlink(self.disk.name)
        self.stalls.close()
        self.proxy.close()


def throttle(world, ways, rate):
    for way in ways:
        way.rate = rate


# name: what is done to the world, and what ends it some time later
DISTURBANCES = {
    "bridge killed": (lambda w: w.kill_bridge(), lambda w: w.start_bridge()),
    "server killed": (lambda w: w.kill_server(), lambda w: w.start_server()),
    "both killed": (lambda w: (w.kill_bridge(), w.kill_server()), lambda w: (w.start_server(), w.start_bridge())),
    "server stopped by Ctrl+C": (lambda w: w.end_server(), lambda w: w.start_server()),
    "game ended": (lambda w: w.end_game(), lambda w: w.start_game()),
    "connection cut, FIN": (lambda w: w.proxy.cut(), None),
    "connection cut, RST": (lambda w: w.proxy.cut(rst=True), None),
    "cut, server not told": (lambda w: w.proxy.cut(rst=w.dice.random() < 0.5, sides=("client",)), None),
    "half-closed, to the server": (lambda w: w.proxy.half_close(up=True), None),
    "half-closed, to the bridge": (lambda w: w.proxy.half_close(up=False), None),
    "delayed": (lambda w: setattr(w.dice.choice([w.proxy.up, w.proxy.down]), "delay", w.dice.uniform(0.005, 0.3)),
                lambda w: (setattr(w.proxy.up, "delay", 0.0), setattr(w.proxy.down, "delay", 0.0))),
    "throttled": (lambda w: throttle(w, w.dice.choice([[w.proxy.up], [w.proxy.down], [w.proxy.up, w.proxy.down]]),
                                     w.dice.uniform(2e3, 1e5)),
                  lambda w: throttle(w, [w.proxy.up, w.proxy.down], None)),
    "no byte to the server": (lambda w: setattr(w.proxy.up, "held", True), lambda w: setattr(w.proxy.up, "held", False)),
    "no byte to the bridge": (lambda w: setattr(w.proxy.down, "held", True),
                              lambda w: setattr(w.proxy.down, "held", False)),
    "half-open, both ways": (lambda w: w.proxy.strand(), lambda w: w.proxy.bury(rst=w.dice.random() < 0.5)),
    "refused": (lambda w: setattr(w.proxy, "open", False), lambda w: setattr(w.proxy, "open", True)),
    "server frozen": (lambda w: w.freeze("server"), lambda w: w.go_on("server")),
    "bridge frozen": (lambda w: w.freeze("bridge"), lambda w: w.go_on("bridge")),
    "disk full": (lambda w: w.fill_disk(), lambda w: w.free_disk()),
}
OFTEN = {"bridge killed": 3, "server killed": 4, "both killed": 2, "disk full": 2}


def plan(dice, small_disk):
    """[(when, what, for how long)], in the order of time; and how long the drive is."""
    seconds = dice.uniform(0.9, 1.8)
    kinds = [kind for kind in DISTURBANCES if small_disk or kind != "disk full"]
    chosen = dice.choices(kinds, [OFTEN.get(kind, 1) for kind in kinds], k=dice.randint(3, 7))
    if small_disk and "disk full" not in chosen:
        chosen[0] = "disk full"
    events = []
    for kind in chosen:
        length = dice.choice([0.4, 0.8] if kind == "disk full" else [0.02, 0.1, 0.3, 0.5])
        events.append((dice.uniform(0.0, max(0.1, seconds - length)), kind, length))
    return sorted(events), seconds
