#!/usr/bin/env bash
# Runs those of the files in web/test that nobody else has begun, one after
# another: some kill the gateways that they share.
#
#   files.sh CLAIMS LOGS NAME...    CLAIMS: a folder that all who share the
#                                   work have in common
#
# What NAME said is in LOGS/browser-NAME.tap; one that ended without its sums
# has a failure there.
set -uo pipefail
claims=$1 logs=$2
shift 2
for name in "$@"; do
    mkdir "$claims/$name" 2>/dev/null || continue
    log=$logs/browser-$name.tap
    status=0
    timeout -k 10 8m node --test --test-reporter=tap \
        "web/test/$name.test.mjs" >"$log" 2>&1 || status=$?
    if [ "$status" != 0 ] && ! grep -qE '^# (fail|cancelled) [1-9]' "$log"; then
        printf '\nnot ok - it ended with status %s\n# fail 1\n' "$status" \
            >>"$log"
    fi
done
