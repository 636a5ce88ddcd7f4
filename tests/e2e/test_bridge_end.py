#!/usr/bin/env python3
"""How telemetry_bridge and `acq serve` end on Linux: whoever tells them to, everything is closed, and the recording says
why."""
import os
import signal
import unittest

from acq import BRIDGE, Place
from pages import Pages
from proxy import Proxy
from terminal import Terminal


class End(unittest.TestCase):
    def ended(self, place, why):
        recording = place.recording()
        recording.check_counts()
        self.assertTrue(recording.closed)
        self.assertEqual(recording.end_reason(), why)
        return recording

    def test_signals(self):
        for number, why in ((signal.SIGINT, "stopped by the user"), (signal.SIGTERM, "another program ended it"),
                            (signal.SIGHUP, "the console was closed")):
            with self.subTest(number=number), Place() as place, Pages(place.prefix) as game:
                game.fill()
                bridge = place.bridge()
                game.step_until(lambda: "recording to" in bridge.err(), "a session")
                game.step(100)
                bridge.process.send_signal(number)
                game.step_until(lambda: bridge.process.poll() is not None, "the end")
                bridge.says(f"session ended ({why})")
                self.ended(place, why)

    def test_terminal_closed(self):
        """The window with the bridge in it is closed: nobody is there to read its last lines."""
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            with Terminal(BRIDGE, "--no-stream", own=True, cwd=place.folder,
                          env={"ACQ_PAGES": place.prefix}) as terminal:
                game.step_until(lambda: "recording to" in terminal.said(), "a session")
                game.step(100)
                terminal.close()
                game.step_until(lambda: terminal.process.poll() is not None, "the end")
                self.assertIn(terminal.process.returncode, (0, 3))
            self.ended(place, "the console was closed")

    def test_nohup(self):
        """What was started to outlive its terminal does."""
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            bridge = place.run(BRIDGE, "--no-stream", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
            game.step_until(lambda: "recording to" in bridge.err(), "a session")
            bridge.process.send_signal(signal.SIGHUP)
            before = len(place.recording().frames)
            game.step_until(lambda: len(place.recording().frames) > before + 200, "more frames")
            bridge.process.send_signal(signal.SIGTERM)
            game.step_until(lambda: bridge.process.poll() is not None, "the end")
            self.ended(place, "another program ended it")

    def test_twice(self):
        """The second Ctrl+C does not wait for acks of a server that gives none; the recording is closed all the same."""
        with Place() as place, Pages(place.prefix) as game:
            game.fill()
            server = place.serve()
            way = Proxy(server.port)
            bridge = place.bridge(port=way.port)
            game.step_until(lambda: "recording, streaming | " in bridge.err(), "streaming")
            os.kill(server.process.pid, signal.SIGSTOP)
            try:
                game.step(300)
                bridge.process.send_signal(signal.SIGINT)
                bridge.says("finishing | ")
                bridge.process.send_signal(signal.SIGINT)
                bridge.wait()
            finally:
                os.kill(server.process.pid, signal.SIGCONT)
                way.close()
            self.assertRegex(bridge.out(), r", [1-9]\d* not acked\n")
            self.assertIn("The next start sends it, and so does `telemetry_bridge sync ", bridge.out())
            self.ended(place, "stopped by the user")

    def test_server(self):
        """The server too: SIGHUP, as SIGINT and SIGTERM, ends it in order."""
        for number, why in ((signal.SIGINT, "stopped by the user"), (signal.SIGTERM, "another program ended it"),
                            (signal.SIGHUP, "the console was closed")):
            with self.subTest(number=number), Place() as place:
                server = place.serve()
                self.assertEqual(server.stop(number), 0)
                self.assertIn(f'stopping why="{why}" frames=0', server.err())


if __name__ == "__main__":
    unittest.main()
