#!/usr/bin/env bash
# Runs fuzz programs over their saved inputs, tests/fuzz/corpus/NAME for
# fuzz_NAME. One line per program; a crash shows the input that made it.
#
#   replay.sh PROGRAM...
set -u
cd "$(dirname "$0")/../.." || exit
passed=0 failed=0

for program in "$@"; do
    name=$(basename "$program")
    corpus=tests/fuzz/corpus/${name#fuzz_}
    if ! output=$("$program" "$corpus" 2>&1); then
        failed=$((failed + 1))
        printf '%s\nreplay %-26s FAILED\n' "$(sed '/^Shadow bytes/,/==ABORTING/d' <<<"$output" | tail -n 40)" "$name"
    elif [ -z "$output" ]; then
        failed=$((failed + 1))
        printf 'replay %-26s FAILED: no inputs in %s\n' "$name" "$corpus"
    else
        passed=$((passed + 1))
        printf 'replay %-26s %4d inputs\n' "$name" "$(wc -l <<<"$output")"
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
