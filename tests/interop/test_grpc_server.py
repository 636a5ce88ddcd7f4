"""grpcio's client against our server: nothing lost, nothing twice, and the status that docs/protocol.md says."""
import glob
import os
import queue
import resource
import signal
import threading
import time

import helper

folder = helper.Folder().__enter__()
helper.need(helper.ACQ)
helper.stubs(folder)
import grpc  # noqa: E402
from original.v1 import original_pb2 as original  # noqa: E402
from telemetry.v1 import telemetry_pb2 as telemetry  # noqa: E402
from telemetry.v1 import telemetry_pb2_grpc as service  # noqa: E402

PATIENCE = 60
STEP = 3000000


def frame(session, seq, context=False):
    message = telemetry.TelemetryFrame(seq=seq, monotonic_ns=10**9 + seq * STEP, game="assetto_corsa",
                                       session_id=session, utc_ns=1767268800 * 10**9 + seq * STEP)
    message.physics.speed_kmh = seq / 4
    message.physics.gear = seq % 7 - 1
    message.physics.tyre_load.fl = seq
    message.graphics.completed_laps = seq // 500
    if context:
        message.stat.track = "monza"
        message.stat.car_model = "ks_car"
        message.capture.steps_seen = seq
    return message


class Client:
    """A stream: send() frames, acks() so far, wait for what should come."""

    def __init__(self, port, session=None, method=helper.METHOD, serialize=lambda message: message.SerializeToString(),
                 parse=telemetry.StreamAck.FromString):
        self.channel = grpc.insecure_channel("127.0.0.1:%d" % port, options=[("grpc.use_local_subchannel_pool", 1)])
        self.frames = queue.Queue()
        self.lock = threading.Condition()
        self.got = []
        metadata = [("acq-session", session)] if session is not None else None
        call = self.channel.stream_stream(method, request_serializer=serialize, response_deserializer=parse)
        self.call = call(iter(self.frames.get, None), metadata=metadata)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            for ack in self.call:
                with self.lock:
                    self.got.append(ack)
                    self.lock.notify_all()
        except grpc.RpcError:
            pass
        with self.lock:
            self.got.append(None)
            self.lock.notify_all()

    def hello(self):
        return dict(self.call.initial_metadata()).get("acq-last-seq")

    def send(self, *messages):
        for message in messages:
            self.frames.put(message)

    def acks(self):
        with self.lock:
            return [ack for ack in self.got if ack]

    def wait(self, condition):
        """Waits for an ack of which condition(ack) is true."""
        with self.lock:
            if not self.lock.wait_for(lambda: None in self.got or any(condition(ack) for ack in self.got), PATIENCE):
                raise AssertionError("no such ack came")
            assert any(ack and condition(ack) for ack in self.got), "the stream ended: %s" % self.call.details()

    def end(self):
        """Half-closes. Returns the status."""
        self.frames.put(None)
        return self.status()

    def status(self):
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), "the stream does not end"
        code = self.call.code()
        self.frames.put(None)
        self.channel.close()
        return code


def recordings(data):
    return sorted(glob.glob(os.path.join(data, "*.pb.gz")))


def recorded(path, kind=telemetry.TelemetryFrame):
    return [kind.FromString(message) for message in helper.read_recording(path)]


def body(message):
    copy = telemetry.TelemetryFrame()
    copy.CopyFrom(message)
    copy.ClearField("stat")
    copy.ClearField("capture")
    return copy


def assert_recorded(data, session, last):
    """The session's one recording has its frames 1 to last, once each, with a context where a member begins."""
    paths = [path for path in recordings(data) if session in path]
    assert len(paths) == 1, paths
    frames = recorded(paths[0])
    assert [f.seq for f in frames] == list(range(1, last + 1)), [f.seq for f in frames][:20]
    for got in frames:
        assert body(got) == body(frame(session, got.seq)), got.seq
    assert frames[0].stat.track == "monza"
    return frames


def monotone(acks):
    numbers = [ack.last_seq for ack in acks]
    assert numbers == sorted(numbers), numbers
    for ack in acks:
        assert ack.status == telemetry.ACK_OK
        assert ack.last_seq == 0 or ack.last_monotonic_ns == 10**9 + ack.last_seq * STEP


