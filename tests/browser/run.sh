#!/usr/bin/env bash
# The page and its SDK: parts of them alone, the committed build, the SDK
# against whole clusters, and the page in real browsers.
#
#   run.sh [--no-browser]      MOIM_CHROMIUM names another Chromium
#
# The tests mostly wait. So two lanes work at a time, each with a cluster of
# its own, and each takes the next file that the other has not begun.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
# shellcheck source=/dev/null
. tests/again.sh
here=tests/browser
skipped=0
# The long ones first, so that the lanes end together.
clustered=(sdk changes ways)
operated=() # these need a gateway with the operator's page
alone=(build parts words push link prom)
chromium=${MOIM_CHROMIUM:-/usr/bin/chromium}

skip() {
    skipped=$((skipped + 1))
    echo "SKIPPED browser: $1"
}

if ! command -v npm >/dev/null; then
    skip 'Node.js and npm are missing; install: apt-get install nodejs npm'
    echo "0 passed, 0 failed, $skipped skipped"
    exit 0
fi
if [ "${1:-}" = --no-browser ]; then
    skip 'the page was not opened, as asked by --no-browser'
elif [ ! -x "$chromium" ]; then
    skip "$chromium is missing; install: apt-get install chromium"
else
    clustered=(page messages groups settings "${clustered[@]}" looks phone away blocked)
    operated=(ops)
fi
if [ -z "${MOIM_BIN:-}" ]; then
    make -s --no-print-directory -j"$(nproc)" MODE=asan programs faultproxy || exit
fi
# What the lock file says, once for each lock file.
if ! cmp -s web/package-lock.json web/node_modules/.moim-lock; then
    (cd web && npm ci --no-audit --no-fund) || exit
    cp web/package-lock.json web/node_modules/.moim-lock
fi

logs=build/test-logs
mkdir -p "$logs"
rm -f "$logs"/browser-*.tap "$logs"/first-*.tap "$logs"/browser.again
claims=$(mktemp -d)
trap 'rm -rf "$claims"' EXIT
files=("$here/files.sh" "$claims" "$logs")

# beside LANE WHAT [--ops] NAME...: the files beside a cluster. What goes wrong
# around them, as a report of a sanitizer, counts as one more that failed.
beside() {
    local lane=$1 log=$logs/browser-cluster$1-$2.tap options=() status=0
    shift 2
    [ "$1" != --ops ] || { options=(--ops) && shift; }
    /usr/bin/python3 "$here/with_cluster.py" --lane "$lane" \
        ${options[@]+"${options[@]}"} "${files[@]}" "$@" >"$log" 2>&1 ||
        status=$?
    if [ "$status" != 0 ]; then
        printf '\nnot ok - ended with status %s\n  error: |-\n' "$status"
        grep -v '^$' "$log" | tail -n 8 | sed 's/^/    /'
        echo '# fail 1'
    fi >"$log.end"
    cat "$log.end" >>"$log" && rm "$log.end"
}

lane() {
    beside "$1" shared "${clustered[@]}"
    if [ "${#operated[@]}" != 0 ] && mkdir "$claims/operated" 2>/dev/null; then
        beside "$1" operated --ops "${operated[@]}"
    fi
    "${files[@]}" "${alone[@]}"
}

# once_more NAME: the file alone, beside a cluster of its own; what it says then
# counts. Neither what needs no cluster, nor one that did not end.
once_more() {
    local log=$logs/browser-$1.tap ops=()
    [[ " ${clustered[*]} ${operated[*]} " == *" $1 "* ]] || return
    ! grep -q '^not ok - ' "$log" || return
    mv "$log" "$logs/first-$1.tap"
    rmdir "$claims/$1"
    [[ " ${operated[*]} " != *" $1 "* ]] || ops=(--ops)
    beside 2 "again-$1" "${ops[@]}" "$1"
    ! grep -q '^ *not ok' "$log" "$logs/browser-cluster2-again-$1.tap"
}

sum() {
    sed -n "s/^# $1 //p" "$logs"/browser-*.tap | awk '{ n += $1 } END { print n + 0 }'
}

# Whoever calls us shows the end of what we say: there stands what failed.
report() {
    local name log failed again=0
    for name in "${alone[@]}" "${clustered[@]}" "${operated[@]}"; do
        log=$logs/browser-$name.tap
        grep -qs '^# fail ' "$log" ||
            printf '\nnot ok - it did not end\n# fail 1\n' >>"$log"
        echo "$name:"
        grep -vE '^(TAP|#|1\.\.| +(---|\.\.\.|duration_ms|type))' "$log"
    done
    if [ -e "$logs/browser.again" ]; then
        cat "$logs/browser.again"
        again=$(grep -c '^AGAIN ' "$logs/browser.again")
    fi
    failed=$(($(sum fail) + $(sum cancelled)))
    if [ "$failed" != 0 ]; then
        awk -v lines=$((1 + 18 / failed)) -f "$here/failures.awk" \
            "$logs"/browser-*.tap
    fi
    echo "$(($(sum pass) - again)) passed, $failed failed, $skipped skipped, $again again"
    [ "$failed" = 0 ]
}

trap 'report; exit 1' TERM # we are stopped: tell at least what we know
lane 0 &
lane 1 &
wait
awk -v lines=12 -f "$here/failures.awk" "$logs"/browser-*.tap >"$claims/failed"
try_again "$claims/failed" once_more >"$logs/browser.again"
report
