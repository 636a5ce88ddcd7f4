#!/usr/bin/env python3
"""telemetry_bridge.exe under Wine: its file of settings beside the .exe, `check`, `autostart` in the registry, and a
window that stays open with an error in it."""
import fcntl
import os
import pty
import select
import shutil
import signal
import subprocess
import termios
import time
import unittest

from acq import PATIENCE, Place, wait_until
from members import members
from test_keep import drive
from windows import ACQ, BRIDGE, WINE, need_wine

RUN = "HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run"
OK, FAILED, USAGE, LOOK = 0, 1, 2, 3


def own_copy(place, folder="телеметрия 🏁"):
    """The .exe in a folder of its own, where its settings are."""
    path = place.folder / folder / "telemetry_bridge.exe"
    path.parent.mkdir()
    shutil.copy(BRIDGE, path)
    return path


class Settings(unittest.TestCase):
    def test_first_start(self):
        """The first start writes the file, as Notepad does; the next one reads it and leaves it alone."""
        with Place() as place:
            exe = own_copy(place)
            config = exe.with_name("telemetry_bridge.conf")
            bridge = place.run(WINE, exe, "--no-stream")
            bridge.says("waiting for Assetto Corsa")
            self.assertIn("telemetry_bridge.conf: the place for your settings", bridge.err())
            self.assertEqual(bridge.stop(signal.SIGINT), OK)
            text = config.read_bytes()
            self.assertEqual(text.count(b"\n"), text.count(b"\r\n"))
            self.assertIn(b"\r\n#flush-ms = 10\r\n", text)
            config.write_text("\ufeff# moi\r\nno-stream = yes\r\nrecord = \"записи #1\"\r\nonce = yes\r\n",
                              encoding="utf-8", newline="")
            mine = config.read_bytes()
            bridge = place.run(WINE, exe)
            bridge.says("waiting for Assetto Corsa")
            sim = place.run(WINE, ACQ, "sim", "--quiet", "--seconds", "4")
            self.assertIn(bridge.wait(), (OK, LOOK))
            sim.wait()
            self.assertGreater(len(place.recording("записи #1").check().frames), 50)
            self.assertEqual(config.read_bytes(), mine)

    def test_mistake(self):
        with Place() as place:
            exe = own_copy(place)
            exe.with_name("telemetry_bridge.conf").write_bytes(b"\r\n\r\nrecrod = D:\\laps\r\n")
            bridge = place.run(WINE, exe)
            self.assertEqual(bridge.wait(), USAGE)
            self.assertIn("telemetry_bridge.conf, line 3: there is no option 'recrod'; did you mean 'record'?", bridge.err())


class Check(unittest.TestCase):
    def test_with_all(self):
        with Place() as place:
            exe, server = own_copy(place), place.serve()
            sim = place.run(WINE, ACQ, "sim", "--quiet")

            def check():
                bridge = place.run(WINE, exe, "check", f"127.0.0.1:{server.port}", "--record", "круг")
                self.assertIn(bridge.wait(), (OK, LOOK))
                return [line.split(None, 2) for line in bridge.out().splitlines()]
            lines = wait_until(lambda: (lambda found: found if "@" in found[0][2] else None)(check()), "the simulator")
            self.assertEqual([line[0] for line in lines], ["pages", "disk", "server", "clock", "timer"])
            self.assertRegex(lines[0][2], r"acq_sim_gt @ acq_short; ")
            self.assertRegex(lines[1][2], r"^круг has room for \d+ hours")
            self.assertEqual(lines[2][1], "ok")
            self.assertEqual(lines[3][1], "ok")
            self.assertFalse(exe.with_name("telemetry_bridge.conf").exists())
            sim.stop(signal.SIGINT)


