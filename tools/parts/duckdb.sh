#!/usr/bin/env bash
# duckdb.sh OUT SOURCE - libduckdb.so and its two headers, out of two packages of the npm registry. Run by tools/setup.sh.
# The headers are of an older release of the same C API: every function in duckdb.h is in the library, and
# duckdb_extension.h is the part of it that extensions may use, whatever the version of DuckDB.
set -euo pipefail
version=1.5.5-r.5
library_sum=86d2bda909785550e8a14a57a8a4584827aff0e268d8f1a58c3fd48559f7020e
header_version=1.4.4
header_sum=5bb967dcbcd517670ba5f169f238fb9d6787e53752c60ebe24386169d76941ed
out=$1
. "$2/tools/parts/npm-fetch.sh"

fetch "@duckdb/node-bindings-linux-x64@$version" "$library_sum" library.tgz
fetch "duckdb@$header_version" "$header_sum" header.tgz
tar xzf library.tgz package/libduckdb.so
include=package/src/duckdb/src/include
tar xzf header.tgz $include/duckdb.h $include/duckdb_extension.h package/LICENSE
install -m 644 package/libduckdb.so $include/duckdb.h $include/duckdb_extension.h package/LICENSE "$out"
