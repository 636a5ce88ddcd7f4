"""windows.py - for the end-to-end tests: the Windows programs, and Wine to run them."""
import os
import pathlib
import shutil
import subprocess

from acq import SOURCE, skip

WINDOWS = pathlib.Path(os.environ.get("ACQ_WINDOWS", SOURCE / "build/windows"))
WINE = SOURCE / "tests/wine.sh"
BRIDGE, ACQ = WINDOWS / "telemetry_bridge.exe", WINDOWS / "acq.exe"
COMPILER = shutil.which("x86_64-w64-mingw32-gcc-win32") or shutil.which("x86_64-w64-mingw32-gcc")


def wine(place, program, *words):
    """A Windows program, in the folder of the test."""
    return place.run(WINE, program, *words)


def has_wine():
    return subprocess.run([WINE, "--find"], stdout=subprocess.DEVNULL).returncode == 0


def need_programs():
    for exe in (BRIDGE, ACQ):
        if not exe.exists():
            skip(f"{exe} is missing: `make windows` makes it")


def need_wine():
    need_programs()
    if not has_wine():
        skip("wine is missing: `tools/setup.sh test` installs it")


def need_compiler():
    if not COMPILER:
        skip("the compiler for Windows is missing: `tools/setup.sh windows` installs it")
