#!/usr/bin/env bash
# fuzz.sh SECONDS - runs every fuzz target for that long. What it learns stays in build/fuzz/corpus; an input that
# breaks something is left in build/fuzz/found and belongs into tests/fuzz/corpus once it is understood.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/fuzz/found
failed=0
for program in build/fuzz/tests/fuzz_*; do
    [ -x "$program" ] || continue
    name=${program##*/fuzz_}
    mkdir -p "build/fuzz/corpus/$name"
    echo "== $name, $1 s"
    "$program" -max_total_time="$1" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/found/$name-" "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name" \
        2>"build/fuzz/$name.log" || failed=$((failed + 1))
    tail -n 8 "build/fuzz/$name.log"
done
if [ "$failed" -gt 0 ]; then echo "$failed fuzz targets found something: build/fuzz/found" >&2; fi
exit $((failed > 0))
