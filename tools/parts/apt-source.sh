# apt-source.sh - for the recipes of Windows libraries, which source it: fetches Debian's sources, and compiles them.
#
# The libraries are compiled from the distribution's own sources, in the version of the -dev packages that are installed,
# so both systems run the same code. The sources come through apt, which checks their signatures, with a sources list and
# folders of our own: the machine's apt stays as it is. The recipe sets `out`, its folder in the cache.
# shellcheck shell=bash

command -v apt-get dpkg-query || {
    echo "The Windows libraries are made from the source packages of Debian or Ubuntu, so build on such a system."
    exit 1
}
cross=x86_64-w64-mingw32
cc=$(command -v $cross-gcc-win32 || command -v $cross-gcc)

mkdir -p apt/parts apt/lists/partial apt/archives/partial
touch apt/sources.list
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    if [ -e "$file" ]; then sed -n 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$file" >>apt/sources.list; fi
done
for file in /etc/apt/sources.list.d/*.sources; do
    if [ -e "$file" ]; then sed 's/^Types:.*/Types: deb-src/' "$file" >"apt/parts/$(basename "$file")"; fi
done
own_apt() { # COMMAND ...: apt-get or apt-cache, with our sources
    "$1" -o Dir::Etc::SourceList="$PWD/apt/sources.list" -o Dir::Etc::SourceParts="$PWD/apt/parts" \
        -o Dir::State::Lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt" -o APT::Sandbox::User=root "${@:2}"
}
own_apt apt-get update || echo "some sources could not be reached; going on with the others"

# sources NAME VERSION: that version, then the other revisions of the same upstream version, newest first: archives keep
# an older one only for a while.
sources() {
    local upstream=${2%-*}
    printf '%s\n' "$2"
    own_apt apt-cache showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -uVr | while read -r other; do
        if [ "${other%-*}" = "$upstream" ] && [ "$other" != "$2" ]; then printf '%s\n' "$other"; fi
    done
}

unpack() { # FOLDER DEV-PACKAGE [--tar-only]: the source that the installed package was built from, with its patches or without
    local name version got=
    name=$(dpkg-query -W -f '${source:Package}' "$2")
    for version in $(sources "$name" "$(dpkg-query -W -f '${source:Version}' "$2")"); do
        if own_apt apt-get source --download-only --only-source "${@:3}" "$name=$version"; then got=$version && break; fi
    done
    if [ -z "$got" ]; then
        echo "The source of $name, which $2 was built from, cannot be had: upgrade $2 and run this again."
        exit 1
    fi
    if [ "${3:-}" = --tar-only ]; then
        mkdir "$1" && tar xf "${name}_"*.orig.tar.* -C "$1" --strip-components=1
        cp "$1/COPYING" "$out/$name.copyright"
    else
        dpkg-source --no-check -x "${name}_${got#*:}.dsc" "$1"
        cp "$1/debian/copyright" "$out/$name.copyright"
    fi
    printf '%s %s\n' "$name" "$got" >>"$out/VERSIONS"
}

library() { # NAME FLAGS... -- SOURCES...: compiles them into OUT/lib/libNAME.a
    local name=$1 flags=()
    shift
    while [ "$1" != -- ]; do flags+=("$1") && shift; done
    shift
    mkdir -p "objects-$name" "$out/lib"
    printf '%s\n' "$@" | xargs -P "$(nproc)" -I FILE sh -c \
        'out=$1/$(printf %s "$2" | tr / _).o; shift; src=$1; shift; exec "$@" -c "$src" -o "$out"' \
        sh "objects-$name" FILE "$cc" -O2 -w "${flags[@]}"
    $cross-ar rcs "$out/lib/lib$name.a" "objects-$name"/*.o
}
