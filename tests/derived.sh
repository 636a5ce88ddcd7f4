#!/usr/bin/env bash
# derived.sh BUILD [--write] - derives again what is committed but comes from src/frame/channels.def, and compares; with
# --write it replaces the files.
set -euo pipefail
acq=$(cd "$1" && pwd)/acq
cd "$(dirname "$0")/.."

new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
"$acq" channels --proto >"$new/telemetry.proto"
"$acq" channels --markdown >"$new/channels.md"

differ=0
for file in proto/telemetry/v1/telemetry.proto docs/channels.md; do
    if [ "${2:-}" = --write ]; then
        mkdir -p "$(dirname "$file")"
        cp "$new/${file##*/}" "$file"
    elif ! diff -u "$file" "$new/${file##*/}"; then
        echo "$file is not what src/frame/channels.def says: run \`make derive\`"
        differ=1
    fi
done
exit $differ
