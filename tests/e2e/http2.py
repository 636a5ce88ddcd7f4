"""http2.py - for the end-to-end tests: an HTTP/2 client of single frames, that can do what no well-behaved client does.

Source: RFC 9113 (HTTP/2), RFC 7541 (HPACK), gRPC "gRPC over HTTP2".
"""
import select
import socket
import struct
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
TABLE_SIZE, INITIAL_WINDOW = 1, 4  # settings
STREAM_FRAMES = "/telemetry.v1.TelemetryIngest/StreamFrames"

# the lengths of HPACK's Huffman codes, which are canonical: RFC 7541, Appendix B
LENGTHS = [int(n) for n in """
13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28 6 10 10 12 13 6
8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10 13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7
8 13 19 13 14 6 15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28 20 22 20 20 22 22 22 23 22
23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24 22 21 20 22 22 23 23 21 23 22 22 24 21 22
23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23 26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26
27 27 26 27 24 21 21 26 26 28 27 27 27 20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27
27 28 27 27 27 27 27 26 30
""".split()]
STATUSES = {8: "200", 9: "204", 10: "206", 11: "304", 12: "400", 13: "404", 14: "500"}  # RFC 7541, Appendix A


def codes():
    """{(bits, code): symbol}"""
    table, code, bits = {}, 0, 0
    for length, symbol in sorted((n, s) for s, n in enumerate(LENGTHS)):
        code <<= length - bits
        table[length, code], bits, code = symbol, length, code + 1
    return table


CODES = codes()


def unpacked(data):
    """A Huffman-coded string."""
    out, code, bits = bytearray(), 0, 0
    for byte in data:
        for k in range(7, -1, -1):
            code, bits = code << 1 | byte >> k & 1, bits + 1
            if (bits, code) in CODES:
                out.append(CODES[bits, code])
                code = bits = 0
    return bytes(out)


def integer(value, prefix, first=0):
    """An HPACK integer whose first byte has `prefix` bits of it."""
    most = (1 << prefix) - 1
    if value < most:
        return bytes([first | value])
    out = bytearray([first | most])
    value -= most
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def literal(name, value, index=False):
    """A header, not compressed; index: it goes into the dynamic table."""
    name, value = (x.encode() if isinstance(x, str) else x for x in (name, value))
    return (b"\x40" if index else b"\0") + integer(len(name), 7) + name + integer(len(value), 7) + value


def request(*more, path=STREAM_FRAMES, kind="application/grpc"):
    """The header block of a gRPC call."""
    headers = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "127.0.0.1"), ("te", "trailers"),
               ("content-type", kind), *more]
    return b"".join(literal(*h) for h in headers)


