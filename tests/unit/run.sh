#!/usr/bin/env bash
# Runs cmocka programs; one line each, the whole output of one that failed.
#
#   run.sh [-j N] PROGRAM...     N at a time; without it one after the other
set -u

# count WORD TEXT: the number in cmocka's "[  WORD  ] 3 test(s)".
count() {
    sed -n "s/^\[ *$1 *\] \([0-9]*\) test.*/\1/p" <<<"$2" |
        awk '{ sum += $1 } END { print sum + 0 }'
}

# run_one PROGRAM FOLDER: FOLDER/NAME.text is what to show, FOLDER/NAME.counts
# what has passed and failed.
run_one() {
    local name code=0 output ok bad
    name=$(basename "$1")
    output=$("$1" 2>&1) || code=$?
    ok=$(count PASSED "$output")
    bad=$(count FAILED "$output")
    # A program that crashed did not get as far as counting.
    [ "$code" = 0 ] || [ "$bad" != 0 ] || bad=1
    if [ "$code" = 0 ]; then
        printf '%-30s %4d passed\n' "$name" "$ok"
    else
        printf '%s\n%-30s FAILED, status %d\n' "$output" "$name" "$code"
    fi >"$2/$name.text"
    echo "$ok $bad" >"$2/$name.counts"
}

# xargs calls us back with this word in front.
if [ "${1:-}" = one ]; then
    run_one "$3" "$2"
    exit
fi
jobs=1
if [ "${1:-}" = -j ]; then
    jobs=$2
    shift 2
fi
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
printf '%s\0' "$@" | xargs -0 -n 1 -P "$jobs" "$0" one "$results"
cat "$results"/*.text
# One that left no counts was not even started.
awk -v programs=$# '{ ok += $1; bad += $2 } END {
    bad += programs - NR
    printf "%d passed, %d failed, 0 skipped\n", ok, bad
    exit bad > 0
}' "$results"/*.counts
