#!/usr/bin/env bash
# windows.sh OUT - nghttp2, libuv and libdeflate as static libraries for Windows. Run by tools/setup.sh.
#
# They are compiled from the distribution's own sources, in the version of the -dev packages that are installed, so both
# systems run the same code. The sources come through apt, which checks their signatures, with a sources list and
# folders of our own: the machine's apt stays as it is.
set -euo pipefail
out=$1
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
apt_source() {
    apt-get -o Dir::Etc::SourceList="$PWD/apt/sources.list" -o Dir::Etc::SourceParts="$PWD/apt/parts" \
        -o Dir::State::Lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt" -o APT::Sandbox::User=root "$@"
}
apt_source update || echo "some sources could not be reached; going on with the others"

unpack() { # FOLDER DEV-PACKAGE: the source that the installed package was built from
    local name version
    name=$(dpkg-query -W -f '${source:Package}' "$2")
    version=$(dpkg-query -W -f '${source:Version}' "$2")
    apt_source source --download-only --only-source "$name=$version" || {
        echo "The source of $name $version, which is installed, is gone: upgrade $2 and run this again."
        exit 1
    }
    dpkg-source --no-check -x "$name"_*.dsc "$1"
    printf '%s %s\n' "$name" "$version" >>"$out/VERSIONS"
    cp "$1/debian/copyright" "$out/$name.copyright"
}

library() { # NAME FLAGS... -- SOURCES...: compiles them into OUT/lib/libNAME.a
    local name=$1 flags=()
    shift
    while [ "$1" != -- ]; do flags+=("$1") && shift; done
    shift
    mkdir "objects-$name"
    printf '%s\n' "$@" | xargs -P "$(nproc)" -I FILE sh -c \
        'out=$1/$(printf %s "$2" | tr / _).o; shift; src=$1; shift; exec "$@" -c "$src" -o "$out"' \
        sh "objects-$name" FILE "$cc" -O2 -w "${flags[@]}"
    $cross-ar rcs "$out/lib/lib$name.a" "objects-$name"/*.o
}

mkdir -p "$out/lib" "$out/include/nghttp2"
unpack nghttp2 libnghttp2-dev
unpack libuv libuv1-dev
unpack libdeflate libdeflate-dev

headers=nghttp2/lib/includes/nghttp2
version=$(sed -n 's/^AC_INIT(\[nghttp2\], \[\([0-9.]*\).*/\1/p' nghttp2/configure.ac)
IFS=. read -r major minor patch <<<"$version"
sed "s/@PACKAGE_VERSION@/$version/; s/@PACKAGE_VERSION_NUM@/$(printf '0x%02x%02x%02x' "$major" "$minor" "$patch")/" \
    $headers/nghttp2ver.h.in >$headers/nghttp2ver.h
library nghttp2 -DNGHTTP2_STATICLIB -DHAVE_TIME_H -Inghttp2/lib/includes -Inghttp2/lib -- nghttp2/lib/*.c
cp $headers/*.h "$out/include/nghttp2"

library uv -D_WIN32_WINNT=0x0602 -DWIN32_LEAN_AND_MEAN -D_CRT_DECLARE_NONSTDC_NAMES=0 -Ilibuv/include -Ilibuv/src -- \
    libuv/src/*.c libuv/src/win/*.c
cp -r libuv/include/* "$out/include"

library deflate -Ilibdeflate -- libdeflate/lib/*.c libdeflate/lib/x86/*.c
cp libdeflate/libdeflate.h "$out/include"
