#!/usr/bin/env bash
# The scenarios: pytest against whole clusters of sanitized programs.
#
#   run.sh [PYTEST OPTION...]      e.g. run.sh -k reconnect
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
report=build/test-logs/scenarios.xml
mkdir -p build/test-logs
rm -f "$report"
if [ -z "${MOIM_BIN:-}" ]; then
    make -s --no-print-directory -j"$(nproc)" MODE=asan || exit
fi
# Debian's Python, whatever other one comes first in PATH: it has the packages.
# Four at a time: most of a scenario's time is waiting.
status=0
/usr/bin/python3 -m pytest tests/harness tests/scenario -p no:cacheprovider \
    -n 4 --dist loadgroup --durations 20 --junitxml="$report" "$@" || status=$?
/usr/bin/python3 tests/harness/junit_sum.py "$report"
exit "$status"
