#!/usr/bin/env bash
# Plays the faults and prints the table.
#
#   run.sh [--long|--ci] [--seed N] [FAULT...]     e.g. run.sh F01 F25
#
# Without --long: the quick ones; with --ci the few that every change is tried
# with, on programs as they are shipped. A fault named is run either way.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
report=build/test-logs/fault.xml
options=() faults=() mode=asan
while [ "$#" != 0 ]; do
    case $1 in
    --seed) options+=(--seed "${2:?--seed needs a number}") && shift ;;
    --ci) options+=("$1") && mode=release ;;
    --*) options+=("$1") ;;
    *) faults+=("$1") ;;
    esac
    shift
done
if [ "${#faults[@]}" != 0 ]; then
    names=$(printf ' or %s_' "${faults[@],,}")
    options+=(-k "${names# or }")
fi
mkdir -p build/test-logs
rm -f "$report"
if [ -z "${MOIM_BIN:-}" ]; then
    make -s --no-print-directory -j"$(nproc)" MODE="$mode" programs \
        faultproxy || exit
    export MOIM_BIN=build/$mode
fi
status=0
/usr/bin/python3 -m pytest tests/fault -q -p no:cacheprovider \
    --junitxml="$report" "${options[@]}" || status=$?
/usr/bin/python3 tests/harness/junit_sum.py "$report"
exit "$status"
