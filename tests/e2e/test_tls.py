#!/usr/bin/env python3
"""TLS between telemetry_bridge and `acq serve`: whom the bridge trusts, what is said when it does not, files that are
wrong; and a stream over a network that fails, as it is without TLS."""
import os
import signal
import subprocess
import unittest

from acq import ACQ, BRIDGE, Place, free_port, wait_until
from certificates import Certificate, good
from frames import Recording, check_same
from pages import Pages
from proxy import Proxy

FAILED, USAGE = 1, 2


def drive(place, name="recordings/drive.pb.gz", seconds=3, seed=1):
    path = place.folder / name
    path.parent.mkdir(exist_ok=True)
    subprocess.run([ACQ, "sim", "--seed", str(seed), "--seconds", str(seconds), "--quiet", "--out", path], check=True,
                   stdout=subprocess.DEVNULL)
    return Recording(path)


def replay(place, address, *options, **more):
    """Sends a recording once; the program, ended. It does not try again, so it ends with the reason."""
    program = place.run(ACQ, "replay", "recordings/drive.pb.gz", address, "--speed", "0", "--quiet", *options, **more)
    program.wait()
    return program


class Trust(unittest.TestCase):
    def check_refused(self, place, server, words, *options, host="localhost", **more):
        program = replay(place, f"{host}:{server.port}", *options, **more)
        self.assertEqual(program.process.poll(), FAILED, program)
        self.assertIn(words, program.err())
        self.assertEqual(program.err().count("\n"), 1, program.err())
        self.assertEqual(list((place.folder / "data").glob("*.pb.gz*")), [])

    def check_taken(self, place, server, *options, host="localhost", **more):
        program = replay(place, f"{host}:{server.port}", *options, **more)
        self.assertEqual(program.process.poll(), 0, program)

    def test_authority(self):
        """Its certificate, by --ca or among the system's, makes a name and an address of the server's known; and only
        those."""
        with Place() as place:
            authority, server = good(place.folder)
            drive(place)
            serve = place.serve(options=server.served())
            other = Certificate(place.folder, "Other authority")
            nobody = {"SSL_CERT_FILE": str(other.cert), "SSL_CERT_DIR": str(place.folder / "none")}
            unknown = "signed by somebody this computer does not know (CN = Test authority): give that certificate by --ca"
            self.check_refused(place, serve, unknown, "--tls", env=nobody)
            self.check_refused(place, serve, "not in the file of --ca: CN = Test authority", "--tls", "--ca", other.cert)
            serve.says("it does not know who signed this side's certificate", 2)
            self.check_taken(place, serve, "--tls", "--ca", authority.cert)
            self.check_taken(place, serve, "--tls", "--ca", authority.cert, host="127.0.0.1")
            self.check_taken(place, serve, "--tls", env=dict(nobody, SSL_CERT_FILE=str(authority.cert)))
            self.assertEqual(serve.stop(), 0)
            self.assertEqual(len(place.recording("data").frames), 1000)

    def test_other_name(self):
        with Place() as place:
            authority = Certificate(place.folder, "Test authority")
            drive(place)
            for name, names, words in (("a", ["race.example", "10.1.2.3"], "is not for localhost, but for race.example, 10.1.2.3"),
                                       ("b", ["localhost.example"], "is not for localhost, but for localhost.example"),
                                       ("c", ["*"], "is not for localhost, but for *"),
                                       ("d", ["127.0.0.1"], "is not for localhost, but for 127.0.0.1"),
                                       ("e", ["evil\x1b[2J\nname"], "but for evil?[2J?name")):
                with self.subTest(names):
                    serve = place.serve(options=Certificate(place.folder, name, authority, names).served())
                    self.check_refused(place, serve, words, "--tls", "--ca", authority.cert)
                    self.assertEqual(serve.stop(), 0)
            serve = place.serve(options=Certificate(place.folder, "f", authority, ["localhost"]).served())
            self.check_refused(place, serve, "is not for 127.0.0.1, but for localhost", "--tls", "--ca", authority.cert,
                               host="127.0.0.1")

    def test_self_signed(self):
        """A certificate of the server's own, given by --ca, is enough; also one without the authority behind it."""
        with Place() as place:
            drive(place)
            own = Certificate(place.folder, "own", None, ["localhost"])
            serve = place.serve(options=own.served())
            self.check_refused(place, serve, "signed by somebody this computer does not know (CN = own)", "--tls")
            self.check_taken(place, serve, "--tls", "--ca", own.cert)
            serve.stop()
            authority, server = good(place.folder)
            serve = place.serve(options=server.served(), data="data2")
            self.check_taken(place, serve, "--tls", "--ca", server.cert)

    def test_chain(self):
        """A certificate between: the server shows it, the client knows the root alone."""
        with Place() as place:
            drive(place)
            root = Certificate(place.folder, "root")
            middle = Certificate(place.folder, "middle", root)
            server = Certificate(place.folder, "server", middle, ["localhost"])
            serve = place.serve(options=server.served())
            self.check_refused(place, serve, "signed by somebody who is not in the file of --ca: CN = middle", "--tls",
                               "--ca", root.cert)
            serve.stop()
            server.cert.write_bytes(server.pem() + middle.pem())
            serve = place.serve(options=server.served())
            self.check_taken(place, serve, "--tls", "--ca", root.cert)

    def test_not_for_servers(self):
        from certificates import ExtendedKeyUsageOID
        with Place() as place:
            drive(place)
            authority = Certificate(place.folder, "Test authority")
            mail = Certificate(place.folder, "mail", authority, ["localhost"], use=ExtendedKeyUsageOID.EMAIL_PROTECTION)
            serve = place.serve(options=mail.served())
            self.check_refused(place, serve, "certificate is not accepted", "--tls", "--ca", authority.cert)

    def test_time(self):
        """A server does not start with a certificate that nobody would take; where an authority's is too old, the client
        says so."""
        with Place() as place:
            drive(place)
            authority = Certificate(place.folder, "Test authority")
            for name, begins, ends, words in (("old", -20, -10, "expired on 2"), ("new", 10, 20, "is valid from 2")):
                serve = place.run(ACQ, "serve", "--listen", "127.0.0.1:0",
                                  *Certificate(place.folder, name, authority, ["localhost"], begins, ends).served())
                self.assertEqual(serve.wait(), FAILED)
                self.assertIn(words, serve.err())
                self.assertEqual(serve.err().count("\n"), 1)
            for name, begins, ends, words in (("past", -20, -10, "the server's certificate expired on 2"),
                                              ("future", 10, 20, "is valid from 2")):
                authority = Certificate(place.folder, name, None, (), begins, ends)
                serve = place.serve(options=Certificate(place.folder, "server", authority, ["localhost"]).served())
                self.check_refused(place, serve, words, "--tls", "--ca", authority.cert)
                serve.stop()

    def test_plain(self):
        """One side speaks TLS and the other does not: each says what to do."""
        with Place() as place:
            authority, server = good(place.folder)
            drive(place)
            serve = place.serve(options=server.served())
            self.check_refused(place, serve, "the server wants TLS: add --tls")
            serve.says("the client does not speak TLS, and this server does: start it with --tls")
            serve.stop()
            serve = place.serve()
            self.check_refused(place, serve, "the server does not speak TLS: leave out --tls, or start it with --cert and",
                               "--tls", "--ca", authority.cert)


