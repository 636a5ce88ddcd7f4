"""What telemetry_bridge and `acq serve` take while a simulated car drives: CPU, memory, steps missed."""
import os
import re
import signal
import socket
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


class Server:
    """A program that runs beside others, and its CPU and memory since mark()."""

    def __init__(self, *command):
        self.child = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True)

    def cpu(self):
        with open("/proc/%d/stat" % self.child.pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self):
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


def wait_for(what, condition):
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end:
            sys.exit("bench: waited in vain until " + what)
        time.sleep(0.05)


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def size_of(folder):
    return sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)) if os.path.isdir(folder) else 0


def measure(build, folder, seconds):
    """Records and streams for `seconds`; returns the figures by name."""
    address, pages = "127.0.0.1:%d" % free_port(), "acqbench%d" % os.getpid()
    spool, data = os.path.join(folder, "spool"), os.path.join(folder, "data")
    server = Server(build + "/acq", "serve", "--listen", address, "--data", data)
    wait_for("the server listens", lambda: answers(int(address.split(":")[1])))
    bridge = Server(build + "/telemetry_bridge", address, "--pages", pages, "--record", spool)
    sim = Server(build + "/acq", "sim", "--pages", pages, "--quiet")
    wait_for("frames are in both recordings", lambda: size_of(spool) and size_of(data))
    start, cpu = time.monotonic(), [p.cpu() for p in (bridge, server)]
    time.sleep(seconds)
    passed = time.monotonic() - start
    cpu = [(p.cpu() - before) / passed * 100 for p, before in zip((bridge, server), cpu)]
    memory = bridge.memory(), server.memory()
    text = bridge.end()
    sim.end()
    server.end()
    steps = re.search(r"(\d+) steps seen, (\d+) missed", text)
    if not steps:
        sys.exit("bench: telemetry_bridge did not say how many steps it saw:\n" + text)
    return {"bridge_cpu": cpu[0], "server_cpu": cpu[1], "bridge_mb": memory[0], "server_mb": memory[1],
            "seen": int(steps[1]), "missed": int(steps[2])}
