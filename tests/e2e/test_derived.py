#!/usr/bin/env python3
"""What is derived from the channel table is what is committed, and it is what it should be: a schema that protoc takes, and
lists that name every column."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["ACQ_BUILD"])
SOURCE = pathlib.Path(os.environ.get("ACQ_SOURCE", pathlib.Path(__file__).parents[2]))
PROTO = SOURCE / "proto/telemetry/v1/telemetry.proto"
ORIGINAL = "t_ns game session speed_kmh gas brake gear steer rpm ax_g ay_g az_g lap pos".split()


def channels(*options):
    return subprocess.run([BUILD / "acq", "channels", *options], check=True, capture_output=True, text=True).stdout


def columns(text, pattern):
    """The columns that a text names, each index by itself."""
    found = []
    for name in re.findall(pattern, text, re.MULTILINE):
        before, brace, rest = name.partition("{")
        index, _, after = rest.partition("}")
        found += [before + i + after for i in index.split(",")] if brace else [name]
    return found


class Derived(unittest.TestCase):
    def test_proto_is_committed(self):
        self.assertEqual(channels("--proto"), PROTO.read_text())

    def test_markdown_is_committed(self):
        self.assertEqual(channels("--markdown"), (SOURCE / "docs/channels.md").read_text())

    @unittest.skipUnless(shutil.which("protoc"), "protoc is missing: Debian has it in protobuf-compiler")
    def test_protoc_takes_it(self):
        for language in ("python", "cpp", "java", "csharp"):
            with tempfile.TemporaryDirectory() as out:
                done = subprocess.run(["protoc", "-I", SOURCE / "proto", f"--{language}_out={out}",
                                       "telemetry/v1/telemetry.proto"], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), language)
                self.assertTrue(any(path.is_file() for path in pathlib.Path(out).rglob("*")), language)

    def test_lists_name_every_column_once(self):
        listed = columns(channels(), r"^  (\S+) ")
        self.assertEqual(len(listed), len(set(listed)))
        self.assertGreater(len(listed), 150)
        self.assertEqual(set(ORIGINAL) - set(listed), set())
        self.assertEqual(columns(channels("--markdown"), r"^\| `(\S+?)`"), listed)

    def test_markdown_rows_have_all_cells(self):
        rows = [line for line in channels("--markdown").splitlines() if line.startswith("| `")]
        for row in rows:
            self.assertEqual(row.count("|"), 9, row)

    def test_every_field_is_in_the_proto(self):
        fields = re.findall(r"^  (?:optional )?\w+ (\w+) = (\d+);", channels("--proto"), re.MULTILINE)
        rows = re.findall(r"^\| `\S+` \| .*? \| `(\w+)` \| (\d+) \|", channels("--markdown"), re.MULTILINE)
        self.assertEqual([row for row in rows if row not in fields], [])


if __name__ == "__main__":
    unittest.main()
