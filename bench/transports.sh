#!/usr/bin/env bash
# Measures the four transports and writes what was found into docs/transports.*:
# the table between its two marks, and the picture.
#
#   bench/transports.sh [OPTION VALUE ...]     options of ./run bench transports
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
PAGE=$ROOT/docs/transports.md
TABLE=$(mktemp)
NEW=$(mktemp)
trap 'rm -f "$TABLE" "$NEW"' EXIT

"$ROOT/run" bench transports --table "$TABLE" \
    --picture "$ROOT/docs/transports.svg" "$@"
awk -v table="$TABLE" '
    /^<!-- end -->$/ { skip = 0 }
    !skip { print }
    /^<!-- measured/ {
        skip = 1
        print ""
        while ((getline line < table) > 0) print line
        print ""
    }' "$PAGE" >"$NEW"
cat "$NEW" >"$PAGE"
