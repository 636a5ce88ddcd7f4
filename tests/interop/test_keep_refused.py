#!/usr/bin/env python3
"""telemetry_bridge --keep and servers (grpcio in Python) that refuse a session, say too much, or never say what they
have: only what a server says it has, to the frame, is removed."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from acq import Place, free_port
from pages import OFF, Pages
from test_bridge_refused import CODE, Server
from test_keep import drive, session_of


class Liar(dict):
    """The frames of a session of which the server claims to have one more than there are."""

    def __len__(self):
        return super().__len__() + 1


class Kept(unittest.TestCase):
    def test_refused(self):
        """One that the server does not want stays; the others go."""
        with Place() as place:
            refused, taken = drive(place, 1, 40), drive(place, 2, 35)
            port = free_port()
            server = Server(port, {session_of(refused): CODE.INVALID_ARGUMENT})
            bridge = place.bridge("--keep", "30d", port=port)
            bridge.says("tidied up: 1 recording removed")
            bridge.stop()
            server.stop()
            self.assertTrue(refused.exists())
            self.assertFalse(taken.exists())

    def test_says_too_much(self):
        """A server that claims frames which never were has another session of that name."""
        with Place() as place:
            path, taken = drive(place, 1, 40), drive(place, 2, 35)
            port = free_port()
            server = Server(port, sessions={session_of(path): Liar((n, b"") for n in range(1, 5000))})
            bridge = place.bridge("--keep", "30d", port=port)
            bridge.says("tidied up: 1 recording removed")
            bridge.stop()
            server.stop()
            self.assertTrue(path.exists())
            self.assertFalse(taken.exists())

    def test_never_says_what_it_has(self):
        """Acks without a hello, as the original project's server gives them, are no word that all is on a disk."""
        with Place() as place, Pages(place.prefix) as game:
            port = free_port()
            server = Server(port, hello=False)
            game.fill()
            bridge = place.bridge("--keep", "0.001MB", port=port)
            game.step_until(lambda: "recording to" in bridge.err(), "a session")
            game.step(400)
            game.set_status(OFF)
            bridge.says("session ended")
            time.sleep(2)
            bridge.stop()
            server.stop()
            place.recording().check()
            self.assertNotIn("tidied up", bridge.err())


if __name__ == "__main__":
    unittest.main()
