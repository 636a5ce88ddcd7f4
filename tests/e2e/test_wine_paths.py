#!/usr/bin/env python3
"""Names and folders for the Windows programs, under Wine: letters of any script, emoji, spaces, paths longer than 260, paths
with the prefixes of Windows, other folders to start from, output that is redirected. And what acq.exe makes is what
acq makes on Linux of the same recording."""
import shutil
import signal
import subprocess
import unittest
import zlib

from acq import ACQ as LINUX_ACQ
from acq import Place
from windows import ACQ, BRIDGE, WINDOWS, WINE, need_wine

ODD = "записи 🏎️ 測試 déjà vu"


def windows(path):
    """A Linux path as Windows spells it."""
    return "Z:" + str(path).replace("/", "\\")


def pixels(png):
    """The rows of a PNG's picture, without what compression makes of them. Source: PNG specification, section 5."""
    data, at, packed = png.read_bytes(), 8, b""
    while at < len(data):
        size, kind = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        packed += data[at + 8:at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    return zlib.decompress(packed)


class Base(unittest.TestCase):
    def setUp(self):
        self.place = self.enterContext(Place())
        self.folder = self.place.folder

    def run_to_end(self, *words, code=0, **options):
        """Runs a program in the test's folder; returns what it printed."""
        program = self.place.run(*words, **options)
        self.assertEqual(program.wait(), code, str(program))
        return program.out()

    def wine(self, program, *words, **options):
        return self.run_to_end(WINE, program, *words, **options)

    def drive(self, path="drive.pb.gz", seconds="10"):
        self.wine(ACQ, "sim", "--quiet", "--seconds", seconds, "--out", path)


class Names(Base):
    def test_letters_of_any_script(self):
        """Each tool reads and writes below a folder of such a name, by either separator."""
        (self.folder / ODD).mkdir()
        self.drive(f"{ODD}/круг 🏁.pb.gz")
        self.wine(ACQ, "convert", f"{ODD}\\круг 🏁.pb.gz", f"{ODD}\\круг 🏁.parquet")
        self.wine(ACQ, "plot", f"{ODD}/круг 🏁.parquet", "-o", f"{ODD}/круг 🏁.png")
        self.wine(ACQ, "sql", f"SELECT count(*) AS n FROM '{ODD}/круг 🏁.parquet'", "--format", "csv",
                  "--out", f"{ODD}/🏆.csv")
        self.assertEqual((self.folder / ODD / "🏆.csv").read_text().split(), ["n", "3334"])
        self.assertIn("круг 🏁.pb.gz", self.wine(ACQ, "info", ODD))
        self.assertIn(" 3334 rows", self.wine(ACQ, "view", f"{ODD}\\круг 🏁.pb.gz", "-n", "1", "-c", "t_s"))
        self.assertIn("круг 🏁.pb.gz", self.wine(ACQ, "info", f"{ODD}\\к*🏁.pb.gz"))
        self.assertEqual(sorted(p.name for p in (self.folder / ODD).iterdir()),
                         sorted(f"круг 🏁{suffix}" for suffix in (".parquet", ".pb.gz", ".png")) + ["🏆.csv"])

    def test_bridge_records_there(self):
        bridge = self.place.run(WINE, BRIDGE, "--no-stream", "--record", f"{ODD}\\🏎", "--once")
        bridge.says("waiting for Assetto Corsa")
        self.wine(ACQ, "sim", "--quiet", "--seconds", "3")
        self.assertIn(bridge.wait(), (0, 3))
        recording = self.place.recording(f"{ODD}/🏎")
        self.assertTrue(recording.closed)
        recording.check_counts()

    def test_what_is_not_there(self):
        """The name comes back as it was given."""
        said = self.place.run(WINE, ACQ, "info", f"{ODD}/нет.pb.gz")
        self.assertEqual(said.wait(), 1)
        self.assertIn(f"there is no file {ODD}/нет.pb.gz", said.err())


class Long(Base):
    """Folders of 12 × 30 characters: the path is about 400 long."""

    def setUp(self):
        super().setUp()
        self.names = [f"{i:02} очень длинное имя папки".ljust(30, "_") for i in range(12)]
        self.long = self.folder.joinpath(*self.names)

    def test_relative(self):
        """What is longer than 260 only with the folder that one is in counts too; the bridge makes the folders."""
        path = "\\".join(self.names)
        bridge = self.place.run(WINE, BRIDGE, "--no-stream", "--record", path, "--once")
        bridge.says("waiting for Assetto Corsa")
        self.wine(ACQ, "sim", "--quiet", "--seconds", "2")
        self.assertIn(bridge.wait(), (0, 3))
        self.assertTrue(self.place.recording(self.long.relative_to(self.folder)).closed)
        self.assertIn("acq_sim_gt", self.wine(ACQ, "info", path + "\\*.pb.gz"))

    def test_absolute(self):
        self.long.mkdir(parents=True)
        for path in (windows(self.long), "\\\\?\\" + windows(self.long)):
            with self.subTest(path=path[:6]):
                self.drive(path + "\\a.pb.gz", "2")
                self.wine(ACQ, "convert", path + "\\a.pb.gz", path + "\\a.parquet")
                self.wine(ACQ, "plot", path + "/a.pb.gz", "-o", path + "/a.svg")
                self.assertIn(" 667 rows", self.wine(ACQ, "view", path + "\\a.parquet", "-n", "1", "-c", "t_s"))
                self.assertIn("acq_sim_gt", self.wine(ACQ, "info", path + "\\?.pb.gz"))
                self.assertEqual(sorted(p.name for p in self.long.iterdir()), ["a.parquet", "a.pb.gz", "a.svg"])
                shutil.rmtree(self.long)
                self.long.mkdir()


class Places(Base):
    def test_program_in_an_odd_folder(self):
        """A copy of acq.exe finds the duckdb.dll that lies beside it, from any folder; one in the current folder or on PATH
        is never taken."""
        home, other = self.folder / ODD / "программа", self.folder / "elsewhere"
        home.mkdir(parents=True)
        other.mkdir()
        shutil.copy(ACQ, home)
        (other / "duckdb.dll").write_bytes(b"no library")
        no_library = self.place.run(WINE, windows(home / "acq.exe"), "sql", "SELECT 1", env={"WINEPATH": windows(other)})
        self.assertEqual(no_library.wait(), 1)
        self.assertIn("put duckdb.dll beside the program", no_library.err())
        shutil.copy(WINDOWS / "duckdb.dll", home)
        for folder in ("/", str(other)):
            with open(self.folder / "out", "wb") as out:
                made = subprocess.run([WINE, windows(home / "acq.exe"), "sql", "SELECT 42 AS n", "--format", "csv"],
                                      cwd=folder, stdout=out, stderr=subprocess.DEVNULL, timeout=120)
            self.assertEqual((made.returncode, (self.folder / "out").read_bytes()), (0, b"n\n42\n"))
        named = self.wine(ACQ, "sql", "SELECT 43 AS n", "--format", "csv",
                          env={"ACQ_DUCKDB": windows(home / "duckdb.dll")})
        self.assertEqual(named, "n\n43\n")

    def test_redirected_output_is_that_of_a_file(self):
        """No carriage returns, and letters as they are."""
        self.drive(f"{ODD}.pb.gz", "2")
        for words in (["cat", f"{ODD}.pb.gz", "--format", "csv"], ["channels"], ["info", f"{ODD}.pb.gz"]):
            there = self.wine(ACQ, *words)
            self.assertNotIn("\r", there)
            self.assertEqual(there, self.run_to_end(LINUX_ACQ, *words))


class Server(Base):
    def test_takes_and_records(self):
        """The server as a Windows program: a Linux client and a Windows one send, its files are as on Linux, and after
        Ctrl+C and a new start it knows what it has."""
        self.run_to_end(LINUX_ACQ, "sim", "--quiet", "--seconds", "20", "--out", "drive.pb.gz")
        for again in range(2):
            server = self.place.run(WINE, ACQ, "serve", "--listen", "127.0.0.1:0", "--data", f"{ODD}\\data")
            server.says("listening on")
            port = server.err().split("listening on 127.0.0.1:")[1].split(",")[0]
            if not again:
                self.run_to_end(LINUX_ACQ, "replay", "drive.pb.gz", f"127.0.0.1:{port}", "--speed", "0", "--quiet")
                self.wine(ACQ, "replay", "drive.pb.gz", f"127.0.0.1:{port}", "--speed", "0", "--quiet", "--new-session")
            else:
                self.wine(ACQ, "replay", "drive.pb.gz", f"127.0.0.1:{port}", "--speed", "0", "--quiet")
            self.assertEqual(server.stop(signal.SIGINT), 0)
            sent = self.place.recording(".")
            for there in self.place.recordings(f"{ODD}/data"):
                self.assertTrue(there.closed)
                self.assertEqual(len(there.frames), len(sent.frames))
            self.assertEqual(len(self.place.recordings(f"{ODD}/data")), 2)


class Same(Base):
    """The same of both, from one recording."""

    def test_tools(self):
        self.run_to_end(LINUX_ACQ, "sim", "--quiet", "--seconds", "100", "--seed", "7", "--out", "drive.pb.gz")
        for words in (["laps"], ["info"], ["view", "-n", "3"], ["cat", "-n", "50", "--format", "ndjson"], ["doctor"]):
            with self.subTest(words=words):
                ours = self.run_to_end(LINUX_ACQ, *words, "drive.pb.gz")
                self.assertEqual(self.wine(ACQ, *words, "drive.pb.gz"), ours)
                self.assertGreater(len(ours.splitlines()), 0)

    def test_parquet_rows(self):
        self.run_to_end(LINUX_ACQ, "sim", "--quiet", "--seconds", "60", "--out", "drive.pb.gz")
        self.wine(ACQ, "convert", "drive.pb.gz", "windows.parquet")
        self.run_to_end(LINUX_ACQ, "convert", "drive.pb.gz", "linux.parquet")
        for a, b in (("windows", "linux"), ("linux", "windows")):
            lacks = self.run_to_end(LINUX_ACQ, "sql", "--format", "csv",
                                    f"SELECT count(*) AS n FROM (SELECT * FROM '{a}.parquet' EXCEPT ALL "
                                    f"SELECT * FROM '{b}.parquet')")
            self.assertEqual(lacks.split(), ["n", "0"])
        count = self.run_to_end(LINUX_ACQ, "sql", "--format", "csv", "SELECT count(*) AS n FROM 'windows.parquet'")
        self.assertEqual(count.split(), ["n", "20000"])

    def test_pictures(self):
        """Of every pixel the same, or nearly: the compilers may round the last bit of a curve differently."""
        self.run_to_end(LINUX_ACQ, "sim", "--quiet", "--seconds", "30", "--out", "drive.pb.gz")
        for kind in ("png", "svg", "pdf"):
            self.wine(ACQ, "plot", "drive.pb.gz", "-o", f"windows.{kind}")
            self.run_to_end(LINUX_ACQ, "plot", "drive.pb.gz", "-o", f"linux.{kind}")
        ours, theirs = (pixels(self.folder / f"{name}.png") for name in ("linux", "windows"))
        self.assertEqual(len(ours), len(theirs))
        different = sum(x != y for x, y in zip(ours, theirs))
        self.assertLess(different, len(ours) / 1000, f"{different} of {len(ours)} bytes differ")
        ours, theirs = ((self.folder / f"{name}.svg").read_text() for name in ("linux", "windows"))
        self.assertEqual(ours.count("<path"), theirs.count("<path"))
        self.assertEqual((self.folder / "windows.pdf").read_bytes()[:5], b"%PDF-")

    def test_simulator(self):
        """The same drive; the sines of two C libraries may differ in their last bit, and no more comes of that."""
        words = ["sim", "--quiet", "--seconds", "20", "--seed", "3", "--out"]
        self.run_to_end(LINUX_ACQ, *words, "linux.pb.gz")
        self.wine(ACQ, *words, "windows.pb.gz")
        said = self.run_to_end(LINUX_ACQ, "sql",
                               "SELECT count(*) AS n, max(abs(l.speed_kmh - w.speed_kmh)) < 0.001 AS speed, "
                               "max(abs(l.rpm - w.rpm)) <= 1 AS rpm, bool_and(l.gear = w.gear) AS gear "
                               "FROM linux l JOIN windows w USING (t_ns)", "linux.pb.gz", "windows.pb.gz",
                               "--format", "csv")
        self.assertEqual(said.split()[1], "6667,true,true,true")


if __name__ == "__main__":
    need_wine()
    unittest.main()
