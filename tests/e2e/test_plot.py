#!/usr/bin/env python3
"""acq plot: pictures from recordings and Parquet, a spike of one sample among 1.2 million rows, and bad inputs."""
import gzip
import os
import pathlib
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
import zlib

ACQ = pathlib.Path(os.environ["ACQ_BUILD"]) / "acq"
AXIS = (0x8C, 0x95, 0x9E)
CURVE = (0x00, 0x72, 0xB2)
NAMES = {"PNG": b"\x89PNG\r\n\x1a\n", "SVG": b"<?xml", "PDF": b"%PDF-"}


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def write_recording(path, speeds):
    """A recording as the original project writes it: one gzip stream of time and speed, 3 ms apart."""
    with gzip.open(path, "wb", 1) as file:
        for start in range(0, len(speeds), 50000):
            block = bytearray()
            for i, speed in enumerate(speeds[start:start + 50000], start):
                frame = b"\x08" + varint(10**12 + i * 3000000) + b"\x22\x05\x0d" + struct.pack("<f", speed)
                block += varint(len(frame)) + frame
            file.write(block)


def read_png(path):
    """Width, height and rows of RGB bytes of an 8-bit RGB PNG."""
    data = path.read_bytes()
    assert data[:8] == NAMES["PNG"], path
    place, packed = 8, b""
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place:place + 8])
        body = data[place + 8:place + 8 + length]
        check = struct.unpack(">I", data[place + 8 + length:place + 12 + length])[0]
        assert zlib.crc32(kind + body) == check, kind
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 2), "not 8-bit RGB"
        if kind == b"IDAT":
            packed += body
        place += 12 + length
    raw, stride, rows = zlib.decompress(packed), 3 * width, []
    before = bytearray(stride)
    for y in range(height):
        kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride):
            left, up = line[i - 3] if i >= 3 else 0, before[i]
            if kind == 1:
                line[i] = line[i] + left & 255
            elif kind == 2:
                line[i] = line[i] + up & 255
            elif kind == 3:
                line[i] = line[i] + (left + up) // 2 & 255
            elif kind == 4:
                corner = before[i - 3] if i >= 3 else 0
                guess = left + up - corner
                line[i] = line[i] + min((left, up, corner), key=lambda v: abs(guess - v)) & 255
        rows.append(bytes(line))
        before = line
    return width, height, rows


def size_of(path):
    """Width and height of a PNG that ends as it should."""
    data = path.read_bytes()
    assert data.startswith(NAMES["PNG"]) and data.endswith(b"IEND\xaeB`\x82"), path
    return struct.unpack(">II", data[16:24])


def pixel(row, x):
    return tuple(row[3 * x:3 * x + 3])


def is_like(colour, other, far=70):
    return all(abs(a - b) <= far for a, b in zip(colour, other))


def plot_area(picture):
    """First and last x, and y, of the axis at the bottom of the last panel."""
    width, height, rows = picture
    for y in range(height - 1, 0, -1):
        xs = [x for x in range(width) if pixel(rows[y], x) == AXIS]
        if len(xs) > width / 2:
            return xs[0], xs[-1], y
    raise AssertionError("there is no axis")


