#!/bin/sh
# test.sh SCRIPT TEST... - runs tests of a script with the Windows programs; skipped where these or Wine are not there.
here=$(dirname "$0")
for program in acq telemetry_bridge; do
    if [ ! -e "$ACQ_WINDOWS/$program.exe" ]; then
        echo "skipped: $ACQ_WINDOWS/$program.exe is missing: \`make windows\` makes it"
        exit 77
    fi
done
if ! "$here/../wine.sh" --find >/dev/null; then
    echo "skipped: wine is missing: \`tools/setup.sh test\` installs it"
    exit 77
fi
exec /usr/bin/python3 "$@"
