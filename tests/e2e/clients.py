"""clients.py - for the tests of exactly once: clients of the server by grpcio, of our kind and of the original one, that know
what they have sent and what was acked."""
import queue
import random
import struct
import threading
import time

from acq import PATIENCE, skip
from frames import PHYSICS, SEQ, SESSION, T_NS, Recording, f32, message
from original import number, part, real, varint
from passing import ACK_SEQ, ACK_T_NS

try:
    import grpc
except ImportError as error:
    skip(f"{error}: Debian has python3-grpcio")

METHOD = "/telemetry.v1.TelemetryIngest/StreamFrames"
STEP, START = 3_000_000, 10**9
MOST = 100000  # frames of a session; a test that has sent so many goes on with what is there already
AHEAD = 2000   # frames that a client sends before it waits for acks
GONE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN, grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL)


def speed(seq):
    return (seq * 7 % 1000 + 1) / 4


def t_ns(seq):
    return START + seq * STEP


def frame(session, seq, own=True, context=False, padding=0):
    """A frame of ours, or of the original project. The context comes last, as our bridge puts it. The padding is a field
    that the server does not know."""
    physics = real(1, struct.pack("<f", speed(seq))) + (number(16, seq) if own else b"")
    body = part(SESSION, session.encode()) + part(PHYSICS, physics)
    body = number(T_NS, t_ns(seq)) + part(2, b"assetto_corsa") + body
    if own:
        body += number(SEQ, seq) + varint(17 << 3 | 1) + struct.pack("<q", 1767268800 * 10**9 + seq * STEP)
    if padding:
        body += part(200, bytes(padding))
    return body + (part(6, part(1, b"ks_car") + part(2, b"monza")) if context or not own else b"")


class Session:
    """What a session's client knows: what it has sent, what was acked."""

    def __init__(self, name, own=True, padding=0):
        self.name, self.own, self.padding, self.sent, self.acked = name, own, padding, 0, 0
        self.duplicates = 0

    def frame(self, seq, context=False):
        self.duplicates += seq <= self.sent
        self.sent = max(self.sent, seq)
        return frame(self.name, seq, self.own, context, self.padding)

    def check(self, folder):
        """One recording, with the frames 1 to the last one sent."""
        paths = [path for path in folder.iterdir() if self.name in path.name and path.suffix != ".damaged"]
        assert len(paths) == 1, f"{self.name} has {sorted(path.name for path in paths)}"
        recording = Recording(paths[0])
        size = paths[0].stat().st_size
        assert recording.closed and recording.size == size, f"{self.name}: {recording.size} of {size} bytes are members"
        seqs = [f.seq for f in recording.frames]
        assert seqs == list(range(1, self.sent + 1)), f"{self.name}: {len(seqs)} of {self.sent} frames, or not in order"
        for f in recording.frames:
            if self.own:
                assert f.body == frame(self.name, f.seq, padding=self.padding), f"{self.name}: frame {f.seq}"
            values = f.fields[T_NS], f.fields[SESSION].decode(), f32(f.group(PHYSICS)[1])
            assert values == (t_ns(f.seq), self.name, speed(f.seq)), f"{self.name}: frame {f.seq}: {values}"


class Stream:
    """One call. Acks go into the session as they come."""

    def __init__(self, port, session):
        self.session, self.frames, self.acks = session, queue.SimpleQueue(), 0
        self.last_ack = 0
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)])
        metadata = [("acq-session", session.name)] if session.own else None
        self.call = self.channel.stream_stream(METHOD)(iter(self.frames.get, None), metadata=metadata)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.wrong = None
        self.thread.start()

    def _read(self):
        try:
            for content in self.call:
                self._take(message(content))
        except grpc.RpcError:
            pass
        except AssertionError as error:
            self.wrong = error
            self.call.cancel()

    def _take(self, ack):
        seq = ack.get(ACK_SEQ, 0)
        assert seq >= self.last_ack, f"{self.session.name}: ack of {seq} after {self.last_ack}"
        assert not seq or ack[ACK_T_NS] == t_ns(seq), f"{self.session.name}: ack of {seq} with the time {ack[ACK_T_NS]}"
        assert seq <= self.session.sent, f"{self.session.name}: ack of {seq} where {self.session.sent} were sent"
        self.session.acked = max(self.session.acked, seq)
        self.last_ack = seq
        self.acks += 1

    def hello(self):
        """What the server has, or None if it is gone. The heart of it all: no less than was acked."""
        if not self.session.own:
            return self.session.acked
        acked = self.session.acked
        known = dict(self.call.initial_metadata() or ()).get("acq-last-seq")
        if known is None:
            return None
        assert int(known) >= acked, f"{self.session.name}: {acked} acked, and the server has {known}"
        assert int(known) <= self.session.sent, f"{self.session.name}: the server has {known} of {self.session.sent}"
        return int(known)

    def send(self, begin, count):
        for seq in range(begin, begin + count):
            self.frames.put(self.session.frame(seq, seq == begin))

    def over(self):
        return not self.thread.is_alive()

    def end(self, cancel=False):
        """Half-closes, or cancels. Returns the status."""
        if cancel:
            self.call.cancel()
        self.frames.put(None)
        return self.status()

    def status(self):
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), f"{self.session.name}: the stream does not end"
        code = self.call.code()
        self.frames.put(None)
        self.channel.close()
        if self.wrong:
            raise self.wrong
        return code

    def details(self):
        return self.call.details() or ""


