#!/usr/bin/env bash
# Counts the instructions of each step of a message's way (cost.c) and
# compares them with limits.txt: a line "STEP INSTRUCTIONS" for each. Counts,
# unlike times, are the same on a busy machine.
#
#   run.sh            fails when a step takes more than its limit
#   run.sh --update   writes limits.txt anew: what is measured and 5 %
set -euo pipefail
cd "$(dirname "$0")/../.."
REPEATS=100
LIMITS=tests/cost/limits.txt
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
PROGRAM=${MOIM_COST:-build/release/tests/cost/cost}
[ -n "${MOIM_COST:-}" ] ||
    make -s --no-print-directory -j"$(nproc)" "$PROGRAM"

valgrind --tool=callgrind --callgrind-out-file="$DIR/out" "$PROGRAM" \
    >"$DIR/log" 2>&1 || {
    cat "$DIR/log" >&2
    exit 1
}
# The same function may be listed under two names of its file: the most counts.
callgrind_annotate --inclusive=yes --threshold=100 "$DIR/out" |
    sed -n 's/^ *\([0-9,]*\) .*:cost_\([a-z_]*\) .*/\2 \1/p' | tr -d , |
    awk -v n="$REPEATS" '{ c = int($2 / n); if (c > most[$1]) most[$1] = c }
        END { for (s in most) print s, most[s] }' | sort >"$DIR/measured"

if [ "${1:-}" = --update ]; then
    awk '{ print $1, int($2 * 1.05) }' "$DIR/measured" | tee "$LIMITS"
    exit
fi
passed=0 failed=0
while read -r step limit; do
    count=$(sed -n "s/^$step //p" "$DIR/measured")
    if [ -n "$count" ] && [ "$count" -le "$limit" ]; then
        passed=$((passed + 1))
        echo "$step: $count instructions, at most $limit"
    else
        failed=$((failed + 1))
        echo "$step: ${count:-not measured} instructions, at most $limit: $(
        )FAILED. If it has to be dearer: tests/cost/run.sh --update"
    fi
done <"$LIMITS"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
