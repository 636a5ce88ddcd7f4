"""passing.py - for the end-to-end tests: reads the frames and the acks in what passes between a bridge and a server.

HTTP/2: RFC 9113, 4.1 and 6.1. A gRPC message: one byte for compression, four for its length.
"""
from frames import SEQ, SESSION, T_NS, Frame, message

PREFACE = 24  # bytes with which a client begins
DATA, PADDED = 0, 8
ACK_T_NS, ACK_STATUS, ACK_SEQ, ACK_OK = 1, 2, 16, 1


class Messages:
    """The gRPC messages of one way of one connection. Those at the begin of a DATA frame count before its end has come: a
    server takes them too, and the connection may be cut there."""

    def __init__(self, preface):
        self.bytes, self.streams, self.skip = bytearray(), {}, preface
        self.stream, self.left = 0, 0  # of the DATA frame that is being read

    def feed(self, data):
        """(stream, message) of all that is whole now."""
        self.bytes += data
        found = []
        while True:
            skipped = min(self.skip, len(self.bytes))
            del self.bytes[:skipped]
            self.skip -= skipped
            part = self.bytes[:self.left]
            if part:
                del self.bytes[:len(part)]
                self.left -= len(part)
                found += self.data(self.stream, part)
            if self.skip or self.left or len(self.bytes) < 9:
                return found
            self.begin()

    def begin(self):
        """The header of a frame."""
        size, kind, flags = int.from_bytes(self.bytes[:3], "big"), self.bytes[3], self.bytes[4]
        self.stream = int.from_bytes(self.bytes[5:9], "big") & 0x7fffffff
        del self.bytes[:9]
        assert kind != DATA or not flags & PADDED, "a padded DATA frame"
        if kind == DATA:
            self.left = size
        else:
            self.skip = size

    def data(self, stream, payload):
        whole = self.streams.setdefault(stream, bytearray())
        whole += payload
        at = 0
        while len(whole) >= at + 5:
            size = int.from_bytes(whole[at + 1:at + 5], "big")
            if len(whole) < at + 5 + size:
                break
            assert whole[at] == 0, "a compressed message"
            yield stream, bytes(whole[at + 5:at + 5 + size])
            at += 5 + size
        del whole[:at]


class Passing:
    """All that has passed, over all connections: a Proxy's tap is its `connection`.

    frames: {session: {seq: body}} that bridges have sent; acked: {session: seq}, the highest that a server has acked,
    whether its ack arrived or not. Fails where a frame comes again with another body, and where an ack is wrong."""

    def __init__(self):
        self.frames, self.acked, self.acks, self.again = {}, {}, 0, 0
        self.times = {}  # sample time: (session, seq)

    def connection(self):
        return Connection(self)

    def sent(self, frame):
        session, seq = frame.fields[SESSION].decode(), frame.fields[SEQ]
        known = self.frames.setdefault(session, {})
        assert known.get(seq, frame.body) == frame.body, f"frame {seq} of {session} was sent with two bodies"
        self.again += seq in known
        known[seq] = frame.body
        self.times[frame.fields[T_NS]] = session, seq
        return session

    def ack(self, session, fields):
        seq = fields.get(ACK_SEQ, 0)
        assert fields.get(ACK_STATUS, 0) in (0, ACK_OK), f"ack with status {fields[ACK_STATUS]}"
        if not seq:
            return 0  # nothing is durable yet
        of, at = self.times.get(fields.get(ACK_T_NS), (None, None))
        assert (of, at) == (session or of, seq), f"ack of {seq} in {session} has the time of {at} in {of}"
        self.acked[of] = max(seq, self.acked.get(of, 0))
        self.acks += 1
        return seq


class Connection:
    def __init__(self, passing):
        self.all, self.ups, self.downs = passing, Messages(PREFACE), Messages(0)
        self.sessions, self.last = {}, {}  # by stream: its session, its last ack

    def up(self, data):
        for stream, content in self.ups.feed(data):
            session = self.all.sent(Frame(content))
            assert self.sessions.setdefault(stream, session) == session, "two sessions in one stream"

    def down(self, data):
        for stream, content in self.downs.feed(data):
            seq = self.all.ack(self.sessions.get(stream), message(content))
            assert seq >= self.last.get(stream, 0), f"ack of {seq} after {self.last[stream]}"
            self.last[stream] = seq
