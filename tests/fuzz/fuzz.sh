#!/usr/bin/env bash
# Fuzzes with libFuzzer, as many programs at once as there are cores. Inputs
# that reach new code are kept in build/fuzz/corpus, crashes in
# build/fuzz/crash; copy a crash to tests/fuzz/corpus with its repair.
#
#   fuzz.sh SECONDS PROGRAM...
set -u
cd "$(dirname "$0")/../.." || exit

# One program: a line of result, and on a crash the sanitizer's words.
fuzz_one() {
    local seconds=$1 program=$2 name log runs kept
    name=$(basename "$program")
    log=build/fuzz/log/$name.log
    kept=build/fuzz/corpus/${name#fuzz_}
    mkdir -p "$kept" build/fuzz/crash build/fuzz/log
    if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="build/fuzz/crash/$name-" \
        "$kept" "tests/fuzz/corpus/${name#fuzz_}" >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        printf 'fuzz %-28s %10s runs\n' "$name" "${runs:-?}"
    else
        sed -e '/^Shadow bytes/,/==ABORTING/d' -e '/^#/d' "$log" | tail -n 40
        printf 'fuzz %-28s CRASHED, see build/fuzz/crash and %s\n' \
            "$name" "$log"
        return 1
    fi
}

# xargs calls us back with this word in front.
if [ "${1:-}" = one ]; then
    fuzz_one "$2" "$3"
    exit
fi

seconds=$1
shift
results=$(printf '%s\0' "$@" |
    xargs -0 -n 1 -P "$(nproc)" "$0" one "$seconds" 2>&1)
printf '%s\n' "$results"
crashed=$(grep -c 'CRASHED' <<<"$results")
passed=$(grep -c ' runs$' <<<"$results")
# Neither line means that a program did not even start.
failed=$(($# - passed))
[ "$failed" -ge "$crashed" ] || failed=$crashed
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
