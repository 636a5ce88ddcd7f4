#!/usr/bin/env python3
"""telemetry_bridge over a network that fails and to a server that dies: nothing is lost, nothing stands there twice."""
import os
import random
import re
import resource
import shutil
import signal
import socket
import time
import unittest

from acq import ACQ, BRIDGE, Place, free_port, wait_until
from frames import LOST_BEFORE, check_same
from pages import Pages
from proxy import Proxy
from terminal import Terminal


class Resume(unittest.TestCase):
    def check_all(self, place, sessions=1):
        """Every session is complete on both sides, closed, and the same."""
        ours, theirs = place.recordings(), place.recordings("data")
        self.assertEqual((len(ours), len(theirs)), (sessions, sessions))
        for a, b in zip(ours, theirs):
            check_same(self, a.check(), b.check())
            self.assertTrue(a.closed and b.closed)
        return ours

    def begin(self, place, game, port, *options):
        game.fill()
        bridge = place.bridge(*options, port=port)
        game.step_until(lambda: "session " in bridge.err(), "a session")
        return bridge

    def finish(self, place, game, bridge, *servers):
        """Stops the bridge when the server has caught up, then the servers."""
        game.step(30)
        sampled = lambda: sum(len(r.frames) for r in place.recordings())
        arrived = lambda: sum(len(r.frames) for r in place.recordings("data"))
        wait_until(lambda: bridge.process.poll() is not None or arrived() >= sampled() > 0,
                   "the server to have all that is recorded")
        self.assertIn(bridge.stop(), (0, 3))
        self.assertIn(" acked, 0 not acked", bridge.out())
        for server in servers:
            self.assertEqual(server.stop(), 0)

    def test_server_comes_late(self):
        with Place() as place, Pages(place.prefix) as game:
            port = free_port()
            bridge = self.begin(place, game, port)
            game.step(600)
            server = place.serve(port)
            self.finish(place, game, bridge, server)
            self.assertGreater(len(self.check_all(place)[0].frames), 300)
            self.assertEqual(bridge.err().count("trying again"), 1)

    def test_connection_is_cut(self):
        """At random moments, many times; also while the session ends."""
        dice = random.Random(3)
        with Place() as place, Pages(place.prefix) as game:
            server = place.serve()
            proxy = Proxy(server.port)
            bridge = self.begin(place, game, proxy.port)
            for _ in range(12):
                game.step(dice.randrange(1, 150))
                proxy.cut()
            self.finish(place, game, bridge, server)
            proxy.close()
            self.check_all(place)
            self.assertGreater(server.err().count("session-resumes"), 2)

    def test_connection_is_cut_at_the_end(self):
        """Cut when everything is durable and the acks are on their way back: the bridge asks again and ends."""
        for _ in range(3):
            with Place() as place, Pages(place.prefix) as game:
                server = place.serve()
                proxy = Proxy(server.port)
                bridge = self.begin(place, game, proxy.port)
                game.step(100)
                proxy.hold_answers()
                bridge.process.send_signal(signal.SIGINT)
                bridge.says("session ended")
                frames = len(place.recording().frames)
                wait_until(lambda: sum(len(r.frames) for r in place.recordings("data")) == frames, "all on the server")
                proxy.cut()
                proxy.release()
                self.assertIn(bridge.wait(), (0, 3))
                self.assertIn(f"{frames} acked, 0 not acked", bridge.out())
                server.stop()
                proxy.close()
                self.check_all(place)

    def test_server_is_killed(self):
        """kill -9 while it streams, three times; what was acked is there."""
        with Place() as place, Pages(place.prefix) as game:
            server = place.serve()
            bridge = self.begin(place, game, server.port)
            for _ in range(3):
                game.step(250)
                server.kill()
                game.step(50)
                server = place.serve(server.port)
            game.step(100)
            self.finish(place, game, bridge, server)
            self.check_all(place)

    def test_server_is_stopped(self):
        """SIGINT in the middle: the server closes its recordings; the next one goes on with them."""
        with Place() as place, Pages(place.prefix) as game:
            server = place.serve()
            bridge = self.begin(place, game, server.port)
            game.step_until(lambda: place.recordings("data") and place.recording("data").frames, "frames")
            self.assertEqual(server.stop(), 0)
            self.assertTrue(place.recording("data").closed)
            game.step(100)
            server = place.serve(server.port)
            self.finish(place, game, bridge, server)
            self.check_all(place)

    def test_server_loses_the_end(self):
        """A recording of the server that ends earlier than was acked, as after a damaged disk: the bridge sends
        again what it still has, from its recording."""
        with Place() as place, Pages(place.prefix) as game:
            server = place.serve()
            bridge = self.begin(place, game, server.port)
            game.step(400)
            game.step_until(lambda: place.recordings("data") and place.recording("data").members > 3, "some members")
            server.kill()
            path = place.recording("data").path
            with open(path, "r+b") as file:
                file.truncate(path.stat().st_size // 2)
            server = place.serve(server.port)
            self.finish(place, game, bridge, server)
            self.check_all(place)

    def test_longer_than_memory(self):
        """More than the queue of 8 MB is behind: the oldest frames come from the recording."""
        with Place() as place, Pages(place.prefix) as game:
            port = free_port()
            game.graphics["tyre_compound"] = chr(0x6f22) * 33
            bridge = self.begin(place, game, port)
            end = time.monotonic() + 120
            while place.recording().raw_size < 9 << 20:
                self.assertLess(time.monotonic(), end)
                game.step(700, self.noise)
            server = place.serve(port)
            self.finish(place, game, bridge, server)
            self.check_all(place)

    def test_two_sessions_while_away(self):
        """Both are sent, one after the other, when the server comes."""
        with Place() as place, Pages(place.prefix) as game:
            port = free_port()
            bridge = self.begin(place, game, port)
            game.step(150)
            game.stat["car_model"] = "other"
            game.stat.publish()
            game.step_until(lambda: bridge.err().count("recording to") == 2, "the second session")
            game.step(150)
            server = place.serve(port)
            self.finish(place, game, bridge, server)
            self.check_all(place, sessions=2)

    def test_no_record_and_no_server(self):
        """Without a recording only memory is left; what has no room there is declared, not lost in silence."""
        with Place() as place, Pages(place.prefix) as game:
            port = free_port()
            game.fill()
            bridge = place.bridge("--no-record", port=port)
            game.step_until(lambda: "session " in bridge.err(), "a session")
            game.step(300)
            server = place.serve(port)
            game.step_until(lambda: place.recordings("data") and place.recording("data").frames, "frames")
            self.assertIn(bridge.stop(), (0, 3))
            self.assertEqual(server.stop(), 0)
            self.assertIn("0 not acked", bridge.out())
            place.recording("data").check()

    def test_server_cannot_write(self):
        """The server's disk is full: the bridge waits, or comes again, but not many times a second."""
        with Place() as place, Pages(place.prefix) as game:
            port = free_port()
            limit = (2000, resource.RLIM_INFINITY)
            server = place.run(ACQ, "serve", "--listen", f"127.0.0.1:{port}", "--data", "data", restore_signals=False,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
            server.says("listening on")
            bridge = self.begin(place, game, port)
            game.step(900, lambda g: g.physics.bytes.__setitem__(slice(420, 564), os.urandom(144)))
            self.assertIn("cannot write", server.err())
            self.assertLess(server.err().count("session-pauses"), 12)
            self.assertLess(bridge.err().count("trying again"), 12)
            server.kill()
            empty = [path for path in place.folder.glob("data/*") if not path.stat().st_size]
            self.assertLessEqual(len(empty), 1)  # not one for each try
            for path in empty:
                path.unlink()
            server = place.serve(port)
            self.finish(place, game, bridge, server)
            self.check_all(place)

    def noise(self, game):
        """Frames that are large, and do not pack well."""
        game.physics.bytes[32:244] = os.urandom(212)
        for first, behind in ((268, 312), (348, 416), (420, 580)):
            game.physics.bytes[first:behind] = bytes([1]) * (behind - first)
        game.stat["player_nick"] = chr(0x4e00 + game.physics["packet_id"] % 1000) * 33  # so the frame carries it
        game.stat.publish()

    def test_half_open(self):
        """The connection goes nowhere any more and nobody says so: the bridge asks, hears nothing, and begins again."""
        with Place() as place, Pages(place.prefix) as game:
            server = place.serve()
            proxy = Proxy(server.port)
            bridge = self.begin(place, game, proxy.port)
            game.step_until(lambda: place.recordings("data") and place.recording("data").frames, "frames")
            proxy.strand()
            game.step_until(lambda: "the server does not answer; trying again" in bridge.err(), "the end of patience")
            self.finish(place, game, bridge, server)
            proxy.close()
            self.check_all(place)

    def test_host_is_silent(self):
        """A host that drops what we send: each attempt to connect is given up after some seconds."""
        with Place() as place, Pages(place.prefix) as game, socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            port, fillers = listener.getsockname()[1], []
            for _ in range(4):  # a listener whose queue is full drops the next ones
                fillers.append(socket.socket())
                fillers[-1].setblocking(False)
                fillers[-1].connect_ex(("127.0.0.1", port))
            bridge = self.begin(place, game, port)
            game.step_until(lambda: "connection timed out; trying again" in bridge.err(), "the end of patience")
            for filler in fillers:
                filler.close()
            listener.close()
            server = place.serve(port)
            self.finish(place, game, bridge, server)
            self.check_all(place)

    def test_server_forgets_what_only_it_had(self):
        """Without a recording what is acked is gone here. A server that has lost it cannot get it again: what is
        sampled from then on is a session of its own, without a hole."""
        with Place() as place, Pages(place.prefix) as game:
            server = place.serve()
            game.fill()
            bridge = place.bridge("--no-record", port=server.port)
            game.step_until(lambda: "session " in bridge.err(), "a session")
            arrived = lambda: sum(len(r.frames) for r in place.recordings("data"))
            game.step_until(lambda: arrived() > 500, "frames")
            server.kill()
            shutil.rmtree(place.folder / "data")
            server = place.serve(server.port)
            game.step_until(lambda: bridge.err().count(": ks_test_car") == 2, "a second session")
            game.step_until(lambda: arrived() > 100, "its frames")
            self.assertIn("it was not recorded", bridge.err())
            self.assertIn("session ended (the server lost a part of the session)", bridge.err())
            self.assertIn(bridge.stop(), (0, 3))
            self.assertEqual(server.stop(), 0)
            theirs = place.recording("data").check()
            self.assertEqual(theirs.end_reason(), "stopped by the user")
            self.assertNotIn(" 0 not acked", bridge.out())

    def disk_fails(self, place, game, port, steps):
        """A drive without a server, whose recording fails early. Returns the bridge and the recording's frames."""
        limit = (100000, resource.RLIM_INFINITY)
        game.graphics["tyre_compound"] = chr(0x6f22) * 33
        game.fill()
        bridge = place.run(BRIDGE, f"127.0.0.1:{port}", restore_signals=False,
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
        game.step_until(lambda: "session " in bridge.err(), "a session")
        for _ in range(0, steps, 300):
            game.step(300, self.noise)
        bridge.says("recording stopped")
        return bridge, len(place.recording().frames)

    def test_disk_fails_without_a_server(self):
        """What is not in the recording any more stays in memory until a server comes: nothing is lost."""
        with Place() as place, Pages(place.prefix) as game:
            port = free_port()
            bridge, recorded = self.disk_fails(place, game, port, 1500)
            server = place.serve(port)
            game.step_until(lambda: place.recordings("data") and len(place.recording("data").frames) > recorded, "all")
            self.assertEqual(bridge.stop(), 3)
            server.stop()
            ours, theirs = place.recording(), place.recording("data").check()
            self.assertGreater(len(theirs.frames), len(ours.frames))
            self.assertEqual(theirs.bodies()[:len(ours.frames)], ours.check().bodies())
            self.assertIn(f"Sampled {len(theirs.frames)} frames", bridge.out())
            self.assertIn(" 0 samples dropped", bridge.out())
            self.assertFalse(any(LOST_BEFORE in f.fields for f in theirs.frames))

    def test_disk_fails_and_memory_is_full(self):
        """More than memory holds: what has no place is counted, and declared in the frame behind it."""
        with Place() as place, Pages(place.prefix) as game:
            port = free_port()
            bridge, _ = self.disk_fails(place, game, port, 9000)
            server = place.serve(port)
            game.step(300, self.noise)
            declared = lambda: any(LOST_BEFORE in f.fields for r in place.recordings("data") for f in r.frames)
            game.step_until(declared, "a frame behind those")
            game.step(50)
            self.assertEqual(bridge.stop(), 3)
            server.stop()
            theirs = place.recording("data").check()
            lost = sum(f.fields.get(LOST_BEFORE, 0) for f in theirs.frames)
            self.assertGreater(lost, 300)
            self.assertIn(f"Sampled {len(theirs.frames)} frames", bridge.out())
            self.assertIn(f" {lost} samples dropped", bridge.out())

    def test_status_line(self):
        """On a terminal one line says in words what goes on."""
        with Place() as place, Pages(place.prefix) as game:
            server = place.serve()
            slow = Proxy(server.port)
            slow.open, slow.up.rate = False, 300000
            older = place.folder / "recordings/older.pb.gz"
            older.parent.mkdir()
            self.assertEqual(place.sim("--seconds", "60", "--out", older).wait(), 0)
            with Terminal(BRIDGE, f"127.0.0.1:{slow.port}", columns=250, cwd=place.folder,
                          env={"ACQ_PAGES": place.prefix, "NO_COLOR": "1"}) as bridge:
                said = lambda words: re.search(words, bridge.said())
                bridge.says(r"waiting for a session: nobody drives \| server away \| older recordings: 0 of 1 sent")
                game.fill()
                game.step_until(lambda: said(r"recording, server away \| \d+ frames behind \| "), "server away")
                game.step(1200)
                slow.open = True
                game.step_until(lambda: said(r"recording, catching up \| .*MB.* \| older recordings: 0 of 1 sent"), "more")
                slow.calm()
                game.step_until(lambda: said(r"recording, streaming \| ks_test_car @ "), "streaming alone")
                self.assertIn(bridge.stop(signal.SIGINT), (0, 3))
                slow.close()


if __name__ == "__main__":
    unittest.main()