class Autostart(unittest.TestCase):
    def tearDown(self):
        subprocess.run([WINE, "reg", "delete", RUN, "/v", "telemetry_bridge", "/f"], capture_output=True)

    def registered(self):
        """What the registry has, or None."""
        done = subprocess.run([WINE, "reg", "query", RUN, "/v", "telemetry_bridge"], capture_output=True, text=True)
        lines = [line for line in done.stdout.splitlines() if "REG_SZ" in line]
        return lines[0].split("REG_SZ", 1)[1].strip() if lines else None

    def autostart(self, place, exe, *words, code=OK):
        program = place.run(WINE, exe, "autostart", *words)
        self.assertEqual(program.wait(), code, program)
        return program

    def test_on_and_off(self):
        """The command in the registry has quotes where it needs them, and starts a bridge from another folder."""
        with Place() as place:
            exe = own_copy(place, "my bridge")
            windows = lambda path: "Z:" + str(path).replace("/", "\\")
            self.autostart(place, exe, "off")
            self.assertEqual(self.autostart(place, exe, "status").out(), "off\n")
            said = self.autostart(place, exe, "on", "--no-stream", "--record", "my laps\\", "--once").out()
            command = (f'"{windows(exe)}" --folder {windows(place.folder)} --minimised --no-stream --record "my laps\\\\" '
                       "--once")
            self.assertEqual(said, f"on: {command}\n")
            self.assertEqual(self.registered(), command)
            self.assertEqual(self.autostart(place, exe, "status").out(), said)
            script = place.folder / "as-windows.bat"
            script.write_bytes(f"@cd /d C:\\\r\n@{command}\r\n".encode())
            bridge = place.run(WINE, "cmd", "/c", script)
            bridge.says("waiting for Assetto Corsa")
            sim = place.run(WINE, ACQ, "sim", "--quiet", "--seconds", "4")
            bridge.wait()
            sim.wait()
            place.recording("my laps").check()
            self.autostart(place, exe, "off")
            self.assertIsNone(self.registered())

    def test_too_long(self):
        with Place() as place:
            exe = own_copy(place)
            said = self.autostart(place, exe, "on", "--record", "x" * 250, code=USAGE).err()
            self.assertIn("Windows starts no command of more than 260 characters", said)
            self.assertIsNone(self.registered())


class Keep(unittest.TestCase):
    def test_removed_and_not(self):
        """With Windows' calls too what the server has goes, and what was not closed stays."""
        with Place() as place:
            server = place.serve()
            old, damaged, other = drive(place, 1, 40), drive(place, 2, 40), drive(place, 3, 39)
            data = damaged.read_bytes()
            damaged.write_bytes(data[:members(data)[-1].at])
            bridge = place.run(WINE, own_copy(place), f"127.0.0.1:{server.port}", "--keep", "30d")
            bridge.says("tidied up: 2 recordings removed")
            self.assertEqual(bridge.stop(signal.SIGINT), OK)
            self.assertEqual((old.exists(), other.exists(), damaged.exists()), (False, False, True))
            server.stop()
            self.assertEqual(len(place.recordings("data")), 3)


class Window(unittest.TestCase):
    """A console that belongs to the program alone: as after a double click."""

    def start(self, place, *words):
        self.master, slave = pty.openpty()
        program = subprocess.Popen([WINE, *words], stdin=slave, stdout=slave, stderr=slave, cwd=place.folder,
                                   start_new_session=True,
                                   preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                   env={**os.environ, "ACQ_PAGES": place.prefix, "TERM": "xterm"})
        os.close(slave)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        self.addCleanup(os.close, self.master)
        return program

    def read(self, text, seconds):
        """Adds what comes within a while."""
        if select.select([self.master], [], [], seconds)[0]:
            try:
                text += os.read(self.master, 4096)
            except OSError:
                pass  # the other side has gone
        return text

    def test_error_stays_readable(self):
        with Place() as place:
            program, text = self.start(place, own_copy(place), "--recrod", "x"), b""
            end = time.monotonic() + PATIENCE
            while b"w\x1b[?25h\x1b[?25l." not in text and b"window." not in text:  # a console may draw it by letters
                self.assertIsNone(program.poll(), text)
                self.assertLess(time.monotonic(), end, text)
                text = self.read(text, 1)
            self.assertIn(b"did you mean --record?", text)
            for _ in range(3):
                text = self.read(text, 0.5)
            self.assertIsNone(program.poll())
            os.write(self.master, b"\r")
            wait_until(lambda: self.read(b"", 0.1) is not None and program.poll() is not None, "its end")
            self.assertEqual(program.poll(), USAGE)

    def test_not_without_a_console(self):
        with Place() as place:
            program = place.run(WINE, own_copy(place), "--recrod", "x")
            self.assertEqual(program.wait(), USAGE)
            self.assertNotIn("Press Enter", program.err())


if __name__ == "__main__":
    need_wine()
    unittest.main()
