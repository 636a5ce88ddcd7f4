"""What telemetry_bridge and `acq serve` take while a simulated car drives: CPU, memory, steps missed."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time

from child import figures

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE, POLL = os.path.dirname(HERE), os.path.join(HERE, "poll_aio.py")
WINE = os.path.join(SOURCE, "tests/wine.sh")
TICK = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20


class Process:
    """What a process takes, as Linux's /proc tells it."""

    def __init__(self, pid):
        self.pid = pid

    def cpu(self):
        """Seconds so far."""
        with open("/proc/%d/stat" % self.pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self):
        """MB in memory now."""
        with open("/proc/%d/statm" % self.pid) as statm:
            return int(statm.read().split()[1]) * PAGE_MB


class Program(Process):
    """A program that runs beside others; it does not outlive the with block."""

    def __init__(self, *command, env=None):
        self.child = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True, env={**os.environ, **(env or {})})
        super().__init__(self.child.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()

    def end(self):
        """Ends it as Ctrl+C does and returns what it printed."""
        self.child.send_signal(signal.SIGINT)
        return self.child.communicate(timeout=30)[0]


def wineserver(prefix):
    """The process that all programs of one folder of Wine share."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/comm" % pid) as comm, open("/proc/%s/environ" % pid) as environ:
                if comm.read().startswith("wineserver") and "WINEPREFIX=" + prefix in environ.read().split("\0"):
                    return Process(int(pid))
        except OSError:
            continue  # it has ended meanwhile
    sys.exit("bench: there is no wineserver of " + prefix)


def has_wine():
    return subprocess.run([WINE, "--find"], stdout=subprocess.DEVNULL).returncode == 0


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


def serve(build, folder):
    """A server and its address."""
    address = "127.0.0.1:%d" % free_port()
    server = Program(build + "/acq", "serve", "--listen", address, "--data", os.path.join(folder, "data"))
    wait_for("the server listens", lambda: answers(int(address.split(":")[1])))
    return server, address


def counts(text):
    """Steps seen and missed, as the bridge says them at the end."""
    steps = re.search(r"(\d+) steps seen, (\d+) missed", text)
    if not steps:
        sys.exit("bench: telemetry_bridge did not say how many steps it saw:\n" + text)
    return {"seen": int(steps[1]), "missed": int(steps[2])}


def watch(programs, seconds):
    """CPU in percent of a core and memory in MB of each program, over `seconds`."""
    start, cpu = time.monotonic(), [program.cpu() for program in programs]
    time.sleep(seconds)
    passed = time.monotonic() - start
    return [((program.cpu() - before) / passed * 100, program.memory()) for program, before in zip(programs, cpu)]


def measure(build, folder, seconds, busy=0):
    """Records and streams for `seconds`, beside so many programs that only calculate; returns the figures by name."""
    pages, spool = "acqbench%d" % os.getpid(), os.path.join(folder, "spool")
    server, address = serve(build, folder)
    with contextlib.ExitStack() as stack:
        stack.enter_context(server)
        bridge = stack.enter_context(Program(build + "/telemetry_bridge", address, "--pages", pages, "--record", spool))
        sim = stack.enter_context(Program(build + "/acq", "sim", "--pages", pages, "--quiet"))
        wait_for("frames are in both recordings",
                 lambda: has_frames(spool) and has_frames(os.path.join(folder, "data")))
        for _ in range(busy):
            stack.enter_context(Program(sys.executable, "-c", "while True: pass"))
        (bridge_cpu, bridge_mb), (server_cpu, server_mb) = watch((bridge, server), seconds)
        text = bridge.end()
        sim.end()
        server.end()
    return {"bridge_cpu": bridge_cpu, "bridge_mb": bridge_mb, "server_cpu": server_cpu, "server_mb": server_mb,
            **counts(text)}


def measure_python(build, python, folder, seconds, env):
    """CPU and memory of a bridge in Python that does not record."""
    pages = "acqbenchpy%d" % os.getpid()
    server, address = serve(build, folder)
    with server, Program(build + "/acq", "sim", "--pages", pages, "--quiet") as sim:
        wait_for("the simulator drives", lambda: os.path.exists("/dev/shm/%s_static" % pages))
        time.sleep(0.5)
        with Program(python, POLL, pages, address.split(":")[1], env=env) as bridge:
            wait_for("frames are on the server", lambda: has_frames(os.path.join(folder, "data")))
            (figures,) = watch((bridge,), seconds)
            bridge.child.terminate()
        sim.end()
        server.end()
    return figures


def measure_wine(build, windows, folder, seconds):
    """CPU and memory of telemetry_bridge.exe, and the CPU of Wine's server, which all programs there share."""
    pages, prefix = "acqbenchexe%d" % os.getpid(), os.path.join(folder, "wine")
    env = {"WINEPREFIX": prefix}
    spool = os.path.join(folder, "spool")
    server, address = serve(build, folder)
    with server, Program(WINE, windows + "/acq.exe", "sim", "--pages", pages, "--quiet", env=env) as sim, \
            Program(WINE, windows + "/telemetry_bridge.exe", address, "--pages", pages, "--record", spool,
                    env=env) as bridge:
        wait_for("frames are in both recordings",
                 lambda: has_frames(spool) and has_frames(os.path.join(folder, "data")))
        (cpu, memory), (shared, _) = watch((bridge, wineserver(prefix)), seconds)
        text = bridge.end()
        sim.end()
        server.end()
    return {"cpu": cpu, "mb": memory, "wineserver": shared, **counts(text)}


def measure_way(build, folder, flush_ms, seconds):
    """How long a step takes from the page to the socket, and to the ack, in ms."""
    pages = "acqbenchway%d" % os.getpid()
    server, address = serve(build, folder)
    with server, Program(build + "/bench_way", pages, address.split(":")[1], seconds) as way:
        port = way.child.stdout.readline().strip()
        with Program(build + "/telemetry_bridge", "127.0.0.1:" + port, "--pages", pages, "--flush-ms", flush_ms,
                     "--record", os.path.join(folder, "spool")) as bridge:
            text = way.child.communicate(timeout=seconds + 30)[0]
            bridge.end()
        server.end()
    if way.child.returncode:
        sys.exit("bench: bench_way: " + text)
    return figures(text)
