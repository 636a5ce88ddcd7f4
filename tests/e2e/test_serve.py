#!/usr/bin/env python3
"""The server as its operator sees it: options, its folder, events, the status line, limits, start and end; and a client
that says hello, sends twice, leaves holes and comes twice."""
import os
import re
import signal
import struct
import subprocess
import threading
import time
import unittest

from acq import ACQ, Place, skip, wait_until
from frames import Recording
from terminal import Terminal

try:
    import grpc
except ImportError as error:
    skip(f"{error}: Debian has python3-grpcio")

METHOD = "/telemetry.v1.TelemetryIngest/StreamFrames"


def varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def part(tag, data):
    return varint(tag << 3 | 2) + varint(len(data)) + data


def frame(session, seq, extra=b""):
    """A small frame of ours."""
    return (varint(1 << 3) + varint(seq * 3_000_000) + part(2, b"assetto_corsa") + part(3, session.encode()) +
            varint(16 << 3) + varint(seq) + extra)


def last_seq(ack):
    """The number in a StreamAck."""
    at, found = 0, 0
    while at < len(ack):
        key = ack[at] | (ack[at + 1] & 127) << 7 if ack[at] > 127 else ack[at]
        at += 2 if ack[at] > 127 else 1
        value = shift = 0
        while True:
            byte = ack[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        found = value if key == 16 << 3 else found
    return found


class Stream:
    """One call of a client that sends when it is told to."""

    def __init__(self, port, session, hello=True):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        self.queue, self.ready, self.over = [], threading.Condition(), False
        self.acked, self.code, self.details = 0, None, None
        method = self.channel.stream_stream(METHOD, request_serializer=bytes, response_deserializer=bytes)
        self.call = method(self._messages(), metadata=[("acq-session", session)] if hello else None)
        threading.Thread(target=self._acks, daemon=True).start()

    def _messages(self):
        while True:
            with self.ready:
                self.ready.wait_for(lambda: self.queue or self.over)
                if not self.queue:
                    return
                message = self.queue.pop(0)
            yield message

    def _acks(self):
        try:
            for ack in self.call:
                assert last_seq(ack) >= self.acked, "acks go back"
                self.acked = last_seq(ack)
        except grpc.RpcError:
            pass
        self.details = self.call.details()
        self.code = self.call.code()

    def hello(self):
        return int(dict(self.call.initial_metadata())["acq-last-seq"])

    def send(self, *messages):
        with self.ready:
            self.queue += messages
            self.ready.notify()

    def end(self):
        """Half-closes; returns the status."""
        with self.ready:
            self.over = True
            self.ready.notify()
        return self.status()

    def status(self):
        wait_until(lambda: self.code, "the status")
        self.channel.close()
        return self.code

    def wait_acked(self, seq):
        wait_until(lambda: self.acked >= seq or self.code, f"the ack of {seq}")
        assert self.acked == seq, (self.acked, self.code, self.details)


def numbers(path):
    return [f.fields[16] for f in Recording(path).frames]


class Hello(unittest.TestCase):
    def test_exactly_once(self):
        with Place() as place:
            server = place.serve()
            first = Stream(server.port, "s1")
            self.assertEqual(first.hello(), 0)
            first.send(*(frame("s1", i) for i in range(1, 51)))
            first.wait_acked(50)
            self.assertEqual(first.end(), grpc.StatusCode.OK)
            again = Stream(server.port, "s1")
            self.assertEqual(again.hello(), 50)
            again.send(*(frame("s1", i) for i in range(31, 71)))  # 20 of them twice
            again.wait_acked(70)
            newer = Stream(server.port, "s1")
            self.assertEqual(newer.hello(), 70)
            self.assertEqual(again.status(), grpc.StatusCode.ABORTED)
            newer.send(frame("s1", 72))
            self.assertEqual(newer.status(), grpc.StatusCode.FAILED_PRECONDITION)
            self.assertIn("expected 71", newer.details)
            last = Stream(server.port, "s1")
            last.send(frame("s1", 71))
            self.assertEqual(last.end(), grpc.StatusCode.OK)
            self.assertEqual(last.acked, 71)
            server.says("duplicates=20")
            self.assertEqual(server.stop(), 0)
            self.assertEqual(numbers(*(place.folder / "data").glob("*.pb.gz")), list(range(1, 72)))

    def test_killed(self):
        with Place() as place:
            server = place.serve()
            one = Stream(server.port, "k")
            one.send(*(frame("k", i) for i in range(1, 201)))
            one.wait_acked(200)
            server.kill()
            one.status()
            server = place.serve()
            server.says("log-replayed")
            self.assertEqual(len(list((place.folder / "data").glob("*.pb.gz"))), 1)
            two = Stream(server.port, "k")
            self.assertEqual(two.hello(), 200)
            two.send(frame("k", 201))
            two.wait_acked(201)
            self.assertEqual(two.end(), grpc.StatusCode.OK)
            self.assertEqual(server.stop(), 0)
            self.assertEqual(numbers(*(place.folder / "data").glob("*.pb.gz")), list(range(1, 202)))
            self.assertNotIn("log-replayed", place.serve().err())  # a clean end leaves nothing to be replayed

    def test_refused(self):
        with Place() as place:
            server = place.serve()
            bad = Stream(server.port, "b")
            bad.send(frame("b", 1), frame("b", 2), b"\xff\xff")
            self.assertEqual(bad.status(), grpc.StatusCode.INVALID_ARGUMENT)
            self.assertIn("behind seq 2", bad.details)
            other = Stream(server.port, "b")
            other.send(frame("c", 3))
            self.assertEqual(other.status(), grpc.StatusCode.INVALID_ARGUMENT)
            self.assertEqual(Stream(server.port, "x" * 64).status(), grpc.StatusCode.INVALID_ARGUMENT)
            self.assertEqual(Stream(server.port, "b").hello(), 2)  # what came before the bad one is kept
            # no physics value is refused for what it is: it is counted
            nan = struct.pack("<f", float("nan"))
            odd = Stream(server.port, "o")
            odd.send(frame("o", 1, part(4, b"\x0d" + nan + b"\x15" + nan)), frame("o", 2))
            odd.wait_acked(2)
            self.assertEqual(odd.end(), grpc.StatusCode.OK)
            server.says("odd_values=2")


class Operator(unittest.TestCase):
    def test_one_server_for_a_folder(self):
        with Place() as place:
            place.serve()
            second = place.run(ACQ, "serve", "--listen", "127.0.0.1:0", "--data", place.folder / "data")
            self.assertEqual(second.wait(), 1)
            self.assertEqual(second.err().count("\n"), 1, second.err())
            self.assertRegex(second.err(), "another .*acq serve.* uses")

    def test_options(self):
        for words, says in ((["--connection", "5"], "--connections"), (["--log-mib", "1"], "64"),
                            (["--listen", "0.0.0.0:0"], "--insecure"), (["--listen", "nonsense"], "nonsense")):
            with Place() as place:
                server = place.run(ACQ, "serve", *words)
                self.assertEqual(server.wait(), 2, server)
                self.assertIn(says, server.err())
                self.assertEqual(server.err().count("\n"), 1, server.err())
        said = subprocess.run([ACQ, "serve", "--help"], capture_output=True, text=True, check=True).stdout
        for word in ("fdatasync", "--log-mib", "--buffer-mib", "--connections", "--streams", "--message-kib",
                     "--header-kib", "--ping-s", "--drain-s"):
            self.assertIn(word, said)

    def test_a_folder_that_cannot_be(self):
        with Place() as place:
            (place.folder / "file").write_text("")
            server = place.run(ACQ, "serve", "--listen", "127.0.0.1:0", "--data", place.folder / "file" / "x")
            self.assertEqual(server.wait(), 1)
            self.assertEqual(server.err().count("\n"), 1, server.err())

    def test_events_are_lines(self):
        """What comes from outside forges no line."""
        with Place() as place:
            server = place.serve()
            stat = part(6, part(1, "evil\ncar".encode()) + part(2, b"../../etc"))
            one = Stream(server.port, "id\twith tab", hello=False)
            one.send(frame("id\twith tab", 1, stat))
            one.wait_acked(1)
            self.assertEqual(one.end(), grpc.StatusCode.OK)
            server.says("session-pauses")
            self.assertIn('session-begins session="id\\twith tab"', server.err())
            self.assertIn('car="evil\\ncar"', server.err())
            for line in server.err().splitlines():
                self.assertRegex(line, r"^acq: ([a-z-]+ [a-z_]+=|listening)")
            self.assertEqual(server.stop(), 0)
            names = os.listdir(place.folder / "data")
            self.assertEqual(len([n for n in names if n.endswith(".pb.gz")]), 1, names)
            self.assertFalse((place.folder / "etc").exists())

    def test_status_line(self):
        with Place() as place:
            with Terminal(ACQ, "serve", "--listen", "127.0.0.1:0", "--data", place.folder / "d", columns=200,
                          env={"NO_COLOR": "1"}) as server:
                server.says(r"listening on 127.0.0.1:\d+")
                port = int(re.search(r"127.0.0.1:(\d+)", server.said()).group(1))
                one = Stream(port, "s")
                for i in range(1, 2000):
                    one.send(frame("s", i))
                    time.sleep(0.001)  # so that it goes on for some seconds
                one.wait_acked(1999)
                server.says(r"\r1 car, [1-9]\d* frames/s, [\d.]+ MB/s, ack p99 \d+ ms, \d+ not acked, log [\d.]+ MB, "
                            r"[\d.]+ GB free")
                one.end()
                self.assertEqual(server.stop(signal.SIGINT), 0)

    def test_drain(self):
        """Ctrl+C: what came is durable and acked, the stream ends with UNAVAILABLE, exit code 0."""
        with Place() as place:
            server = place.serve()
            one = Stream(server.port, "d")
            one.send(*(frame("d", i) for i in range(1, 101)))
            one.wait_acked(100)
            self.assertEqual(server.stop(), 0)
            self.assertEqual(one.status(), grpc.StatusCode.UNAVAILABLE)
            self.assertEqual(numbers(*(place.folder / "data").glob("*.pb.gz")), list(range(1, 101)))


if __name__ == "__main__":
    unittest.main()
