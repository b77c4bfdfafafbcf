#!/usr/bin/env bash
# Plants bugs (proto/base/plant.h), one at a time, and plays the faults that
# ought to notice each. A bug that is not noticed is a failure of this script.
#
#   plants.sh [PLANT...]      e.g. plants.sh PAGE_OFF_BY_ONE
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
make="make -s --no-print-directory -j$(nproc) MODE=asan"
base=${MOIM_BIN:-build/asan}
B=build/planted
logs=build/test-logs/plants

# PLANT, what the checker must say (any of it), the faults to play.
plants() {
    cat <<'TABLE'
NONE                   -              F01 F02 F22 F31 F50
ACK_BEFORE_PUBLISH     asked          F22
APPEND_NOT_ASKED       lost|phantom   F31
DEDUPE_PER_GATEWAY     doubled        F02
MEMBER_VERSION_IGNORED leaked         F50
PAGE_OFF_BY_ONE        missing        F01
TABLE
}

# Only files with a plant in them differ from the ordinary build. The copy's
# lists of dependencies are made to speak of the copy.
build_with() {
    local files
    mapfile -t files < <(grep -rl 'planted(PLANT_' --include='*.c' \
        chat-core storage gateway presence proto)
    rm -rf "$B" && cp -a "$base" "$B" || return
    find "$B" -name '*.d' -exec \
        sed -i "s#[^ ]*/\(obj\|gen\)/#$B/\1/#g" {} + || return
    # shellcheck disable=SC2086 # $make is a command with its options
    $make B="$B" EXTRA="-DPLANT=PLANT_$1" "${files[@]/#/-W}" \
        programs faultproxy >"$logs/$1.build" 2>&1
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

# verdict WORDS LOG STATUS: "" when it is as it should be.
verdict() {
    if [ "$1" = - ]; then
        [ "$3" = 0 ] || echo 'the suite fails without any bug'
    elif [ "$3" = 0 ]; then
        echo 'not noticed'
    elif ! grep -qE "^E +(AssertionError: )?($1)\b" "$2"; then
        echo 'failed for another reason'
    fi
}

mkdir -p "$logs"
if [ -z "${MOIM_BIN:-}" ]; then
    $make programs faultproxy || exit
fi
passed=0 failed=0
while read -r plant words faults; do
    wanted "$plant" "$@" || continue
    status=0 log=$logs/$plant.log
    if build_with "$plant"; then
        # shellcheck disable=SC2086 # $faults is a list of words
        MOIM_BIN=$B tests/fault/run.sh --seed 1 $faults >"$log" 2>&1 </dev/null ||
            status=$?
        why=$(verdict "$words" "$log" "$status")
    else
        why="does not compile, see $logs/$plant.build"
    fi
    printf '%-24s %s\n' "$plant" "${why:-ok}"
    if [ -z "$why" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done < <(plants)
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
