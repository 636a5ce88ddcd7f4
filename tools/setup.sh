#!/usr/bin/env bash
# setup.sh - installs what is needed and not there yet; a second run installs nothing.
#
# Usage: tools/setup.sh [build] [test] [windows] [release] [bench] [check]     without a group: build
#
# Packages come from apt (by sudo unless you are root). Parts that apt does not have lie in a cache,
# ${XDG_CACHE_HOME:-~/.cache}/acq/PART-VERSION-CHECKSUM, and are linked from build/parts. Each is made by
# tools/parts/PART.sh, in a folder that becomes the cache's only when it is whole.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/acq
links=build/parts
groups=" ${*:-build} "

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# --- what is needed: group | how to see that it is there | Debian package | what for
needs() {
    cat <<'END'
build|cmd cc|gcc|compiles the programs
build|cmd make|make|builds them
build|cmd cmake|cmake|builds them
build|cmd ninja|ninja-build|builds them
build|cmd pkg-config|pkg-config|finds the libraries
build|lib libnghttp2|libnghttp2-dev|HTTP/2
build|lib libuv|libuv1-dev|sockets, timers, threads
build|lib libdeflate|libdeflate-dev|writes gzip
build|lib zlib|zlib1g-dev|reads any gzip
build|lib openssl|libssl-dev|TLS
build|lib cairo|libcairo2-dev|pictures
build|lib freetype2|libfreetype-dev|text in pictures
build|file /usr/share/fonts/truetype/open-sans/OpenSans-Regular.ttf|fonts-open-sans|the font of the pictures
test|lib cmocka|libcmocka-dev|unit tests
test|cmd python3|python3|tests that run the programs
test|py grpc|python3-grpcio|tests against another gRPC
test|py cryptography|python3-cryptography|makes certificates to test with
test|py google.protobuf|python3-protobuf|tests against another protobuf
test|cmd grpc_python_plugin|protobuf-compiler-grpc|tests against another gRPC
test|cmd protoc|protobuf-compiler|tests against another protobuf
test|py ensurepip|python3-venv|fetches DuckDBs to test with
test|cmd node|nodejs|tests against another Parquet reader and another gRPC
test|cmd go|golang-go|tests against another gRPC, and of HTTP/2
test|wine|wine64|runs the Windows programs
windows|cmd x86_64-w64-mingw32-gcc|gcc-mingw-w64-x86-64-win32|compiles the Windows programs
windows|file /usr/x86_64-w64-mingw32/lib/libz.a|libz-mingw-w64-dev|zlib for Windows
release|cmd zip|zip|packs the Windows programs
test|cmd zip|zip|packs what is released
bench|cmd c++|g++|compiles the programs to compare with
bench|lib protobuf|libprotobuf-dev|the protobuf to compare with
bench|cmd protoc|protobuf-compiler|the protobuf to compare with
bench|cmd python3|python3|runs the benchmarks
bench|py google.protobuf|python3-protobuf|the protobuf to compare with
bench|py grpc|python3-grpcio|the gRPC to compare with
bench|py ensurepip|python3-venv|the Python to compare with
bench|lib grpc++|libgrpc++-dev|the gRPC in C++ to compare with
bench|cmd grpc_cpp_plugin|protobuf-compiler-grpc|the gRPC in C++ to compare with
bench|cmd node|nodejs|the gRPC in Node to compare with
check|cmd clang|clang|the second compiler
check|clang_rt|CLANG_RT|sanitizers and fuzzing
check|cmd clang-format|clang-format|the layout of the sources
END
}

is_there() {
    case $1 in
    cmd) has "$2" ;;
    lib) pkg-config --exists "$2" 2>/dev/null ;;
    file) [ -e "$2" ] ;;
    py) [ -x /usr/bin/python3 ] && /usr/bin/python3 -c "import importlib.util as u, sys
sys.exit(u.find_spec('$2'.split('.')[0]) is None or u.find_spec('$2') is None)" ;;
    wine) tests/wine.sh --find >/dev/null ;;
    clang_rt) has clang && compgen -G "$(clang -print-runtime-dir)/*fuzzer*" >/dev/null ||
        compgen -G "$(clang -print-resource-dir 2>/dev/null)/lib/*/*fuzzer*" >/dev/null ;;
    esac
}

# clang's run-time library has the version in its package's name, or lies in clang's own package.
clang_rt_package() {
    local version
    version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
    if apt-cache show "libclang-rt-$version-dev" >/dev/null 2>&1; then
        echo "libclang-rt-$version-dev"
    else
        echo "libclang-common-$version-dev"
    fi
}

# --- parts of the cache: name, then what makes a folder of its own: version, and the recipe's checksum
wants_part() { # is the part's group asked for?
    case $1 in
    duckdb) [[ $groups == *" build "* ]] ;;
    windows*) [[ $groups == *" windows "* ]] ;;
    node) [[ $groups == *" test "* || $groups == *" bench "* ]] ;;
    go | duckdb-python) [[ $groups == *" test "* ]] ;;
    esac
}

