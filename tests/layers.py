#!/usr/bin/env python3
"""layers.py SRC - says which #include breaks the layers, and which file hides a platform where none belongs.

A file includes headers of its own folder and of the rows below; folders of one row know nothing of each other.
"""
import pathlib
import re
import sys

LAYERS = [  # from the top down
    ["app"],
    ["bridge", "ingest"],
    ["sink"],
    ["lap", "plot", "table", "motec"],
    ["sim"],
    ["page", "record", "rpc"],
    ["frame"],
    ["base"],
]
RANK = {folder: len(LAYERS) - i for i, row in enumerate(LAYERS) for folder in row}

# What any file may include in <>: C11 and the libraries. All else is a platform's and belongs into PLATFORM_FILES.
STANDARD = set("""assert.h complex.h ctype.h errno.h fenv.h float.h inttypes.h iso646.h limits.h locale.h math.h setjmp.h
signal.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h string.h tgmath.h
threads.h time.h uchar.h wchar.h wctype.h""".split())
LIBRARIES = re.compile(r"^(nghttp2/.*|openssl/.*|uv\.h|libdeflate\.h|zlib\.h|duckdb(_extension)?\.h|cairo/.*|cairo.*\.h|ft2build\.h|freetype/.*)$")
PLATFORM_FILES = re.compile(r"^(base|page)/.*_(posix|win32)\.[ch]$")
PLATFORM_TEST = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b.*\b(_WIN32|_WIN64|WIN32|__MINGW32__|__MINGW64__|_MSC_VER"
                           r"|__linux__|__unix__|__APPLE__|__CYGWIN__)\b")
PLATFORM_TEST_FOLDERS = ("base", "page")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def faults_of_line(name, folder, line):
    if PLATFORM_TEST.match(line) and folder not in PLATFORM_TEST_FOLDERS:
        yield "a platform is asked for outside base/ and page/: " + line.strip()
    match = INCLUDE.match(line)
    if not match:
        return
    kind, header = match.groups()
    if kind == "<":
        if header not in STANDARD and not LIBRARIES.match(header) and not PLATFORM_FILES.match(name):
            yield f"<{header}> is neither C11 nor a known library: it belongs into base/*_posix.c, *_win32.c"
        return
    target = header.split("/")[0]
    if "/" not in header:
        yield f'"{header}" should be included by its path from src'
    elif target not in RANK:
        yield f'"{header}" is in no layer'
    elif target != folder and RANK[target] >= RANK[folder]:
        yield f'"{header}" does not stand below {folder}/'


def main():
    source = pathlib.Path(sys.argv[1])
    files = sorted(p for p in source.rglob("*") if p.suffix in (".c", ".h", ".def", ".S"))
    faults = []
    for path in files:
        name = path.relative_to(source).as_posix()
        folder = name.split("/")[0]
        if folder not in RANK:
            faults.append(f"{name}: its folder is in no layer")
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            faults += [f"{name}:{number}: {fault}" for fault in faults_of_line(name, folder, line)]
    if not files:
        faults.append(f"{source} has no sources")
    for fault in faults:
        print(fault)
    print(f"{len(files)} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