def stream_is_recorded():
    data = folder("whole")
    with helper.Server(data) as server:
        client = Client(server.port, "session-a")
        assert client.hello() == "0"
        client.send(*(frame("session-a", n, n == 1) for n in range(1, 1001)))
        client.wait(lambda ack: ack.last_seq == 1000)
        assert client.end() == grpc.StatusCode.OK
        monotone(client.acks())
        assert client.acks()[-1].last_seq == 1000
        assert server.stop() == 0
    frames = assert_recorded(data, "session-a", 1000)
    path, = recordings(data)
    assert "_monza_ks_car_" in path
    assert helper.has_end_mark(path)
    # one member for each quarter of a second, or fewer where the disk is slow; each begins with the context
    begins = [f.seq for f in frames if f.HasField("stat")]
    assert begins[0] == 1 and len(begins) >= 2
    assert all(f.capture.steps_seen == 1 for f in frames if f.HasField("capture"))


def generated_stub_as_documented():
    with helper.Server(folder("stub")) as server, grpc.insecure_channel("127.0.0.1:%d" % server.port) as channel:
        acks = list(service.TelemetryIngestStub(channel).StreamFrames(frame("s", n, n == 1) for n in range(1, 101)))
        assert acks[-1].last_seq == 100
        monotone(acks)
        assert server.stop() == 0
    assert_recorded(folder("stub"), "s", 100)


def duplicates_are_dropped():
    data = folder("again")
    with helper.Server(data) as server:
        first = Client(server.port, "session-b")
        first.send(*(frame("session-b", n, n == 1) for n in range(1, 201)))
        first.wait(lambda ack: ack.last_seq == 200)
        first.call.cancel()
        first.status()
        second = Client(server.port, "session-b")
        assert second.hello() == "200"
        second.send(*(frame("session-b", n, n == 150) for n in range(150, 201)))
        second.wait(lambda ack: ack.last_seq == 200)  # nothing new, but its acks may have been lost
        second.send(*(frame("session-b", n) for n in range(201, 301)))
        assert second.end() == grpc.StatusCode.OK
        monotone(second.acks())
        assert second.acks()[-1].last_seq == 300
        server.stop()
    assert_recorded(data, "session-b", 300)


def gap_is_refused():
    data = folder("gap")
    with helper.Server(data) as server:
        client = Client(server.port, "session-c")
        client.send(*(frame("session-c", n, n == 1) for n in range(1, 11)))
        client.send(frame("session-c", 12))
        assert client.status() == grpc.StatusCode.FAILED_PRECONDITION
        assert "expected 11" in client.call.details(), client.call.details()
        client = Client(server.port, "session-c")
        assert client.hello() == "10"
        client.send(frame("session-c", 11))
        assert client.end() == grpc.StatusCode.OK
        server.stop()
    assert_recorded(data, "session-c", 11)


def newest_stream_wins():
    data = folder("two")
    with helper.Server(data) as server:
        old = Client(server.port, "session-d")
        old.send(*(frame("session-d", n, n == 1) for n in range(1, 51)))
        old.wait(lambda ack: ack.last_seq == 50)
        new = Client(server.port, "session-d")
        assert new.hello() == "50"
        assert old.status() == grpc.StatusCode.ABORTED
        new.send(*(frame("session-d", n) for n in range(51, 101)))
        assert new.end() == grpc.StatusCode.OK
        server.stop()
    assert_recorded(data, "session-d", 100)


def refused(port, session, message, code, says, method=helper.METHOD):
    client = Client(port, session, method, serialize=lambda raw: raw)
    if message is not None:
        client.send(message)
    assert client.status() == code, (client.call.code(), client.call.details())
    assert says in client.call.details(), client.call.details()


def bad_requests():
    code = grpc.StatusCode
    good = frame("session-e", 1, True).SerializeToString()
    data = folder("bad")
    with helper.Server(data) as server:
        refused(server.port, "session-e", b"\xff\xff", code.INVALID_ARGUMENT, "TelemetryFrame")
        refused(server.port, "session-e", good[:-1], code.INVALID_ARGUMENT, "TelemetryFrame")
        refused(server.port, None, b"\x0f", code.INVALID_ARGUMENT, "TelemetryFrame")
        refused(server.port, None, b"", code.INVALID_ARGUMENT, "session_id")
        refused(server.port, "", good, code.INVALID_ARGUMENT, "acq-session")
        refused(server.port, "x" * 64, good, code.INVALID_ARGUMENT, "acq-session")
        refused(server.port, "another", good, code.INVALID_ARGUMENT, "session_id")
        refused(server.port, "session-e", frame("session-e", 0).SerializeToString(), code.INVALID_ARGUMENT, "seq 0")
        refused(server.port, "session-e", frame("session-e", 2).SerializeToString(), code.FAILED_PRECONDITION, "1")
        refused(server.port, None, original.TelemetryFrame(session_id="o").SerializeToString(), code.INVALID_ARGUMENT,
                "monotonic_ns")
        refused(server.port, "session-e", bytes(70000), code.RESOURCE_EXHAUSTED, "64 KiB")
        refused(server.port, None, None, code.UNIMPLEMENTED, "StreamFrames",
                "/telemetry.v1.TelemetryIngest/ListSessions")
        refused(server.port, None, None, code.UNIMPLEMENTED, "StreamFrames", "/other.Service/StreamFrames")
        assert server.process.poll() is None
        client = Client(server.port, "session-e")
        assert client.hello() == "0"
        client.send(*(frame("session-e", n, n == 1) for n in range(1, 6)))
        assert client.end() == code.OK
        server.stop()
    assert_recorded(data, "session-e", 5)