def headers_of(block):
    """{name: value} of a block by an encoder without a dynamic table; names of the static one are given as numbers."""
    at, out = 0, {}

    def number(prefix):
        nonlocal at
        value, most, shift = block[at] & (1 << prefix) - 1, (1 << prefix) - 1, 0
        at += 1
        if value < most:
            return value
        while True:
            byte = block[at]
            at += 1
            value += (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def string():
        nonlocal at
        packed = block[at] & 128
        size = number(7)
        at += size
        return (unpacked if packed else bytes)(block[at - size:at]).decode("latin-1")

    while at < len(block):
        first = block[at]
        if first & 128:
            index = number(7)
            out[":status" if index in STATUSES else index] = STATUSES.get(index, "")
        elif first & 0xe0 == 0x20:
            number(5)
        else:
            index = number(6 if first & 64 else 4)
            name = string() if not index else ":status" if index in STATUSES else index
            out[name] = string()
    return out


def frame(kind, flags, stream, payload=b"", length=None):
    return struct.pack(">I", len(payload) if length is None else length)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def message(data, compressed=0, length=None):
    """A gRPC message with its prefix."""
    return struct.pack(">BI", compressed, len(data) if length is None else length) + data


class Client:
    """A connection, with everything that came on it, by stream."""

    def __init__(self, port, greet=True, window=1 << 20, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.bytes, self.answers, self.closed, self.next, self.goaway = b"", b"", False, 1, None
        self.headers, self.messages, self.resets, self.ended, self.pongs, self.settings = {}, {}, {}, set(), 0, 0
        self.window, self.initial, self.used = {}, 65535, {}  # what the server lets us send, and what was; 0: in all
        if greet:
            self.send(PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HIHI", TABLE_SIZE, 0, INITIAL_WINDOW, window)) +
                      frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", (1 << 30))))

    def send(self, data, read=True, seconds=60):
        """Sends all of it, reading what comes meanwhile. False: the server has closed the connection, or takes no more."""
        end, data = time.monotonic() + seconds, memoryview(data)
        while data and not self.closed and time.monotonic() < end:
            select.select([], [self.socket], [], 0.05)
            try:
                data = data[self.socket.send(data):]
            except BlockingIOError:
                pass
            except OSError:
                self.receive(answer=False)
                self.closed = True
            if read:
                self.receive(answer=not data)
        return not data and not self.closed

    def receive(self, answer=True):
        """Takes what has come. answer: settings and pings are answered, which cannot be done inside another frame."""
        while not self.closed:
            try:
                data = self.socket.recv(1 << 16)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            self.closed = not data
            self.bytes += data
        while len(self.bytes) >= 9 and len(self.bytes) >= 9 + int.from_bytes(self.bytes[:3], "big"):
            size = int.from_bytes(self.bytes[:3], "big")
            self.take(self.bytes[3], self.bytes[4], int.from_bytes(self.bytes[5:9], "big"), self.bytes[9:9 + size])
            self.bytes = self.bytes[9 + size:]
        answers, self.answers = (self.answers, b"") if answer else (b"", self.answers)
        if answers and not self.closed:
            self.send(answers, read=False)

    def take(self, kind, flags, stream, payload):
        if kind == HEADERS:
            self.headers.setdefault(stream, {}).update(headers_of(payload))
        elif kind == DATA:
            self.messages[stream] = self.messages.get(stream, b"") + payload
        elif kind == RST_STREAM:
            self.resets[stream] = int.from_bytes(payload, "big")
        elif kind == GOAWAY:
            self.goaway = int.from_bytes(payload[4:8], "big")
        elif kind == PING and flags & ACK:
            self.pongs += 1
        elif kind == PING:
            self.answers += frame(PING, ACK, 0, payload)
        elif kind == SETTINGS and not flags & ACK:
            self.settings += 1
            values = dict(struct.iter_unpack(">HI", payload))
            self.initial = values.get(INITIAL_WINDOW, self.initial)
            self.answers += frame(SETTINGS, ACK, 0)
        elif kind == WINDOW_UPDATE:
            self.window[stream] = self.window.get(stream, 0) + int.from_bytes(payload, "big")
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.ended.add(stream)

    def wait(self, condition, what, seconds=90):
        """Reads until the condition holds, and returns its value."""
        end = time.monotonic() + seconds
        while True:
            self.receive()
            value = condition()
            if value:
                return value
            assert not self.closed, f"the server has closed the connection (GOAWAY {self.goaway}): no {what}"
            assert time.monotonic() < end, f"waited {seconds} s for {what}"
            select.select([self.socket], [], [], 0.05)

    def call(self, *more, **words):
        """Begins a call. Returns the stream's number."""
        stream, self.next = self.next, self.next + 2
        self.send(frame(HEADERS, END_HEADERS, stream, request(*more, **words)))
        return stream

    def write(self, stream, data, **words):
        """Sends a message in frames of a size that every server takes."""
        data = message(data, **words)
        return self.send(b"".join(frame(DATA, 0, stream, data[i:i + 16000]) for i in range(0, len(data), 16000)))

    def feed(self, stream, data):
        """Sends bytes of messages, if the server's windows have room for them. Returns whether."""
        self.receive()
        room = min(self.initial + self.window.get(stream, 0) - self.used.get(stream, 0),
                   65535 + self.window.get(0, 0) - self.used.get(0, 0))
        if len(data) > room or self.closed:
            return False
        for which in (0, stream):
            self.used[which] = self.used.get(which, 0) + len(data)
        return self.send(b"".join(frame(DATA, 0, stream, data[i:i + 16000]) for i in range(0, len(data), 16000)))

    def over(self, stream):
        return stream in self.resets or stream in self.ended or self.closed

    def status(self, stream):
        """gRPC status and message of a call, when it is over; None where it was reset or the connection was closed."""
        self.wait(lambda: self.over(stream), f"end of stream {stream}")
        headers = self.headers.get(stream, {})
        return (int(headers["grpc-status"]), headers.get("grpc-message", "")) if "grpc-status" in headers else None

    def wait_closed(self, seconds=90):
        """Waits until the server closes the connection. Returns the code of its GOAWAY, None without one."""
        self.wait(lambda: self.closed, "end of the connection", seconds)
        return self.goaway

    def close(self):
        self.socket.close()
