#!/usr/bin/env bash
# Runs cmocka programs; one line each, the whole output of one that failed.
#
#   run.sh PROGRAM...
set -u
passed=0 failed=0 status=0

# count WORD TEXT: the number in cmocka's "[  WORD  ] 3 test(s)".
count() {
    sed -n "s/^\[ *$1 *\] \([0-9]*\) test.*/\1/p" <<<"$2" |
        awk '{ sum += $1 } END { print sum + 0 }'
}

for program in "$@"; do
    name=$(basename "$program")
    code=0
    output=$("$program" 2>&1) || code=$?
    ok=$(count PASSED "$output")
    bad=$(count FAILED "$output")
    # A program that crashed did not get as far as counting.
    [ "$code" = 0 ] || [ "$bad" != 0 ] || bad=1
    passed=$((passed + ok))
    failed=$((failed + bad))
    if [ "$code" = 0 ]; then
        printf '%-30s %4d passed\n' "$name" "$ok"
    else
        status=1
        printf '%s\n%-30s FAILED, status %d\n' "$output" "$name" "$code"
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
exit "$status"
