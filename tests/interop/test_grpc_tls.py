#!/usr/bin/env python3
"""TLS with other implementations: telemetry_bridge and its sync stream to grpcio's server in Python; Python's and Node's clients
stream to `acq serve`, and Go's (grpcurl) asks it; h2spec tests HTTP/2 over TLS."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest
from concurrent import futures

import helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from acq import ACQ, BRIDGE, Place
from certificates import Certificate, good
from crafted import field
from frames import SEQ, Recording, message
from pages import Pages

folder = helper.Folder().__enter__()
helper.need(helper.ACQ, helper.FRAMES)
stubs = helper.stubs(folder)
import grpc  # noqa: E402, helper.stubs skips where it is missing

HERE = pathlib.Path(__file__).resolve().parent
LAST_SEQ = 16  # of StreamAck
FRAMES = 20000


class Server:
    """grpcio: keeps what comes, by session."""

    def __init__(self, certificate, host="127.0.0.1"):
        self.sessions = {}
        self.server = grpc.server(futures.ThreadPoolExecutor(8))
        method = grpc.stream_stream_rpc_method_handler(self.stream)
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
            "telemetry.v1.TelemetryIngest", {"StreamFrames": method}),))
        pair = (certificate.private(), certificate.pem())
        self.port = self.server.add_secure_port(f"{host}:0", grpc.ssl_server_credentials([pair]))
        self.server.start()

    def stream(self, frames, context):
        assert context.auth_context()["transport_security_type"] == [b"ssl"]
        session = dict(context.invocation_metadata())["acq-session"]
        known = self.sessions.setdefault(session, {})
        context.send_initial_metadata([("acq-last-seq", str(len(known)))])
        for data in frames:
            seq = message(data)[SEQ]
            if seq > len(known) + 1:
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"expected {len(known) + 1}")
            known.setdefault(seq, data)
            if seq % 50 == 0:
                yield field(LAST_SEQ, seq)
        yield field(LAST_SEQ, len(known))

    def stop(self):
        self.server.stop(None).wait()


class OurClients(unittest.TestCase):
    def test_bridge(self):
        with Place() as place, Pages(place.prefix) as game:
            authority, certificate = good(place.folder)
            server = Server(certificate)
            game.fill()
            bridge = place.bridge("--tls", "--ca", authority.cert, port=server.port)
            game.step_until(lambda: any(len(known) > 500 for known in server.sessions.values()), "frames")
            bridge.stop()
            ours = place.recording().check()
            server.stop()
            self.assertEqual(sorted(server.sessions[ours.session]), list(range(1, len(ours.frames) + 1)))
            self.assertIn(", 0 not acked", bridge.out())

    def test_unknown(self):
        """A server that is not known gets nothing."""
        with Place() as place, Pages(place.prefix) as game:
            authority, _ = good(place.folder)
            server = Server(Certificate(place.folder, "stranger", None, ["127.0.0.1"]))
            game.fill()
            bridge = place.bridge("--tls", "--ca", authority.cert, port=server.port)
            game.step_until(lambda: "not in the file of --ca: CN = stranger" in bridge.err(), "the reason")
            game.step(100)
            bridge.stop()
            server.stop()
            self.assertEqual(server.sessions, {})

    def test_sync(self):
        with Place() as place:
            authority, certificate = good(place.folder)
            (place.folder / "recordings").mkdir()
            path = place.folder / "recordings/drive.pb.gz"
            subprocess.run([ACQ, "sim", "--seconds", "60", "--quiet", "--out", path], check=True,
                           stdout=subprocess.DEVNULL)
            drive = Recording(path)
            server = Server(certificate)
            sync = place.run(BRIDGE, "sync", "recordings", f"localhost:{server.port}", "--tls", "--ca", authority.cert)
            self.assertEqual(sync.wait(), 0, sync)
            server.stop()
            self.assertEqual(sorted(server.sessions[drive.session]), list(range(1, len(drive.frames) + 1)))


class OurServer(unittest.TestCase):
    def stream(self, *command):
        """A client's frames all arrive, and are in the recording as they were."""
        with Place() as place:
            authority, certificate = good(place.folder)
            path = place.folder / "frames"
            with open(path, "wb") as file:
                subprocess.run([helper.FRAMES, "stream", "session-t", str(FRAMES)], stdout=file, check=True)
            server = place.serve(options=certificate.served())
            words = [str(word).format(address=f"localhost:{server.port}", frames=path) for word in command]
            environment = dict(os.environ, ACQ_CA=str(authority.cert), ACQ_NODE_MODULES=helper.NODE_MODULES)
            said = subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True, timeout=240).stdout
            result = json.loads(said)
            self.assertEqual((result["code"], result["sent"], result["last_seq"]), (0, FRAMES, FRAMES), result)
            self.assertEqual(server.stop(), 0)
            (recording,) = (place.folder / "data").glob("*.pb.gz")
            theirs, ours = helper.read_recording(recording), helper.split(path.read_bytes())
            self.assertEqual(len(theirs), len(ours))
            self.assertTrue(all(kept.startswith(sent) for kept, sent in zip(theirs, ours)))  # context may be appended

    def test_python(self):
        self.stream("/usr/bin/python3", HERE / "client.py", "{address}", stubs, "{frames}", "session-t", "0", "identity")

    def test_node(self):
        if not shutil.which("node") or not os.path.isdir(os.path.join(helper.NODE_MODULES, "@grpc", "grpc-js")):
            self.skipTest("Node's gRPC is not there: tools/setup.sh test fetches it")
        self.stream("node", HERE / "client.mjs", "{address}", os.path.join(helper.SOURCE, "proto"), "{frames}",
                    "session-t", "0", "identity")

    def go_tool(self, name):
        program = os.path.join(helper.GO, name)
        if not os.path.exists(program):
            self.skipTest("Go's gRPC is not there: tools/setup.sh test builds it")
        return program

    def test_go(self):
        grpcurl = self.go_tool("grpcurl")
        with Place() as place:
            authority, certificate = good(place.folder)
            server = place.serve(options=certificate.served())
            address = f"localhost:{server.port}"
            said = subprocess.run([grpcurl, "-cacert", authority.cert, address, "list"], check=True, timeout=60,
                                  stdout=subprocess.PIPE, text=True).stdout
            self.assertIn("telemetry.v1.TelemetryIngest", said)
            health = subprocess.run([grpcurl, "-cacert", authority.cert, address, "grpc.health.v1.Health/Check"],
                                    check=True, timeout=60, stdout=subprocess.PIPE, text=True).stdout
            self.assertIn("SERVING", health)
            for options in ([], ["-plaintext"]):  # who does not know the authority, and who does not speak TLS
                run = subprocess.run([grpcurl, *options, "-max-time", "5", address, "list"], timeout=60,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                self.assertNotEqual(run.returncode, 0)
                self.assertEqual(run.stdout, b"")

    def test_h2spec(self):
        """The tests that check what is HTTP/2's own; those for a web server's answers need another server."""
        h2spec = self.go_tool("h2spec-grpc")
        with Place() as place:
            _, certificate = good(place.folder)
            server = place.serve(options=certificate.served())
            run = subprocess.run([h2spec, "-t", "-k", "-h", "localhost", "-p", str(server.port), "-o", "10", "http2/3",
                                  "http2/4", "http2/6.5", "http2/6.7"], timeout=240, stdout=subprocess.PIPE, text=True)
            self.assertRegex(run.stdout, r"[1-9]\d* tests, [1-9]\d* passed, \d+ skipped, 0 failed", run.stdout)


if __name__ == "__main__":
    try:
        unittest.main()
    finally:
        folder.__exit__()
