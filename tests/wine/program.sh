#!/usr/bin/env bash
# program.sh NAME ARGUMENTS... - the Windows program NAME.exe in ACQ_WINDOWS, under Wine. Beside this file lie acq and
# telemetry_bridge, which call it, so with ACQ_BUILD=tests/wine the tests of the Linux programs run these.
#
# Wine's own processes, which a program may start, hold what it writes to open when it has ended. So what would go into a
# pipe is kept until its end, without what Wine itself has to say: who reads a pipe waits for all that have it.
set -uo pipefail
here=$(dirname "$0")
program=$ACQ_WINDOWS/$1.exe
shift
if [ ! -p /dev/stdout ] && [ ! -p /dev/stderr ]; then exec "$here/../wine.sh" "$program" "$@"; fi

kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
exec 3>&1 4>&2
if [ -p /dev/stdout ]; then exec 3>"$kept/out"; fi
if [ -p /dev/stderr ]; then exec 4>"$kept/err"; fi
"$here/../wine.sh" "$program" "$@" >&3 2>&4 3>&- 4>&-
code=$?
if [ -e "$kept/err" ]; then sed '/^wine client error:/d; /^wineserver: /d' "$kept/err" >&2; fi
if [ -e "$kept/out" ]; then cat "$kept/out"; fi
exit $code
