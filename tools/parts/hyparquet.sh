#!/usr/bin/env bash
# hyparquet.sh OUT SOURCE - the JavaScript Parquet reader that tests compare with, as tests/interop/package-lock.json
# pins it. Run by tools/setup.sh.
set -euo pipefail
out=$1 source=$2
cp "$source/tests/interop/package.json" "$source/tests/interop/package-lock.json" .
npm ci --loglevel=error --ignore-scripts --no-audit --no-fund --cache "$PWD/npm"
mv node_modules "$out"
