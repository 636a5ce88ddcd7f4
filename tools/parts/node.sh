#!/usr/bin/env bash
# node.sh OUT SOURCE - what tests compare with in JavaScript, a Parquet reader and a gRPC, as
# tests/interop/package-lock.json pins it. Run by tools/setup.sh.
set -euo pipefail
out=$1 source=$2
cp "$source/tests/interop/package.json" "$source/tests/interop/package-lock.json" .
npm ci --loglevel=error --ignore-scripts --no-audit --no-fund --cache "$PWD/npm"
mv node_modules "$out"
