#!/usr/bin/env python3
"""Clients that are made to hurt the server: floods, bombs, half of everything, names that are paths. Whatever one does,
the server keeps to its memory, goes on serving the others, and ends what is wrong with the right status or GOAWAY."""
import gzip
import math
import os
import random
import resource
import socket
import struct
import time
import unittest
import zlib

from acq import ACQ, PATIENCE, Place, wait_until
from frames import Recording
from frames import message as fields
from http2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PADDED, PING, PREFACE, RST_STREAM, SETTINGS,
                   WINDOW_UPDATE, Client, frame, literal, message, request)

SANITIZED = b"__asan_init" in ACQ.read_bytes()
MIB = 1 << 20
MEMORY = 16 * MIB  # what one attack may cost the server, unless the test says more
OK, INVALID_ARGUMENT, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED = 0, 3, 4, 8, 9, 10
UNIMPLEMENTED, INTERNAL = 12, 13
INTERNAL_ERROR, FLOW_CONTROL_ERROR, COMPRESSION_ERROR, CALM = 2, 3, 9, 11


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def part(tag, data):
    return varint(tag << 3 | 2) + varint(len(data)) + data


def telemetry(seq, session, stat=b"", padding=0, physics=b"\x0d" + struct.pack("<f", 100.0)):
    """A frame of the session. stat: its static page."""
    data = varint(1 << 3) + varint(10**9 + 3_000_000 * (seq % 10**6)) + part(2, b"assetto_corsa") + part(3, session)
    data += part(4, physics) + varint(16 << 3) + varint(seq)
    return data + (part(6, stat) if stat else b"") + (part(200, bytes(padding)) if padding else b"")


def acked(messages):
    """last_seq of the last ack in a stream's bytes."""
    last, at = 0, 0
    while len(messages) - at >= 5:
        size = struct.unpack_from(">I", messages, at + 1)[0]
        ack, at = messages[at + 5:at + 5 + size], at + 5 + size
        last = fields(ack).get(16, last)
    return last


class Car:
    """A client that does no harm: sends a frame now and then, and gets its ack soon."""

    def __init__(self, port, session="the-other-car"):
        self.client, self.session, self.seq = Client(port), session, 0
        self.stream = self.client.call(("acq-session", session))
        self.client.wait(lambda: "acq-last-seq" in self.client.headers.get(self.stream, {}), "acq-last-seq")

    def drive(self):
        """One frame; returns after how many seconds it was acked."""
        self.seq += 1
        start = time.monotonic()
        self.client.write(self.stream, telemetry(self.seq, self.session.encode()))
        self.client.wait(lambda: acked(self.client.messages.get(self.stream, b"")) == self.seq, f"ack of {self.seq}")
        return time.monotonic() - start


