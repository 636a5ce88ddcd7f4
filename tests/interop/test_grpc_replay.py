#!/usr/bin/env python3
"""acq replay into another gRPC, grpcio in Python: a server as the original project's, one that acks groups, one that acks
nothing, one that refuses."""
import unittest

from test_grpc_client import AcksNothing, Batches, Ingest, Original, Place, free_port, serve, telemetry_pb2

import grpc

from acq import ACQ
from frames import Recording


class Refuses(Ingest):
    def answer(self, frames, context):
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "no more sessions today")
        yield from frames


class Replay(unittest.TestCase):
    def replay(self, ingest, *words, times=1):
        """Replays ten seconds into such a server. Returns the recording and the programs."""
        with Place() as place:
            path = place.folder / "drive.pb.gz"
            self.assertEqual(place.run(ACQ, "sim", "--quiet", "--seconds", "10", "-o", path).wait(), 0)
            port = free_port()
            server = serve(ingest, port)
            programs = []
            for _ in range(times):
                programs.append(place.run(ACQ, "replay", "-q", path, f"127.0.0.1:{port}", "--speed", "0", *words))
                programs[-1].wait()
            server.stop(None).wait()
            self.code = programs[-1].process.returncode
            self.out, self.err = programs[-1].out(), programs[-1].err()
            return Recording(path)

    def check(self, ingest, recording):
        frames = ingest.sessions[recording.session]
        self.assertEqual(sorted(frames), [f.seq for f in recording.frames])
        for ours in recording.frames:
            theirs = telemetry_pb2.TelemetryFrame()
            theirs.CopyFrom(frames[ours.seq])
            theirs.ClearField("stat")
            theirs.ClearField("capture")
            self.assertEqual(theirs, telemetry_pb2.TelemetryFrame.FromString(ours.body))
        self.assertEqual(self.code, 0)
        self.assertIn(f"{len(frames)} frames of session {recording.session}, all acked", self.out)

    def test_original_server(self):
        """It says no hello, and acks each frame by its time."""
        ingest = Original()
        self.check(ingest, self.replay(ingest))

    def test_batches(self):
        ingest = Batches()
        self.check(ingest, self.replay(ingest))

    def test_batches_again(self):
        ingest = Batches()
        recording = self.replay(ingest, times=2)
        self.assertEqual(self.code, 0)
        self.assertIn("has all of session", self.out)
        self.assertEqual((len(ingest.sessions[recording.session]), ingest.twice), (len(recording.frames), 0))

    def test_no_acks(self):
        """All has been sent, and nothing is known to be kept: that is no success."""
        self.replay(AcksNothing())
        self.assertEqual(self.code, 1)
        self.assertIn("ended the stream after 0 acked frames", self.err)

    def test_refusal(self):
        self.replay(Refuses())
        self.assertEqual(self.code, 1)
        self.assertIn("RESOURCE_EXHAUSTED, no more sessions today", self.err)


if __name__ == "__main__":
    unittest.main()
