#!/usr/bin/env python3
"""acq.duckdb_extension, one file, in DuckDBs that we did not build: the library that acq loads, called by ctypes, and
Python packages of older and newer releases. What it reads equals what `acq convert` wrote."""
import ctypes
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from recording import ACQ, require

BUILD = pathlib.Path(os.environ.get("ACQ_BUILD", "build"))
EXTENSION = BUILD / "acq.duckdb_extension"
PACKAGES = pathlib.Path(os.environ.get("ACQ_DUCKDB_PYTHON", ""))

# What runs in a process of its own with another DuckDB: statements in, rows of texts or what went wrong out.
CHILD = """
import json, sys, duckdb
unsigned, statements = json.load(sys.stdin)
connection = duckdb.connect(config={"allow_unsigned_extensions": unsigned, "autoinstall_known_extensions": "false",
                                    "autoload_known_extensions": "false"})
answers = []
for statement in statements:
    try:
        rows = connection.execute(statement).fetchall()
        answers.append({"rows": [[None if cell is None else str(cell) for cell in row] for row in rows]})
    except Exception as error:
        answers.append({"error": str(error)})
json.dump([duckdb.__version__, answers], sys.stdout)
"""


class Package:
    """A Python package of DuckDB."""

    def __init__(self, folder):
        self.folder = folder

    def __str__(self):
        return f"Python's duckdb {self.folder.name}"

    def run(self, statements, unsigned=True):
        env = dict(os.environ, PYTHONPATH=str(self.folder))
        child = subprocess.run(["/usr/bin/python3", "-c", CHILD], env=env, text=True, capture_output=True, timeout=120,
                               input=json.dumps([str(unsigned).lower(), statements]))
        assert child.returncode == 0, child.stderr
        version, answers = json.loads(child.stdout)
        assert version == self.folder.name, version
        return answers


class Result(ctypes.Structure):
    _fields_ = [("room", ctypes.c_uint64 * 6)]


class Library:
    """libduckdb.so, as acq loads it."""

    def __init__(self):
        self.duckdb = ctypes.CDLL(str(BUILD / "libduckdb.so"))
        for name in ("duckdb_result_error", "duckdb_library_version"):
            getattr(self.duckdb, name).restype = ctypes.c_char_p
        for name in ("duckdb_row_count", "duckdb_column_count"):
            getattr(self.duckdb, name).restype = ctypes.c_uint64
        self.duckdb.duckdb_value_varchar.restype = ctypes.c_void_p

    def __str__(self):
        return f"libduckdb.so {self.duckdb.duckdb_library_version().decode()}"

    def run(self, statements, unsigned=True):
        d, config, database, connection = self.duckdb, *(ctypes.c_void_p() for _ in range(3))
        d.duckdb_create_config(ctypes.byref(config))
        for name, value in {"allow_unsigned_extensions": str(unsigned).lower(), "autoload_known_extensions": "false",
                            "autoinstall_known_extensions": "false"}.items():
            assert d.duckdb_set_config(config, name.encode(), value.encode()) == 0
        assert d.duckdb_open_ext(None, ctypes.byref(database), config, None) == 0
        assert d.duckdb_connect(database, ctypes.byref(connection)) == 0
        answers = [self.answer(connection, statement) for statement in statements]
        d.duckdb_disconnect(ctypes.byref(connection))
        d.duckdb_close(ctypes.byref(database))
        d.duckdb_destroy_config(ctypes.byref(config))
        return answers

    def answer(self, connection, statement):
        d, result = self.duckdb, Result()
        if d.duckdb_query(connection, statement.encode(), ctypes.byref(result)) != 0:
            answer = {"error": d.duckdb_result_error(ctypes.byref(result)).decode()}
        else:
            rows, columns = (f(ctypes.byref(result)) for f in (d.duckdb_row_count, d.duckdb_column_count))
            answer = {"rows": [[self.cell(result, i, k) for i in range(columns)] for k in range(rows)]}
        d.duckdb_destroy_result(ctypes.byref(result))
        return answer

    def cell(self, result, column, row):
        text = self.duckdb.duckdb_value_varchar(ctypes.byref(result), ctypes.c_uint64(column), ctypes.c_uint64(row))
        value = ctypes.string_at(text).decode() if text else None
        self.duckdb.duckdb_free(ctypes.c_void_p(text))
        return value


