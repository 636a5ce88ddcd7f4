#!/usr/bin/env bash
# wine.sh - runs a Windows program: tests/wine.sh PROGRAM.exe ARGUMENTS...; without a display, without questions.
#
#   --find   prints where wine is; exit code 1 when it is nowhere
# The Windows "machine" is the folder $WINEPREFIX, or build/wine, and is made when first needed. All programs of one
# prefix see the same named mappings. The shell is replaced by wine, so a signal to this process reaches the program:
# SIGINT arrives as Ctrl+C.
set -euo pipefail

find_wine() {
    local name
    for name in /usr/lib/wine/wine64 wine64 wine64-stable wine; do
        if command -v "$name"; then return; fi
    done
    return 1
}

if [ "${1:-}" = --find ]; then find_wine; exit; fi
wine=$(find_wine) || { echo "wine is missing: run tools/setup.sh test." >&2; exit 1; }

export WINEPREFIX=${WINEPREFIX:-$(cd "$(dirname "$0")/.." && pwd)/build/wine}
export WINEDEBUG=${WINEDEBUG:--all} WINEDLLOVERRIDES="mscoree,mshtml,winemenubuilder.exe="
unset DISPLAY WAYLAND_DISPLAY

if [ ! -e "$WINEPREFIX/ready" ]; then
    mkdir -p "$WINEPREFIX"
    (
        flock 9
        if [ ! -e "$WINEPREFIX/ready" ]; then
            "$wine" wineboot -i >"$WINEPREFIX/wineboot.log" 2>&1 9>&- </dev/null
            touch "$WINEPREFIX/ready"
        fi
    ) 9>"$WINEPREFIX/lock"
fi
exec "$wine" "$@"
