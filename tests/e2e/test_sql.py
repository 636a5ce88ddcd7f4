#!/usr/bin/env python3
"""acq sql: views of recordings and Parquet files, compared with what Python's gzip and protobuf read; all formats;
scripts; what is said when something is wrong; damaged files; Parquet files that are not ours."""
import csv
import json
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
from recording import ACQ, Reader  # noqa: E402


def acq(*arguments, **options):
    options = {"capture_output": True, "text": True, "timeout": 120, **options}
    return subprocess.run([ACQ, *map(str, arguments)], **options)


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keep = tempfile.TemporaryDirectory(prefix="acq-sql-")
        cls.dir = pathlib.Path(cls.keep.name)
        cls.drive, cls.other = cls.dir / "Drive-1.pb.gz", cls.dir / "2026 other.pb.gz"
        for path, seed, seconds in ((cls.drive, 1, 40), (cls.other, 2, 5)):
            made = acq("sim", "--seconds", seconds, "--seed", seed, "--quiet", "--out", path)
            assert made.returncode == 0, made.stderr
        cls.parquet = cls.dir / "drive.parquet"
        assert acq("convert", cls.drive, cls.parquet).returncode == 0

    @classmethod
    def tearDownClass(cls):
        cls.keep.cleanup()

    def rows(self, sql, *files, code=0):
        """What a statement gives: by NDJSON."""
        result = acq("sql", sql, *files, "--format", "ndjson")
        self.assertEqual(result.returncode, code, result.stderr)
        if not code:
            self.assertEqual(result.stderr, "")
        return [json.loads(line) for line in result.stdout.splitlines()]

    def fails(self, code, words, *arguments, **options):
        """One sentence on stderr."""
        result = acq("sql", *arguments, **options)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("acq: error: "), result.stderr)
        self.assertIn(words, result.stderr)


