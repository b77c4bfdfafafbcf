#!/usr/bin/env bash
# The integration tests: cmocka programs beside a private Redis and PostgreSQL.
set -euo pipefail
cd "$(dirname "$0")/../.."
make -s --no-print-directory -j"$(nproc)" MODE=asan integration \
    build/asan/moimctl
mapfile -t programs < <(printf '%s\n' tests/integration/it_*.c |
    sed 's|\(.*\)\.c$|build/asan/\1|')
exec deploy/demo/with-data.sh tests/unit/run.sh "${programs[@]}"