def quote(path):
    return "'" + str(path).replace("'", "''") + "'"


class Extension(unittest.TestCase):
    now = "any"  # the DuckDB that is asked, for messages

    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory(prefix="acq-extension-")
        cls.dir = pathlib.Path(cls.keep.name)
        for name, seed, seconds in (("one", 1, 20), ("two", 2, 10)):
            subprocess.run([ACQ, "sim", "--seconds", str(seconds), "--seed", str(seed), "--quiet",
                            "--out", cls.dir / f"{name}.pb.gz"], check=True, stdout=subprocess.DEVNULL)
            subprocess.run([ACQ, "convert", cls.dir / f"{name}.pb.gz", cls.dir / f"{name}.parquet"], check=True,
                           stdout=subprocess.DEVNULL)
        cls.duckdbs = [Library()]
        if PACKAGES.is_dir():
            cls.duckdbs += [Package(folder) for folder in sorted(PACKAGES.iterdir()) if folder.is_dir()]

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def ask(self, *statements):
        """Yields each DuckDB and what it answers, as texts."""
        for duckdb in self.duckdbs:
            self.now = str(duckdb)
            wrapped = [f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({s})" for s in statements]
            answers = duckdb.run([f"LOAD {quote(EXTENSION)}", *wrapped])
            self.assertNotIn("error", answers[0])
            yield duckdb, answers[1:]

    def _formatMessage(self, message, standard):
        return f"{super()._formatMessage(message, standard)} (in {self.now})"

    def test_several_duckdbs(self):
        """The check of the checks: this runs in more than one DuckDB wherever the packages could be fetched."""
        names = [str(duckdb) for duckdb in self.duckdbs]
        print("loaded into: " + ", ".join(names))
        self.assertEqual(len(set(names)), len(names))

    def test_equals_parquet(self):
        one, parquet = quote(self.dir / "one.pb.gz"), quote(self.dir / "one.parquet")
        ours = f"SELECT * EXCLUDE (t_s, filename) FROM read_recording({one})"
        theirs = f"SELECT * FROM read_parquet({parquet})"
        for _, answers in self.ask(
                f"SELECT count(*) FROM ({ours} EXCEPT ALL {theirs})",
                f"SELECT count(*) FROM ({theirs} EXCEPT ALL {ours})",
                f"SELECT count(*), count(gear), max(seq) FROM read_recording({one})",
                f"SELECT count(*), count(gear), max(seq) FROM {parquet}",
                f"SELECT count(*) FROM (SELECT seq - lag(seq) OVER () AS step FROM {one}) WHERE step != 1"):
            self.assertEqual(answers[0]["rows"], [["0"]])
            self.assertEqual(answers[1]["rows"], [["0"]])
            self.assertEqual(answers[2], answers[3])
            self.assertGreater(int(answers[2]["rows"][0][0]), 6000)
            self.assertEqual(answers[4]["rows"], [["0"]], "the rows come in order")

    def test_files(self):
        both = [[str(self.dir / "one.pb.gz")], [str(self.dir / "two.pb.gz")]]
        names = "SELECT DISTINCT filename FROM {} ORDER BY 1"
        pattern, folder = quote(self.dir / "*.pb.gz"), quote(self.dir)
        listed = ", ".join(quote(name) for name, in both)
        for _, answers in self.ask(names.format(f"read_recording({pattern})"),
                                   names.format(f"read_recording({folder})"),
                                   names.format(f"read_recording([{listed}])"), names.format(pattern),
                                   f"SELECT filename FROM read_recording_info({folder}) ORDER BY 1"):
            for answer in answers:
                self.assertEqual(answer, {"rows": both})

    def test_sessions(self):
        one = quote(self.dir / "one.pb.gz")
        for _, (info, frames) in self.ask(
                f"SELECT session, car, track, frames, missing, closed FROM read_recording_info({one})",
                f"SELECT any_value(session), any_value(car_model), any_value(track), count(*), 0, true FROM {one}"):
            self.assertEqual(info, frames)
            self.assertEqual(info["rows"][0][1], "acq_sim_gt")

    def test_parameters(self):
        one = quote(self.dir / "one.pb.gz")
        part = f"read_recording({one}, \"from\" := '5s', \"to\" := 6.5)"
        for _, answers in self.ask(
                f"SELECT min(t_s) >= 5, max(t_s) < 6.5, count(*) > 450 FROM {part}",
                f"SELECT count(*) BETWEEN 190 AND 210 FROM read_recording({one}, rate := 10)",
                f"SELECT DISTINCT lap FROM read_recording({one}, laps := 1)",
                f"SELECT count(*) > 6000 FROM read_recording({one}, original := true)"):
            self.assertEqual(answers[0], {"rows": [["true"] * 3]})
            self.assertEqual(answers[1], {"rows": [["true"]]})
            self.assertEqual(answers[2], {"rows": [["0"]]})
            self.assertEqual(answers[3], {"rows": [["true"]]})

    def test_damaged(self):
        """What is whole is read, and read_recording_info tells of a cut."""
        whole = (self.dir / "one.pb.gz").read_bytes()
        (self.dir / "bad").mkdir(exist_ok=True)
        hole = bytearray(whole)
        hole[len(whole) // 2:len(whole) // 2 + 100] = bytes(100)
        (self.dir / "bad" / "hole.pb.gz").write_bytes(hole)
        (self.dir / "bad" / "cut.pb.gz").write_bytes(whole[:len(whole) // 3])
        frames = "SELECT count(*) FROM {}"
        cut_file = quote(self.dir / "bad" / "cut.pb.gz")
        for _, answers in self.ask(frames.format(quote(self.dir / "one.pb.gz")),
                                   frames.format(quote(self.dir / "bad" / "hole.pb.gz")), frames.format(cut_file),
                                   f"SELECT max(seq) FROM {cut_file}",
                                   f"SELECT closed, damage FROM read_recording_info({cut_file})"):
            every, hole, cut, last = (int(answer["rows"][0][0]) for answer in answers[:4])
            self.assertTrue(every - 200 < hole < every, hole)
            self.assertTrue(every / 10 < cut < every / 2, cut)
            self.assertEqual(cut, last, "all frames up to the cut")
            self.assertEqual(answers[4]["rows"][0][0], "false")
            self.assertIn("cut", answers[4]["rows"][0][1])

    def test_errors(self):
        other = self.dir / "other.pb.gz.txt"
        other.write_text("no recording")
        cases = {f"read_recording({quote(self.dir / 'none.pb.gz')})": "there is no file",
                 f"read_recording({quote(self.dir / 'n*.pb.gz')})": "no file matches",
                 f"read_recording({quote(other)})": "is not a recording",
                 "read_recording([])": "the list of recordings is empty",
                 "read_recording(NULL)": "named by a text",
                 f"read_recording({quote(self.dir / 'one.pb.gz')}, rate := -1)": "the rate is from above 0",
                 f"read_recording({quote(self.dir / 'one.pb.gz')}, laps := 'x')": "no laps",
                 f"read_recording_info({quote(self.dir / 'none.pb.gz')})": "there is no file"}
        for _, answers in self.ask(*(f"SELECT count(*) FROM {source}" for source in cases)):
            for (source, words), answer in zip(cases.items(), answers):
                self.assertIn(words, answer.get("error", str(answer)), source)

    def test_unsigned(self):
        """Without the user's word DuckDB does not load it: it knows the footer, and misses the signature."""
        for duckdb in self.duckdbs:
            answer, = duckdb.run([f"LOAD {quote(EXTENSION)}"], unsigned=False)
            self.assertIn("signature", answer["error"], duckdb)

    def test_footer(self):
        footer = EXTENSION.read_bytes()[-534:]
        self.assertEqual(footer[:22], b"\0\x93\x04\x10duckdb_signature\x80\x04")
        fields = [footer[22 + 32 * i:54 + 32 * i].rstrip(b"\0") for i in range(8)]
        version = subprocess.run([ACQ, "--version"], capture_output=True, text=True).stdout.split()[1]
        self.assertEqual(fields[3:], [b"C_STRUCT", b"v" + version.encode(), b"v1.2.0", b"linux_amd64", b"4"])
        self.assertEqual(footer[278:], bytes(256))


if __name__ == "__main__":
    require(EXTENSION.exists(), "acq.duckdb_extension (not built with sanitizers)")
    if not PACKAGES.is_dir():
        print("ACQ_DUCKDB_PYTHON names no folder: only the DuckDB that acq uses is tested", file=sys.stderr)
    unittest.main()
