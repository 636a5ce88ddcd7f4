#!/usr/bin/env python3
"""telemetry_bridge and servers (grpcio in Python) that refuse a session, are slow to say hello, or say none: what they
do to one session harms no other, and nothing is tried for ever."""
import pathlib
import subprocess
import sys
import threading
import unittest
from concurrent import futures

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from acq import ACQ, BRIDGE, Place, free_port, skip
from crafted import field
from frames import SEQ, Recording, message
from pages import Pages

try:
    import grpc
except ImportError as error:
    skip(f"{error}: Debian has python3-grpcio and python3-protobuf")

FAILED, LOSSY = 1, 3
CODE = grpc.StatusCode
LAST_SEQ = 16  # of StreamAck


class Server:
    """Keeps what comes, by session: {seq: bytes}. `refuse` maps a session to a status; `hello_s` is how long the hello
    takes; frames that leave a hole are refused, as `acq serve` does."""

    def __init__(self, port, refuse=None, hello_s=0, sessions=None, hello=True):
        self.refuse, self.hello_s, self.hello = refuse or {}, hello_s, hello
        self.sessions, self.calls, self.gaps = sessions or {}, [], 0
        self.server = grpc.server(futures.ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
        method = grpc.stream_stream_rpc_method_handler(self.stream)
        handlers = grpc.method_handlers_generic_handler("telemetry.v1.TelemetryIngest", {"StreamFrames": method})
        self.server.add_generic_rpc_handlers((handlers,))
        assert self.server.add_insecure_port(f"127.0.0.1:{port}") == port
        self.server.start()

    def stop(self):
        self.server.stop(None).wait()

    def stream(self, frames, context):
        session = dict(context.invocation_metadata())["acq-session"]
        self.calls.append(session)
        if session in self.refuse:
            context.abort(self.refuse[session], "not this one")
        known = self.sessions.setdefault(session, {})
        said = threading.Event()

        def say_hello():
            if said.wait(self.hello_s) or not self.hello:
                return
            try:
                context.send_initial_metadata([("acq-last-seq", str(len(known)))])
            except grpc.RpcError:
                pass  # the client has gone
        hello = threading.Thread(target=say_hello)
        hello.start()
        try:
            for data in frames:
                seq = message(data)[SEQ]
                if seq > len(known) + 1:
                    self.gaps += 1
                    said.set()
                    context.abort(CODE.FAILED_PRECONDITION, f"expected {len(known) + 1}")
                known.setdefault(seq, data)
                if seq % 50 == 0:
                    yield field(LAST_SEQ, seq)
            yield field(LAST_SEQ, len(known))
        finally:
            said.set()
            hello.join()


def drive(place, seed):
    """A recording of an earlier session; its session."""
    path = place.folder / f"recordings/drive-{seed}.pb.gz"
    path.parent.mkdir(exist_ok=True)
    subprocess.run([ACQ, "sim", "--seed", str(seed), "--seconds", "2", "--quiet", "--out", path], check=True,
                   stdout=subprocess.DEVNULL)
    return Recording(path).session, len(Recording(path).frames)


class Refused(unittest.TestCase):
    def test_one_of_the_older(self):
        """Given up in words, after a few tries; the others and the running session arrive."""
        with Place() as place, Pages(place.prefix) as game:
            drives = [drive(place, seed) for seed in (1, 2, 3)]
            port = free_port()
            server = Server(port, {drives[1][0]: CODE.INVALID_ARGUMENT})
            game.fill()
            bridge = place.bridge(port=port)
            game.step_until(lambda: "refuses it again and again (INVALID_ARGUMENT, not this one)" in bridge.err() and
                            "that the server lacked" in bridge.err(), "the end of the older ones")
            bridge.stop()
            ours, = [r for r in place.recordings() if r.session not in [session for session, _ in drives]]
            server.stop()
            for session, frames in (drives[0], drives[2], (ours.session, len(ours.frames))):
                self.assertEqual(sorted(server.sessions[session]), list(range(1, frames + 1)))
            self.assertIn(", 0 not acked", bridge.out())
            self.assertEqual(server.calls.count(drives[1][0]), 5)
            self.assertEqual(bridge.err().count("again and again"), 1)

    def test_by_sync(self):
        with Place() as place:
            drives = [drive(place, seed) for seed in (1, 2)]
            port = free_port()
            server = Server(port, {drives[0][0]: CODE.FAILED_PRECONDITION})
            program = place.run(BRIDGE, "sync", "recordings", f"127.0.0.1:{port}")
            self.assertEqual(program.wait(), LOSSY)
            server.stop()
            self.assertIn("1 recordings could not be sent", program.err())
            self.assertEqual(len(server.sessions[drives[1][0]]), drives[1][1])

    def test_the_running_one(self):
        """It is given up; its recording has all; and the next session is tried again."""
        with Place() as place, Pages(place.prefix) as game:
            port = free_port()

            class All(dict):
                def __contains__(self, session):
                    return True

                def __getitem__(self, session):
                    return CODE.INVALID_ARGUMENT
            server = Server(port)
            server.refuse = All()
            game.fill()
            bridge = place.bridge(port=port)
            game.step_until(lambda: "is given up" in bridge.err(), "the end of patience")
            game.step(100)
            self.assertEqual(len(server.calls), 5)
            server.refuse = {}
            game.stat["car_model"] = "other"
            game.stat.publish()
            game.step_until(lambda: server.sessions and any(server.sessions.values()), "the next session")
            bridge.stop()
            server.stop()
            first, second = place.recordings()
            self.assertEqual(sorted(server.sessions), [second.session])
            self.assertEqual(len(server.sessions[second.session]), len(second.frames))
            self.assertIn(f"{len(first.frames)} not acked", bridge.out())
            first.check()


class Hello(unittest.TestCase):
    def test_slow_and_knows_less(self):
        """The hello comes after the bridge has taken the server for one of the original kind and sent on from its last
        ack. The refusal of that is no refusal of the session: the next try waits for the hello."""
        with Place() as place, Pages(place.prefix) as game:
            port = free_port()
            server = Server(port)
            game.fill()
            bridge = place.bridge(port=port)
            game.step_until(lambda: any(len(known) > 300 for known in server.sessions.values()), "frames")
            server.stop()
            (session, known), = server.sessions.items()
            less = {session: {seq: known[seq] for seq in range(1, 101)}}
            server = Server(port, hello_s=4.5, sessions=less)
            game.step_until(lambda: len(server.sessions[session]) > 400, "all of it")
            bridge.stop()
            server.stop()
            self.assertEqual(server.gaps, 1)
            self.assertNotIn("given up", bridge.err())
            self.assertEqual(sorted(server.sessions[session]), list(range(1, len(place.recording().frames) + 1)))

    def test_none_and_sync(self):
        """A server of the original kind does not say what it has, so what it lacks is not known: said, and nothing
        sent."""
        with Place() as place:
            drive(place, 1)
            port = free_port()
            server = Server(port, hello=False)
            program = place.run(BRIDGE, "sync", "recordings", f"127.0.0.1:{port}")
            self.assertEqual(program.wait(), FAILED)
            server.stop()
            self.assertRegex(program.err(), "does not say what it has|given up after 0 of 1 recordings")
            self.assertFalse(any(server.sessions.values()))


if __name__ == "__main__":
    unittest.main()
