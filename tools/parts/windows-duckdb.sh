#!/usr/bin/env bash
# windows-duckdb.sh OUT SOURCE - duckdb.dll of the same version as duckdb.sh's libduckdb.so, out of a package of the npm
# registry, with its license. Run by tools/setup.sh.
set -euo pipefail
version=$(sed -n 's/^version=//p' "$2/tools/parts/duckdb.sh")
sum=6b7233b34ef489427b5b29f79d3db978fef738c7a6cd59ab3de6d06ae40462fe
out=$1
. "$2/tools/parts/npm-fetch.sh"

fetch "@duckdb/node-bindings-win32-x64@$version" "$sum" library.tgz
tar xzf library.tgz package/duckdb.dll package/LICENSE
install -m 644 package/duckdb.dll package/LICENSE "$out"