def original_frame(n):
    message = original.TelemetryFrame(monotonic_ns=5000 + n, game="assetto_corsa", session_id="of-old")
    message.physics.speed_kmh = n
    message.physics.acc_g.y = n / 2
    message.graphics.position = 0
    message.stat.car_model = "car"
    return message


def original_client():
    data = folder("original")
    with helper.Server(data) as server:
        def connect():
            return Client(server.port, parse=original.StreamAck.FromString)
        client = connect()
        client.send(*(original_frame(n) for n in range(1, 501)))
        client.wait(lambda ack: ack.last_monotonic_ns == 5500)
        assert client.end() == grpc.StatusCode.OK
        times = [ack.last_monotonic_ns for ack in client.acks()]
        assert times == sorted(times)
        client = connect()  # sends all again, and more
        client.send(*(original_frame(n) for n in range(1, 301)))
        client.wait(lambda ack: ack.last_monotonic_ns == 5500)
        client.send(*(original_frame(n) for n in range(301, 601)))
        client.wait(lambda ack: ack.last_monotonic_ns == 5600)
        client.call.cancel()
        client.status()
        assert server.stop() == 0
    with helper.Server(data) as server:  # also over a restart
        client = Client(server.port, parse=original.StreamAck.FromString)
        client.send(*(original_frame(n) for n in range(550, 651)))
        assert client.end() == grpc.StatusCode.OK
        server.stop()
    path, = recordings(data)
    frames = recorded(path, original.TelemetryFrame)
    for got in frames:
        got.DiscardUnknownFields()  # our seq
    assert frames == [original_frame(n) for n in range(1, 651)]
    frames = recorded(path)
    assert [f.seq for f in frames] == list(range(1, 651))
    # what proto3 leaves out is 0 where it comes from, and must not become unknown by the number
    assert all(f.physics.HasField("brake") and f.graphics.HasField("position") for f in frames)


def killed_server():
    data = folder("killed")
    last = 0
    for round in range(4):
        with helper.Server(data) as server:
            client = Client(server.port, "session-f")
            known = int(client.hello())
            assert known >= last, "frames that were acked are gone"
            begin = known + 1
            client.send(*(frame("session-f", n, n == begin) for n in range(begin, begin + 400)))
            client.wait(lambda ack: ack.last_seq > known)
            server.kill()
            client.status()
            last = max(ack.last_seq for ack in client.acks())
            path, = recordings(data)
            assert not helper.has_end_mark(path)
    with helper.Server(data) as server:
        client = Client(server.port, "session-f")
        known = int(client.hello())
        assert known >= last
        client.send(*(frame("session-f", n) for n in range(known + 1, known + 11)))
        assert client.end() == grpc.StatusCode.OK
        assert server.stop() == 0
    assert_recorded(data, "session-f", known + 10)
    assert helper.has_end_mark(path)


def stopped_server():
    data = folder("stopped")
    with helper.Server(data) as server:
        client = Client(server.port, "session-g")
        client.send(*(frame("session-g", n, n == 1) for n in range(1, 301)))
        client.wait(lambda ack: ack.last_seq > 0)
        assert server.stop() == 0
        assert client.status() == grpc.StatusCode.UNAVAILABLE
    path, = recordings(data)
    assert helper.has_end_mark(path)
    numbers = [f.seq for f in recorded(path)]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= client.acks()[-1].last_seq


def many_sessions():
    data = folder("many")
    names = ["session-%02d" % i for i in range(20)]
    with helper.Server(data) as server:
        clients = [Client(server.port, name) for name in names]
        for n in range(1, 101):
            for client, name in zip(clients, names):
                client.send(frame(name, n, n == 1))
        for client in clients:
            assert client.end() == grpc.StatusCode.OK
            assert client.acks()[-1].last_seq == 100
        assert server.stop() == 0
    for name in names:
        assert_recorded(data, name, 100)


