#!/usr/bin/env python3
"""tools/release.sh: the archives hold what they should, are the same when they are made again, and what is unpacked
from them works from any folder."""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest
import zipfile

import pe
from acq import BUILD, SOURCE, Program, skip
from windows import WINDOWS, WINE, has_wine, need_programs

VERSION = re.search(r"project\(acq VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)
LINUX, WIN = f"acq-{VERSION}-linux-x86_64", f"acq-{VERSION}-windows-x86_64"
TIME = 1700000000  # 2023-11-14 22:13:20 UTC
DOCS = {path.stem for path in (SOURCE / "docs").glob("*.md")}
LIBRARIES = {"brotli", "cairo", "duckdb", "expat", "fontconfig", "freetype", "deflate", "nghttp2", "pixman", "png",
             "ssl", "uv", "zlib", "open-sans", "Apache"}
WINDOWS_LIBRARIES = LIBRARIES - {"brotli", "expat", "fontconfig"} | {"mingw", "gcc"}


def pack(out):
    environment = dict(os.environ, SOURCE_DATE_EPOCH=str(TIME), ACQ_PACK="1", ACQ_PAGES="none")
    done = subprocess.run([SOURCE / "tools/release.sh", BUILD, WINDOWS, out], env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout


class Release(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="acq-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.out = cls.folder / "out"
        pack(cls.out)
        cls.place = cls.folder / "куда угодно"  # a space, and letters that no code page of the West has
        cls.place.mkdir()
        with tarfile.open(cls.out / f"{LINUX}.tar.gz") as tar:
            cls.members = tar.getmembers()
            tar.extractall(cls.place)
        with zipfile.ZipFile(cls.out / f"{WIN}.zip") as archive:
            cls.infos = archive.infolist()
            archive.extractall(cls.place)
        cls.linux, cls.win = cls.place / LINUX, cls.place / WIN

    def run_all(self, *starts):
        """Runs commands one after the other, in a folder that is not the programs'; returns what the last one said."""
        with tempfile.TemporaryDirectory(prefix="рабочий стол ", dir=self.folder) as here:
            for start, *words in starts:
                program = Program(*(start if isinstance(start, list) else [start]), *words, cwd=here)
                self.assertEqual(program.wait(), 0, str(program))
                said = program.out()
                program.close()
        return said

    def drive(self, program):
        """From simulator to Parquet and picture."""
        said = self.run_all((program, "sim", "--seconds", "5", "--quiet", "-o", "круг.pb.gz"),
                            (program, "info", "круг.pb.gz"),
                            (program, "plot", "круг.pb.gz", "-o", "круг.png"),
                            (program, "convert", "круг.pb.gz", "круг.parquet"),
                            (program, "view", "круг.parquet", "-n", "1", "-c", "t_s", "speed_kmh"))
        self.assertRegex(said, r"Statistics of 166\d rows")

    def test_sums(self):
        lines = (self.out / "SHA256SUMS").read_text().splitlines()
        names = [f"{LINUX}.tar.gz", f"{WIN}.zip"]
        self.assertEqual(lines, [f"{hashlib.sha256((self.out / n).read_bytes()).hexdigest()}  {n}" for n in names])
        self.assertEqual(sorted(os.listdir(self.out)), sorted([*names, "SHA256SUMS"]))

    def test_again(self):
        pack(self.folder / "again")
        for name in os.listdir(self.out):
            self.assertTrue((self.out / name).read_bytes() == (self.folder / "again" / name).read_bytes(), name)

    def test_members_of_tarball(self):
        for member in self.members:
            self.assertEqual((member.uid, member.gid, member.mtime), (0, 0, TIME), member.name)
            self.assertEqual(member.name.split("/")[0], LINUX)
            self.assertTrue(member.isdir() or member.isfile(), member.name)
            programs = (f"{LINUX}/acq", f"{LINUX}/telemetry_bridge")
            self.assertEqual(member.mode, 0o755 if member.isdir() or member.name in programs else 0o644, member.name)

    def test_members_of_zip(self):
        for info in self.infos:
            self.assertEqual(info.date_time, (2023, 11, 14, 22, 13, 20), info.filename)
            self.assertTrue(info.filename.startswith(WIN + "/"))
            self.assertEqual(info.filename, info.filename.encode("ascii").decode())
            if info.filename.endswith(".txt"):
                data = (self.place / info.filename).read_bytes()
                self.assertEqual(data.count(b"\n"), data.count(b"\r\n"), info.filename)

    def check_files(self, root, suffix, libraries, wanted):
        """All that is in the top folder, all docs, a licence of every library, nothing empty or left open."""
        self.assertEqual({p.name for p in root.iterdir()}, wanted)
        docs = {p.name for p in (root / "docs").iterdir()}
        self.assertGreaterEqual(docs, {"commands.txt", *(f"{d}.{suffix}" for d in DOCS)})
        licences = [p.name for p in (root / "licences").iterdir()]
        self.assertEqual([n for n in libraries if not any(n in name for name in licences)], [])
        for path in root.rglob("*"):
            if path.is_file():
                self.assertGreater(path.stat().st_size, 0, path)
                if path.suffix in (".txt", ".md") and "licences" not in path.parts:
                    self.assertNotRegex(path.read_text(), r"@[A-Z]+@")
        for doc in (root / "docs").iterdir():
            for link in re.findall(r"\]\((?!http)([^)#]+)", doc.read_text()):
                self.assertTrue((root / "docs" / link).exists(), f"{doc.name} points to {link}")
        commands = (root / "docs/commands.txt").read_text()
        for name in ("acq sim", "acq serve", "acq convert", "acq plot", "telemetry_bridge", "telemetry_bridge sync"):
            self.assertIn(f"Usage: {name}", commands)

    def test_files_for_linux(self):
        self.check_files(self.linux, "md", LIBRARIES,
                         {"acq", "telemetry_bridge", "libduckdb.so", "acq.duckdb_extension", "README.txt", "LICENSE",
                          "CHANGELOG.md", "docs", "examples", "licences", "proto"})
        self.assertIn(VERSION, (self.linux / "README.txt").read_text())
        self.assertTrue((self.linux / "proto/telemetry/v1/telemetry.proto").exists())

    def test_files_for_windows(self):
        self.check_files(self.win, "txt", WINDOWS_LIBRARIES,
                         {"acq.exe", "telemetry_bridge.exe", "duckdb.dll", "README.txt", "LICENSE.txt", "CHANGELOG.txt",
                          "docs", "examples", "licences", "proto"})
        self.assertIn(VERSION, (self.win / "README.txt").read_text())
        for name in ("acq.exe", "telemetry_bridge.exe"):
            self.assertEqual((self.win / name).read_bytes(), (WINDOWS / name).read_bytes())
        self.assertEqual(pe.Program(self.win / "duckdb.dll").machine, 0x8664)

    def test_linux_programs_need_little(self):
        """The C library alone, and no folder of the machine where they were built."""
        for name in ("acq", "telemetry_bridge"):
            said = subprocess.check_output(["objdump", "-p", self.linux / name], text=True)
            needed = set(re.findall(r"NEEDED +(\S+)", said))
            self.assertLessEqual(needed, {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"})
            self.assertNotRegex(said, "RPATH|RUNPATH")
            content = (self.linux / name).read_bytes()
            for path in (SOURCE, pathlib.Path.home()):
                if len(path.parts) > 1:
                    self.assertNotIn(os.fsencode(path) + b"/", content)

    def test_linux_programs_work(self):
        bare = ["env", "-i", "PATH=/usr/bin:/bin", "LC_ALL=C"]
        self.drive([*bare, self.linux / "acq"])
        self.assertEqual(self.run_all(([*bare, self.linux / "telemetry_bridge"], "--version")),
                         f"telemetry_bridge {VERSION}\n")

    def test_windows_programs_work(self):
        if not has_wine():
            self.skipTest("wine is missing: `tools/setup.sh test` installs it")
        self.drive([WINE, self.win / "acq.exe"])
        self.assertEqual(self.run_all(([WINE, self.win / "telemetry_bridge.exe"], "--version")).replace("\r", ""),
                         f"telemetry_bridge {VERSION}\n")


if __name__ == "__main__":
    cache = (BUILD / "CMakeCache.txt").read_text()
    if "ACQ_STATIC:BOOL=ON" not in cache or "ACQ_SANITIZE:BOOL=ON" in cache:
        skip("these are not the programs that are released: the preset `release` makes them")
    need_programs()
    for tool in ("zip", "objdump"):
        if not shutil.which(tool):
            skip(f"{tool} is missing: `tools/setup.sh test` installs it")
    unittest.main()
