#!/usr/bin/env bash
# The scenarios: pytest against whole clusters of sanitized programs.
#
#   run.sh [PYTEST OPTION...]      e.g. run.sh -k reconnect
#
# MOIM_SCENARIOS names other folders, for the tests of this script itself.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
# shellcheck source=/dev/null
. tests/again.sh
logs=${MOIM_TEST_LOGS:-build/test-logs}
report=$logs/scenarios.xml
mkdir -p "$logs"
rm -rf "$report" "$logs/clusters-first"
if [ -z "${MOIM_BIN:-}" ]; then
    make -s --no-print-directory -j"$(nproc)" MODE=asan || exit
fi
# Debian's Python, whatever other one comes first in PATH: it has the packages.
# Names of files in the report are from here.
pytest=(/usr/bin/python3 -m pytest -p no:cacheprovider --rootdir .
        -o junit_family=xunit1 "$@")
read -ra folders <<<"${MOIM_SCENARIOS:-tests/harness tests/scenario}"

# Four at a time: most of a scenario's time is waiting.
status=0
"${pytest[@]}" "${folders[@]}" -n 4 --dist loadgroup --durations 20 \
    --junitxml="$report" || status=$?
sums=$(/usr/bin/python3 tests/harness/junit_sum.py "$report") || exit
again=0
if [ "$status" = 1 ]; then
    # What the clusters of those that failed said.
    [ ! -e "$logs/clusters" ] || mv "$logs/clusters" "$logs/clusters-first"
    /usr/bin/python3 tests/harness/junit_failed.py "$report" >"$report.failed"
    try_again "$report.failed" "${pytest[@]}" >"$report.again"
    again=$(grep -c '^AGAIN ' "$report.again")
    cat "$report.again"
fi
read -r passed _ failed _ skipped _ < <(tail -n 1 <<<"$sums")
[ "$again" = 0 ] || [ "$again" != "$failed" ] || status=0
grep '^SKIPPED ' <<<"$sums"
echo "$passed passed, $((failed - again)) failed, $skipped skipped, $again again"
exit "$status"
