#!/usr/bin/env python3
"""Wrong use of acq, sim, serve and channels: one clear sentence on stderr, the right exit code, and nothing destroyed."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ACQ = pathlib.Path(os.environ["ACQ_BUILD"]) / "acq"
COMMANDS = "sim serve channels".split()
OK, FAILED, USAGE = 0, 1, 2
PATIENCE = 90


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="acq-bad-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def acq(self, *words, **options):
        return subprocess.run([ACQ, *map(str, words)], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=PATIENCE, **options)

    def refused(self, code, says, *words, **options):
        """It ends with this code, and says one sentence that has these words in it, and no more."""
        done = self.acq(*words, **options)
        err = done.stderr.decode()
        self.assertEqual(done.returncode, code, (words, err))
        self.assertEqual(done.stdout, b"", words)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertTrue(err.startswith("acq: error: "), err)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, err)
        return err


class Usage(Case):
    def test_no_command(self):
        done = self.acq()
        self.assertEqual((done.returncode, done.stdout), (USAGE, b""))
        for command in COMMANDS:
            self.assertIn(f"  {command}".encode(), done.stderr)

    def test_help_and_version(self):
        for words in (["--help"], ["-h"], ["help"]):
            done = self.acq(*words)
            self.assertEqual((done.returncode, done.stderr), (OK, b""))
            self.assertIn(b"Usage: acq COMMAND", done.stdout)
        self.assertRegex(self.acq("--version").stdout, rb"^acq \d+\.\d+\.\d+\n$")
        for command in COMMANDS:
            for option in ("--help", "-h"):
                done = self.acq(command, option)
                self.assertEqual((done.returncode, done.stderr), (OK, b""), command)
                self.assertIn(f"Usage: acq {command}".encode(), done.stdout)
                self.assertLessEqual(max(map(len, done.stdout.decode().splitlines())), 120, command)
            self.assertRegex(self.acq(command, "--version").stdout, rf"^acq {command} \d+\.\d+\.\d+\n$".encode())

    def test_unknown_command(self):
        self.refused(USAGE, "did you mean 'serve'", "sevre")
        self.refused(USAGE, "did you mean 'channels'", "chan")
        self.refused(USAGE, "acq --help", "xyzzy")
        self.refused(USAGE, "acq --help", "")
        self.refused(USAGE, "acq --help", "--verbose")

    def test_unknown_option(self):
        self.refused(USAGE, "did you mean --laps", "sim", "--lap", "2")
        self.refused(USAGE, "did you mean --listen", "serve", "--lisen", "x")
        self.refused(USAGE, "did you mean --proto", "channels", "--porto")
        for command in COMMANDS:
            self.refused(USAGE, f"acq {command} --help", command, "--zzzzzzzz")
            self.refused(USAGE, "'extra'", command, "extra")

    def test_values(self):
        self.refused(USAGE, ["--laps", "'two'"], "sim", "--laps", "two")
        self.refused(USAGE, ["--laps", "'1.5'"], "sim", "--laps=1.5")
        self.refused(USAGE, "--laps", "sim", "--laps", "-1")
        self.refused(USAGE, "--seconds", "sim", "--seconds", "nan")
        self.refused(USAGE, "--seconds", "sim", "--seconds", "1e99")
        self.refused(USAGE, "needs a value", "sim", "--seconds")
        self.refused(USAGE, "takes yes or no", "sim", "--quiet=maybe")

    def test_text_that_is_no_utf8(self):
        done = subprocess.run([ACQ, b"\xff\xfe"], capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, USAGE)

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_output_that_goes_nowhere(self):
        with open("/dev/full", "wb") as full:
            for words in (["channels"], ["channels", "--proto"], ["--help"]):
                done = subprocess.run([ACQ, *words], stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE)
                self.assertEqual(done.returncode, FAILED, words)
                self.assertIn(b"cannot write", done.stderr)

    def test_reader_that_has_seen_enough(self):
        for words in (["channels"], ["channels", "--markdown"], ["--help"]):
            program = subprocess.Popen([ACQ, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            program.stdout.close()
            with program.stderr:
                self.assertEqual(program.stderr.read(), b"")
            self.assertEqual(program.wait(PATIENCE), OK)


class Sim(Case):
    def test_existing_file_is_untouched(self):
        path = self.folder / "mine.pb.gz"
        path.write_bytes(b"precious")
        self.refused(FAILED, ["mine.pb.gz", "not overwritten"], "sim", "--seconds", "1", "-o", path)
        self.assertEqual(path.read_bytes(), b"precious")

    def test_recording_needs_an_end(self):
        self.refused(USAGE, ["--laps", "--seconds"], "sim", "-o", "endless.pb.gz")
        self.refused(USAGE, ["--laps", "--seconds"], "sim", "-o", "endless.pb.gz", "--laps", "0", "--seconds", "0")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_places_that_cannot_be_written(self):
        self.refused(FAILED, "folder is not there", "sim", "--seconds", "1", "-o", "no/such/folder/a.pb.gz")
        (self.folder / "a.pb.gz").mkdir()
        self.refused(FAILED, "a.pb.gz", "sim", "--seconds", "1", "-o", "a.pb.gz")
        self.refused(FAILED, "", "sim", "--seconds", "1", "-o", "")
        self.refused(FAILED, "", "sim", "--seconds", "1", "-o", "x" * 300)
        self.assertTrue(all(path.is_dir() for path in self.folder.iterdir()))

    def test_bad_tracks(self):
        def track(text):
            (self.folder / "track.csv").write_bytes(text)
            return self.refused(FAILED, "track.csv", "sim", "--seconds", "1", "-o", "out.pb.gz", "-t", "track.csv")
        track(b"")
        track(b"x,y,w,w\n")
        track(b"# x_m,y_m,w_tr_right_m,w_tr_left_m\n1,2,3,4\n")
        track(b"hello\nworld\n" * 100)
        track(b"1,2\n" * 1000)
        track(b"nan,nan,5,5\n" * 1000)
        track(b"inf,0,5,5\n" * 1000)
        track(b"0,0,5,5\n" * 1000)
        track(b"1e300,1e300,5,5\n-1e300,1,5,5\n" * 100)
        track(bytes(100000))
        track(b"9" * 1000000)
        track(os.urandom(10000))
        self.refused(FAILED, "nowhere.csv", "sim", "--seconds", "1", "-o", "out.pb.gz", "-t", "nowhere.csv")
        self.refused(FAILED, "", "sim", "--seconds", "1", "-o", "out.pb.gz", "-t", self.folder)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["track.csv"])

    def test_bad_prefixes(self):
        for prefix in ("a/b", "..", "", "x" * 41, "ä"):
            self.refused(USAGE, "prefix", "sim", "--seconds", "1", "--pages", prefix)

    def test_pages_of_another_program(self):
        prefix = f"bad{os.getpid()}"
        first = subprocess.Popen([ACQ, "sim", "--quiet", "--pages", prefix], stdout=subprocess.DEVNULL)
        try:
            page = pathlib.Path(f"/dev/shm/{prefix}_physics")
            end = time.monotonic() + PATIENCE
            while not (page.exists() and any(page.read_bytes()[:4])):  # packetId: it drives
                self.assertLess(time.monotonic(), end)
                time.sleep(0.01)
            self.refused(FAILED, [prefix, "another program"], "sim", "--seconds", "1", "--pages", prefix)
            self.assertIsNone(first.poll())
        finally:
            first.send_signal(signal.SIGINT)
            self.assertEqual(first.wait(PATIENCE), OK)

    def test_full_disk(self):
        def limit():
            import resource
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
        self.refused(FAILED, "cannot write", "sim", "--seconds", "60", "-o", "full.pb.gz", preexec_fn=limit)
        self.assertLessEqual((self.folder / "full.pb.gz").stat().st_size, 100000)


class Serve(Case):
    def test_addresses(self):
        for address in ("host:port", "1.2.3.4:", "::1", "[::1", "a:b:c", "127.0.0.1:65536", "x" * 300):
            self.refused(USAGE, "HOST:PORT", "serve", "--listen", address)
        self.refused(FAILED, "no-such-host.invalid", "serve", "--listen", "no-such-host.invalid:0", "--insecure")
        self.refused(FAILED, "192.0.2.1", "serve", "--listen", "192.0.2.1:0", "--insecure")

    def test_others_may_not_reach_it_by_accident(self):
        for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:0", "127.example.org:0"):
            self.refused(USAGE, "--insecure", "serve", "--listen", address)

    def test_port_in_use(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            port = s.getsockname()[1]
            self.refused(FAILED, [str(port), "in use"], "serve", "--listen", f"127.0.0.1:{port}")

    def test_folder_that_is_none(self):
        (self.folder / "file").write_bytes(b"x")
        self.refused(FAILED, "file", "serve", "--listen", "127.0.0.1:0", "--data", "file")
        self.refused(FAILED, "file/sub", "serve", "--listen", "127.0.0.1:0", "--data", "file/sub")
        self.refused(FAILED, "folder", "serve", "--listen", "127.0.0.1:0", "--data", "")
        self.refused(FAILED, "too long", "serve", "--listen", "127.0.0.1:0", "--data", "x" * 2000)
        self.assertEqual((self.folder / "file").read_bytes(), b"x")

    def test_stop(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            server = subprocess.Popen([ACQ, "serve", "--listen", "127.0.0.1:0"], cwd=self.folder,
                                      stderr=subprocess.PIPE)
            with server.stderr:
                self.assertIn(b"listening on 127.0.0.1:", server.stderr.readline())
                server.send_signal(number)
                self.assertEqual(server.wait(PATIENCE), OK)


if __name__ == "__main__":
    unittest.main()
