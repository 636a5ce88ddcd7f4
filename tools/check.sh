#!/usr/bin/env bash
# check.sh - what must hold of the sources: their layout, no warning from three compilers, the layers, derived files.
# Runs all of it and then says what failed.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=()

try() { # NAME COMMAND...
    local name=$1
    shift
    echo "== $name"
    "$@" || failed+=("$name")
}

build() { # PRESET
    cmake --preset "$1" --log-level=WARNING >/dev/null && cmake --build --preset "$1" -- -k 0
}

layout() { # other versions of clang-format place a few lines otherwise
    local version
    version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
    if [ "$version" != 14 ]; then
        echo "not checked: the sources follow clang-format 14, and this one is $version"
        return
    fi
    find src tests bench -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
}

try "layout (clang-format)" layout
try "layers" /usr/bin/python3 tests/layers.py src
try "warnings of gcc" build gcc
try "derived files" tests/derived.sh build/gcc
try "warnings of clang" build clang
try "warnings of gcc for Windows" build windows-strict

if [ ${#failed[@]} -gt 0 ]; then
    printf 'check failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
echo "check: all is well"
