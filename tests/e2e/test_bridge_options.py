#!/usr/bin/env python3
"""telemetry_bridge's command line, addresses, recording folder and disk: what is wrong is said in words, and what can
go on goes on."""
import os
import resource
import socket
import subprocess
import time
import unittest

from acq import BRIDGE, Place, free_port
from frames import check_same
from pages import Pages


class BridgeOptions(unittest.TestCase):
    def run_bridge(self, *words):
        with Place() as place:
            program = place.run(BRIDGE, *words)
            return program.wait(), program.out(), program.err()

    def test_help_and_version(self):
        code, out, err = self.run_bridge("--help")
        self.assertEqual((code, err), (0, ""))
        for words in ("telemetry_bridge [HOST:PORT]", "--record", "--no-record", "--no-stream", "--once", "--pages",
                      "127.0.0.1:50051", "Exit codes"):
            self.assertIn(words, out)
        code, out, err = self.run_bridge("--version")
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^telemetry_bridge \d+\.\d+\.\d+\n$")

    def test_wrong_usage(self):
        for words, answer in ((["--recrod", "x"], "did you mean --record?"),
                              (["--record"], "needs a value"),
                              (["--flush-ms", "ten"], "takes a whole number"),
                              (["one", "two"], "too many"),
                              (["no-port:"], "write HOST:PORT"),
                              (["host:99999"], "write HOST:PORT"),
                              (["[::1"], "write HOST:PORT"),
                              (["--no-record", "--no-stream"], "nothing to do"),
                              (["--pages", "../x"], "prefix")):
            with self.subTest(words):
                code, out, err = self.run_bridge(*words)
                self.assertEqual((code, out), (2, ""))
                self.assertIn(answer, err)
                self.assertEqual(err.count("\n"), 1)

    def drive(self, place, *words, steps=100, change=None, **options):
        """A session of a bridge with these words: the bridge, ended."""
        with Pages(place.prefix) as game:
            game.fill()
            bridge = place.run(BRIDGE, *words, **options)
            game.step_until(lambda: "session " in bridge.err() or bridge.process.poll() is not None, "a session")
            game.step(steps, change)
            bridge.stop() if bridge.process.poll() is None else None
            return bridge

    def test_file(self):
        """--record FILE.pb.gz is used as it is, with a number added when it exists."""
        with Place() as place:
            names = ["telemetry_record.pb.gz", "telemetry_record-2.pb.gz", "telemetry_record-3.pb.gz"]
            for i in range(3):
                bridge = self.drive(place, "--no-stream", "--record", names[0])
                self.assertIn(f"Recording: {names[i]}\n", bridge.out())
            sessions = {recording.check().session for recording in place.recordings(".")}
            self.assertEqual(len(sessions), 3)
            self.assertEqual(sorted(path.name for path in place.folder.glob("*.gz")), sorted(names))

    def test_folder(self):
        """A folder is made with the ones above it; without --record it is ./recordings."""
        with Place() as place:
            self.drive(place, "--no-stream", "--record", "a/b c/тест")
            recording = place.recording("a/b c/тест")
            self.assertRegex(recording.path.name, rf"^\d{{8}}T\d{{6}}Z_ks_test_track-gp_ks_test_car_Ada-Lovelace_"
                             rf"{recording.session}\.pb\.gz$")
            self.drive(place, "--no-stream")
            place.recording("recordings").check()

    def test_folder_that_cannot_be(self):
        with Place() as place:
            (place.folder / "file").write_text("")
            for record in ("file/recordings", "/proc/acq"):
                bridge = place.run(BRIDGE, "--no-stream", "--record", record)
                self.assertEqual(bridge.wait(), 1)
                self.assertIn(f"cannot make the folder {record}", bridge.err())

    def test_file_that_cannot_be(self):
        """Where the recording cannot be made, the bridge says so, streams on, and does not call that a success."""
        with Place() as place:
            server = place.serve()
            bridge = self.drive(place, f"127.0.0.1:{server.port}", "--record", "missing/x.pb.gz")
            server.stop()
            self.assertEqual(bridge.process.returncode, 3)
            self.assertIn("no recording", bridge.err())
            self.assertGreaterEqual(len(place.recording("data").check().frames), 50)
            bridge = self.drive(place, "--no-stream", "--record", "missing/x.pb.gz")
            self.assertEqual(bridge.process.returncode, 3)

    def test_disk_full(self):
        """The disk takes 20 kB: what is recorded is whole, and the server gets everything."""
        def noise(game):
            game.physics.bytes[420:564] = os.urandom(144)  # what does not pack well
        with Place() as place:
            server = place.serve()
            bridge = self.drive(
                place, f"127.0.0.1:{server.port}", steps=500, change=noise, restore_signals=False,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20000, resource.RLIM_INFINITY)))
            server.stop()
            self.assertEqual(bridge.process.returncode, 3)
            self.assertEqual(bridge.err().count("recording stopped: cannot write"), 1)
            ours, theirs = place.recording(), place.recording("data").check()
            self.assertGreater(len(ours.frames), 0)
            self.assertLess(len(ours.frames), len(theirs.frames))
            self.assertEqual(ours.check().bodies(), theirs.bodies()[:len(ours.frames)])
            self.assertIn(f"Sampled {len(theirs.frames)} frames", bridge.out())

    def test_no_server(self):
        """A server that is not there, or whose name is unknown, is said once; the recording goes on."""
        for address, words in ((f"127.0.0.1:{free_port()}", "connection refused"),
                               ("no-such-host.invalid:50051", "no-such-host.invalid is not known"),
                               ("localhost", "server localhost:50051")):
            with self.subTest(address), Place() as place:
                if address == "localhost" and not self.port_is_free(50051):
                    continue
                bridge = self.drive(place, address, steps=500)
                self.assertIn(bridge.process.returncode, (0, 3))
                self.assertEqual(bridge.err().count("trying again"), 1, bridge.err())
                self.assertIn(words, bridge.err())
                frames = len(place.recording().check().frames)
                self.assertIn(f"Sent 0 frames to {address.partition(':')[0]}", bridge.out())
                self.assertIn(f"0 acked, {frames} not acked", bridge.out())
                self.assertIn("What is not acked is in the recording: ", bridge.out())

    def port_is_free(self, port):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) != 0

    def test_not_a_grpc_server(self):
        """Another kind of server there: said in words, once, and not called many times a second."""
        with Place() as place, socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(0.1)
            port, calls = listener.getsockname()[1], []
            with Pages(place.prefix) as game:
                game.fill()
                bridge = place.bridge(port=port)
                game.step_until(lambda: "session " in bridge.err(), "a session")
                end = time.monotonic() + 3
                while time.monotonic() < end:
                    game.step(10)
                    try:
                        with listener.accept()[0] as s:
                            calls.append(s)
                            s.recv(1000)
                            s.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    except socket.timeout:
                        pass
                bridge.stop()
            self.assertLess(len(calls), 12)
            self.assertEqual(bridge.err().count("trying again"), 1, bridge.err())
            self.assertRegex(bridge.err(), "does not speak HTTP/2|closed the connection")

    def test_localhost_has_two_addresses(self):
        """A server on 127.0.0.1 is found also where the name's first address is another."""
        with Place() as place:
            server = place.serve()
            hosts = place.folder / "hosts"
            hosts.write_text("127.0.0.2 two-faces\n127.0.0.1 two-faces\n")
            wrap = ["unshare", "-m", "sh", "-c", 'mount --bind "$1" /etc/hosts && shift && exec "$@"', "sh", hosts]
            if subprocess.run([*wrap, "true"], capture_output=True).returncode:
                self.skipTest("needs the right to mount a file over /etc/hosts")
            with Pages(place.prefix) as game:
                game.fill()
                bridge = place.run(*wrap, BRIDGE, f"two-faces:{server.port}")
                game.step_until(lambda: "session " in bridge.err(), "a session")
                game.step(100)
                bridge.stop()
            server.stop()
            check_same(self, place.recording(), place.recording("data"))
            self.assertNotIn("trying again", bridge.err())


if __name__ == "__main__":
    unittest.main()
