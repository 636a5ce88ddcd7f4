"""terminal.py - for the end-to-end tests: a program on a terminal of its own, and what a person sees there."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import unicodedata

from acq import PATIENCE, wait_until

SGR = re.compile(r"\x1b\[[0-9;]*m")


def width_of(character):
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Screen:
    """What stands on a terminal so many columns wide, and whether a line of it was broken. It knows what we write:
    \\r, \\n, erasing to the end of the line, colours; all else is a fault."""

    def __init__(self, columns):
        self.columns, self.lines, self.at, self.broken = columns, [[]], 0, 0

    def feed(self, text):
        for part in re.split(r"(\x1b\[[0-9;?]*[A-Za-z])", text):
            if part == "\x1b[K":
                del self.lines[-1][self.at:]
            elif not SGR.fullmatch(part):
                for character in part:
                    self.put(character)
        return self

    def put(self, character):
        if character == "\r":
            self.at = 0
        elif character == "\n":
            self.lines.append([])
        else:
            assert character >= " ", f"{character!r} on the terminal"
            width = width_of(character)
            if self.at + width > self.columns:
                self.broken += 1
                self.lines.append([])
                self.at = 0
            line = self.lines[-1]
            line += [" "] * (self.at + width - len(line))
            line[self.at:self.at + width] = [character] + [""] * (width - 1)
            self.at += width

    def text(self):
        return ["".join(line).rstrip() for line in self.lines]


class Terminal:
    """A program whose stderr, and nothing else of it, is a terminal. `own`: of which it is the session's leader, as a
    program in a window is."""

    def __init__(self, *command, columns=120, own=False, **options):
        self.master, slave = pty.openpty()
        self.resize(columns)
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
        environment.update({"TERM": "xterm-256color"}, **options.pop("env", {}))

        def lead():
            os.setsid()
            fcntl.ioctl(2, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=slave, env=environment,
                                        preexec_fn=lead if own else None, **options)
        os.close(slave)
        self.bytes, self.closed = bytearray(), False
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        try:
            while not self.closed:
                if select.select([self.master], [], [], 0.05)[0]:
                    self.bytes += os.read(self.master, 65536)
        except OSError:
            pass  # the program has ended

    def resize(self, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def hold(self, held=True):
        """Ctrl+S, Ctrl+Q: nobody reads, and who writes waits."""
        os.write(self.master, b"\x13" if held else b"\x11")

    def said(self):
        return bytes(self.bytes).decode(errors="replace")

    def statuses(self):
        """Each state of the status line, without colours."""
        return [SGR.sub("", part) for part in re.findall(r"\r([^\r\n]*)\x1b\[K", self.said()) if part]

    def says(self, pattern):
        """Waits until it has said what matches; colours aside."""
        wait_until(lambda: re.search(pattern, SGR.sub("", self.said())), f"'{pattern}' on the terminal: {self.said()[-500:]}")

    def wait(self):
        code = self.process.wait(PATIENCE)
        self.thread.join(PATIENCE)
        return code

    def stop(self, number):
        self.process.send_signal(number)
        return self.wait()

    def close(self):
        """The window is closed."""
        if self.closed:
            return
        self.closed = True
        self.thread.join(PATIENCE)
        os.close(self.master)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.close()