class Files(unittest.TestCase):
    def fails(self, place, code, words, *command):
        program = place.run(*command)
        self.assertEqual(program.wait(), code, program)
        self.assertIn(words, program.err())
        self.assertEqual(program.err().count("\n"), 1, program.err())
        self.assertEqual(program.out(), "")

    def test_ca(self):
        """What is wrong with --ca is said at once, before a sample is taken; so for all that send."""
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            drive(place)
            (place.folder / "text.pem").write_text("not a certificate")
            (place.folder / "empty.pem").write_text("")
            senders = ([BRIDGE, "localhost:1", "--record", "r"], [BRIDGE, "sync", "recordings", "localhost:1"],
                       [ACQ, "replay", "recordings/drive.pb.gz", "localhost:1"])
            for sender in senders:
                self.fails(place, USAGE, "--ca is for TLS: add --tls", *sender, "--ca", "x.pem")
                self.fails(place, FAILED, "there is no file x.pem", *sender, "--tls", "--ca", "x.pem")
                self.fails(place, FAILED, "text.pem holds no certificate", *sender, "--tls", "--ca", "text.pem")
                self.fails(place, FAILED, "empty.pem holds no certificate", *sender, "--tls", "--ca", "empty.pem")
                self.fails(place, FAILED, "too large", *sender, "--tls", "--ca", "/dev/zero")
            self.assertFalse((place.folder / "r").exists() and os.listdir(place.folder / "r"))

    def test_cert_and_key(self):
        with Place() as place:
            authority, server = good(place.folder)
            other = Certificate(place.folder, "other", None, ["localhost"])
            (place.folder / "text.pem").write_text("no")
            (place.folder / "locked.key").write_bytes(server.private(b"secret"))
            serve = [ACQ, "serve", "--listen", "127.0.0.1:0"]
            self.fails(place, USAGE, "add --key FILE", *serve, "--cert", server.cert)
            self.fails(place, USAGE, "add --cert FILE", *serve, "--key", server.key_file)
            for cert, key, words in ((server.cert, other.key_file, "is not that of the certificate"),
                                     (server.cert, "none.key", "there is no file none.key"),
                                     ("none.pem", server.key_file, "there is no file none.pem"),
                                     ("text.pem", server.key_file, "text.pem holds no certificate"),
                                     (server.cert, "text.pem", "text.pem holds no key"),
                                     (server.cert, server.cert, "holds no key"),
                                     (server.cert, "locked.key", "has a password")):
                self.fails(place, FAILED, words, *serve, "--cert", cert, "--key", key)
            self.assertFalse((place.folder / "data").exists())

    def test_one_file(self):
        """Certificate and key in one file."""
        with Place() as place:
            authority, server = good(place.folder)
            both = place.folder / "both.pem"
            both.write_bytes(server.private() + server.pem() + authority.pem())
            drive(place)
            serve = place.serve(options=["--cert", both, "--key", both])
            self.assertEqual(replay(place, f"localhost:{serve.port}", "--tls", "--ca", both).process.poll(), 0)

    def test_open_to_others(self):
        """TLS does not stand for a password."""
        with Place() as place:
            _, server = good(place.folder)
            self.fails(place, USAGE, "this server has no passwords yet", ACQ, "serve", "--listen", "0.0.0.0:0",
                       *server.served())
            serve = place.run(ACQ, "serve", "--listen", "0.0.0.0:0", "--data", "data", "--insecure", *server.served())
            serve.says("TLS, recordings in data")
            self.assertEqual(serve.stop(), 0)