class Views(Base):
    def test_every_cell(self):
        """All columns of all rows, as Python reads them."""
        reader = Reader()
        rows = self.rows("SELECT * EXCLUDE (t_s, filename) FROM _2026_other", self.other)
        expected = list(reader.rows(reader.frames(self.other)))
        self.assertEqual(len(rows), len(expected))
        self.assertGreater(len(rows), 1600)
        for i, (row, truth) in enumerate(zip(rows, expected)):
            self.assertEqual(row.keys(), truth.keys())
            for column, value in truth.items():
                found = row[column]
                if column in reader.floats and value is not None:
                    found = struct.unpack("<f", struct.pack("<f", found))[0]
                if column != "utc_ns":
                    self.assertEqual(found, value, f"{column} of row {i}")

    def test_names(self):
        names = self.rows("SHOW TABLES", self.dir)
        self.assertEqual([row["name"] for row in names], ["_2026_other", "drive", "drive_1", "frames", "sessions"])
        self.assertEqual(self.rows("SHOW TABLES"), [])

    def test_same_stem(self):
        (self.dir / "more").mkdir()
        for name in ("drive.pb.gz", "frames.pb.gz"):
            os.symlink(self.other, self.dir / "more" / name)
        os.rename(self.dir / "more" / "frames.pb.gz", self.dir / "more" / "Frames.pb.gz")
        names = self.rows("SHOW TABLES", self.parquet, self.dir / "more" / "drive.pb.gz")
        self.assertEqual([row["name"] for row in names], ["drive", "drive_2", "frames", "sessions"])
        names = self.rows("SHOW TABLES", self.dir / "more" / "Frames.pb.gz")
        self.assertEqual([row["name"] for row in names], ["frames", "frames_2", "sessions"])
        count = self.rows("SELECT count(DISTINCT filename) AS n FROM frames", self.dir / "more", self.other)
        self.assertEqual(count, [{"n": 1}], "one file is read once, whatever its names")

    def test_frames(self):
        """Recordings and Parquet files under each other, with the same t_s."""
        files = [str(path) for path in (self.other, self.drive, self.parquet)]
        rows = self.rows("SELECT filename, count(*) AS n, min(t_s) AS a, max(t_s) AS b, max(seq) AS seq FROM frames "
                         "GROUP BY filename", *files)
        by_name = {row.pop("filename"): row for row in rows}
        self.assertEqual(set(by_name), set(files))
        self.assertEqual(by_name[str(self.drive)], by_name[str(self.parquet)])
        self.assertEqual(by_name[str(self.drive)]["n"], by_name[str(self.drive)]["seq"])
        self.assertEqual(by_name[str(self.drive)]["a"], 0)
        self.assertAlmostEqual(by_name[str(self.drive)]["b"], 40, delta=0.1)

    def test_sessions(self):
        rows = self.rows("SELECT * FROM sessions ORDER BY filename", self.drive, self.parquet)
        self.assertEqual([row["filename"] for row in rows], [str(self.drive), str(self.parquet)])
        ours, theirs = rows
        same = ["session", "game", "car", "track", "layout", "driver", "start_utc", "duration_s", "laps", "best_lap_s",
                "frames"]
        self.assertEqual([ours[name] for name in same], [theirs[name] for name in same])
        self.assertEqual((ours["car"], ours["laps"], ours["missing"], ours["closed"]), ("acq_sim_gt", 1, 0, True))
        self.assertGreater(ours["best_lap_s"], 20)
        self.assertIsNone(theirs["closed"])

    def test_join(self):
        rows = self.rows("SELECT count(*) AS n FROM drive_1 AS a JOIN _2026_other AS b USING (seq)", self.dir)
        self.assertEqual(rows, self.rows("SELECT count(*) AS n FROM _2026_other", self.other))

    def test_read_recording(self):
        """The function itself: patterns, lists, and parts of a recording."""
        one = f"'{self.drive}'"
        n = "SELECT count(*) AS n FROM read_recording"
        every = self.rows(f"{n}({one})")[0]["n"]
        both = self.rows(f"{n}('{self.dir}/*.pb.gz')")
        self.assertEqual(both, self.rows(f"{n}(['{self.other}', {one}])"))
        self.assertEqual(both, self.rows(f"{n}('{self.dir}')"))
        self.assertGreater(both[0]["n"], every)
        laps = [self.rows(f"{n}({one}, laps := {lap})")[0]["n"] for lap in (1, 2)]
        self.assertEqual(sum(laps), every)
        truth = self.rows(f"SELECT count(*) AS n FROM {one} WHERE t_s >= 10 AND t_s < 12.5")
        self.assertEqual(self.rows(f"{n}({one}, \"from\" := '0:10', \"to\" := '12.5s')"), truth)
        seconds = self.rows(f"SELECT max(t_s) AS s, count(*) AS n FROM read_recording({one}, rate := 20)")[0]
        self.assertAlmostEqual(seconds["n"], seconds["s"] * 20, delta=2)

    def test_order(self):
        """Rows come in the order of the files and of the frames in them, although threads work on them."""
        rows = self.rows("SELECT filename, seq FROM frames", self.drive, self.other)
        self.assertEqual([row["seq"] for row in rows if row["filename"] == str(self.drive)],
                         list(range(1, sum(row["filename"] == str(self.drive) for row in rows) + 1)))
        names = [row["filename"] for row in rows]
        self.assertEqual(names, sorted(names, key=[str(self.drive), str(self.other)].index))