part_folder() {
    local version sum
    case $1 in
    duckdb | windows-duckdb) version=$(sed -n 's/^version=//p' tools/parts/duckdb.sh) ;;
    duckdb-python) version=$(sed -n 's/^versions="\(.*\)"/\1/p' tools/parts/duckdb-python.sh) ;;
    node) version=$(sed -n 's|.*"@grpc/grpc-js": "\([^"]*\)".*|\1|p' tests/interop/package.json) ;;
    go) version=$(sed -n 's|.*google.golang.org/grpc v\([^ ]*\).*|\1|p' tests/interop/go/go.mod) ;;
    windows) version=$(dpkg-query -W -f '${Version}-' libnghttp2-dev libuv1-dev libdeflate-dev 2>/dev/null || true) ;;
    windows-openssl) version=$(dpkg-query -W -f '${Version}' libssl-dev 2>/dev/null || true) ;;
    windows-cairo) version=$(dpkg-query -W -f '${Version}-' libcairo2-dev libpixman-1-dev libfreetype-dev libpng-dev \
        2>/dev/null || true) ;;
    esac
    version=${version//[^A-Za-z0-9._-]/_}
    sum=$(part_inputs "$1" | xargs cat | cat - <(printf '%s' "$version") | sha256sum)
    printf '%s/%s-%s-%s\n' "$cache" "$1" "${version%-}" "${sum:0:8}"
}

part_inputs() {
    printf 'tools/parts/%s.sh\n' "$1"
    case $1 in
    node) printf 'tests/interop/package-lock.json\n' ;;
    go) printf 'tests/interop/go/%s\n' client.go go.mod go.sum tools.go ;;
    duckdb) printf 'tools/parts/npm-fetch.sh\n' ;;
    windows-duckdb) printf 'tools/parts/%s.sh\n' npm-fetch duckdb ;;
    windows*) printf 'tools/parts/apt-source.sh\n' ;;
    esac
}

lacks() { # is the part asked for and not in the cache?
    wants_part "$1" && [ ! -d "$(part_folder "$1")" ]
}

make_part() {
    local name=$1 folder work
    folder=$(part_folder "$name")
    if [ ! -d "$folder" ]; then
        say "making $name in $folder"
        mkdir -p "$cache"
        work=$(mktemp -d "$cache/.$name.XXXXXX")
        # shellcheck disable=SC2064 # the folder as it is now
        trap "rm -rf $(printf %q "$work")" EXIT
        mkdir "$work/out" "$work/tmp"
        if ! (cd "$work/tmp" && bash "$OLDPWD/tools/parts/$name.sh" "$work/out" "$OLDPWD") >"$work/log" 2>&1; then
            tail -n 30 "$work/log" >&2
            case $name in
            duckdb-python | go) ;;
            *) die "$name could not be made: see above. The cache is as it was." ;;
            esac
            say "$name cannot be had: see above. The tests go on without it."
            rm -rf "$work"
            trap - EXIT
            return
        fi
        mv -T "$work/out" "$folder" 2>/dev/null || [ -d "$folder" ] # another run may have been faster
        rm -rf "$work"
        trap - EXIT
    fi
    mkdir -p "$links"
    ln -sfn "$folder" "$links/$name"
}

# --- packages
missing() { # one line for each missing package: package|what for
    local group test package why
    while IFS='|' read -r group test package why; do
        # shellcheck disable=SC2086 # the test is a word and its argument
        if [[ $groups == *" $group "* ]] && ! is_there $test; then echo "$package|$why"; fi
    done < <(needs)
    if lacks duckdb || lacks windows-duckdb || lacks node; then has npm || echo "npm|fetches DuckDB and what the tests need"; fi
    if lacks windows || lacks windows-openssl || lacks windows-cairo; then has dpkg-source || echo "dpkg-dev|unpacks the sources of the Windows libraries"; fi
}

install_missing() {
    local list packages sudo=()
    list=$(missing | sort -u)
    if [ -z "$list" ]; then return; fi
    if ! has apt-get; then
        die "there is no apt-get here; install these by your system's means, then run this again (Debian's names):" \
            "$(cut -d'|' -f1 <<<"$list" | tr '\n' ' ')"
    fi
    say "these packages are missing and will be installed by apt-get:"
    sed 's/^\([^|]*\)|\(.*\)$/setup:   \1 - \2/; s/CLANG_RT/libclang-rt/' <<<"$list" >&2
    if [ "$(id -u)" != 0 ]; then
        has sudo || die "that needs root, and there is no sudo: run this as root once."
        sudo=(sudo)
    fi
    "${sudo[@]}" apt-get update -qq || say "apt-get update failed; going on with the lists that are there"
    packages=$(cut -d'|' -f1 <<<"$list" | sort -u | tr '\n' ' ')
    packages=${packages/CLANG_RT/$(clang_rt_package)}
    # shellcheck disable=SC2086 # a list of packages
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends $packages >&2 ||
        die "apt-get could not install $packages- run the same by hand to see why."
}

for group in $groups; do
    case $group in
    build | test | windows | release | bench | check) ;;
    *) die "no group '$group'; there are: build test windows release bench check" ;;
    esac
done
if [ "$(uname -s)" != Linux ]; then die "acq is built on Linux, also for Windows; this is $(uname -s)."; fi
if [ "$(uname -m)" != x86_64 ]; then die "DuckDB is fetched for x86-64 alone so far; this machine is $(uname -m)."; fi
if [[ $groups == *" windows "* && $groups != *" build "* ]]; then groups=" build$groups"; fi

install_missing
for part in duckdb windows windows-openssl windows-cairo windows-duckdb node go duckdb-python; do
    if wants_part "$part"; then make_part "$part"; fi
done
