#!/bin/sh
# Runs the unit test programs given as arguments; ends 1 when any failed.
# cmocka prints "[  PASSED  ] N test(s)."; run sums are made by ./run test.
set -u
status=0
for program in "$@"; do
    if ! output=$("$program" 2>&1); then
        status=1
        printf '%s\n' "$output"
        printf 'FAILED %s\n' "$program"
    else
        count=$(printf '%s\n' "$output" | sed -n 's/.*PASSED.* \([0-9]*\) test.*/\1/p' | head -n 1)
        printf 'unit %-28s %s passed\n' "$(basename "$program")" "${count:-0}"
    fi
done
exit "$status"