# ---- what clients do while the server lives ----

def goes_on(life, s, dice):
    """Sends what is new, in small groups, at its own pace."""
    stream = Stream(life.port, s)
    known = stream.hello()
    while known is not None and not stream.over() and not life.over():
        count = min(dice.randint(1, 40), MOST - known) if known - s.acked < AHEAD else 0
        stream.send(known + 1, count)
        known += count
        time.sleep(dice.uniform(0, 0.01) if count else 0.02)
    return stream


def sends_again(life, s, dice):
    """Begins with frames that the server has."""
    stream = Stream(life.port, s)
    known = stream.hello()
    if known is not None:
        begin = max(1, known + 1 - dice.randint(1, 300))
        stream.send(begin, min(dice.randint(1, 400), MOST - begin + 1))
        life.wait(dice.uniform(0, 0.03))
    return stream


def leaves_out(life, s, dice):
    """Sends a frame that is not the next: refused with the number that it should have been."""
    if not s.own:
        return sends_again(life, s, dice)
    stream = Stream(life.port, s)
    known = stream.hello()
    if known is not None and known < MOST - 100:
        stream.send(known + 1, 5)
        sent = s.sent
        stream.frames.put(frame(s.name, max(known + 5, sent) + dice.randint(2, 50)))
        code = stream.status() if life.wait_until(stream.over) else stream.end(cancel=True)
        if code not in GONE:
            assert code == grpc.StatusCode.FAILED_PRECONDITION, (code, stream.details())
            assert f"expected {known + 6}" in stream.details(), stream.details()
            life.count("gaps refused")
    return stream


def comes_twice(life, s, dice):
    """A second stream of the session: it wins, and the older one is told so."""
    old = Stream(life.port, s)
    known = old.hello()
    if known is None or known > MOST - 300:
        return old
    old.send(known + 1, dice.randint(1, 100))
    if dice.randint(0, 1):
        life.wait_until(lambda: old.acks or old.over())
    new = Stream(life.port, s)
    known = new.hello()
    if known is not None:
        new.send(known + 1, dice.randint(1, 100))
        code = old.status() if life.wait_until(old.over) else old.end(cancel=True)
        if code not in GONE:
            assert code == grpc.StatusCode.ABORTED, (code, old.details())
            life.count("older streams ended")
    old.end(cancel=True)
    return new


def says_all(life, s, dice):
    """Sends some and half-closes: all of it is acked before the stream ends."""
    stream = Stream(life.port, s)
    known = stream.hello()
    if known is not None:
        count = min(dice.randint(1, 200), MOST - known)
        if not count:
            return stream
        stream.send(known + 1, count)
        stream.frames.put(None)
        if life.wait_until(stream.over) and stream.status() == grpc.StatusCode.OK:
            assert stream.last_ack >= known + count, f"{s.name}: {stream.last_ack} acked of {known + count}"
            life.count("streams ended well")
    return stream


WAYS = (goes_on, goes_on, sends_again, leaves_out, comes_twice, says_all)


class Life:
    """A server from its start to its kill, and clients that do what they like in the meantime."""

    def __init__(self, server, counts):
        self.server, self.counts, self.failures = server, counts, []
        self.port, self.killed = self.server.port, threading.Event()

    def over(self):
        return self.killed.is_set()

    def wait(self, seconds):
        self.killed.wait(seconds)

    def wait_until(self, condition):
        """Whether it came true before the kill."""
        while not condition():
            if self.over():
                return False
            time.sleep(0.001)
        return True

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def client(self, s, seed):
        dice = random.Random(seed)
        try:
            while not self.over():
                way = dice.choice(WAYS)
                stream = way(self, s, dice)
                self.count(way.__name__)
                stream.end(cancel=self.over() or dice.random() < 0.5)
        except Exception as error:  # told by run()
            self.failures.append(error)

    def run(self, sessions, dice, seconds):
        threads = [threading.Thread(target=self.client, args=(s, dice.random())) for s in sessions]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.server.process.kill()
        self.killed.set()
        self.server.wait()
        for thread in threads:
            thread.join(2 * PATIENCE)
            assert not thread.is_alive(), "a client does not end"
        if self.failures:
            raise self.failures[0]


def complete(port, sessions, more=10):
    """All sessions send what is missing, and a little more, to their end."""
    for s in sessions:
        stream = Stream(port, s)
        known = stream.hello()
        assert known is not None, f"no hello: {stream.status()} {stream.details()}"
        stream.send(known + 1, s.sent + more - known)
        assert stream.end() == grpc.StatusCode.OK, stream.details()
        assert s.acked == s.sent, f"{s.name}: {s.acked} acked of {s.sent}"
