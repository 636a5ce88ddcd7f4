#!/usr/bin/env python3
"""telemetry_bridge's file of settings, and its other commands' names."""
import os
import stat
import unittest

from acq import BRIDGE, Place, free_port
from pages import Pages

OK, FAILED, USAGE = 0, 1, 2
OPTIONS = ("server", "record", "no-record", "no-stream", "tls", "ca", "replay", "keep", "once", "idle", "flush-ms", "pages",
           "folder", "minimised")


class Config(unittest.TestCase):
    def write(self, place, text, name="my.conf"):
        path = place.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def drive(self, place, *words):
        """A session of a bridge with these words, ended."""
        with Pages(place.prefix) as game:
            game.fill()
            bridge = place.run(BRIDGE, *words)
            game.step_until(lambda: "session " in bridge.err() or bridge.process.poll() is not None, "a session")
            game.step(100)
            if bridge.process.poll() is None:
                bridge.stop()
            return bridge

    def test_named(self):
        """What it says holds; a path begins in the folder that is worked in."""
        with Place() as place:
            self.write(place, "# mine\nno-stream = yes\nrecord = die Läufe\n")
            self.drive(place, "--config", "my.conf")
            self.assertGreater(len(place.recording("die Läufe").check().frames), 50)

    def test_as_notepad_writes_it(self):
        with Place() as place:
            self.write(place, "\ufeffno-stream = yes\r\nrecord = \"записи #1\"\r\n")
            self.drive(place, "--config=my.conf")
            place.recording("записи #1").check()

    def test_default_place(self):
        """In $XDG_CONFIG_HOME/acq; another one that is named is read instead."""
        with Place() as place:
            self.write(place, "no-stream = yes\nrecord = here\n", "config/acq/telemetry_bridge.conf")
            self.drive(place)
            place.recording("here").check()
            self.write(place, "no-stream = yes\nrecord = there\n")
            self.drive(place, "--config", "my.conf")
            place.recording("there").check()

    def test_home(self):
        """Without $XDG_CONFIG_HOME, or with a relative one, it is ~/.config/acq."""
        for config in ("", "relative"):
            with self.subTest(config), Place() as place:
                self.write(place, "recrod = here\n", ".config/acq/telemetry_bridge.conf")
                env = {"HOME": str(place.folder), "XDG_CONFIG_HOME": config}
                program = place.run(BRIDGE, env=env)
                self.assertEqual(program.wait(), USAGE)
                self.assertIn("telemetry_bridge.conf, line 1: there is no option 'recrod'; did you mean 'record'?",
                              program.err())

    def test_command_line_wins(self):
        """Also over a flag, by --flag=no, and over the server."""
        with Place() as place:
            ports = free_port(), free_port()
            self.write(place, f"no-record = yes\nrecord = wrong\nserver = 127.0.0.1:{ports[0]}\n")
            bridge = self.drive(place, f"127.0.0.1:{ports[1]}", "--config", "my.conf", "--no-record=no", "--record", "right")
            self.assertIn(f"Sent 0 frames to 127.0.0.1:{ports[1]}", bridge.out())
            place.recording("right").check()
            self.assertFalse((place.folder / "wrong").exists())
            bridge = self.drive(place, "--config", "my.conf", "--no-record=no", "--record", "third")
            self.assertIn(f"Sent 0 frames to 127.0.0.1:{ports[0]}", bridge.out())
            bridge = self.drive(place, "--config", "my.conf", "--no-record=no", "--server", "127.0.0.1:1", "--record", "x")
            self.assertIn("Sent 0 frames to 127.0.0.1:1,", bridge.out())

    def test_mistakes(self):
        """One sentence with the file and the line, also for values that only the bridge knows."""
        for text, answer in (("\nrecrod = x", "my.conf, line 2: there is no option 'recrod'; did you mean 'record'?"),
                             ("once", "my.conf, line 1: write name = value"),
                             ("once = perhaps", "line 1: --once takes yes or no, not 'perhaps'"),
                             ("flush-ms = 1001", "line 1: --flush-ms takes a whole number from 0 to 1000, not '1001'"),
                             ("#\n#\nserver = no-port:", "line 3: 'no-port:' is not an address: write HOST:PORT"),
                             ("pages = ../x", "line 1: the pages' prefix '../x'"),
                             ("keep = 30 days", "line 1: '30 days' is not what may be kept"),
                             ("keep = 30d\nno-stream = yes", "line 1: keep removes only what a server says it has"),
                             ("record = x # y", "line 1: put the value in double quotes"),
                             (b"record = L\xe4ufe", "line 1: this is not UTF-8: save the file as UTF-8"),
                             ("once = yes".encode("utf-16"), "my.conf is UTF-16: save it as UTF-8"),
                             (bytes(100), "line 1: this is not UTF-8"),
                             (os.urandom(5000), "my.conf")):
            with self.subTest(answer), Place() as place:
                self.write(place, text)
                program = place.run(BRIDGE, "--config", "my.conf")
                self.assertEqual((program.wait(), program.out()), (USAGE, ""))
                self.assertIn(answer, program.err())
                self.assertEqual(program.err().count("\n"), 1)

    def test_not_to_be_read(self):
        with Place() as place:
            for name, code, answer in (("missing.conf", FAILED, "there is no file missing.conf"),
                                       (".", FAILED, ". is a folder"), ("large", USAGE, "no file of settings")):
                self.write(place, b"#" * 100000, "large")
                program = place.run(BRIDGE, "--config", name)
                self.assertEqual(program.wait(), code, program)
                self.assertIn(answer, program.err())

    def test_help_in_spite_of_it(self):
        with Place() as place:
            self.write(place, "nonsense\n", "config/acq/telemetry_bridge.conf")
            for words in (["--help"], ["--version"], ["sync", "--help"], ["check", "--help"], ["autostart", "--help"]):
                program = place.run(BRIDGE, *words)
                self.assertEqual((program.wait(), program.err()), (OK, ""))
                self.assertLessEqual(max(map(len, program.out().splitlines())), 120)

    def test_folder(self):
        """--folder is where all other paths begin; in the file it holds too."""
        with Place() as place:
            (place.folder / "elsewhere").mkdir()
            self.write(place, "no-stream = yes\n", "elsewhere/my.conf")
            self.drive(place, "--folder", "elsewhere", "--config", "my.conf", "--record", "laps")
            place.recording("elsewhere/laps").check()
            self.write(place, "no-stream = yes\nfolder = elsewhere\nrecord = more\n")
            self.drive(place, "--config", "my.conf")
            place.recording("elsewhere/more").check()
            program = place.run(BRIDGE, "--folder", "nowhere")
            self.assertEqual(program.wait(), FAILED)
            self.assertIn("cannot work in the folder nowhere", program.err())
            self.write(place, "folder = nowhere\n")
            program = place.run(BRIDGE, "--config", "my.conf")
            self.assertEqual(program.wait(), FAILED)
            self.assertIn("my.conf, line 1: cannot work in the folder nowhere", program.err())

    def test_sync_uses_its_server(self):
        """The server of the file is that of sync too; what the folder means there is the user's."""
        with Place() as place:
            server = place.serve()
            self.write(place, f"server = 127.0.0.1:{server.port}\nfolder = nowhere\n", "config/acq/telemetry_bridge.conf")
            (place.folder / "recordings").mkdir()
            program = place.run(BRIDGE, "sync", "recordings")
            self.assertEqual(program.wait(), OK)
            self.write(place, "server = a:b:c\n", "config/acq/telemetry_bridge.conf")
            program = place.run(BRIDGE, "sync", "recordings")
            self.assertEqual(program.wait(), USAGE)
            self.assertIn("telemetry_bridge.conf, line 1: 'a:b:c' is not an address", program.err())

    def test_to_begin_with(self):
        """`config` shows a file with every option; as it stands it changes nothing, with its comments taken away it is
        one that is read."""
        with Place() as place:
            program = place.run(BRIDGE, "config")
            self.assertEqual(program.wait(), OK)
            text = program.out()
            for option in OPTIONS:
                self.assertEqual(text.count(f"\n#{option} = "), 1, option)
            self.assertTrue(all(not line or line.startswith("#") for line in text.split("\n")))
            self.assertIn("\n# where to record; ", text)
            self.assertIn(f"{place.folder}/config/acq/telemetry_bridge.conf", program.err())
            self.assertFalse((place.folder / "config").exists())
            self.write(place, text)
            program = place.run(BRIDGE, "--config", "my.conf", "--no-record", "--no-stream")
            program.wait()
            self.assertIn("nothing to do", program.err())

    def test_first_start(self):
        """It is written where its folder is there, once, and what is there is left as it is."""
        with Place() as place:
            folder = place.folder / "config/acq"
            self.drive(place, "--no-stream")
            self.assertFalse(folder.exists())
            folder.mkdir(parents=True)
            bridge = self.drive(place, "--no-stream")
            path = folder / "telemetry_bridge.conf"
            self.assertEqual(bridge.err().count(f"wrote {path}: "), 1)
            self.assertIn("\n#flush-ms = 10\n", path.read_text())
            bridge = self.drive(place, "--no-stream")
            self.assertNotIn("wrote ", bridge.err())
            path.write_text("# mine\n")
            self.drive(place, "--no-stream")
            self.assertEqual(path.read_text(), "# mine\n")

    def test_read_only_folder(self):
        """That it cannot be written is a sentence, and no more."""
        with Place() as place:
            folder = place.folder / "config/acq"
            folder.mkdir(parents=True)
            folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
            if os.access(folder, os.W_OK):  # root may write there, but not into what follows
                if not os.path.isdir("/sys/kernel"):
                    self.skipTest("no folder is read-only to root where /sys is not mounted")
                folder.rmdir()
                folder.symlink_to("/sys/kernel")
            bridge = self.drive(place, "--no-stream")
            self.assertEqual(bridge.err().count("no file of settings was made: "), 1, bridge.err())
            self.assertNotEqual(bridge.process.returncode, FAILED)
            place.recording().check()

    def test_names_of_commands(self):
        with Place() as place:
            for word, name in (("chekc", "check"), ("snyc", "sync"), ("autosart", "autostart"), ("conf", "config")):
                program = place.run(BRIDGE, word)
                self.assertEqual(program.wait(), USAGE)
                self.assertIn(f"there is no command '{word}'; did you mean '{name}'?", program.err())
                self.assertIn(f"{word}:50051", program.err())
            for word in ("help", "version"):
                program = place.run(BRIDGE, word)
                self.assertEqual(program.wait(), USAGE)
                self.assertIn(f"there is no command '{word}'; did you mean --{word}?", program.err())
            for server in ("check:50051", "sync.lan"):  # those are names of servers
                bridge = self.drive(place, server)
                self.assertIn(f"Sent 0 frames to {server.partition(':')[0]}:50051", bridge.out())


if __name__ == "__main__":
    unittest.main()
