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

find_server() { # a wine may have it under the same name everywhere, or beside it
    local name
    for name in "$(dirname "$wine")/wineserver64" "$(dirname "$wine")/wineserver" wineserver; do
        if command -v "$name"; then return; fi
    done
}

make_prefix() {
    "$wine" wineboot -i
    # without a display there are windows all the same, hidden ones
    "$wine" reg add 'HKCU\Software\Wine\Drivers' /v Graphics /d null /f
    touch "$WINEPREFIX/made"
}

# Wine's own processes stay for a while when the first program of a prefix has ended. They must not hold its output open,
# or whoever reads that from a pipe would wait for them: so they are started before it, without.
start_server() {
    local server
    server=$(find_server)
    if [ -n "$server" ] && "$server" -p20; then "$wine" wineboot; fi
}

mkdir -p "$WINEPREFIX"
(
    flock 9
    exec </dev/null >>"$WINEPREFIX/start.log" 2>&1
    { if [ ! -e "$WINEPREFIX/made" ]; then make_prefix; fi && start_server; } 9>&-
) 9>"$WINEPREFIX/lock"
exec "$wine" "$@"
