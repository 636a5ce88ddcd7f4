"""Runs a program and says what it took."""
import os
import statistics
import subprocess
import sys
import time


class Took:
    """Wall and CPU time in seconds, the most memory in MB, and what it printed."""

    def __init__(self, wall, cpu, memory, text):
        self.wall, self.cpu, self.memory, self.text = wall, cpu, memory, text


def run(*command, env=None, codes=(0,)):
    """Runs the command to its end. An exit code that is not among `codes` ends the benchmark."""
    start = time.monotonic()
    child = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env={**os.environ, **(env or {})})
    text, errors = child.stdout.read(), None  # what goes to stderr is short
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in codes:
        sys.exit("bench: exit code %d of %s\n%s" % (child.returncode, " ".join(map(str, command)), errors))
    return Took(time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)


def alternate(rounds, *runs):
    """Calls the functions one after the other, `rounds` times; returns for each the medians of its Took."""
    took = [[] for _ in runs]
    for _ in range(rounds):
        for i, function in enumerate(runs):
            took[i].append(function())
    return [Took(*(statistics.median(getattr(t, name) for t in all_) for name in ("wall", "cpu", "memory")), all_[-1].text)
            for all_ in took]


def figures(text):
    """The lines "name<TAB>number" of our programs in C."""
    return {name: float(value) for name, value in (line.split("\t") for line in text.splitlines())}
