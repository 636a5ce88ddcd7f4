#!/usr/bin/env bash
# release.sh BUILD WINDOWS-BUILD OUT - packs what users get, from programs that are built:
#
#   OUT/acq-VERSION-windows-x86_64.zip, OUT/acq-VERSION-linux-x86_64.tar.gz, OUT/SHA256SUMS
#
# The same programs and sources give the same bytes: order, owners and rights are fixed, and all times are that of the
# last commit, or SOURCE_DATE_EPOCH. ACQ_PACK=1..9 is how hard to pack (9).
set -euo pipefail
export LC_ALL=C TZ=UTC
cd "$(dirname "$0")/.."
if [ $# != 3 ]; then
    echo "usage: tools/release.sh BUILD WINDOWS-BUILD OUT" >&2
    exit 2
fi
build=$1 windows=$2 out=$3 parts=build/parts
version=$(sed -n 's/^project(acq VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || true)}
epoch=${epoch:-946684800} # sources that are no clone: 2000-01-01
linux_name=acq-$version-linux-x86_64
windows_name=acq-$version-windows-x86_64

die() { printf 'release: %s\n' "$*" >&2; exit 1; }

for tool in zip tar gzip strip objdump; do
    command -v $tool >/dev/null || die "$tool is missing: run tools/setup.sh release"
done
for file in "$build"/{acq,telemetry_bridge,libduckdb.so,acq.duckdb_extension} "$windows"/{acq,telemetry_bridge}.exe \
    "$windows/duckdb.dll"; do
    [ -e "$file" ] || die "$file is missing: \`make release\` builds it"
done

mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d "$out/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
linux=$work/$linux_name win=$work/$windows_name

# --- the parts of both

# put MODE FILE FOLDER [NAME]: links become what they point to
put() { install -D -m "$1" "$2" "$3/${4:-$(basename "$2")}"; }

# put_text FILE FOLDER [NAME]: as NAME.txt for Windows' Notepad; files that are named in it are such files too
put_text() {
    local name=${3:-$(basename "$1")}
    name=${name%.*}.txt
    mkdir -p "$2"
    sed -e 's/\b\([a-zA-Z]*\)\.md\b/\1.txt/g' -e 's/@VERSION@/'"$version"'/g' -e 's/$/\r/' "$1" >"$2/$name"
}

commands() { # every command's --help
    local name
    "$build/acq" --help
    for name in $("$build/acq" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
        line && "$build/acq" "$name" --help
    done
    line && "$build/telemetry_bridge" --help
    for name in sync check autostart config; do
        line && "$build/telemetry_bridge" "$name" --help
    done
}

line() { printf '\n%s\n\n' ----------------------------------------------------------------------; }

licences_of_all() { # FOLDER
    put 644 "$parts/duckdb/LICENSE" "$1" duckdb.txt
    put 644 /usr/share/doc/fonts-open-sans/copyright "$1" open-sans.txt
    put 644 /usr/share/common-licenses/Apache-2.0 "$1" Apache-2.0.txt # the others name it
}

commands >"$work/commands.txt"
"$build/telemetry_bridge" config >"$work/telemetry_bridge.conf" 2>/dev/null # where it looks for it does not matter

# --- Linux

usual=" libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 ld-linux-x86-64.so.2 libz.so.1 "
for file in acq telemetry_bridge acq.duckdb_extension; do
    put 755 "$build/$file" "$linux"
    for needed in $(objdump -p "$linux/$file" | sed -n 's/^ *NEEDED *//p'); do
        [[ $usual == *" $needed "* ]] ||
            die "$build/$file needs $needed, which not every machine has: build it with ACQ_STATIC=ON, as \`make\`" \
                "does, where the system has that library as an archive"
    done
done
strip "$linux/acq" "$linux/telemetry_bridge" # the extension is: what follows its code must stay
put 644 "$build/libduckdb.so" "$linux"
chmod 644 "$linux/acq.duckdb_extension"
sed "s/@VERSION@/$version/g" tools/release/README-linux.txt | put 644 /dev/stdin "$linux" README.txt
for file in LICENSE CHANGELOG.md; do put 644 "$file" "$linux"; done
for file in docs/*.md; do put 644 "$file" "$linux/docs"; done
put 644 "$work/commands.txt" "$linux/docs"
put 644 "$work/telemetry_bridge.conf" "$linux/examples"
put 644 examples/systemd/acq-serve.service "$linux/examples"
licences_of_all "$linux/licences"
sed -n 's/^acq_archive_[^=]*:FILEPATH=//p' "$build/CMakeCache.txt" | while read -r archive; do # what is in the programs
    package=$(dpkg -S "$archive" | head -n 1 | cut -d: -f1)
    put 644 "/usr/share/doc/$package/copyright" "$linux/licences" "${package%-dev}.txt"
done

# --- Windows

for file in acq telemetry_bridge; do put 755 "$windows/$file.exe" "$win"; done
put 755 "$windows/duckdb.dll" "$win"
put_text tools/release/README-windows.txt "$win" README
put_text LICENSE "$win"
put_text CHANGELOG.md "$win"
for file in docs/*.md; do put_text "$file" "$win/docs"; done
put_text "$work/commands.txt" "$win/docs"
put_text "$work/telemetry_bridge.conf" "$win/examples" telemetry_bridge.conf.txt # one beside the program would be read
for file in "$parts"/windows*/*.copyright; do put_text "$file" "$win/licences"; done
licences_of_all "$work/all"
put 644 /usr/share/doc/libz-mingw-w64-dev/copyright "$work/all" zlib.txt
put 644 /usr/share/doc/mingw-w64-common/copyright "$work/all" mingw-w64.txt # the C run time in the programs
put 644 /usr/share/doc/gcc-mingw-w64-base/copyright "$work/all" gcc.txt     # and the compiler's own
for file in "$work"/all/*; do put_text "$file" "$win/licences"; done

# --- the archives

for tree in "$linux" "$win"; do
    put 644 examples/read_recording.py "$tree/examples" # what the docs point to
    cp -r proto "$tree/proto"
    find "$tree" -exec touch -h -d "@$epoch" {} +
    find "$tree" -type d -exec chmod 755 {} +
done
tar -C "$work" --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mode=u+w,go-w -cf - "$linux_name" |
    gzip -n -"${ACQ_PACK:-9}" >"$work/$linux_name.tar.gz"
(cd "$work" && find "$windows_name" -type f | sort | zip -q -X -D -"${ACQ_PACK:-9}" "$windows_name.zip" -@)
(cd "$work" && sha256sum "$linux_name.tar.gz" "$windows_name.zip" >SHA256SUMS)
mv "$work/$linux_name.tar.gz" "$work/$windows_name.zip" "$work/SHA256SUMS" "$out"
(cd "$out" && ls -l "$linux_name.tar.gz" "$windows_name.zip" | awk '{ printf "%6.1f MB  %s\n", $5 / 1e6, $9 }')
