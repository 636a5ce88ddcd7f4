#!/usr/bin/env bash
# test.sh BUILD - runs the tests of a build folder and closes with one line: N passed, N failed, N skipped
# Exit code 0 only when at least one ran and none failed. CTEST_ARGS adds to ctest's arguments (-R NAME ...).
set -uo pipefail
cd "$(dirname "$0")/.."
build=$1
report=$PWD/$build/tests.xml
if [ -n "${ACQ_DATA:-}" ]; then # the tests run in another folder
    ACQ_DATA=$(cd "$ACQ_DATA" && pwd) || exit 1
    export ACQ_DATA
fi

rm -f "$report"
# shellcheck disable=SC2086 # several arguments
ctest --test-dir "$build" -j 2 --output-on-failure --no-tests=error --output-junit "$report" ${CTEST_ARGS:-}
status=$?

# A test whose program is missing counts as failed, though ctest's report calls it skipped or disabled.
/usr/bin/python3 - "$report" "$status" <<'END'
import sys
import xml.etree.ElementTree as xml

count = {"passed": 0, "failed": 0, "skipped": 0}
try:
    for case in xml.parse(sys.argv[1]).getroot().iter("testcase"):
        skipped = case.find("skipped")
        if case.get("status") == "run":
            count["passed"] += 1
        elif skipped is not None and "SKIP_RETURN_CODE" in skipped.get("message", ""):
            count["skipped"] += 1
            print("skipped:", case.get("name"), "-", (case.findtext("system-out") or "").strip().split("\n")[-1])
        else:
            count["failed"] += 1
            print("failed:", case.get("name"))
except (OSError, xml.ParseError) as error:
    print("no report of the tests:", error)
    count["failed"] += 1
failed = count["failed"] or sys.argv[2] != "0"
print("{passed} passed, {failed} failed, {skipped} skipped".format(**count))
sys.exit(1 if failed or not count["passed"] else 0)
END
