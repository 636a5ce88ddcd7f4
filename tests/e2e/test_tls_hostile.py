#!/usr/bin/env python3
"""Clients that harm a server by TLS: handshakes that never end, floods of them, bytes that are no TLS. A good client's
stream goes on beside them, and the server's memory stays bounded."""
import os
import pathlib
import random
import re
import socket
import ssl
import subprocess
import threading
import time
import unittest

from acq import ACQ, Place, wait_until
from certificates import good
from frames import Recording

SANITIZED = b"__asan_init" in ACQ.read_bytes()
MANY = 150


def memory_kb(program):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{program.process.pid}/status").read_text()).group(1))


def client_hello(authority):
    """What a good client says first."""
    context = ssl.create_default_context(cafile=authority.cert)
    context.set_alpn_protocols(["h2"])
    said = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), said, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return said.read()


class Hostile(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.place.__enter__()
        self.addCleanup(self.place.__exit__, None)
        self.authority, certificate = good(self.place.folder)
        self.drive = self.place.folder / "drive.pb.gz"
        subprocess.run([ACQ, "sim", "--seconds", "30", "--quiet", "--out", self.drive], check=True,
                       stdout=subprocess.DEVNULL)
        self.server = self.place.serve(options=certificate.served())
        self.sockets = []

    def tearDown(self):
        for s in self.sockets:
            s.close()

    def connect(self, data=b""):
        s = socket.create_connection(("127.0.0.1", self.server.port))
        self.sockets.append(s)
        if data:
            try:
                s.sendall(data)
            except ConnectionError:
                pass
        return s

    def begin_stream(self, speed="5"):
        stream = self.place.run(ACQ, "replay", self.drive, f"localhost:{self.server.port}", "--speed", speed, "--quiet",
                                "--tls", "--ca", self.authority.cert)
        self.server.says("session-begins")
        return stream

    def check_stream(self, stream):
        self.assertEqual(stream.wait(), 0, stream)
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(len(self.place.recording("data").check().frames), len(Recording(self.drive).frames))

    def closed(self, s):
        """Waits until the server has closed a connection; returns what it said before."""
        s.settimeout(90)
        said = b""
        try:
            while data := s.recv(65536):
                said += data
        except ConnectionError:
            pass
        return said

    def test_handshakes_that_do_not_end(self):
        """Half a hello, a whole one and then nothing: closed after ten seconds, said, and bounded in memory."""
        stream = self.begin_stream("1")
        before = memory_kb(self.server)
        hello = client_hello(self.authority)
        for i in range(MANY):
            self.connect(hello[:1 + i * len(hello) // MANY])
        for _ in range(MANY):
            self.connect(hello)
        wait_until(lambda: "does not come to the end of its TLS handshake" in self.server.err(), "the end of patience")
        if not SANITIZED:
            self.assertLess(memory_kb(self.server) - before, 100 * 2 * MANY)
        for s in self.sockets:
            self.closed(s)
        self.check_stream(stream)

    def test_flood(self):
        """New connections as fast as they come, each of which wants the server to sign: the stream goes on beside
        them."""
        stream = self.begin_stream()
        hello, over = client_hello(self.authority), threading.Event()

        def flood():
            while not over.is_set():
                try:
                    with socket.create_connection(("127.0.0.1", self.server.port)) as s:
                        s.sendall(hello)
                except OSError:
                    time.sleep(0.01)
        threads = [threading.Thread(target=flood) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            self.assertEqual(stream.wait(), 0, stream)
        finally:
            over.set()
            for thread in threads:
                thread.join()
        self.check_stream(stream)

    def test_waits_for_its_turn(self):
        """More good handshakes at once than are done at once: all come to their turn."""
        hello = client_hello(self.authority)
        for _ in range(MANY):
            self.connect(hello)
        for s in self.sockets:
            s.settimeout(90)
            self.assertEqual(s.recv(5)[:2], b"\x16\x03")  # the server's hello

    def test_no_tls(self):
        """Rubbish, truncated records, HTTP: closed at once, with an alert that a client of TLS understands."""
        stream = self.begin_stream()
        some = random.Random(7)
        hello = client_hello(self.authority)
        for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", some.randbytes(5000),
                     b"\x16\x03\x01\xff\xff" + bytes(70000), b"\x17\x03\x03\x00\x20" + bytes(32), b"\x15\x03\x03\x00\x02\x02\x28",
                     b"\x80\x2e\x01\x03\x01" + bytes(50)):
            said = self.closed(self.connect(data))
            self.assertIn(said[:2], (b"", b"\x15\x03"))
        for _ in range(100):  # a hello, changed somewhere: refused, or answered
            bad = bytearray(hello)
            for _ in range(some.randint(1, 8)):
                bad[some.randrange(len(bad))] = some.randrange(256)
            self.connect(bytes(bad)).close()
        self.assertIn("the client does not speak TLS", self.server.err())
        for line in self.server.err().splitlines():  # what strangers send forges no line
            self.assertRegex(line, r"^acq: (warning: )?([a-z-]+ [a-z_]+=|listening|\d+ car|\d+ more)")
        self.check_stream(stream)

    def test_cut_records(self):
        """A client that ends in the middle of a record, or without saying goodbye, has sent what was whole: no frame of
        it is half there, and no end is taken for the session's."""
        context = ssl.create_default_context(cafile=self.authority.cert)
        context.set_alpn_protocols(["h2"])
        for cut in (1, 4, 20, 500):
            raw = socket.create_connection(("127.0.0.1", self.server.port))
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    raw.sendall(outgoing.read())
                    incoming.write(raw.recv(65536))
            tls.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0" + b"\0\x03\xe8\0\0\0\0\0\x07" + bytes(1000))
            raw.sendall(outgoing.read()[:-cut])
            raw.shutdown(socket.SHUT_WR)
            self.closed(raw)
            raw.close()
        self.check_stream(self.begin_stream("0"))


if __name__ == "__main__":
    unittest.main()
