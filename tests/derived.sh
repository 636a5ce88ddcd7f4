#!/usr/bin/env bash
# derived.sh BUILD [--write] - derives again what is committed but comes from elsewhere, and compares; with --write it
# replaces the files. telemetry.proto and channels.md come from src/frame/channels.def, the descriptors that reflection
# answers with from proto/.
# Exit codes: 0 all is as it should be, 1 it is not, 77 the descriptors could not be derived here.
set -euo pipefail
acq=$(cd "$1" && pwd)/acq
cd "$(dirname "$0")/.."

new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
mkdir -p "$new/proto/telemetry/v1"
cp -R proto/grpc "$new/proto/"
"$acq" channels --proto >"$new/proto/telemetry/v1/telemetry.proto"
"$acq" channels --markdown >"$new/channels.md"
status=0
missing=
command -v protoc >/dev/null || missing="protoc (Debian: protobuf-compiler)"
/usr/bin/python3 -c 'import google.protobuf' 2>/dev/null || missing="Python's google.protobuf (Debian: python3-protobuf)"

compare() { # FILE NEW FROM
    if [ "$write" = --write ]; then
        mkdir -p "$(dirname "$1")"
        cp "$2" "$1"
    elif ! diff -u "$1" "$2"; then
        echo "$1 is not what $3 says: run \`make derive\`"
        status=1
    fi
}

write=${2:-}
compare proto/telemetry/v1/telemetry.proto "$new/proto/telemetry/v1/telemetry.proto" src/frame/channels.def
compare docs/channels.md "$new/channels.md" src/frame/channels.def
if [ -z "$missing" ]; then
    /usr/bin/python3 tools/descriptors.py "$new/proto" >"$new/descriptors.inc"
    compare src/ingest/descriptors.inc "$new/descriptors.inc" proto/
elif [ "$status" = 0 ]; then
    echo "src/ingest/descriptors.inc is left as it is: $missing is missing"
    status=77
fi
exit $status
