#!/usr/bin/env bash
# Plants bugs (proto/base/plant.h), one at a time, and runs what ought to
# notice each: unit and integration tests, or whole shows where only many
# processes together show it. A bug that is not noticed is a failure of this
# script, and so is a test that fails without any bug.
#
#   plants.sh [PLANT...]      e.g. plants.sh PAGE_OFF_BY_ONE
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
make="make -s --no-print-directory -j$(nproc)"
base=${MOIM_PLANT_BASE:-build/release}
B=build/planted
logs=build/test-logs/plants
passed=0 failed=0

# PLANT, then what notices it: a unit test (test_*), an integration test
# (it_*), a scenario (scenario and its name), or what the checker of shows must
# say (any of it) and the faults to play.
plants() {
    cat <<'TABLE'
ACK_BEFORE_PUBLISH      test_say_again
ACK_WITHOUT_COPIES      it_history_copies
APPEND_NOT_ASKED        test_say_again
CHANGE_NOT_BOUND        test_members
CURSOR_SEQ_ONLY         test_sync
DEAD_PEER_FORGOTTEN     test_bus_peers
EAGER_RECONNECT         test_backoff
HELD_OVERTAKEN          test_wide
LEASES_FOR_EVER         test_tracker
LINGER_THROUGH_GAP      test_linger
LISTEN_AFTER_READING    test_audience
LOSS_LOOKS_SHORT        test_bus_marks
MEMBERS_NEVER_FORGOTTEN test_sim
MEMBER_VERSION_IGNORED  test_sim
NOT_RESUBSCRIBED        it_bus_repair
NO_CATCH_UP             test_sim
NO_HEAD_CHECK           it_bus_repair
NO_READ_BARRIER         it_history_copies
NO_REPAIR               it_bus_repair
OLD_NEWS_BELIEVED       test_wide
PAGE_OFF_BY_ONE         test_sim
PAGE_OLD_MEMBERS        test_sim
PART_IS_COMPLETE        test_sync
REPEAT_NOT_PUBLISHED    test_sim
REPEAT_OLD_MEMBERS      test_say_again
SHOWN_BEFORE_JOINING    test_wide_join
STEP_SKIPPED            test_sim
STORE_NOT_ASKED         it_history_store
TOKENS_FOR_EVER         test_token
TOLD_WHILE_JOINING      test_sim
TRIM_UNNOTICED          test_bus_replay
VERSION_NOT_SENT        test_sim
DROP_FOR_THE_SLOW       scenario test_slow_consumer_is_closed
DEDUPE_PER_GATEWAY      doubled F02
TABLE
}

# Only files with the plant in them differ from the ordinary build. The copy's
# lists of dependencies are made to speak of the copy.
build_with() {
    local plant=$1 files
    shift
    mapfile -t files < <(grep -rl "planted(PLANT_$plant)" --include='*.c' \
        chat-core storage gateway presence proto)
    rm -rf "$B" && cp -a "$base" "$B" || return
    find "$B" -name '*.d' -exec \
        sed -i "s#[^ ]*/\(obj\|gen\)/#$B/\1/#g" {} + || return
    # shellcheck disable=SC2086 # $make is a command with its options
    $make B="$B" EXTRA="-DPLANT=PLANT_$plant" "${files[@]/#/-W}" "$@" \
        >"$logs/$plant.build" 2>&1
}

# program BUILD TEST: its path in a build.
program() {
    case $2 in
    it_*) echo "$1/tests/integration/$2" ;;
    *) echo "$1/tests/unit/$2" ;;
    esac
}

# run_test BUILD TEST: integration tests find their stores beside them.
run_test() {
    local with=''
    [ "${2#it_}" = "$2" ] || with=deploy/demo/with-data.sh
    $with "$(program "$1" "$2")"
}

# noticed PLANT HOW...: nothing, or why it is not as it should be.
noticed() {
    local plant=$1 how=$2 log=$logs/$1.log goals=(programs faultproxy)
    local status=0
    shift 2
    case $how in
    test_* | it_*) goals=("$(program "$B" "$how")") ;;
    esac
    build_with "$plant" "${goals[@]}" || { echo 'does not compile' && return; }
    case $how in
    test_* | it_*) run_test "$B" "$how" ;;
    scenario)
        MOIM_BIN=$PWD/$B /usr/bin/python3 -m pytest -q -p no:cacheprovider \
            tests/scenario -k "$1"
        ;;
    *) MOIM_BIN=$B tests/fault/run.sh --seed 1 "$@" ;;
    esac >"$log" 2>&1 </dev/null || status=$?
    if [ "$status" = 0 ]; then
        echo 'not noticed'
    elif [ "${how#test_}${how#it_}" = "$how$how" ] && [ "$how" != scenario ] &&
        ! grep -qE "^E +(AssertionError: )?($how)\b" "$log"; then
        echo 'failed for another reason'
    fi
}

say() {
    printf '%-24s %s\n' "$1" "${2:-ok}"
    if [ -z "$2" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# Without any bug all of the tests pass.
healthy() {
    local test tests why=''
    mapfile -t tests < <(plants | awk '$2 ~ /^(test|it)_/ { print $2 }' |
        sort -u)
    # shellcheck disable=SC2046,SC2086 # lists of words
    $make B="$base" programs faultproxy \
        $(for test in "${tests[@]}"; do program "$base" "$test"; done) || exit
    for test in "${tests[@]}"; do
        run_test "$base" "$test" >"$logs/$test.log" 2>&1 </dev/null ||
            why+=" $test"
    done
    say NONE "${why:+fails without a bug:$why}"
}

wanted() {
    local plant=$1 name
    shift
    [ "$#" != 0 ] || return 0
    for name in "$@"; do
        [ "$name" != "$plant" ] || return 0
    done
    return 1
}

export MOIM_SIM_SEEDS=${MOIM_SIM_SEEDS:-600}
mkdir -p "$logs"
healthy
while read -r plant how; do
    wanted "$plant" "$@" || continue
    # shellcheck disable=SC2086 # $how is a list of words
    say "$plant" "$(noticed "$plant" $how)"
done < <(plants)
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
