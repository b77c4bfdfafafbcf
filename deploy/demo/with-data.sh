#!/usr/bin/env bash
# Runs a command beside a private, empty PostgreSQL and Redis, which are gone
# afterwards. The integration tests and the benchmarks use it.
#
#   with-data.sh COMMAND...
#
# The command finds in its environment
#   MOIM_TEST_REDIS          unix:/path/of/the/socket
#   MOIM_TEST_PG             conninfo of the empty database "moim"
#   MOIM_TEST_REDIS_PIDFILE  the file with Redis' process id
#   MOIM_TEST_CTL            a command to which NAME VERB is appended:
#                            $MOIM_TEST_CTL redis restart  (see service.sh)
set -euo pipefail
DEMO=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$DEMO/../.." && pwd)
# shellcheck source-path=SCRIPTDIR
for shelf in say state services postgres redis; do
    # shellcheck source=/dev/null
    . "$DEMO/$shelf.sh"
done

finish() {
    local status=$?
    trap '' INT TERM HUP
    stop_services '*'
    sockets_close
    state_remove
    exit "$status"
}

STATE=$(mktemp -d /tmp/moim-data.XXXXXX)
trap finish EXIT
trap 'exit 143' INT TERM HUP
state_open
sockets_open
postgres_start
redis_start
postgres_ready
redis_ready
export MOIM_TEST_REDIS="unix:$REDIS_SOCKET"
export MOIM_TEST_PG="$PG_CONNINFO"
export MOIM_TEST_REDIS_PIDFILE="$STATE/run/redis.pid"
export MOIM_TEST_CTL="$DEMO/service.sh $STATE"
setpriv --pdeathsig TERM -- "$@"
