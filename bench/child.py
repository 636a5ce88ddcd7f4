"""Runs a program and says what it took."""
import os
import statistics
import subprocess
import sys
import tempfile
import time


class Took:
    """Wall and CPU time in seconds, the most memory in MB, and what it printed."""

    def __init__(self, wall, cpu, memory, text):
        self.wall, self.cpu, self.memory, self.text = wall, cpu, memory, text


def run(*command, env=None):
    """Runs the command to its end. If it fails, so does the benchmark."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        start = time.monotonic()
        child = subprocess.Popen([str(word) for word in command], stdout=out, stderr=errors,
                                 env={**os.environ, **(env or {})})
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if child.returncode:
            sys.exit("bench: %s: exit code %d\n%s" % (" ".join(map(str, command)), child.returncode, errors.read()))
        return Took(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read())


def alternate(rounds, *runs):
    """Calls the functions one after the other, `rounds` times; returns for each the medians of its Took."""
    took = [[] for _ in runs]
    for _ in range(rounds):
        for function, list_ in zip(runs, took):
            list_.append(function())
    return [Took(*(statistics.median(getattr(t, name) for t in list_) for name in ("wall", "cpu", "memory")),
                 list_[-1].text) for list_ in took]


def figures(text):
    """The lines "name<TAB>number" of our programs in C."""
    return {name: float(value) for name, value in (line.split("\t") for line in text.splitlines())}
