#!/usr/bin/env bash
# The page and its SDK: parts of them alone, the committed build, the SDK
# against whole clusters, and the page in real browsers.
#
#   run.sh [--no-browser]      MOIM_CHROMIUM names another Chromium
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
skipped=0
tests=(parts prom build sdk ways changes)
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
    tests+=(page messages groups blocked settings looks ops)
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
counts=$logs/browser.counts
mkdir -p "$logs"
: >"$counts"

# run_one NAME COMMAND...: shows what the tests said, and counts them. What
# went wrong around them, as a report of a sanitizer, counts as one more.
run_one() {
    local name=$1 log=$logs/browser-$1.tap status=0
    shift
    "$@" node --test --test-reporter=tap "web/test/$name.test.mjs" \
        >"$log" 2>&1 || status=$?
    grep -vE '^(TAP|#|1\.\.| +(---|\.\.\.|duration_ms|type))' "$log"
    sed -n 's/^# \(pass\|fail\|cancelled\) /\1 /p' "$log" >>"$counts"
    if [ "$status" != 0 ] && ! grep -q '^not ok' "$log"; then
        echo "not ok - $name ended with status $status, see $log"
        echo 'fail 1' >>"$counts"
    fi
}

sum() {
    awk -v what="$1" '$1 == what { n += $2 } END { print n + 0 }' "$counts"
}

# One after another: they share a cluster, and some kill its gateways.
for name in "${tests[@]}"; do
    case $name in
    sdk | ways | changes | page | messages | groups | blocked | settings | looks)
        run_one "$name" /usr/bin/python3 tests/browser/with_cluster.py ;;
    ops) run_one ops /usr/bin/python3 tests/browser/with_cluster.py --ops ;;
    *) run_one "$name" ;;
    esac
done
failed=$(($(sum fail) + $(sum cancelled)))
echo "$(sum pass) passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
