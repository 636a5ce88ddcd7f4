#!/usr/bin/env python3
"""The Windows programs as files: what they import, the flags of their headers, what Explorer shows of them, their size;
and that the same sources give the same bytes in another folder at another time."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as xml

import pe
from acq import SOURCE
from windows import WINDOWS, need_programs

# in System32 of every Windows 10 and 11; nothing else may have to be installed
SYSTEM = set("""advapi32 avrt bcrypt bcryptprimitives crypt32 dbghelp gdi32 iphlpapi kernel32 msvcrt ncrypt ntdll ole32
    psapi shell32 shlwapi user32 userenv winmm wintrust ws2_32 wtsapi32""".split())


def project(word):
    """What the one place says: version in CMakeLists.txt, copyright in LICENSE."""
    file, pattern = {"version": ("CMakeLists.txt", r"project\(acq VERSION (\S+)"),
                     "copyright": ("LICENSE", r"(?m)^(Copyright .*)$")}[word]
    return re.search(pattern, (SOURCE / file).read_text()).group(1)


class Program:
    """What holds of both."""

    @classmethod
    def setUpClass(cls):
        cls.program = pe.Program(WINDOWS / f"{cls.NAME}.exe")

    def test_imports_system_libraries_only(self):
        names = self.program.imports()
        self.assertIn("kernel32.dll", names)
        self.assertEqual([n for n in names if n.removesuffix(".dll") not in SYSTEM], [])
        self.assertFalse(self.program.has(pe.DELAYED_IMPORTS))
        self.assertFalse(self.program.has(pe.EXPORTS))

    def test_headers(self):
        """A 64-bit console program that may lie anywhere in memory, also above 4 GiB, and whose data is never run."""
        self.assertEqual(self.program.machine, 0x8664)
        self.assertEqual(self.program.subsystem, pe.CONSOLE)
        wanted = pe.DYNAMIC_BASE | pe.NX_COMPAT | pe.HIGH_ENTROPY_VA
        self.assertEqual(self.program.dll_flags & wanted, wanted)
        self.assertTrue(self.program.has(pe.RELOCATIONS), "without relocations it always lies at the same place")

    def test_stripped_and_small(self):
        self.assertEqual(self.program.symbols, 0)
        self.assertEqual([s for s in self.program.section_names() if s.startswith((".debug", "/"))], [])
        self.assertFalse(self.program.has(pe.DEBUG))
        self.assertLessEqual(len(self.program.bytes), self.MOST_BYTES)

    def test_version(self):
        number = project("version")
        numbers, texts = pe.version(self.program.resource(pe.RT_VERSION))
        self.assertEqual(".".join(map(str, numbers)), number + ".0")
        self.assertEqual(texts["FileVersion"], number)
        self.assertEqual(texts["ProductVersion"], number)
        self.assertEqual(texts["ProductName"], "acq")
        self.assertEqual(texts["FileDescription"], self.DESCRIPTION)
        self.assertEqual(texts["OriginalFilename"], self.NAME + ".exe")
        self.assertIn(project("copyright"), texts["LegalCopyright"])

    def test_manifest(self):
        root = xml.fromstring(self.program.resource(pe.RT_MANIFEST))
        found = {e.tag.rpartition("}")[2]: e for e in root.iter()}
        self.assertEqual(found["requestedExecutionLevel"].get("level"), "asInvoker")
        self.assertEqual(found["longPathAware"].text, "true")
        self.assertEqual(found["activeCodePage"].text, "UTF-8")
        self.assertEqual(found["supportedOS"].get("Id"), "{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}")
        self.assertEqual(found["assemblyIdentity"].get("version"), project("version") + ".0")

    def test_no_path_of_the_builder(self):
        self.assertEqual(self.program.time, 0)
        for path in (SOURCE, pathlib.Path.home(), WINDOWS.resolve()):
            if len(path.parts) > 1:
                self.assertNotIn(os.fsencode(path) + b"/", self.program.bytes)
                self.assertNotIn(str(path).encode("utf-16-le"), self.program.bytes)


class Bridge(Program, unittest.TestCase):
    NAME, DESCRIPTION, MOST_BYTES = "telemetry_bridge", "Telemetry bridge for Assetto Corsa", 6 << 20


class Acq(Program, unittest.TestCase):
    NAME, DESCRIPTION, MOST_BYTES = "acq", "Telemetry for Assetto Corsa", 20 << 20


class Again(unittest.TestCase):
    def test_same_bytes_in_another_folder(self):
        """A copy of what the bridge is made of, built somewhere else, now."""
        with tempfile.TemporaryDirectory(prefix="acq again ") as folder:
            copy, build = pathlib.Path(folder, "other/sources"), pathlib.Path(folder, "b")
            copy.mkdir(parents=True)
            for name in ("src", "cmake", "tests"):
                shutil.copytree(SOURCE / name, copy / name)
            for name in ("CMakeLists.txt", "LICENSE"):
                shutil.copy(SOURCE / name, copy)
            steps = (["cmake", "-S", copy, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                      f"-DACQ_PARTS={SOURCE}/build/parts", f"-DCMAKE_TOOLCHAIN_FILE={copy}/cmake/mingw.cmake"],
                     ["cmake", "--build", build, "--target", "telemetry_bridge"])
            for step in steps:
                done = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                self.assertEqual(done.returncode, 0, done.stdout)
            first, second = (f / "telemetry_bridge.exe" for f in (WINDOWS, build))
            self.assertTrue(first.read_bytes() == second.read_bytes(),
                            "the second build has other bytes; or are the sources newer than the first?")


if __name__ == "__main__":
    need_programs()
    unittest.main()