class Plot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.dir = pathlib.Path(cls.folder.name)
        cls.drive = cls.dir / "drive.pb.gz"
        done = subprocess.run([ACQ, "sim", "--seconds", "60", "-q", "--out", cls.drive], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def plot(self, *arguments, code=0, **more):
        before = set(self.dir.iterdir())
        done = subprocess.run([ACQ, "plot", *map(str, arguments)], capture_output=True, text=True, cwd=self.dir,
                              timeout=120, **more)
        self.assertEqual(done.returncode, code, done.stderr)
        if code in (1, 2):
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertEqual(set(self.dir.iterdir()), before, "something was left behind")
            self.assertEqual(done.stdout, "")
        return done

    def test_default_name_and_no_overwriting(self):
        out = self.dir / "drive.png"
        done = self.plot(self.drive)
        self.assertEqual(done.stdout.split(), ["Wrote", str(out)])
        width, height, rows = read_png(out)
        self.assertEqual(width, 1600)
        self.assertTrue(900 < height < 1400)
        left, right, bottom = plot_area((width, height, rows))
        self.assertTrue(right - left > 1300 and bottom > height - 80)
        colours = {pixel(row, x) for row in rows[::3] for x in range(left + 2, right, 3)}
        for curve in CURVE, (0xD5, 0x5E, 0x00), (0x00, 0x9E, 0x73):
            self.assertIn(curve, colours)
        first = out.read_bytes()
        error = self.plot(self.drive, code=1).stderr
        self.assertIn("--force", error)
        self.assertEqual(out.read_bytes(), first)
        self.plot(self.drive, "-n", "500", "--force")
        self.assertNotEqual(out.read_bytes(), first)
        self.plot(self.drive, "--force")
        self.assertEqual(out.read_bytes(), first, "the same data make the same picture")

    def test_formats_from_recording_and_parquet(self):
        parquet = self.dir / "drive.parquet"
        subprocess.run([ACQ, "convert", self.drive, parquet], check=True, capture_output=True)
        pictures = {}
        for source in self.drive, parquet:
            for kind, magic in NAMES.items():
                out = self.dir / f"{source.name}.{kind.lower()}"
                self.plot(source, "-c", "speed_kmh", "tyre_load_n_fl", "tyre_load_n_rr", "gear", "-o", out)
                pictures[source, kind] = out.read_bytes()
                self.assertTrue(pictures[source, kind].startswith(magic))
                self.assertGreater(len(pictures[source, kind]), 10000)
        self.assertTrue(pictures[parquet, "PDF"].rstrip().endswith(b"%%EOF"))
        for source in self.drive, parquet:
            svg = xml.etree.ElementTree.fromstring(pictures[source, "SVG"])
            self.assertTrue(svg.tag.endswith("svg"))
            paths = [p for p in svg.iter("{http://www.w3.org/2000/svg}path") if len(p.get("d", "")) > 1000]
            self.assertGreaterEqual(len(paths), 4)
            self.assertNotIn(b"<text", pictures[source, "SVG"])

    def test_size_and_dark(self):
        out = self.dir / "dark.png"
        self.plot(self.drive, "-c", "rpm,speed_kmh", "--width", "700", "--height", "400", "--dark", "-o", out)
        width, height, rows = read_png(out)
        self.assertEqual((width, height), (700, 400))
        self.assertTrue(max(pixel(rows[0], 0)) < 60)
        self.assertIn("400", self.plot(self.drive, "--width", "10", "-o", "x.png", code=2).stderr)
        self.assertIn("height", self.plot(self.drive, "--height", "100", "-o", "x.png", code=1).stderr)

    def test_one_sample_among_a_million_is_seen(self):
        rows, at = 1200000, 777777
        speeds = [100.0] * rows
        speeds[0] = 0.0  # so that both pictures have the same axis but for the spike
        heights = {}
        for peak in 300.0, 100.0:
            speeds[at] = peak
            recording, out = self.dir / "million.pb.gz", self.dir / f"million{peak:.0f}.png"
            write_recording(recording, speeds)
            done = self.plot(recording, "-c", "speed_kmh", "-o", out)
            picture = read_png(out)
            left, right, bottom = plot_area(picture)
            expected = left + at / (rows - 1) * (right - left)
            near = range(int(expected) - 3, int(expected) + 4)
            heights[peak] = sum(any(is_like(pixel(picture[2][y], x), CURVE) for x in near)
                                for y in range(bottom - 150, bottom - 1))
            far = range(int(expected) + 20, int(expected) + 27)
            self.assertLess(sum(any(is_like(pixel(picture[2][y], x), CURVE) for x in far)
                                for y in range(bottom - 150, bottom - 1)), 5, "a curve where there is none")
            recording.unlink()
            self.assertIn("Wrote", done.stdout)
        self.assertGreater(heights[300.0], 60)
        self.assertLess(heights[100.0], 5)

    def test_odd_data(self):
        for name, speeds in ("one", [50.0]), ("nan", [float("nan")] * 10), ("huge", [3e38, -3e38, float("inf"), 1.0]):
            recording = self.dir / f"{name}.pb.gz"
            write_recording(recording, speeds)
            self.plot(recording)
            self.assertEqual(size_of(self.dir / f"{name}.png")[0], 1600)

    def test_standard_input(self):
        with open(self.drive, "rb") as file:
            self.plot("-", "-c", "rpm", "-o", "pipe.png", stdin=file)
        self.assertTrue((self.dir / "pipe.png").exists())
        self.plot("-", "-c", "rpm", code=2, stdin=subprocess.DEVNULL)

    def test_many_columns(self):
        columns = [f"tyre_{what}_{wheel}" for what in ("slip", "load_n", "temp_c", "pressure_psi")
                   for wheel in ("fl", "fr", "rl", "rr")]
        self.plot(self.drive, "-c", *columns, "-o", "wheels.png")
        self.assertLess(size_of(self.dir / "wheels.png")[1], 900, "the wheels of one channel share a panel")

    def test_wrong_usage(self):
        self.assertIn("'gas'", self.plot(self.drive, "-c", "gaz", "-o", "x.png", code=2).stderr)
        self.assertIn("text", self.plot(self.drive, "-c", "car_model", "-o", "x.png", code=2).stderr)
        self.assertIn(".svg", self.plot(self.drive, "-o", "x.gif", code=2).stderr)
        self.plot(self.drive, "-n", "0", "-o", "x.png", code=2)
        self.plot(code=2)
        other = self.dir / "drive.dat"
        other.write_bytes(self.drive.read_bytes())
        self.assertIn("-o", self.plot(other, code=2).stderr)
        self.plot(other, "-o", "dat.png")

    def test_inputs_that_cannot_be_drawn(self):
        self.assertIn("nowhere.pb.gz", self.plot("nowhere.pb.gz", code=1).stderr)
        for name, content in ("empty", b""), ("no-frames", gzip.compress(b"")), ("text", b"hello" * 100):
            (self.dir / f"{name}.pb.gz").write_bytes(content)
            self.plot(f"{name}.pb.gz", code=1)
        (self.dir / "text.parquet").write_bytes(b"PAR1 is not enough")
        self.plot("text.parquet", code=1)

    def test_cut_recording_is_drawn_and_said(self):
        cut = self.dir / "cut.pb.gz"
        cut.write_bytes(self.drive.read_bytes()[:-40000])
        done = self.plot(cut, code=3)
        self.assertTrue(done.stderr.strip())
        self.assertEqual(size_of(self.dir / "cut.png")[0], 1600)

    def test_outputs_that_cannot_be_written(self):
        self.plot(self.drive, "-o", "no/such/folder.png", code=1)
        (self.dir / "folder.png").mkdir(exist_ok=True)
        self.plot(self.drive, "-o", "folder.png", "--force", code=1)

        def full_disk():  # a write beyond this fails, as on a full disk
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
        for kind in "png", "svg", "pdf":
            self.plot(self.drive, "-o", f"full.{kind}", code=1, preexec_fn=full_disk, restore_signals=False)


if __name__ == "__main__":
    if not ACQ.exists():
        sys.exit(f"{ACQ} is not there: build it first")
    unittest.main(verbosity=2)
