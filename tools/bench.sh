#!/usr/bin/env bash
# bench.sh [--short] [--ingest | --bridge] - measures what we claim, beside its peers, and prints a table; `make bench`
# builds it first. It takes about sixteen minutes, 5 GB of memory and 4 GB in the folder for temporary files; --short,
# with ten minutes of driving instead of an hour, is quicker; --ingest measures the ingest server alone, in four minutes,
# --bridge the bridge beside the game, in five.
# BUILD is the build folder, build/bench by default. The peers in Python are in a virtual environment in the cache,
# ${XDG_CACHE_HOME:-~/.cache}/acq, those in Node are a part that tools/setup.sh made.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/bench}
sum=$(sha256sum bench/requirements.txt)
venv=${XDG_CACHE_HOME:-$HOME/.cache}/acq/bench-python-${sum:0:8}

if [ ! -f "$venv/complete" ]; then
    echo "bench: installing the Python packages to compare with in $venv" >&2
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement bench/requirements.txt
    touch "$venv/complete"
fi

read -r load _ </proc/loadavg
if awk -v load="$load" 'BEGIN { exit load < 0.5 }'; then
    echo "bench: other programs are busy here (load $load): the figures will be worse than they are" >&2
fi
export PYTHONDONTWRITEBYTECODE=1
echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, Linux $(uname -r)," \
    "$(cc --version | head -n 1), load $load"
exec /usr/bin/python3 bench/run.py "$build" "$venv/bin/python" build/parts/node "$@"