class Stream(unittest.TestCase):
    """A bridge, a game and a server over TLS."""

    def begin(self, place, port, authority):
        return place.bridge("--tls", "--ca", authority.cert, port=port)

    def finish(self, place, bridge, server):
        code = bridge.stop()
        self.assertIn(", 0 not acked", bridge.out())
        self.assertEqual(server.stop(), 0)
        ours, theirs = place.recording(), place.recording("data")
        check_same(self, ours, theirs.check())
        self.assertTrue(ours.closed and theirs.closed)
        self.assertIn(code, (0, 3))
        return ours

    def test_server_restarted(self):
        """Killed in the middle and started again, twice; then it has another certificate that is not known, and is away
        until it has a good one. Nothing is lost, nothing comes twice."""
        with Place() as place, Pages(place.prefix) as game:
            authority, good_one = good(place.folder)
            stranger = Certificate(place.folder, "stranger", None, ["127.0.0.1"])
            port = free_port()
            game.fill()
            bridge = self.begin(place, port, authority)
            game.step_until(lambda: "server 127.0.0.1" in bridge.err(), "the word that there is no server")
            for _ in range(2):
                server = place.serve(port, options=good_one.served())
                game.step_until(lambda: "session-" in server.err(), "the stream")
                game.step(200)
                server.kill()
                game.step(50)
            server = place.serve(port, options=stranger.served())
            game.step_until(lambda: "does not accept" in server.err() or "does not know" in server.err(), "the refusal")
            game.step_until(lambda: "signed by somebody who is not in the file of --ca: CN = stranger" in bridge.err(),
                            "the reason")
            self.assertEqual(server.stop(), 0)
            server = place.serve(port, options=good_one.served())
            game.step_until(lambda: "session-resumes" in server.err(), "the stream")
            game.step(100)
            self.finish(place, bridge, server)

    def test_network(self):
        """Slow bytes, cuts with FIN and RST in the middle of records, half-open connections."""
        with Place() as place, Pages(place.prefix) as game:
            authority, certificate = good(place.folder)
            server = place.serve(options=certificate.served())
            proxy = Proxy(server.port)
            game.fill()
            bridge = self.begin(place, proxy.port, authority)
            game.step_until(lambda: "session-begins" in server.err(), "the stream")
            for rst, rate in ((False, None), (True, None), (False, 40000), (True, 40000)):
                proxy.up.rate = rate
                game.step(150)
                proxy.cut(rst)
                resumed = server.err().count("session-resumes")
                game.step_until(lambda: server.err().count("session-resumes") > resumed, "the next stream")
            proxy.calm()
            proxy.strand()
            resumed = server.err().count("session-resumes")
            game.step_until(lambda: server.err().count("session-resumes") > resumed, "the stream behind a half-open one")
            self.finish(place, bridge, server)
            proxy.close()

    def test_slow_bytes(self):
        """A line on which a handshake comes in pieces of two dozen bytes."""
        with Place() as place:
            authority, certificate = good(place.folder)
            drive(place, seconds=0.1)
            server = place.serve(options=certificate.served())
            proxy = Proxy(server.port)
            proxy.up.rate = proxy.down.rate = 6000
            program = replay(place, f"127.0.0.1:{proxy.port}", "--tls", "--ca", authority.cert)
            self.assertEqual(program.process.poll(), 0, program)
            proxy.close()

    def test_cut_in_the_handshake(self):
        """Cut behind every some bytes of it: each time the client says so, and the server goes on."""
        with Place() as place:
            authority, certificate = good(place.folder)
            drive(place)
            server = place.serve(options=certificate.served())

            class Cut:
                """Lets so many bytes of the server's pass, and ends the connection."""
                seen, most = 0, 0

                def up(self, data):
                    pass

                def down(self, data):
                    Cut.seen += len(data)
            for most in (0, 1, 4, 5, 60, 300):
                proxy = Proxy(server.port, Cut)
                proxy.down.rate = 5000  # some 20 bytes at a time
                Cut.seen = 0
                proxy.down.held = most == 0
                program = place.run(ACQ, "replay", "recordings/drive.pb.gz", f"127.0.0.1:{proxy.port}", "--speed", "0",
                                    "--quiet", "--tls", "--ca", authority.cert)
                wait_until(lambda: proxy.connections and Cut.seen > most, "the handshake")
                proxy.cut(rst=most % 2 == 1)
                self.assertEqual(program.wait(), FAILED, program)
                self.assertIn("cannot reach a server", program.err())
                proxy.close()
            program = replay(place, f"127.0.0.1:{server.port}", "--tls", "--ca", authority.cert)
            self.assertEqual(program.process.poll(), 0, program)

    def test_server_that_says_nothing(self):
        """Something listens that never answers a handshake: the client gives up, with a reason."""
        with Place() as place:
            authority, certificate = good(place.folder)
            drive(place)
            server = place.serve(options=certificate.served())
            proxy = Proxy(server.port)
            proxy.down.held = True
            program = replay(place, f"127.0.0.1:{proxy.port}", "--tls", "--ca", authority.cert)
            self.assertEqual(program.process.poll(), FAILED)
            self.assertIn("the server does not answer in TLS", program.err())
            proxy.close()

    def test_backlog(self):
        """Many recordings by sync, more than any buffer holds; a second sync sends nothing."""
        with Place() as place:
            authority, certificate = good(place.folder)
            made = [drive(place, f"recordings/{seed}.pb.gz", 60, seed) for seed in range(1, 4)]
            server = place.serve(options=certificate.served())
            for frames in (sum(len(r.frames) for r in made), 0):
                sync = place.run(BRIDGE, "sync", "recordings", f"localhost:{server.port}", "--tls", "--ca", authority.cert)
                self.assertEqual(sync.wait(), 0, sync)
                self.assertIn(f"{frames} frames were sent", sync.out())
            self.assertEqual(server.stop(), 0)
            theirs = {r.session: r for r in place.recordings("data")}
            for ours in made:
                check_same(self, ours, theirs[ours.session])


if __name__ == "__main__":
    unittest.main()
