"""acq.py - for the end-to-end tests: runs our programs and waits for conditions."""
import atexit
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import frames
import pages

BUILD = pathlib.Path(os.environ["ACQ_BUILD"])
SOURCE = pathlib.Path(os.environ.get("ACQ_SOURCE", pathlib.Path(__file__).parents[2]))
ACQ, BRIDGE = BUILD / "acq", BUILD / "telemetry_bridge"
PATIENCE = 90  # seconds until a condition that should hold soon is given up: machines can be very busy
SKIP = 77

def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


def wait_until(condition, what, seconds=PATIENCE):
    """Waits until condition() is true and returns it."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.01)


_prefixes = []


def new_prefix():
    """A prefix for pages that no other test uses; its pages are removed at the end."""
    _prefixes.append(f"t{os.getpid()}_{len(_prefixes)}")
    return _prefixes[-1]


@atexit.register
def _clean_up():
    for prefix in _prefixes:
        pages.remove(prefix)


# ---- programs ----

class Program:
    """A program that runs, with what it says in two files."""

    def __init__(self, *command, **options):
        self.files = [tempfile.TemporaryFile(), tempfile.TemporaryFile()]
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                        stdout=self.files[0], stderr=self.files[1], **options)

    def out(self):
        return self.said(0)

    def err(self):
        text = self.said(1)
        assert "Sanitizer" not in text and "runtime error" not in text, text
        return text

    def said(self, which):
        file = self.files[which].fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode()  # pread: the program's own place stays where it is

    def says(self, text, count=1):
        """Waits until it has said the text so many times."""
        def said():
            assert self.process.poll() is None or self.err().count(text) >= count, f"ended without '{text}': {self}"
            return self.err().count(text) >= count
        wait_until(said, f"'{text}' from: {self}")

    def wait(self):
        """Waits for its end; returns the exit code."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"does not end: {self}") from None

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.wait()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def close(self):
        """Kills it; what it said can be read no more."""
        self.kill()
        for file in self.files:
            file.close()

    def __str__(self):
        return f"{self.process.args} ({self.process.poll()})\n{self.said(1)}\n{self.said(0)}"


class Place:
    """A folder, a prefix of pages and the programs of one test; a context manager that cleans up."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="acq-e2e-"))
        self.prefix = new_prefix()
        self.programs = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for program in self.programs:
            if kind:
                print(program, file=sys.stderr)
            program.close()
        pages.remove(self.prefix)
        shutil.rmtree(self.folder)

    def run(self, *command, **options):
        own = {"ACQ_PAGES": self.prefix, "XDG_CONFIG_HOME": str(self.folder / "config")}  # never the user's settings
        environment = {**os.environ, **own, **options.pop("env", {})}
        self.programs.append(Program(*command, env=environment, cwd=self.folder, **options))
        return self.programs[-1]

    def serve(self, port=0, data="data", options=()):
        """The server and its port."""
        server = self.run(ACQ, "serve", "--listen", f"127.0.0.1:{port}", "--data", self.folder / data, *options)
        server.says("listening on")
        server.port = int(server.err().split("listening on 127.0.0.1:")[1].split(",")[0])
        return server

    def bridge(self, *options, port=None, record="recordings"):
        """The bridge; without a port it only records."""
        words = [f"127.0.0.1:{port}"] if port else ["--no-stream"]
        return self.run(BRIDGE, *words, "--record", self.folder / record, *options)

    def sim(self, *options):
        return self.run(ACQ, "sim", "--quiet", *options)

    def recordings(self, name="recordings"):
        """All recordings of a folder, finished or not, in the order of their first frame."""
        return sorted(frames.recordings(self.folder / name), key=lambda r: r.frames[0].t_ns if r.frames else 0)

    def recording(self, name="recordings"):
        found = self.recordings(name)
        assert len(found) == 1, f"{len(found)} recordings in {name}"
        return found[0]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]
