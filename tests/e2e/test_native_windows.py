#!/usr/bin/env python3
"""Building on Windows itself, as far as that can be tried elsewhere: CMake is told that it stands on Windows, and finds
the libraries by pkg-config, as it would those of MSYS2 and vcpkg."""
import json
import pathlib
import subprocess
import tempfile
import unittest

from acq import SOURCE, skip

PARTS = SOURCE / "build/parts"
LIBRARIES = {"libnghttp2": ("windows", "", "nghttp2"), "libuv": ("windows", "", "uv"), "zlib": ("windows", "", "z"),
             "libdeflate": ("windows", "", "deflate"), "openssl": ("windows-openssl", "", "ssl -lcrypto"),
             "cairo": ("windows-cairo", "/cairo", "cairo"), "freetype2": ("windows-cairo", "/freetype2", "freetype")}
FONTS = pathlib.Path("/usr/share/fonts/truetype/open-sans")


class NativeWindows(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="acq-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "duckdb").mkdir()
        (self.folder / "duckdb/duckdb.h").symlink_to(PARTS / "duckdb/duckdb.h")
        (self.folder / "duckdb/duckdb.dll").symlink_to(PARTS / "windows-duckdb/duckdb.dll")
        for name, (part, below, link) in LIBRARIES.items():
            (self.folder / f"{name}.pc").write_text(
                f"Name: {name}\nDescription: {name}\nVersion: 1\nCflags: -I{PARTS}/{part}/include{below}\n"
                f"Libs: -L{PARTS}/{part}/lib -l{link}\nLibs.private: -lws2_32\n")

    def configure(self, *options):
        command = ["cmake", "-S", SOURCE, "-B", self.folder / "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                   f"-DCMAKE_TOOLCHAIN_FILE={SOURCE}/cmake/mingw.cmake", "-DCMAKE_CROSSCOMPILING=FALSE", *options]
        return subprocess.run(command, env={"PATH": "/usr/bin:/bin", "PKG_CONFIG_LIBDIR": str(self.folder)}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_finds_libraries(self):
        done = self.configure("-DACQ_STATIC=ON", f"-DACQ_DUCKDB={self.folder}/duckdb", f"-DACQ_FONTS={FONTS}")
        self.assertEqual(done.returncode, 0, done.stdout)
        ninja = (self.folder / "build/build.ninja").read_text()
        for word in ("telemetry_bridge.exe", "acq.exe", f"{PARTS}/windows-cairo/include/cairo", "-lws2_32", "-static",
                     "telemetry_bridge.rc"):
            self.assertIn(word, ninja)
        self.assertTrue((self.folder / "build/duckdb.dll").exists())

    def test_says_what_to_name(self):
        done = self.configure()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Name the folder that has duckdb.h: cmake -DACQ_DUCKDB=", done.stdout)
        done = self.configure(f"-DACQ_DUCKDB={self.folder}/duckdb")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("cmake -DACQ_FONTS=", done.stdout)

    def test_presets_and_manifest(self):
        """What the presets for Windows name is there, and vcpkg is asked for each library that is looked for."""
        presets = {p["name"]: p for p in json.loads((SOURCE / "CMakePresets.json").read_text())["configurePresets"]}
        for name in ("msys2", "vcpkg"):
            self.assertEqual(presets[name]["condition"]["rhs"], "Windows")
        ports = [d["name"] if isinstance(d, dict) else d
                 for d in json.loads((SOURCE / "vcpkg.json").read_text())["dependencies"]]
        self.assertEqual(sorted(ports), sorted([*({"libnghttp2": "nghttp2", "freetype2": "freetype"}.get(n, n)
                                                  for n in LIBRARIES), "pkgconf"]))
        listed = subprocess.run(["cmake", "--list-presets"], cwd=SOURCE, text=True, stdout=subprocess.PIPE)
        self.assertEqual(listed.returncode, 0)
        self.assertNotIn("msys2", listed.stdout)  # it is for another system


if __name__ == "__main__":
    for part in ("windows", "windows-openssl", "windows-cairo", "windows-duckdb"):
        if not (PARTS / part).exists():
            skip(f"{part} is missing: `tools/setup.sh windows` makes it")
    if not FONTS.exists():
        skip(f"{FONTS} is missing: `tools/setup.sh build` installs it")
    unittest.main()
