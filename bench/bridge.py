"""What telemetry_bridge and `acq serve` take while a simulated car drives: CPU, memory, steps missed."""
import os
import re
import signal
import socket
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20


class Program:
    """A program that runs beside others; it does not outlive the with block."""

    def __init__(self, *command):
        self.child = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()

    def cpu(self):
        """Seconds so far."""
        with open("/proc/%d/stat" % self.child.pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self):
        """MB in memory now."""
        with open("/proc/%d/statm" % self.child.pid) as statm:
            return int(statm.read().split()[1]) * PAGE_MB

    def end(self):
        """Ends it as Ctrl+C does and returns what it printed."""
        self.child.send_signal(signal.SIGINT)
        return self.child.communicate(timeout=30)[0]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def has_frames(folder):
    return os.path.isdir(folder) and any(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))


def wait_for(what, condition):
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end:
            sys.exit("bench: waited in vain until " + what)
        time.sleep(0.05)


def measure(build, folder, seconds):
    """Records and streams for `seconds`; returns the figures by name."""
    port, pages = free_port(), "acqbench%d" % os.getpid()
    address, spool, data = "127.0.0.1:%d" % port, os.path.join(folder, "spool"), os.path.join(folder, "data")
    with Program(build + "/acq", "serve", "--listen", address, "--data", data) as server, \
            Program(build + "/telemetry_bridge", address, "--pages", pages, "--record", spool) as bridge:
        wait_for("the server listens", lambda: answers(port))
        with Program(build + "/acq", "sim", "--pages", pages, "--quiet") as sim:
            wait_for("frames are in both recordings", lambda: has_frames(spool) and has_frames(data))
            start, cpu = time.monotonic(), (bridge.cpu(), server.cpu())
            time.sleep(seconds)
            passed = time.monotonic() - start
            f = {"bridge_cpu": (bridge.cpu() - cpu[0]) / passed * 100, "bridge_mb": bridge.memory(),
                 "server_cpu": (server.cpu() - cpu[1]) / passed * 100, "server_mb": server.memory()}
            text = bridge.end()
            sim.end()
        server.end()
    steps = re.search(r"(\d+) steps seen, (\d+) missed", text)
    if not steps:
        sys.exit("bench: telemetry_bridge did not say how many steps it saw:\n" + text)
    return {**f, "seen": int(steps[1]), "missed": int(steps[2])}
