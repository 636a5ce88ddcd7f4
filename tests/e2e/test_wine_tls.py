#!/usr/bin/env python3
"""The Windows programs under Wine speak TLS with `acq serve` on Linux: telemetry_bridge.exe trusts a file, or what is in
Windows' store of roots; and acq.exe as the server."""
import struct
import subprocess
import unittest

from acq import ACQ as LINUX_ACQ
from acq import Place, wait_until
from certificates import Certificate, good
from frames import check_same
from windows import ACQ, BRIDGE, need_wine, wine

STORE = "HKCU\\Software\\Microsoft\\SystemCertificates\\Root\\Certificates\\"
CERT_CERT_PROP_ID = 32  # of a serialized certificate: the property that is the certificate itself


class Root:
    """A certificate among those that this user of Windows trusts."""

    def __init__(self, place, certificate):
        from certificates import hashes
        self.place, self.der = place, certificate.der()
        self.key = STORE + certificate.certificate.fingerprint(hashes.SHA1()).hex().upper()

    def __enter__(self):
        blob = struct.pack("<III", CERT_CERT_PROP_ID, 1, len(self.der)) + self.der
        program = wine(self.place, "reg", "add", self.key, "/v", "Blob", "/t", "REG_BINARY", "/d", blob.hex(), "/f")
        assert program.wait() == 0, program

    def __exit__(self, *_):
        wine(self.place, "reg", "delete", self.key, "/f").wait()


class WineTls(unittest.TestCase):
    def sync(self, place, server, *options):
        program = wine(place, BRIDGE, "sync", "recordings", f"localhost:{server.port}", "--tls", *options)
        return program.wait(), program

    def make_drive(self, place):
        path = place.folder / "recordings/drive.pb.gz"
        path.parent.mkdir()
        subprocess.run([LINUX_ACQ, "sim", "--seconds", "3", "--quiet", "--out", path], check=True,
                       stdout=subprocess.DEVNULL)

    def test_root_of_the_system(self):
        """Not known, then put into Windows' store, then taken out again."""
        with Place() as place:
            authority, certificate = good(place.folder)
            self.make_drive(place)
            server = place.serve(options=certificate.served())
            with Root(place, authority):
                code, program = self.sync(place, server)
                self.assertEqual(code, 0, program)
                self.assertIn("1000 frames were sent", program.out())
            program = wine(place, BRIDGE, "sync", "recordings", f"localhost:{server.port}", "--tls")
            program.says("signed by somebody this computer does not know (CN = Test authority)")
            program.close()

    def test_store_and_file(self):
        """With --ca the file counts alone."""
        with Place() as place:
            authority, certificate = good(place.folder)
            other = Certificate(place.folder, "other")
            server = place.serve(options=certificate.served())
            self.make_drive(place)
            with Root(place, authority):
                program = wine(place, BRIDGE, "sync", "recordings", f"localhost:{server.port}", "--tls", "--ca", "other.pem")
                program.says("not in the file of --ca: CN = Test authority")
                program.close()
            self.assertTrue(other.cert.exists())

    def test_bridge(self):
        """The whole way over TLS, with a file in a folder whose name is not ASCII."""
        with Place() as place:
            authority, certificate = good(place.folder)
            (place.folder / "ключи").mkdir()
            authority.cert.rename(place.folder / "ключи/ca.pem")
            server = place.serve(options=certificate.served())
            bridge = wine(place, BRIDGE, f"127.0.0.1:{server.port}", "--tls", "--ca", "ключи\\ca.pem", "--once")
            bridge.says("Ctrl+C ends it")
            sim = wine(place, ACQ, "sim", "--quiet", "--seconds", "5")
            self.assertIn(bridge.wait(), (0, 3), bridge)
            self.assertEqual(sim.wait(), 0)
            self.assertEqual(server.stop(), 0)
            ours, theirs = place.recording(), place.recording("data")
            check_same(self, ours, theirs.check())
            self.assertIn(f"{len(ours.frames)} acked, 0 not acked", bridge.out())

    def test_server(self):
        """acq.exe serves over TLS, and a client on Linux trusts it."""
        with Place() as place:
            authority, certificate = good(place.folder)
            self.make_drive(place)
            server = wine(place, ACQ, "serve", "--listen", "127.0.0.1:0", "--data", "data", "--cert", "server.pem", "--key",
                          "server.key")
            server.says(", TLS, recordings in data")
            port = server.err().split("listening on 127.0.0.1:")[1].split(",")[0]
            program = place.run(LINUX_ACQ, "replay", "recordings/drive.pb.gz", f"localhost:{port}", "--speed", "0", "--tls",
                                "--ca", authority.cert)
            self.assertEqual(program.wait(), 0, program)
            server.stop()
            wait_until(lambda: list((place.folder / "data").glob("*.pb.gz")), "the recording")
            self.assertEqual(len(place.recording("data").frames), 1000)


if __name__ == "__main__":
    need_wine()
    unittest.main()
