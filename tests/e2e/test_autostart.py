#!/usr/bin/env python3
"""telemetry_bridge autostart on Linux: the entry that a desktop starts at log-in (Desktop Entry Specification)."""
import configparser
import os
import subprocess
import unittest

from acq import BRIDGE, Place

OK, FAILED, USAGE = 0, 1, 2


def words_of(text):
    """The words of an Exec line, read as the specification says: first the string's escapes, then the quotes'."""
    text = text.replace("\\\\", "\0").replace("\\s", " ").replace("\0", "\\")
    words, at = [], 0
    while at < len(text):
        assert text[at] == '"', text
        at, word = at + 1, ""
        while text[at] != '"':
            at += text[at] == "\\"
            word += text[at]
            at += 1
        words.append(word.replace("%%", "%"))
        at += 2
    return words


class Autostart(unittest.TestCase):
    def run_bridge(self, place, *words, code=OK, **options):
        program = place.run(BRIDGE, "autostart", *words, **options)
        self.assertEqual(program.wait(), code, program)
        return program

    def entry(self, place):
        file = configparser.RawConfigParser(interpolation=None)
        file.optionxform = str
        file.read(place.folder / "config/autostart/telemetry_bridge.desktop", encoding="utf-8")
        return dict(file["Desktop Entry"])

    def test_on_and_off(self):
        with Place() as place:
            self.assertEqual(self.run_bridge(place, "status").out(), "off\n")
            self.assertEqual(self.run_bridge(place, "off").out(), "off\n")
            said = self.run_bridge(place, "on", "192.168.1.20:50051", "--record", "my laps").out()
            entry = self.entry(place)
            self.assertEqual((entry["Type"], entry["Terminal"]), ("Application", "false"))
            self.assertEqual(words_of(entry["Exec"]),
                             [str(BRIDGE.resolve()), "--folder", str(place.folder.resolve()), "--minimised",
                              "192.168.1.20:50051", "--record", "my laps"])
            self.assertEqual(said, f"on: {entry['Exec']}\n")
            self.assertEqual(self.run_bridge(place, "status").out(), said)
            self.run_bridge(place, "on", "--no-stream")  # anew, with other words
            self.assertEqual(words_of(self.entry(place)["Exec"])[-1], "--no-stream")
            self.assertEqual(self.run_bridge(place, "off").out(), "off\n")
            self.assertEqual(self.run_bridge(place, "status").out(), "off\n")
            self.assertEqual(list((place.folder / "config/autostart").iterdir()), [])

    def test_words_of_any_kind(self):
        """Quotes, dollars, backslashes, per cent and letters of all kinds arrive as they were given."""
        with Place() as place:
            odd = ["a \"b\"", "$HOME", "`id`", "C:\\laps\\", "100%", "Läufe/записи/🏁", "%f", "a;b&c|d"]
            for word in odd:
                self.run_bridge(place, "on", "--record", word)
                self.assertEqual(words_of(self.entry(place)["Exec"])[-1], word)

    def test_it_starts_a_bridge(self):
        """The command, with the words as a desktop reads them, records where `autostart on` was called."""
        with Place() as place:
            self.run_bridge(place, "on", "--no-stream", "--record", "laps", "--once")
            words = words_of(self.entry(place)["Exec"])
            bridge = place.run("sh", "-c", 'cd / && exec "$@"', "sh", *words)
            sim = place.sim("--seconds", "4")
            bridge.wait()
            sim.wait()
            self.assertGreater(len(place.recording("laps").check().frames), 100)

    def test_folders_that_are_named(self):
        """A log-in starts programs anywhere: what begins in the folder of now is kept with the whole path, or refused."""
        with Place() as place:
            laps = place.folder.resolve() / "laps"
            laps.mkdir()
            for words in (["--folder", "laps"], ["--folder=laps"]):
                self.run_bridge(place, "on", *words)
                self.assertEqual(words_of(self.entry(place)["Exec"])[-2:], ["--folder", str(laps)])
            file = place.folder.resolve() / "my.conf"
            for folder, config, code in ((laps, file, OK), ("laps", file, USAGE), (laps, "my.conf", USAGE)):
                file.write_text(f"folder = {folder}\n")
                program = self.run_bridge(place, "on", "--config", config, code=code)
                self.assertEqual("with the whole path" in program.err(), code == USAGE)
                self.assertNotIn("--folder", words_of(self.entry(place)["Exec"])[:2])

    def test_switched_off_by_the_desktop(self):
        for line in ("Hidden=true", "X-GNOME-Autostart-enabled=false"):
            with self.subTest(line), Place() as place:
                self.run_bridge(place, "on")
                path = place.folder / "config/autostart/telemetry_bridge.desktop"
                path.write_text(path.read_text().replace("X-GNOME-Autostart-enabled=true\n", "") + line + "\n")
                self.assertEqual(self.run_bridge(place, "status").out(), "off\n")
                self.run_bridge(place, "on")
                self.assertTrue(self.run_bridge(place, "status").out().startswith("on: "))

    def test_wrong_words(self):
        """What could not be started is not taken: nothing is written."""
        with Place() as place:
            for words, answer in ((["on", "--recrod", "x"], "did you mean --record?"),
                                  (["on", "a:b:c"], "write HOST:PORT"), (["on", "--keep", "x"], "'x'"),
                                  (["onn"], "did you mean 'on'?"), ([], "missing"), (["off", "x"], "too many"),
                                  (["zzz"], "on, off or status")):
                program = self.run_bridge(place, *words, code=USAGE)
                self.assertIn(answer, program.err())
                self.assertEqual((program.out(), program.err().count("\n")), ("", 1))
            self.run_bridge(place, "on", "--config", "missing.conf", code=FAILED)
            self.run_bridge(place, "on", "--record", "a\nb", code=USAGE)
            self.assertFalse((place.folder / "config/autostart/telemetry_bridge.desktop").exists())

    def test_no_home(self):
        with Place() as place:
            environment = {k: v for k, v in os.environ.items() if k not in ("HOME", "XDG_CONFIG_HOME")}
            done = subprocess.run([BRIDGE, "autostart", "on"], env=environment, cwd=place.folder, capture_output=True,
                                  text=True)
            self.assertEqual(done.returncode, FAILED)
            self.assertIn("set HOME", done.stderr)


if __name__ == "__main__":
    unittest.main()
