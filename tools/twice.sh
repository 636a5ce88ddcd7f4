#!/usr/bin/env bash
# twice.sh BUILD WINDOWS-BUILD - builds all programs once more, from a copy of the sources in another folder, and says
# whether the bytes are the same. It takes as long as building does.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# != 2 ]; then
    echo "usage: tools/twice.sh BUILD WINDOWS-BUILD" >&2
    exit 2
fi
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copy=$work/elsewhere/acq
mkdir -p "$copy"
cp -r CMakeLists.txt LICENSE cmake src tests "$copy"

again() { # FOLDER OPTION...: what the presets release and windows say
    cmake -S "$copy" -B "$work/$1" -G Ninja -DCMAKE_BUILD_TYPE=Release -DACQ_PARTS="$root/build/parts" "${@:2}" \
        >"$work/log" && cmake --build "$work/$1" >"$work/log" || {
        cat "$work/log" >&2
        exit 1
    }
}

different=0
same() { # FIRST SECOND
    if cmp "$1" "$2"; then return; fi
    different=1
}

again linux -DACQ_STATIC=ON
again windows -DCMAKE_TOOLCHAIN_FILE="$copy/cmake/mingw.cmake"
for file in acq telemetry_bridge acq.duckdb_extension; do same "$1/$file" "$work/linux/$file"; done
for file in acq.exe telemetry_bridge.exe; do same "$2/$file" "$work/windows/$file"; done
if [ $different = 1 ]; then
    echo "twice: the second build is another one: look for paths, times and chance in the files above" >&2
    exit 1
fi
echo "twice: two builds in two folders gave the same bytes"
