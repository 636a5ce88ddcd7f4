#!/usr/bin/env python3
"""telemetry_bridge check: what it finds of pages, disk, server, clock and timer, and what it makes of that."""
import os
import socket
import threading
import time
import unittest

from acq import BRIDGE, Place, free_port
from pages import Pages

OK, FAILED, USAGE, LOOK = 0, 1, 2, 3
NAMES = ["pages", "disk", "server", "clock", "timer"]


class Game(threading.Thread):
    """Steps at the game's pace, or a part of it, until it is left."""

    def __init__(self, pages, jump=1):
        super().__init__()
        self.pages, self.jump, self.over = pages, jump, threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def run(self):
        while not self.over.is_set():
            self.pages.physics["packet_id"] += self.jump - 1
            self.pages.step()


class Check(unittest.TestCase):
    def check(self, place, *words, **options):
        """The exit code, and what each line says: {name: (result, sentence)}."""
        program = place.run(BRIDGE, "check", *words, **options)
        code = program.wait()
        lines = [line.split(None, 2) for line in program.out().splitlines()]
        found = {line[0]: (line[1], line[2]) for line in lines}
        self.assertEqual([line[0] for line in lines if line[0] != "settings"], NAMES, program)
        results = [result for result, _ in found.values()]
        self.assertEqual(code, FAILED if "problem" in results else LOOK if "warning" in results else OK, program)
        return code, found

    def test_all_is_well(self):
        """A server, and no game: that is no problem. The server keeps nothing of it, the disk neither."""
        with Place() as place:
            server = place.serve()
            _, found = self.check(place, f"127.0.0.1:{server.port}")
            self.assertEqual(found["pages"][0], "ok")
            self.assertIn("no game runs", found["pages"][1])
            self.assertIn("recordings has room for ", found["disk"][1])
            self.assertEqual(found["server"][0], "ok")
            self.assertRegex(found["server"][1], rf"^127.0.0.1:{server.port} answers; it takes \d+\.\d ms there and back$")
            self.assertEqual(found["clock"][0], "ok")
            self.assertRegex(found["clock"][1], rf"^UTC is {time.strftime('%Y')}-.* steps of \d+ ns$")
            self.assertRegex(found["timer"][1], r"^wakes up \d+\.\d\d ms late \(p50\), \d+\.\d\d ms \(p99\)")
            self.assertEqual(list((place.folder / "recordings").iterdir()), [])
            server.stop()
            self.assertEqual(place.recordings("data"), [])
            self.assertIn("frames=0", server.err())

    def test_game(self):
        with Place() as place, Pages(place.prefix) as game:
            _, found = self.check(place, "--no-stream")
            self.assertIn("has not chosen car and track yet", found["pages"][1])
            game.fill()
            _, found = self.check(place, "--no-stream")
            self.assertIn("Assetto Corsa 1.16.4 (pages 1.7), ks_test_car @ ks_test_track-gp; nothing moves now",
                          found["pages"][1])
            with Game(game):
                _, found = self.check(place, "--no-stream")
            self.assertRegex(found["pages"][1], r"ks_test_car @ ks_test_track-gp; \d+ Hz")
            with Game(game, jump=3):
                _, found = self.check(place, "--no-stream")
            self.assertEqual(found["pages"][0], "warning")
            self.assertRegex(found["pages"][1], r"but \d+ of \d+ steps were missed")
            game.fill(version="1.9")
            _, found = self.check(place, "--no-stream")
            self.assertEqual(found["pages"][0], "problem")

    def test_slow_game(self):
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            over = threading.Event()

            def steps():
                while not over.wait(0.01):
                    game.physics["packet_id"] += 1
                    game.physics.publish()
            thread = threading.Thread(target=steps)
            thread.start()
            _, found = self.check(place, "--no-stream")
            over.set()
            thread.join()
            self.assertEqual(found["pages"][0], "warning")
            self.assertRegex(found["pages"][1], r"\d+ Hz instead of 333: the game cannot keep up")

    def test_disk(self):
        with Place() as place:
            (place.folder / "file").write_text("")
            code, found = self.check(place, "--no-stream", "--record", "file/recordings")
            self.assertEqual((code, found["disk"][0]), (FAILED, "problem"))
            self.assertIn("cannot make the folder file/recordings: choose one that you may write to", found["disk"][1])
            _, found = self.check(place, "--no-stream", "--record", "/proc")
            self.assertEqual(found["disk"][0], "problem")
            _, found = self.check(place, "--no-stream", "--record", "laps/lap.pb.gz")
            self.assertRegex(found["disk"][1], "^laps/? has room")
            self.assertEqual(list((place.folder / "laps").iterdir()), [])
            _, found = self.check(place, "--no-stream", "--no-record", "--server", "x:1")
            self.assertEqual((found["disk"], found["server"]), (("ok", "not tried: no-record"), ("ok", "not tried: no-stream")))

    def test_room_at_the_rate_of_the_recordings(self):
        """A minute and a half of driving is there: its size says how much room there is."""
        with Place() as place:
            folder = place.folder / "recordings"
            folder.mkdir()
            name = "20260101T000000Z_monza_car_driver_01890000-0000-7000-8000-000000000000.pb.gz"
            place.sim("--seconds", "90", "--out", folder / name).wait()
            _, found = self.check(place, "--no-stream")
            room = os.statvfs(folder)
            hours = room.f_bavail * room.f_frsize / ((folder / name).stat().st_size * 40)
            said = int(found["disk"][1].split("room for ")[1].split(" hours")[0])
            self.assertAlmostEqual(said / hours, 1, delta=0.1)

    def test_no_server(self):
        with Place() as place:
            port = free_port()
            code, found = self.check(place, f"127.0.0.1:{port}")
            self.assertEqual((code, found["server"][0]), (FAILED, "problem"))
            self.assertIn(f"127.0.0.1:{port}: connection refused; start `acq serve` there", found["server"][1])
            _, found = self.check(place, "no-such-host.invalid")
            self.assertIn("no-such-host.invalid is not known", found["server"][1])

    def test_other_servers(self):
        """One that speaks something else, one that says nothing, one that closes at once: all problems, and soon."""
        for answer, words in ((b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/2|closed"), (b"", "no answer|does not answer"),
                              (None, "closed")):
            with self.subTest(words), Place() as place, socket.create_server(("127.0.0.1", 0)) as listener:
                held = []

                def serve():
                    try:
                        while True:
                            connection, _ = listener.accept()
                            held.append(connection)
                            if answer is None:
                                connection.close()
                            else:
                                connection.recv(1000)
                                connection.sendall(answer)
                    except OSError:
                        pass
                thread = threading.Thread(target=serve)
                thread.start()
                begin = time.monotonic()
                _, found = self.check(place, f"127.0.0.1:{listener.getsockname()[1]}")
                self.assertEqual(found["server"][0], "problem")
                self.assertRegex(found["server"][1], words)
                self.assertLess(time.monotonic() - begin, 60)
                listener.shutdown(socket.SHUT_RDWR)
                thread.join()
                for connection in held:
                    connection.close()

    def test_tls(self):
        """Over TLS too, and whom it does not trust it names."""
        try:
            from certificates import good
        except SystemExit:
            self.skipTest("certificates need python3-cryptography")
        with Place() as place:
            authority, certificate = good(place.folder)
            server = place.serve(options=certificate.served())
            address = f"127.0.0.1:{server.port}"
            _, found = self.check(place, address, "--tls", "--ca", authority.cert)
            self.assertEqual(found["server"][0], "ok")
            self.assertIn("answers over TLS, and its certificate is trusted; it takes ", found["server"][1])
            _, found = self.check(place, address, "--tls", "--ca", certificate.key_file)
            self.assertEqual(found["server"][0], "problem")
            _, found = self.check(place, address, "--tls", env={"SSL_CERT_FILE": "/dev/null", "SSL_CERT_DIR": "/dev/null"})
            self.assertEqual(found["server"][0], "problem")
            self.assertIn("signed by somebody this computer does not know", found["server"][1])
            self.assertNotIn("firewall", found["server"][1])
            _, found = self.check(place, address)
            self.assertEqual(found["server"][0], "problem")

    def test_settings(self):
        """The file of settings is that of a start, and named."""
        with Place() as place:
            path = place.folder / "config/acq/telemetry_bridge.conf"
            path.parent.mkdir(parents=True)
            path.write_text("no-stream = yes\nrecord = laps\n")
            _, found = self.check(place)
            self.assertEqual(found["settings"], ("ok", str(path)))
            self.assertIn("laps has room", found["disk"][1])
            self.assertEqual(found["server"][1], "not tried: no-stream")

    def test_wrong_usage(self):
        with Place() as place:
            for words in (["--recrod", "x"], ["a", "b"], ["a:b:c"]):
                program = place.run(BRIDGE, "check", *words)
                self.assertEqual((program.wait(), program.out()), (USAGE, ""))
                self.assertEqual(program.err().count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