class Hostile(unittest.TestCase):
    options = []

    def setUp(self):
        self.place = Place().__enter__()
        self.addCleanup(self.place.__exit__, None)
        self.data = self.place.folder / "outer" / "data"
        self.data.parent.mkdir()
        self.serve()
        self.car = Car(self.port)
        self.car.drive()
        self.calm()

    def serve(self, **words):
        self.server = self.place.run(ACQ, "serve", "--listen", "127.0.0.1:0", "--data", self.data, *self.options, **words)
        self.server.says("listening on")
        self.port = int(self.server.err().split("listening on 127.0.0.1:")[1].split(",")[0].split()[0])

    def memory(self, name):
        with open(f"/proc/{self.server.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(name)) * 1024

    def files(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    def calm(self):
        """From here on an attack is measured."""
        with open(f"/proc/{self.server.process.pid}/clear_refs", "w") as peak:
            peak.write("5")
        self.before = self.memory("VmRSS")

    def check(self, most=MEMORY):
        """The server lives, serves the other car, and has not taken more memory than it may at any time."""
        self.car.drive()
        self.assertIsNone(self.server.process.poll(), self.server)
        if not SANITIZED:
            taken = self.memory("VmHWM") - self.before
            self.assertLess(taken, most, f"the attack cost {taken / MIB:.1f} MiB")

    def tearDown(self):
        """It ends cleanly, what the other car sent is whole, and no line of its log is broken."""
        if self.server.process.poll() is None:
            self.car.client.close()
            self.assertEqual(self.server.stop(), 0, self.server)
        names = [path for path in self.data.glob("*.pb.gz") if "the-other-car" in path.name]
        self.assertEqual(len(names), 1)
        self.assertEqual([f.seq for f in Recording(names[0]).frames], list(range(1, self.car.seq + 1)))
        for line in self.server.said(1).split("\n")[:-1]:
            self.assertTrue(line.startswith("acq: "), repr(line))
            self.assertFalse([c for c in line if ord(c) < 32 or 127 <= ord(c) < 160], repr(line))

    def client(self, **words):
        client = Client(self.port, **words)
        self.addCleanup(client.close)
        return client

    def stream(self, session="attacker", **words):
        """A connection with a stream that has begun."""
        client = self.client(**words)
        stream = client.call(("acq-session", session))
        client.wait(lambda: client.headers.get(stream), "the answer to hello")
        return client, stream

    def flood(self, data, times, client, read=True):
        """Sends the same again and again, while the other car drives."""
        for k in range(times):
            if not client.send(data, read=read, seconds=10):
                break
            if k % 16 == 0:
                self.car.drive()

    def check_calm(self, client):
        """Pointless frames are passed over, or there were too many of them."""
        client.receive()
        self.assertIn(client.goaway, (None, CALM))
        self.assertEqual(client.closed, client.goaway == CALM)


class Floods(Hostile):
    def test_rapid_reset(self):
        """Streams that are broken off as soon as they have begun."""
        client = self.client()
        pairs = [frame(HEADERS, END_HEADERS, i, request(("acq-session", f"r{i}"))) + frame(RST_STREAM, 0, i, b"\0\0\0\x08")
                 for i in range(1, 40000, 2)]
        for k in range(0, len(pairs), 200):
            if not client.send(b"".join(pairs[k:k + 200])):
                break
            self.car.drive()
        client.wait_closed()
        self.assertIn(client.goaway, (INTERNAL_ERROR, CALM))
        self.check()
        self.assertEqual(len(list(self.data.glob("*.pb.gz"))), 1)

    def test_resets_by_the_server(self):
        """Streams that the server is made to reset itself: by window updates of 0."""
        client = self.client()
        pairs = [frame(HEADERS, END_HEADERS, i, request(("acq-session", f"r{i}"))) + frame(WINDOW_UPDATE, 0, i, bytes(4))
                 for i in range(1, 40000, 2)]
        for k in range(0, len(pairs), 200):
            if not client.send(b"".join(pairs[k:k + 200])):
                break
            self.car.drive()
        self.check()

    def test_continuation(self):
        """A header block that never ends."""
        for piece in (literal("x", "y" * 100), b"", literal("x" * 16, "y", index=True)):
            client = self.client()
            client.send(frame(HEADERS, 0, 1, request()))
            self.flood(frame(CONTINUATION, 0, 1, piece) * 1000, 500, client)
            client.wait_closed()
            self.check()

    def test_ping(self):
        """Pings whose answers are not read."""
        client = self.client(receive_buffer=4096)
        self.flood(frame(PING, 0, 0, b"12345678") * 4000, 300, client, read=False)
        self.check()
        client.wait_closed()

    def test_settings(self):
        """Settings whose answers are not read."""
        client = self.client(receive_buffer=4096)
        self.flood(frame(SETTINGS, 0, 0, struct.pack(">HI", 0x99, 1)) * 4000, 300, client, read=False)
        self.check()
        client.wait_closed()

    def test_settings_that_are_large(self):
        client = self.client()
        self.flood(frame(SETTINGS, 0, 0, struct.pack(">HI", 0x99, 1) * 2700), 300, client)
        client.wait_closed()
        self.check()

    def test_empty_data(self):
        """DATA frames without anything in them, and padding alone."""
        for kind, content in ((0, b""), (PADDED, b"\xff" + bytes(255))):
            client, stream = self.stream()
            self.flood(frame(DATA, kind, stream, content) * 2000, 60, client)
            self.check_calm(client)
            self.check()

    def test_window_updates(self):
        for which in (0, 1):
            client, stream = self.stream()
            self.flood(frame(WINDOW_UPDATE, 0, stream * which, b"\0\0\0\x01") * 5000, 40, client)
            self.check_calm(client)
            self.check()

    def test_window_overflow(self):
        """A window beyond 2^31 - 1 ends the stream, or the connection whose window it is (RFC 9113, 6.9.1)."""
        most = struct.pack(">I", 0x7fffffff)
        client, stream = self.stream()
        client.send(frame(WINDOW_UPDATE, 0, stream, most))
        client.wait(lambda: client.over(stream), "reset")
        self.assertEqual(client.resets.get(stream, client.goaway), FLOW_CONTROL_ERROR)
        client = self.client()
        client.send(frame(WINDOW_UPDATE, 0, 0, most) * 2)
        self.assertEqual(client.wait_closed(), FLOW_CONTROL_ERROR)
        self.check()

    def test_unknown_frames(self):
        """Frames of kinds that nobody knows; also priorities."""
        client, stream = self.stream()
        self.flood(frame(0xfa, 0xff, 0, b"x" * 100) * 1000 + frame(2, 0, stream, struct.pack(">IB", 5, 7)) * 1000, 40, client)
        self.check_calm(client)
        self.check()

    def test_a_few_of_each(self):
        """What any client may send now and then does no harm to its stream."""
        client, stream = self.stream()
        few = (frame(0xfa, 0xff, 0, b"x") + frame(2, 0, stream, struct.pack(">IB", 5, 7)) + frame(PING, 0, 0, b"12345678") +
               frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\x01") + frame(WINDOW_UPDATE, 0, stream, b"\0\0\0\x01") +
               frame(SETTINGS, 0, 0, struct.pack(">HI", 0x99, 1)) + frame(DATA, 0, stream))
        for seq in range(1, 31):
            client.send(few)
            client.write(stream, telemetry(seq, b"attacker"))
        client.send(frame(DATA, END_STREAM, stream))
        self.assertEqual(client.status(stream)[0], OK)
        self.assertEqual((acked(client.messages[stream]), client.pongs), (30, 30))
        self.check()

class Bombs(Hostile):
    def test_header_bomb(self):
        """One large entry in the table, and thousands of references to it: 16 KiB that unpack to 60 MiB."""
        client = self.client()
        for i in range(1, 400, 2):
            block = (literal("bomb", "x" * 3900, index=True) if i == 1 else b"") + request() + b"\xbe" * 12000
            if not client.send(frame(HEADERS, END_HEADERS, i, block)):
                break
            if i % 20 == 1:
                self.car.drive()
        self.check()

    def test_header_list(self):
        """Headers beyond the limit: the call is refused, the connection goes on."""
        client = self.client()
        stream = client.call(("x-long", "y" * 12000))
        client.wait(lambda: client.over(stream), "a refusal")
        self.assertFalse(client.closed)
        status = client.status(stream)
        self.assertTrue(status is None or status[0] in (RESOURCE_EXHAUSTED, INTERNAL), status)
        stream = client.call(*((f"x-{i}", "y") for i in range(500)))
        client.wait(lambda: client.over(stream), "a refusal")
        stream = client.call(("acq-session", "after"))
        client.wait(lambda: "acq-last-seq" in client.headers.get(stream, {}), "acq-last-seq")
        self.check()

    def test_table_size(self):
        """A table that is resized again and again, and one larger than was allowed."""
        client = self.client()
        block = b"".join(b"\x20" + b"\x3f\xe1\x1f" for _ in range(1)) + request()
        for i in range(1, 2001, 2):
            if not client.send(frame(HEADERS, END_HEADERS | END_STREAM, i, block)):
                break
        self.check()
        client = self.client()
        client.send(frame(HEADERS, END_HEADERS, 1, b"\x3f\xe1\xff\x7f" + request()))
        self.assertEqual(client.wait_closed(), COMPRESSION_ERROR)
        self.check()

    def test_message_lengths(self):
        """Messages that say they are longer than the limit are refused by their first five bytes."""
        for length in (64 * 1024 + 1, 1 << 24, 0x7fffffff, 0xffffffff):
            client, stream = self.stream()
            client.send(frame(DATA, 0, stream, message(b"", length=length)))
            status, text = client.status(stream)
            self.assertEqual(status, RESOURCE_EXHAUSTED, text)
            self.assertRegex(text, "64|65536")
            self.assertFalse(client.closed)
            self.check()

    def test_half_messages(self):
        """Hundreds of messages that begin, and never end: their bytes are kept within a bound."""
        for c in range(5):
            client = self.client()
            for i in range(90):
                stream = client.call(("acq-session", f"half-{c}-{i}"))
                client.send(frame(DATA, 0, stream, message(b"", length=60000)) + frame(DATA, 0, stream, bytes(16000)))
            self.car.drive()
        self.check(24 * MIB)

    def test_gzip(self):
        """Messages that are small until they are unpacked."""
        for size in (1 << 17, 1 << 24, 1 << 26):
            client, stream = self.client(), 1
            client.call(("acq-session", "bomb"), ("grpc-encoding", "gzip"))
            client.write(stream, gzip.compress(bytes(size), 9), compressed=1)
            status, text = client.status(stream)
            self.assertEqual(status, RESOURCE_EXHAUSTED, text)
            self.check()

    def test_gzip_that_is_none(self):
        good = gzip.compress(telemetry(1, b"zip"))
        for data in (b"", b"\x1f", good[:-9], good[:12], b"hello", zlib.compress(b"x"), good + b"more",
                     good[:-4] + bytes(4), good[:-8] + bytes(4) + good[-4:]):
            client = self.client()
            stream = client.call(("acq-session", "zip"), ("grpc-encoding", "gzip"))
            client.write(stream, data, compressed=1)
            client.send(frame(DATA, END_STREAM, stream))
            status, text = client.status(stream)
            self.assertIn(status, (INTERNAL, INVALID_ARGUMENT), (data[:20], text))
            self.check()
        client, stream = self.stream()
        client.write(stream, good, compressed=1)  # without having said so
        self.assertEqual(client.status(stream)[0], INTERNAL)
        client = self.client()
        stream = client.call(("acq-session", "zip"), ("grpc-encoding", "deflate"))
        self.assertEqual(client.status(stream)[0], UNIMPLEMENTED)
        self.check()


class Slow(Hostile):
    """Clients that are slow on purpose. What they hold is little, and does not shut out others."""
    options = ["--connections", "60", "--ping-s", "1"]
    beginnings = (b"", PREFACE[:7], PREFACE, PREFACE + frame(SETTINGS, 0, 0)[:5], PREFACE + frame(SETTINGS, 0, 0),
                  PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, 0, 1, request()[:30]),
                  PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, END_HEADERS, 1, request())[:40])

    def open(self, data):
        s = socket.create_connection(("127.0.0.1", self.port))
        self.addCleanup(s.close)
        s.setblocking(False)
        try:
            s.send(data)
        except OSError:
            pass
        return s

    def is_open(self, s):
        try:
            while True:
                if not s.recv(1 << 16):
                    return False
        except BlockingIOError:
            return True
        except OSError:
            return False

    def dribble(self, places):
        """One more byte of each: [socket, bytes, how many have gone]."""
        for place in places:
            try:
                place[2] += place[0].send(place[1][place[2]:place[2] + 1])
            except OSError:
                pass

    def test_beginnings(self):
        """Connections that begin somehow and say no more, or only a byte now and then, are closed; also one that has had
        a call, and whose next one never comes to its end."""
        silent = [self.open(data) for data in self.beginnings for _ in range(3)]
        begin, block = PREFACE + frame(SETTINGS, 0, 0), request(("x", "y" * 4000))
        slow = [[self.open(b""), data, 0] for _ in range(8) for data in (begin, begin + frame(HEADERS, END_HEADERS, 1, block))]
        for _ in range(4):
            client = self.client()
            self.assertEqual(client.status(client.call(path="/no/such"))[0], UNIMPLEMENTED)
            slow.append([client.socket, frame(HEADERS, END_HEADERS, 3, block), 0])
        sockets = silent + [place[0] for place in slow]
        end = time.monotonic() + PATIENCE
        while any([self.is_open(s) for s in sockets]):
            self.assertLess(time.monotonic(), end, [self.is_open(s) for s in sockets])
            self.dribble(slow)
            self.car.drive()
            time.sleep(0.2)
        self.check()

    def test_too_many(self):
        """More connections than may be: they are refused, the ones that work go on; and afterwards there is room."""
        sockets = [self.open(PREFACE + frame(SETTINGS, 0, 0)) for _ in range(300)]
        self.car.drive()
        wait_until(lambda: sum(self.is_open(s) for s in sockets) <= 60, "refusal")
        self.assertLess(self.files(), 150)
        self.check()
        for s in sockets:
            s.close()
        wait_until(lambda: self.files() < 50, "end of the connections")
        other = Car(self.port, "late-car")
        other.drive()
        other.client.close()

    def test_silent_ones_make_room(self):
        """Connections that do nothing do not shut out a car."""
        sockets = [self.open(PREFACE + frame(SETTINGS, 0, 0)) for _ in range(300)]

        def comes():
            try:
                return Car(self.port, "late-car")
            except (AssertionError, OSError):
                return None
        other = wait_until(comes, "a place for a car")
        other.drive()
        other.client.close()
        self.check()
        del sockets

    def test_no_answers_read(self):
        """A client that sends and reads nothing: acks are cumulative, so they do not pile up."""
        client = self.client(window=0)
        stream = client.call(("acq-session", "deaf"))
        for seq in range(1, 20001, 100):
            data = b"".join(message(telemetry(s, b"deaf")) for s in range(seq, seq + 100))
            for i in range(0, len(data), 16000):
                if not client.send(frame(DATA, 0, stream, data[i:i + 16000])):
                    break
            if seq % 1000 == 1:
                self.car.drive()
        self.check()
        self.assertFalse(client.closed)
        self.assertNotIn(stream, client.messages)
        client.send(frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", 1 << 20)))
        client.wait(lambda: acked(client.messages.get(stream, b"")) == 20000, "the last ack")
        self.assertLess(len(client.messages[stream]), 100000)


class Streams(Hostile):
    def few_handles(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4096))

    def test_too_many(self):
        """More calls at once than a connection may have: what is beyond is refused, and not begun."""
        client = self.client()
        client.wait(lambda: client.settings, "settings")
        for i in range(300):
            client.call(("acq-session", f"many-{i}"))
        client.wait(lambda: client.closed or len(client.headers) + len(client.resets) >= 300, "answers")
        begun = [s for s, h in client.headers.items() if "acq-last-seq" in h]
        self.assertLessEqual(len(begun), 100)
        self.check()

    def test_sessions_without_frames(self):
        """Thousands of hellos leave nothing behind: no file, no memory."""
        for c in range(50):
            client = self.client()
            streams = [client.call(("acq-session", f"hello-{c}-{i}")) for i in range(90)]
            client.wait(lambda: all("acq-last-seq" in client.headers.get(s, {}) for s in streams), "answers")
            if c % 10 == 0:
                self.car.drive()
            client.close()
        self.check()
        self.assertEqual(len(list(self.data.glob("*.pb.gz"))), 1)

    def test_sessions_of_one_frame(self):
        """A thousand sessions of a frame each: a file for each, but not as many open ones, nor much memory."""
        for c in range(12):
            client = self.client()
            streams = [client.call(("acq-session", f"one-{c}-{i}")) for i in range(90)]
            for i, s in enumerate(streams):
                client.write(s, telemetry(1, b"one-%d-%d" % (c, i)))
            client.wait(lambda: all(acked(client.messages.get(s, b"")) == 1 for s in streams), "acks", 2 * PATIENCE)
            self.car.drive()
            client.close()
        self.check(24 * MIB)
        wait_until(lambda: len(list(self.data.glob("*one-*.pb.gz"))) == 12 * 90, "recordings")

    def test_few_handles(self):
        """The usual limit of open files does not limit the cars: it is raised as far as it can be."""
        self.car.client.close()
        self.assertEqual(self.server.stop(), 0)
        self.serve(preexec_fn=self.few_handles)
        self.car.client, self.car.stream = self.stream("the-other-car")
        for c in range(4):
            client = self.client()
            streams = [client.call(("acq-session", f"file-{c}-{i}")) for i in range(90)]
            for i, s in enumerate(streams):
                client.write(s, telemetry(1, b"file-%d-%d" % (c, i)))
            client.wait(lambda: all(acked(client.messages.get(s, b"")) == 1 for s in streams), "acks", 2 * PATIENCE)
        self.car.drive()

    def test_answers_nobody_reads(self):
        """Methods that answer with much, asked again and again without reading it."""
        ask = part(4, b"telemetry.v1.TelemetryIngest")
        client = self.client(window=0)
        for _ in range(90):
            stream = client.call(path="/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
            if not client.send(frame(DATA, 0, stream, message(ask) * 400), seconds=10):
                break
        self.car.drive()
        self.check(24 * MIB)

    def test_log(self):
        """Thousands of refusals do not fill the server's log: so many a second are written, and the others counted."""
        before = len(self.server.err())
        for c in range(40):
            client = self.client()
            for i in range(90):
                client.write(client.call(("acq-session", f"refused-{c}-{i}")), b"\xff")
            self.car.drive()
            client.close()
        time.sleep(1.1)
        client, stream = self.stream("refused")
        client.write(stream, b"\xff")
        self.server.says("events-left-out count=")
        self.assertLess(len(self.server.err()) - before, 40000)
        self.check()

    def test_timeouts(self):
        """grpc-timeout: what is well-formed ends the call in time, what is not does no harm."""
        for value in ("1n", "1u", "1m", "0S"):
            client = self.client()
            stream = client.call(("acq-session", "late"), ("grpc-timeout", value))
            self.assertEqual(client.status(stream)[0], DEADLINE_EXCEEDED, value)
        for value in ("", "S", "-1S", "1", "123456789S", "99999999H", "1x", "1.5S", "0x1S", " 1S", "1S "):
            client = self.client()
            stream = client.call(("acq-session", "late"), ("grpc-timeout", value))
            client.wait(lambda: client.over(stream) or client.headers.get(stream), f"an answer with {value!r}")
        self.check()

    def test_one_session_on_many_streams(self):
        """The newest stream of a session wins, however many come."""
        client = self.client()
        streams = [client.call(("acq-session", "same")) for _ in range(80)]
        client.wait(lambda: "acq-last-seq" in client.headers.get(streams[-1], {}), "the newest")
        client.write(streams[-1], telemetry(1, b"same"))
        client.wait(lambda: acked(client.messages.get(streams[-1], b"")) == 1, "ack")
        self.assertEqual([client.status(s)[0] for s in streams[:-1]], [ABORTED] * 79)
        self.check()

    def test_random_bytes(self):
        """What is no HTTP/2, at any place."""
        dice = random.Random(7)
        openings = (b"", PREFACE, PREFACE + frame(SETTINGS, 0, 0),
                    PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, END_HEADERS, 1, request(("acq-session", "junk"))))
        for k in range(200):
            s = socket.create_connection(("127.0.0.1", self.port))
            junk = dice.randbytes(dice.randrange(1, 3000))
            if k % 2:
                junk = frame(dice.randrange(10), dice.randrange(256), dice.randrange(4), junk)
            try:
                s.sendall(openings[k % 4] + junk)
            except OSError:
                pass
            s.close()
        for words in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)):
            s = socket.create_connection(("127.0.0.1", self.port))
            s.settimeout(PATIENCE)
            s.sendall(words)
            while s.recv(1000):
                pass
            s.close()
        self.check()

    def test_bad_messages(self):
        """What is no TelemetryFrame is refused with the number of the frame; what came before it is safe."""
        dice = random.Random(8)
        bad = [b"\xff", b"\x07", b"\x0a\x7f", telemetry(3, b"x")[:-1], telemetry(3, b"\xff\xfe"), dice.randbytes(500),
               telemetry(3, b"bad", b"\x0a\x03a\0b"), part(4, b"\x0d\0"), b"\x80" * 11]
        for k, data in enumerate(bad):
            client, stream = self.stream(f"bad-{k}")
            for seq in (1, 2):
                client.write(stream, telemetry(seq, b"bad-%d" % k))
            client.write(stream, data)
            client.write(stream, telemetry(3, b"bad-%d" % k))
            status, text = client.status(stream)
            self.assertEqual(status, INVALID_ARGUMENT, (k, text))
            self.assertRegex(text, r"\b[23]\b", k)
            client, stream = self.stream(f"bad-{k}")
            self.assertEqual(client.headers[stream]["acq-last-seq"], "2")
        self.check()

    def test_odd_values(self):
        """What is not finite, or out of range, is the game's: stored bit for bit, and counted."""
        client, stream = self.stream("odd")
        odd = b"\x0d\x01\x00\xa0\x7f\x15" + struct.pack("<f", 9.0) + b"\x1d" + struct.pack("<f", -math.inf)
        frames = [telemetry(seq, b"odd", physics=odd) for seq in range(1, 11)]
        for data in frames + [telemetry(11, b"odd")]:
            client.write(stream, data)
        client.send(frame(DATA, END_STREAM, stream))
        self.assertEqual(client.status(stream)[0], OK)
        self.server.says("session-pauses session=odd")
        line = next(line for line in self.server.err().split("\n") if "session-pauses session=odd" in line)
        self.assertRegex(line, r"\bodd_values=40\b")  # the infinite brake is out of its range, too
        path = next(self.data.glob("*odd*.pb.gz"))
        wait_until(lambda: Recording(path).closed, "its end")
        self.assertEqual([f.body for f in Recording(path).frames][:10], frames)
        self.check()

    def test_bad_numbers(self):
        """Gaps, a seq of 0, another session, a message without anything."""
        gap = telemetry(5, b"numbers")
        for data, expected in ((gap, FAILED_PRECONDITION), (telemetry(0, b"numbers"), INVALID_ARGUMENT),
                               (telemetry(1, b"other"), INVALID_ARGUMENT), (b"", INVALID_ARGUMENT),
                               (telemetry(2**64 - 1, b"numbers"), FAILED_PRECONDITION)):
            client, stream = self.stream("numbers")
            client.write(stream, data)
            self.assertEqual(client.status(stream)[0], expected)
        self.check()


