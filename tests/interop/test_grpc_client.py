#!/usr/bin/env python3
"""Our bridge streams to another gRPC, grpcio in Python: to a server as the original project's, which acks every frame
with its time alone, and to one that acks groups by number as ours does; both may die and come back."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from concurrent import futures

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from acq import SOURCE, Place, free_port, skip, wait_until
from pages import Pages

try:
    import google.protobuf
    import grpc
except ImportError as error:
    skip(f"{error}: Debian has python3-grpcio and python3-protobuf")
for tool in ("protoc", "grpc_python_plugin"):
    if not shutil.which(tool):
        skip(f"{tool} is missing: Debian has it in protobuf-compiler and protobuf-compiler-grpc")

STUBS = tempfile.TemporaryDirectory(prefix="acq-stubs-")
subprocess.run(["protoc", "-I", SOURCE / "proto", f"--python_out={STUBS.name}", f"--grpc_python_out={STUBS.name}",
                f"--plugin=protoc-gen-grpc_python={shutil.which('grpc_python_plugin')}",
                "telemetry/v1/telemetry.proto"], check=True)
sys.path.insert(0, STUBS.name)
from telemetry.v1 import telemetry_pb2, telemetry_pb2_grpc


class Ingest(telemetry_pb2_grpc.TelemetryIngestServicer):
    """What came, by session: {seq: frame}. Subclasses say when and how they ack."""

    def __init__(self):
        self.sessions, self.streams, self.fed, self.twice = {}, 0, 0, 0
        self.metadata = []

    def keep(self, frame):
        frames = self.sessions.setdefault(frame.session_id, {})
        self.twice += frame.seq in frames
        frames[frame.seq] = frame

    def StreamFrames(self, frames, context):
        self.streams += 1
        self.metadata.append(dict(context.invocation_metadata()))
        yield from self.answer(self.counted(frames), context)

    def counted(self, frames):
        for i, frame in enumerate(frames):
            self.fed += i == 0
            yield frame


class Original(Ingest):
    """No metadata, one ack for each frame, by time."""

    def answer(self, frames, context):
        for frame in frames:
            self.keep(frame)
            yield telemetry_pb2.StreamAck(last_monotonic_ns=frame.monotonic_ns)


class Batches(Ingest):
    """Says hello, acks every 50th frame and the last one by number."""

    def answer(self, frames, context):
        known = self.sessions.get(self.metadata[-1]["acq-session"], {})
        context.send_initial_metadata([("acq-last-seq", str(len(known)))])
        frame = None
        for frame in frames:
            self.keep(frame)
            if frame.seq % 50 == 0:
                yield telemetry_pb2.StreamAck(last_monotonic_ns=frame.monotonic_ns, last_seq=frame.seq)
        if frame:
            yield telemetry_pb2.StreamAck(last_monotonic_ns=frame.monotonic_ns, last_seq=frame.seq)


class AcksNothing(Ingest):
    """Takes all and never answers a word."""

    def answer(self, frames, context):
        for frame in frames:
            self.keep(frame)
        yield from ()


def serve(ingest, port):
    server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    telemetry_pb2_grpc.add_TelemetryIngestServicer_to_server(ingest, server)
    assert server.add_insecure_port(f"127.0.0.1:{port}") == port
    server.start()
    return server


class Client(unittest.TestCase):
    def stream(self, ingest, steps, deaths=0):
        """A drive to this server, which dies now and then. Returns the bridge's frames and the bridge."""
        with Place() as place, Pages(place.prefix) as game:
            port = free_port()
            server = serve(ingest, port)
            game.fill()
            game.physics["brake_temp"] = [1, 2, 3, 4]
            bridge = place.bridge(port=port)
            game.step_until(lambda: "session " in bridge.err(), "a session")
            for i in range(deaths):
                game.step(steps // (deaths + 1))
                game.step_until(lambda: ingest.fed > i, "frames on each stream")
                server.stop(None).wait()
                game.step(60)
                server = serve(ingest, port)
            game.step(steps // (deaths + 1))
            game.step_until(lambda: ingest.streams > deaths, "a stream to the last server")
            self.assertIn(bridge.stop(), (0, 3))
            server.stop(None).wait()
            self.output, self.said = bridge.out(), bridge.err()
            return place.recording().check()

    def check(self, ingest, recording):
        """All frames arrived, and each is what the recording has, but for the context."""
        frames = ingest.sessions[recording.session]
        self.assertEqual(sorted(frames), [f.seq for f in recording.frames])
        for ours in recording.frames:
            theirs = telemetry_pb2.TelemetryFrame()
            theirs.CopyFrom(frames[ours.seq])
            theirs.ClearField("stat")
            theirs.ClearField("capture")
            self.assertEqual(theirs, telemetry_pb2.TelemetryFrame.FromString(ours.body))
        first, last = frames[1], frames[max(frames)]
        self.assertEqual((first.game, first.stat.car_model, first.stat.track),
                         ("assetto_corsa", "ks_test_car", "ks_test_track"))
        self.assertEqual(last.capture.end_reason, "stopped by the user")
        self.assertEqual((first.physics.brake_temp.fl, first.physics.brake_temp.rr), (1, 4))
        self.assertIn(f"{len(frames)} acked, 0 not acked", self.output)

    def test_original_server(self):
        ingest = Original()
        recording = self.stream(ingest, 600)
        self.check(ingest, recording)
        self.assertEqual((ingest.streams, ingest.twice), (1, 0))

    def test_original_server_dies(self):
        ingest = Original()
        self.check(ingest, self.stream(ingest, 600, deaths=2))
        self.assertEqual(ingest.streams, 3)

    def test_batches(self):
        ingest = Batches()
        recording = self.stream(ingest, 600)
        self.check(ingest, recording)
        self.assertEqual((ingest.streams, ingest.twice), (1, 0))
        self.assertEqual(ingest.metadata[0]["acq-session"], recording.session)
        self.assertEqual(ingest.metadata[0]["te"] if "te" in ingest.metadata[0] else "trailers", "trailers")

    def test_batches_dies(self):
        ingest = Batches()
        self.check(ingest, self.stream(ingest, 600, deaths=2))
        self.assertEqual(ingest.twice, 0)

    def test_stat_comes_with_each_stream(self):
        """A server that was restarted knows car and track from the first frame that it gets."""
        seen = []

        class Restarted(Original):
            def answer(self, frames, context):
                first = True
                for frame in frames:
                    if first:
                        seen.append((frame.stat.car_model, frame.capture.program))
                    first = False
                    self.keep(frame)
                    yield telemetry_pb2.StreamAck(last_monotonic_ns=frame.monotonic_ns)
        ingest = Restarted()
        self.stream(ingest, 300, deaths=1)
        self.assertEqual(len(seen), 2)
        for car, program in seen:
            self.assertEqual(car, "ks_test_car")
            self.assertIn("telemetry_bridge", program)

    def test_no_acks(self):
        """A server that never acks: the bridge ends, and says that nothing was acked."""
        ingest = AcksNothing()
        recording = self.stream(ingest, 100)
        self.assertEqual(len(ingest.sessions[recording.session]), len(recording.frames))
        self.assertIn(f" 0 acked, {len(recording.frames)} not acked", self.output)

    def test_refusal(self):
        """A server that says no: said in words with its status, and not called many times a second."""
        class Refuses(Ingest):
            def answer(self, frames, context):
                context.abort(grpc.StatusCode.PERMISSION_DENIED, "not you: 50 % off, ü")
                yield from ()
        ingest = Refuses()
        self.stream(ingest, 900)
        self.assertIn("PERMISSION_DENIED, not you: 50 % off", self.said)
        self.assertEqual(self.said.count("trying again"), 1)
        self.assertLess(ingest.streams, 15)


if __name__ == "__main__":
    unittest.main()