def disk_of(size):
    """For a server that is started: no file takes more than so many bytes, until make_room."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    return limit


def make_room(server):
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def says(server, text):
    end = time.monotonic() + PATIENCE
    while text not in server.text():
        assert time.monotonic() < end, "the server does not say '%s': %s" % (text, server.text())
        time.sleep(0.01)


def full_disk():
    """The disk takes no more at some point: the client waits, and when there is room all is taken, once."""
    data = folder("full")
    with helper.Server(data, preexec_fn=disk_of(30000)) as server:
        client = Client(server.port, "session-h")
        client.send(*(frame("session-h", n, n == 1) for n in range(1, 8001)))
        says(server, "recordings-stopped")
        assert client.thread.is_alive(), client.call.details()
        assert not client.acks() or client.acks()[-1].last_seq < 8000
        make_room(server)
        assert client.end() == grpc.StatusCode.OK, client.call.details()
        monotone(client.acks())
        assert client.acks()[-1].last_seq == 8000
        assert server.stop() == 0
    assert_recorded(data, "session-h", 8000)


def full_disk_from_the_start():
    """Not one frame fits: nothing is acked, no empty files pile up, and a hello waits until it can be true."""
    data = folder("no-room")

    def try_to_send(server, last):
        client = Client(server.port, "session-i")
        client.send(*(frame("session-i", n, n == 1) for n in range(1, last + 1)))
        says(server, "session=session-i")
        says(server, "recordings-stopped")
        assert not any(ack.last_seq for ack in client.acks())
        assert len(recordings(data)) <= 1
        return client

    with helper.Server(data, preexec_fn=disk_of(10)) as server:
        client = try_to_send(server, 100)
        server.kill()
        assert client.status() == grpc.StatusCode.UNAVAILABLE
    with helper.Server(data, preexec_fn=disk_of(10)) as server:
        client = try_to_send(server, 50)
        client.call.cancel()
        client.status()
        client = Client(server.port, "session-i")
        make_room(server)
        known = int(client.hello())
        assert known <= 50
        client.send(*(frame("session-i", n, n == known + 1) for n in range(known + 1, 101)))
        assert client.end() == grpc.StatusCode.OK
        assert server.stop() == 0
    assert_recorded(data, "session-i", 100)


def strangers_in_the_folder():
    """What is no recording is kept, byte by byte; one that nothing can be read of has another name then."""
    data = folder("strange")
    os.mkdir(data)
    contents = {"notes.txt": b"mine", "text.pb.gz": b"no gzip", "cut.pb.gz": b"\x1f\x8b\x08"}
    for name, content in contents.items():
        with open(os.path.join(data, name), "wb") as file:
            file.write(content)
    with helper.Server(data) as server:
        client = Client(server.port, "session-j")
        client.send(*(frame("session-j", n, n == 1) for n in range(1, 11)))
        assert client.end() == grpc.StatusCode.OK
        assert server.stop() == 0
        for name in "text.pb.gz", "cut.pb.gz":
            assert name + ".damaged" in server.text(), server.text()
    for name, content in contents.items():
        with open(os.path.join(data, name + (".damaged" if name.endswith(".gz") else "")), "rb") as file:
            assert file.read() == content
    assert_recorded(data, "session-j", 10)


def rude_clients():
    """Bytes that are no HTTP/2, and connections that just go, harm nobody."""
    import socket
    data = folder("rude")
    with helper.Server(data) as server:
        for greeting in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00", os.urandom(5000),
                         b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(999)):
            with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as s:
                s.sendall(greeting)
                if greeting and not greeting.endswith(b"SM\r\n\r\n"):
                    s.shutdown(socket.SHUT_WR)
                    try:
                        while s.recv(65536):
                            pass
                    except ConnectionError:
                        pass
        client = Client(server.port, "session-k")
        client.send(frame("session-k", 1, True))
        assert client.end() == grpc.StatusCode.OK
        assert server.stop() == 0
    assert_recorded(data, "session-k", 1)


try:
    helper.run([stream_is_recorded, generated_stub_as_documented, duplicates_are_dropped, gap_is_refused,
                newest_stream_wins, bad_requests, original_client, killed_server, stopped_server, many_sessions,
                full_disk, full_disk_from_the_start, strangers_in_the_folder, rude_clients])
finally:
    folder.__exit__()