class Buffers(Hostile):
    """The least memory for buffers that can be set: all that may wait together for the disk."""
    options = ["--buffer-mib", "16", "--log-mib", "64"]

    def test_large_frames(self):
        """Frames of nearly 64 KiB on many connections, faster than any disk: they are slowed down, and none is lost.
        Beside the buffers a connection may bring one read of 256 KiB, and memory is taken in steps of twice the size."""
        clients = [(*self.stream(f"large-{k}"), b"large-%d" % k) for k in range(300)]
        sent = [0] * len(clients)
        for turn in range(16):
            for k, (client, stream, session) in enumerate(clients):
                sent[k] += client.feed(stream, message(telemetry(sent[k] + 1, session, padding=60000)))
            if turn % 4 == 0:
                self.car.drive()
        self.check(256 * MIB)
        for k, (client, stream, _) in enumerate(clients):
            self.assertGreater(sent[k], 5)
            client.wait(lambda: acked(client.messages.get(stream, b"")) == sent[k], "the last ack")
            self.assertFalse(client.over(stream))
        self.check(256 * MIB)

    def test_half_messages(self):
        """Thousands of calls, each with a message that has come all but its last byte."""
        half = message(telemetry(1, b"x", padding=60000))[:-1]
        for _ in range(30):
            client = self.client()
            for i in range(90):
                stream = client.call(path="/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
                if not client.feed(stream, half):
                    break
            self.car.drive()
        self.check(64 * MIB)


NAMES = ["../../escaped", "/escaped", "..", ".", "...", "a/../../escaped", "..\\..\\escaped", "C:\\escaped", "CON", "nul.pb.gz", "a\nforged: line",
         "a\r\x1b[2J\x07b", "a\tb", "\x7f\u0080\u009b31m", "\u202ereversed", "\u2028new line", "🏎️🏁", "ü" * 31, "x" * 63, "a b", " ", "-rf", "%s%n%d",
         "$(touch escaped)", "a'b\"c`d", "{}[]*?", "a:b|c<d>", "x.", "x ", "~root", "acq-last-seq=9", "\ufeff", "\ufffd"]


class Names(Hostile):
    def tree(self):
        return {p.relative_to(self.place.folder) for p in self.place.folder.rglob("*")}

    def check_tree(self, before):
        """New files are recordings in the server's folder, by names that any system takes."""
        for path in self.tree() - before:
            self.assertEqual(path.parts[:2], ("outer", "data"), path)
            if path.name.startswith(".") or "commit-log" in path.parts:
                continue
            self.assertEqual(len(path.parts), 3, path)
            self.assertTrue(path.name.endswith(".pb.gz"), path)
            self.assertRegex(path.name, r"^[^\x00-\x1f\x7f-\x9f/\\:*?\"<>|]+$")
            self.assertLessEqual(len(path.name.encode()), 255)
            self.assertNotRegex(path.name.upper(), r"^(CON|NUL|PRN|AUX|COM\d|LPT\d)(\.|$)")

    def send(self, session, stat=b"", hello=False):
        """One frame of a session by that name. Returns the call's status, None: it was acked."""
        client = self.client()
        stream = client.call(*([("acq-session", session)] if hello else []))
        client.write(stream, telemetry(1, session.encode(), stat))
        client.wait(lambda: client.over(stream) or acked(client.messages.get(stream, b"")) == 1, f"answer for {session!r}")
        status = client.status(stream)[0] if client.over(stream) and not client.closed and stream not in client.resets else None
        client.close()
        return status

    def test_sessions(self):
        """Session ids in frames: stored as they are, in files of harmless names."""
        before = self.tree()
        for name in NAMES:
            self.assertIn(self.send(name), (None, INVALID_ARGUMENT), repr(name))
            self.car.drive()
        self.check()
        self.check_tree(before)
        # each has its own recording, also those whose names differ only in what a name of a file cannot hold
        wait_until(lambda: all(f.stat().st_size for f in self.data.glob("*.pb.gz")), "members")
        found = [Recording(p).session for p in self.data.glob("*.pb.gz")]
        self.assertEqual(len(found), len(set(found)))
        self.assertLessEqual(set(found), set(NAMES) | {"the-other-car"})
        self.assertGreater(len(found), 20)

    def test_hellos(self):
        """The same in metadata, as far as HTTP/2 lets it through."""
        before = self.tree()
        for name in NAMES:
            client = self.client()
            stream = client.call(("acq-session", name.encode()))
            client.wait(lambda: client.over(stream) or client.headers.get(stream), f"answer for {name!r}")
            client.close()
            self.car.drive()
        for name in (b"", b"x" * 64, b"x" * 5000, b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf\xc0\xae"):
            client = self.client()
            stream = client.call(("acq-session", name))
            client.wait(lambda: client.over(stream), f"refusal of {name!r}")
            self.assertTrue(stream in client.resets or client.status(stream)[0] == INVALID_ARGUMENT, name)
            client.close()
        self.check()
        self.check_tree(before)

    def test_contexts(self):
        """Drivers, cars and tracks."""
        before = self.tree()
        names = [*NAMES, "x" * 99, "../" * 33, "\n" * 99, "🏎" * 24]
        for k, name in enumerate(names):
            data = name.encode()
            stat = b"".join(part(tag, data) for tag in (1, 2, 3, 20, 21, 22))
            self.assertIsNone(self.send(f"context-{k}", stat), repr(name))
        self.car.drive()
        self.check()
        self.check_tree(before)
        wait_until(lambda: all(f.stat().st_size for f in self.data.glob("*.pb.gz")), "members")
        self.assertEqual(len(list(self.data.glob("*.pb.gz"))), 1 + len(names))

    def test_same_file(self):
        """Sessions whose names of files would be the same get files of their own, and are found again by the next server."""
        names = ["a/b", "a\\b", "a:b", "a b", "A/B", "a?b"]
        stat = part(1, b"car") + part(2, b"track") + part(20, b"driver")
        for name in names:
            self.assertIsNone(self.send(name, stat))
        self.check()
        self.car.client.close()
        self.assertEqual(self.server.stop(), 0)
        self.serve()
        for name in names:
            client, stream = self.stream(name)
            self.assertEqual(client.headers[stream]["acq-last-seq"], "1", name)
        self.car.client, self.car.stream = self.stream("the-other-car")
        self.car.drive()


if __name__ == "__main__":
    unittest.main()
