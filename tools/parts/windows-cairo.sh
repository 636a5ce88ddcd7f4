#!/usr/bin/env bash
# windows-cairo.sh OUT SOURCE - Cairo with its PNG, SVG and PDF, and what it draws with (pixman, FreeType, libpng), as
# static libraries for Windows. Run by tools/setup.sh.
#
# acq draws with the one font that is inside it: fontconfig, X and the fonts of Windows are left out, and of FreeType
# all but what reads TrueType and fills its outlines.
set -euo pipefail
out=$1
. "$2/tools/parts/apt-source.sh"

but() { # PATTERN FILES...: those files whose names do not match
    printf '%s\n' "${@:2}" | grep -vE "/($1)\.c\$"
}

mkdir -p "$out/include/cairo" "$out/include/freetype2" config
unpack png libpng-dev
unpack pixman libpixman-1-dev --tar-only # Debian's patch is of its tests alone
unpack freetype libfreetype-dev
unpack cairo libcairo2-dev

cp png/scripts/pnglibconf.h.prebuilt png/pnglibconf.h
mapfile -t files < <(but pngtest png/*.c)
library png -Ipng -- "${files[@]}"

# The SSE2 of every x86-64 is used; a thread's own variables are as gcc makes them, not as pixman would on MinGW.
version=$(sed -n 's/^m4_define(\[pixman_\(major\|minor\|micro\)\], \([0-9]*\))$/\2/p' pixman/configure.ac | paste -sd.)
IFS=. read -r major minor micro <<<"$version"
sed "s/@PIXMAN_VERSION_MAJOR@/$major/; s/@PIXMAN_VERSION_MINOR@/$minor/; s/@PIXMAN_VERSION_MICRO@/$micro/" \
    pixman/pixman/pixman-version.h.in >config/pixman-version.h
other='pixman-(arm-.*|arma64-.*|mips-.*|loongson.*|mmx|ssse3|vmx|rvv|region)'
mapfile -t files < <(but "$other" pixman/pixman/*.c)
library pixman-1 -Iconfig -Ipixman/pixman '-DPACKAGE="pixman-1"' -DTLS=__thread -DUSE_SSE2 \
    -DHAVE_BUILTIN_CLZ -DHAVE_GCC_VECTOR_EXTENSIONS -- "${files[@]}"

cat >config/modules.h <<'MODULES'
FT_USE_MODULE(FT_Driver_ClassRec, tt_driver_class)
FT_USE_MODULE(FT_Module_Class, psnames_module_class)
FT_USE_MODULE(FT_Module_Class, sfnt_module_class)
FT_USE_MODULE(FT_Renderer_Class, ft_smooth_renderer_class)
MODULES
printf '#include <freetype/config/ftoption.h>\n#undef %s\n#undef %s\n#undef %s\n' FT_CONFIG_OPTION_USE_LZW \
    FT_CONFIG_OPTION_USE_ZLIB FT_CONFIG_OPTION_SVG >config/options.h
base=freetype/src/base
library freetype -Iconfig -Ifreetype/include -DFT2_BUILD_LIBRARY '-DFT_CONFIG_MODULES_H=<modules.h>' \
    '-DFT_CONFIG_OPTIONS_H=<options.h>' -- $base/ft{base,bitmap,debug,fntfmt,glyph,init,lcdfil,mm,synth,system,type1}.c \
    freetype/src/{sfnt/sfnt,truetype/truetype,psnames/psnames,smooth/smooth}.c
cp -r freetype/include/* "$out/include/freetype2"

cat >config/cairo-features.h <<'FEATURES'
#ifndef CAIRO_FEATURES_H
#define CAIRO_FEATURES_H
#define CAIRO_HAS_IMAGE_SURFACE 1
#define CAIRO_HAS_RECORDING_SURFACE 1
#define CAIRO_HAS_OBSERVER_SURFACE 1
#define CAIRO_HAS_MIME_SURFACE 1
#define CAIRO_HAS_USER_FONT 1
#define CAIRO_HAS_FT_FONT 1
#define CAIRO_HAS_PNG_FUNCTIONS 1
#define CAIRO_HAS_SVG_SURFACE 1
#define CAIRO_HAS_PDF_SURFACE 1
#endif
FEATURES
cp config/cairo-features.h cairo/src # a header of the sources may lie there, made for another system
other='(check|test)-.*|cairo-(beos|cogl|directfb|drm|dwrite|egl|gl|glx|os2|ps|qt|quartz|script|skia|tee|vg|wgl|xcb|xlib|xml)-.*'
mapfile -t files < <(but "$other" cairo/src/*.c)
flags=(-DHAVE_STDINT_H -DHAVE_INTTYPES_H -DHAVE_UNISTD_H -DHAVE_UINT64_T -DHAVE___UINT128_T -DHAVE_CXX11_ATOMIC_PRIMITIVES
    -DSIZEOF_VOID_P=8 -DSIZEOF_SIZE_T=8 -DSIZEOF_INT=4 -DSIZEOF_LONG=4 -DSIZEOF_LONG_LONG=8
    -DHAVE_FT_{LOAD_SFNT_TABLE,GLYPHSLOT_EMBOLDEN,GLYPHSLOT_OBLIQUE,LIBRARY_SETLCDFILTER,DONE_MM_VAR,GET_X11_FONT_FORMAT}
    -DHAVE_FT_GET_VAR_DESIGN_COORDINATES)
library cairo -Iconfig -Icairo/src -Ipixman/pixman -Ifreetype/include -Ipng \
    -D_WIN32_WINNT=0x0A00 -DCAIRO_WIN32_STATIC_BUILD "${flags[@]}" -- "${files[@]}"
cp cairo/src/cairo{,-deprecated,-ft,-pdf,-svg}.h config/cairo-features.h cairo/cairo-version.h "$out/include/cairo"
