#!/usr/bin/env bash
# Every test there is, part by part, with a table and a closing line. Called
# by `./run test`, which has installed what is needed.
#
#   run_all.sh [--no-browser] [PART...]     all parts, or those named
#
# A part is a command whose last line reads "N passed, N failed, N skipped",
# and perhaps "N again"; one that says no such thing counts as one test. Lines
# that begin with SKIPPED name what was left out, why, and what to do about it;
# those that begin with AGAIN a test that passed only the second time.
#
# MOIM_TEST_LOGS is another folder for the logs. It is emptied.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
LOGS=${MOIM_TEST_LOGS:-build/test-logs}
export ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
MAKE="make -s --no-print-directory -j$(nproc)"
passed=0 failed=0 skipped=0 again=0 browser=1 chosen=()
failures=()
ran=0

for word in "$@"; do
    case $word in
    --no-browser) browser='' ;;
    -*) echo "unknown option $word" >&2 && exit 2 ;;
    *) chosen+=("$word") ;;
    esac
done

# wanted NAME: all parts are, unless some were named.
wanted() {
    local name
    [ "${#chosen[@]}" != 0 ] || return 0
    for name in "${chosen[@]}"; do
        [ "$name" != "$1" ] || return 0
    done
    return 1
}

# sums LOG STATUS: the part's counts, corrected by how it ended.
sums() {
    local line p f s a
    line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped(, [0-9]+ again)?$' \
        "$1" | tail -n 1)
    read -r p _ f _ s _ a _ <<<"${line:-0 passed, 0 failed, 0 skipped}"
    if [ "$2" != 0 ] && [ "$f" = 0 ]; then
        f=1
    elif [ "$2" = 0 ] && [ -z "$line" ]; then
        p=1
    fi
    echo "$p $f $s ${a:-0}"
}

# part NAME MINUTES COMMAND...: stops a part that hangs. The load is what the
# machine had to do when the part began.
part() {
    local name=$1 minutes=$2 log=$LOGS/$1.log start=$SECONDS status=0
    local p f s a load
    shift 2
    wanted "$name" || return 0
    ran=$((ran + 1))
    printf '%-14s' "$name"
    read -r load _ </proc/loadavg
    timeout -k 20 "${minutes}m" "$@" >"$log" 2>&1 </dev/null || status=$?
    [ "$status" != 124 ] || echo "stopped after $minutes minutes" >>"$log"
    read -r p f s a < <(sums "$log" "$status")
    printf '%7d %7d %8d %6d %6d s %6s\n' "$p" "$f" "$s" "$a" \
        $((SECONDS - start)) "$load"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    again=$((again + a))
    [ "$f" = 0 ] || failures+=("$name")
}

# what_failed LOG: whatever the part's tool says of a test that failed: pytest,
# TAP with its reason, cmocka, compilers, and our own scripts.
what_failed() {
    awk '/^ok/ { reason = 0 }
        /^not ok/ { reason = 10 }
        reason-- > 0 || /^ERROR |ERROR   \]|FAILED|CRASHED|: error: /' "$1"
}

explain_failures() {
    local name log
    for name in "${failures[@]}"; do
        log=$LOGS/$name.log
        printf '\nFAILED %s:\n' "$name"
        what_failed "$log" | head -n 60 | sed 's/^/  | /'
        printf 'the end of %s:\n' "$log"
        tail -n 30 "$log" | sed 's/^/  | /'
    done
}

# A race, in the test or in what it tests: to be mended.
explain_again() {
    [ "$again" != 0 ] || return 0
    printf '\nPASSED ONLY THE SECOND TIME:\n'
    awk '/^[^ ]/ { on = /^AGAIN / } on { print "  | " $0 }' "$LOGS"/*.log
}

explain_skips() {
    local lines
    [ "$skipped" != 0 ] || return 0
    lines=$(grep -ah '^SKIPPED ' "$LOGS"/*.log)
    printf '\nNOT TESTED:\n%s\n' "$(sort -u <<<"$lines" | sed 's/^/  /')"
}

mkdir -p "$LOGS"
rm -rf "${LOGS:?}"/*
printf '%-14s%7s %7s %8s %6s %8s %6s\n' part passed failed skipped again time load

# shellcheck disable=SC2086 # $MAKE is a command with its options
{
    part build 10 $MAKE
    # What clang warns of does not depend on how much it optimizes.
    part build-clang 10 $MAKE CC=clang B=build/clang \
        EXTRA='-O0 -U_FORTIFY_SOURCE' everything
    part lint 10 tests/lint/lint.sh
    part unit-asan 10 $MAKE MODE=asan check-unit
    part unit-plain 10 $MAKE check-unit
    part corpora 10 $MAKE MODE=asan check-corpus
    part cost 5 tests/cost/run.sh
    part conf 5 tests/conf/run.sh
    part integration 10 tests/integration/run.sh
    part fuzz 15 $MAKE FUZZ_SECONDS=3 fuzz
    part scenarios 15 tests/scenario/run.sh
    part fault 6 tests/fault/run.sh --ci
}
if [ -x tests/browser/run.sh ]; then
    part browser 10 tests/browser/run.sh "${browser:---no-browser}"
fi

if [ "$ran" = 0 ]; then
    echo "no part is called \"${chosen[*]}\"; see tests/README.md" >&2
    exit 2
fi
explain_failures
explain_again
explain_skips
printf '\nlogs: %s; %d min %d s in all\n' "$LOGS" $((SECONDS / 60)) \
    $((SECONDS % 60))
[ "$again" = 0 ] || times=", $again again"
echo "$passed passed, $failed failed, $skipped skipped${times:-}"
[ "$failed" = 0 ]
