#!/usr/bin/env bash
# windows.sh OUT SOURCE - nghttp2, libuv and libdeflate as static libraries for Windows. Run by tools/setup.sh.
set -euo pipefail
out=$1
. "$2/tools/parts/apt-source.sh"

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
