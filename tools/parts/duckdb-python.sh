#!/usr/bin/env bash
# duckdb-python.sh OUT - DuckDBs that we did not build, for tests that load our extension into them: the Python package in
# an older and a newer release, each in OUT/RELEASE. A release that is not there for this Python is left out. Run by
# tools/setup.sh.
set -euo pipefail
versions="1.3.2 2.0.0"
out=$1

/usr/bin/python3 -m venv venv
for version in $versions; do
    venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-compile --only-binary :all: \
        --target "$out/$version" "duckdb==$version" || rm -rf "${out:?}/$version"
done
[ -n "$(ls -A "$out")" ] || {
    echo "No release of Python's duckdb could be fetched."
    exit 1
}