class Formats(Base):
    ODD = ("SELECT true AS b, 1.50 AS d, [1, NULL] AS l, {'a': 'x\"'} AS s, NULL AS n, 'a,\"b\"' AS t, "
           "170141183460469231731687303715884105727::HUGEINT AS h, DATE '2024-02-03' AS day, "
           "TIMESTAMP '2024-02-03 10:00:00.5' AS ts, 'nan'::FLOAT AS f, 0.1::FLOAT AS g, 'ü' AS b")

    def test_json(self):
        text = acq("sql", self.ODD, "--format", "json").stdout
        pairs = json.loads(text, object_pairs_hook=list)[0]
        self.assertEqual(pairs[1:-1], [("d", 1.5), ("l", [1, None]), ("s", [("a", 'x"')]), ("n", None), ("t", 'a,"b"'),
                                       ("h", 2**127 - 1), ("day", "2024-02-03"),
                                       ("ts", "2024-02-03T10:00:00.500000000Z"), ("f", None), ("g", 0.1)])
        self.assertEqual((pairs[0], pairs[-1]), (("b", True), ("b", "ü")), "two columns of one name")

    def test_csv(self):
        text = acq("sql", self.ODD, "--format", "csv").stdout
        heading, row = csv.reader(text.splitlines())
        self.assertEqual(heading, "b d l s n t h day ts f g b".split())
        self.assertEqual(row[:2] + row[4:9], ["true", "1.50", "", 'a,"b"', str(2**127 - 1), "2024-02-03",
                                              "2024-02-03T10:00:00.500000000Z"])
        self.assertEqual((row[2], row[10], row[11]), ("[1, NULL]", "0.1", "ü"))

    def test_table(self):
        result = acq("sql", "SELECT seq, gear FROM frames", self.other)
        lines = result.stdout.splitlines()
        every = self.rows("SELECT count(*) AS n FROM frames", self.other)[0]["n"]
        self.assertEqual(len(lines), 1 + 40 + 1)
        self.assertEqual(lines[0].split(), ["seq", "gear"])
        self.assertEqual([line.split()[0] for line in lines[1:-1]], [str(i) for i in range(1, 41)])
        self.assertIn(f"40 of {every} rows", lines[-1])
        whole = acq("sql", "SELECT seq FROM frames", self.other, "-n", "0")
        self.assertEqual(len(whole.stdout.splitlines()), every + 2)
        self.assertIn("(1 row)", acq("sql", "SELECT 1").stdout)
        self.assertIn("(0 rows)", acq("sql", "SELECT 1 WHERE false").stdout)
        few = acq("sql", "FROM frames", self.other, "-n", "3", "--format", "csv")
        self.assertEqual(len(few.stdout.splitlines()), 4)
        self.assertIn("READ_RECORDING", acq("sql", "EXPLAIN SELECT gear FROM frames", self.other).stdout)

    def test_files(self):
        for ending in (".csv", ".json", ".ndjson", ".parquet", ".txt"):
            with self.subTest(ending):
                out = self.dir / f"out{ending}"
                sql = "SELECT seq, utc_ns, gear, speed_kmh, car_model, [gear] AS l FROM frames"
                self.assertEqual(acq("sql", sql, self.other, "-o", out, "-n", 0).stderr, "")
                before = out.read_bytes()
                self.fails(1, "exists already", sql, self.other, "-o", out)
                self.assertEqual(out.read_bytes(), before)
                self.assertEqual(acq("sql", "SELECT 7 AS seven", "-o", out, "--force").returncode, 0)
                self.assertNotEqual(out.read_bytes(), before)
                self.fails(1, "nix", "SELECT * FROM nix", "-o", out, "--force")
                wrong = "SELECT x::INTEGER FROM (VALUES ('1'), ('x')) t(x)"
                self.fails(1, "Could not convert", wrong, "-o", out, "--force")
                self.assertNotEqual(out.read_bytes(), before)
                out.unlink()
        self.assertEqual([path.name for path in self.dir.iterdir() if ".part" in path.name], [])

    def test_parquet_types(self):
        """Parquet keeps the types that text does not have."""
        out = self.dir / "types.parquet"
        self.assertEqual(acq("sql", "SELECT [1, 2] AS l, 1.5::DECIMAL(9, 2) AS d, DATE '2024-01-01' AS day", "-o",
                             out).stderr, "")
        types = self.rows("SELECT column_type AS t FROM (DESCRIBE types)", out)
        self.assertEqual([row["t"] for row in types], ["INTEGER[]", "DECIMAL(9,2)", "DATE", "VARCHAR"])
        out.unlink()

    def test_only_one_result(self):
        out = self.dir / "two.json"
        self.fails(2, "only one may", "SELECT 1; SELECT 2", "-o", out)
        self.fails(2, "nothing to write", "CREATE TABLE t (a INTEGER)", "-o", out)
        self.fails(2, "name it by -o", "SELECT 1", "--format", "parquet")
        self.fails(2, "should end in", "SELECT 1", "-o", "x.xlsx")
        self.assertFalse(out.exists())
        self.assertEqual(acq("sql", "CREATE TABLE t AS SELECT 3 AS a; FROM t", "-o", out).returncode, 0)
        self.assertEqual(json.loads(out.read_text()), [{"a": 3}])
        out.unlink()

    def test_closed_pipe(self):
        with subprocess.Popen([ACQ, "sql", "FROM frames", self.drive, "--format", "csv"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            process.stdout.close()
            self.assertEqual(process.stderr.read(), b"")
            self.assertEqual(process.wait(60), 0)


class Scripts(Base):
    def test_several(self):
        """From a file and from standard input: each result is printed, with an empty line between."""
        script = ("-- first; a comment\nCREATE VIEW v AS\n  SELECT ';' AS a; FROM v; /* ; */\nSELECT 2 AS b;\n")
        path = self.dir / "script.sql"
        path.write_text(script)
        expected = "a\n;\n(1 row)\n\nb\n2\n(1 row)\n"
        squeeze = "\n".join(line.strip() for line in acq("sql", "-f", path).stdout.splitlines()) + "\n"
        self.assertEqual(squeeze, expected)
        self.assertEqual(acq("sql", "-", input=script).stdout, acq("sql", "-f", path).stdout)
        self.assertEqual(self.rows("SELECT 1 AS a; SELECT 2 AS b"), [{"a": 1}, {"b": 2}])
        self.fails(1, "(line 4)", "SELECT 1 WHERE false;\n\nSELECT 1\nFROM nix", "--format", "csv", "-n", "1")

    def test_wrong(self):
        self.fails(1, 'Did you mean "speed_kmh"', "SELECT speed FROM frames", self.drive)
        self.fails(1, 'Did you mean "frames"', "SELECT * FROM fraems", self.drive)
        self.fails(1, "syntax error", "SELCT 1")
        self.fails(1, "there is no file", "SELECT 1", self.dir / "none.pb.gz")
        self.fails(1, "no file matches", "SELECT 1", self.dir / "none*.pb.gz")
        self.fails(1, "there is no file", f"FROM read_recording('{self.dir}/none.pb.gz')")
        self.fails(2, "the SQL comes first", self.drive)
        self.fails(2, "the SQL is missing")
        self.fails(2, "there is no format 'xml'", "SELECT 1", "--format", "xml")
        self.fails(2, "did you mean --format", "SELECT 1", "--formt", "csv")
        self.fails(2, "the rate is from", f"FROM read_recording('{self.drive}', rate := 0)")
        empty = self.dir / "empty.pb.gz"
        empty.write_bytes(b"")
        self.fails(1, "is empty", "SELECT count(*) FROM empty", empty)
        empty.unlink()
        text = self.dir / "text.pb.gz"
        text.write_text("no recording at all")
        self.fails(1, "is not a recording", "SELECT count(*) FROM frames", text)
        text.unlink()
        self.fails(1, "httpfs", "SELECT * FROM 'https://example.org/a.parquet'")  # nothing is fetched

    def test_damaged(self):
        """What is whole is given; the loss is said once, whatever the statement does with the file; exit code 3."""
        whole = bytearray(self.drive.read_bytes())
        whole[len(whole) // 2:len(whole) // 2 + 50] = random.Random(1).randbytes(50)
        bad = self.dir / "sub" / "bad.pb.gz"
        bad.parent.mkdir(exist_ok=True)
        bad.write_bytes(whole)
        sql = "SELECT count(*) AS n, count(DISTINCT a.seq) AS d FROM bad AS a JOIN bad AS b USING (seq)"
        result = acq("sql", sql, bad, "--format", "ndjson")
        self.assertEqual(result.returncode, 3)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertIn("bad.pb.gz: ", result.stderr)
        every = self.rows("SELECT count(*) AS n FROM drive_1", self.drive)[0]["n"]
        found = json.loads(result.stdout)
        self.assertEqual(found["n"], found["d"])
        self.assertTrue(every - 200 < found["n"] < every, found)

    def test_stopped(self):
        """Ctrl+C ends a statement that would run for hours, and leaves no file."""
        out = self.dir / "endless.csv"
        process = subprocess.Popen([ACQ, "sql", "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE "
                                    "a.range % 7 = b.range % 11", "-o", out], stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 60
        while "libduckdb" not in pathlib.Path(f"/proc/{process.pid}/maps").read_text():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        time.sleep(0.2)  # at any moment it has to work
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), 1)
        self.assertEqual(process.stderr.read(), "acq: error: stopped before it was done\n")
        process.stderr.close()
        self.assertEqual(list(self.dir.glob("endless*")), [])


class ForeignParquet(Base):
    """Parquet files that are not ours: acq view shows them, acq sql asks them."""

    def make(self, name, sql):
        out = self.dir / f"{name}.parquet"
        made = acq("sql", sql, "-o", out)
        self.assertEqual(made.returncode, 0, made.stderr)
        return out

    def view(self, path, *options):
        result = acq("view", path, *options)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result)
        return result.stdout

    def test_types(self):
        out = self.make("odd", """SELECT i AS "a b", [i, NULL] AS list, {'x': i, 'y': [{'z': 'deep'}]} AS nested,
            MAP {'k': i} AS map, (i / 3)::DECIMAL(38, 10) AS decimal, DATE '2024-02-29' + i::INTEGER AS day,
            TIME '10:11:12' AS clock, TIMESTAMPTZ '2024-01-01 00:00:00+02' AS zoned, INTERVAL (i) DAY AS span,
            uuid() AS id, 'blob'::BLOB AS blob, i % 2 = 0 AS flag, i::UTINYINT AS tiny, 2::UBIGINT ** 60 AS big,
            'a'::ENUM('a', 'b') AS pick, CASE WHEN i > 1 THEN i END AS gaps, repeat('語', 100000) AS huge,
            'x' AS "quote""d", TIMESTAMP_MS '2024-01-01 00:00:00' AS ms FROM range(5) t(i)""")
        text = self.view(out)
        for word in ("a b", "nested", "decimal", "2024-02-29", "10:11:12", "deep", "quote\"d"):
            self.assertIn(word, text)
        self.view(out, "-c", "gaps", "list")
        rows = self.rows("SELECT * EXCLUDE huge, length(huge) AS h FROM odd", out)
        self.assertEqual(len(rows), 5)
        self.assertEqual((rows[2]["list"], rows[2]["nested"]["y"], rows[2]["h"], rows[2]["flag"], rows[0]["gaps"]),
                         ([2, None], [{"z": "deep"}], 100000, True, None))
        self.assertEqual(rows[0]["filename"], str(out))
        csv_out = self.dir / "odd.csv"
        self.view(out, "--to-csv", csv_out, "-n", "0", "--no-stats")
        with open(csv_out, newline="") as file:
            self.assertEqual(len(list(csv.reader(file))), 6)
        out.unlink()
        csv_out.unlink()

    def test_no_rows(self):
        out = self.make("none", "SELECT 1 AS a, 'x' AS b, [1] AS l WHERE false")
        self.assertIn("a", self.view(out))
        self.assertEqual(self.rows("SELECT * FROM none", out), [])
        out.unlink()

    def test_no_columns(self):
        """A footer with a root and no column: refused in one sentence."""
        meta = bytes.fromhex("1502 191c 4804 726f6f74 1500 00 1600 190c 00".replace(" ", ""))
        out = self.dir / "bare.parquet"
        out.write_bytes(b"PAR1" + meta + struct.pack("<I", len(meta)) + b"PAR1")
        result = acq("view", out)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertIn("cannot read", result.stderr)
        self.fails(1, "cannot read", "SELECT 1", out)
        out.unlink()

    def test_broken(self):
        out = self.make("cut", "SELECT i, i::VARCHAR AS t FROM range(100000) t(i)")
        data = out.read_bytes()
        for name, content in (("half", data[:len(data) // 2]), ("magic", b"PAR1"), ("middle", data[:1000] + bytes(
                len(data) - 2000) + data[-1000:])):
            path = self.dir / f"{name}.parquet"
            path.write_bytes(content)
            result = acq("view", path, "-n", "0")
            self.assertEqual(result.returncode, 1, name)
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
            path.unlink()
        out.unlink()

    def test_named_like_a_pattern(self):
        out = self.make("a[1]*?", "SELECT 5 AS five")
        self.assertIn("five", self.view(out))
        self.assertEqual(self.rows("SELECT five FROM frames", out, code=1), [])  # no t_ns: it has no frames
        self.assertEqual(self.rows("SELECT five FROM a_1___", out), [{"five": 5}])
        out.unlink()


if __name__ == "__main__":
    unittest.main()
