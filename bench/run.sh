#!/usr/bin/env bash
# Runs one scenario of moim-bench on a cluster of its own: the gateways that it
# asks for, a presence service and a Redis for the bus, beside the PostgreSQL and the
# history's Redis that with-data.sh started.
#
#   with-data.sh bench/run.sh SCENARIO [--json FILE] [OPTION VALUE ...]
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
DEMO=$ROOT/deploy/demo
# shellcheck source-path=SCRIPTDIR
for shelf in say state build ports services redis cluster; do
    # shellcheck source=/dev/null
    . "$DEMO/$shelf.sh"
done
REDIS_ADDRESS=$MOIM_TEST_REDIS
PG_CONNINFO=$MOIM_TEST_PG

# What a load client does no person does: the limits that protect a gateway
# from one client are not what is measured.
export MOIM_LOG__LEVEL=warn
PG_CONNECTIONS_ALL=80 # PostgreSQL takes 100
bench_gateway_start() {
    local what connections=$((PG_CONNECTIONS_ALL / GATEWAYS))
    local -x MOIM_POSTGRES__CONNECTIONS=$((connections < 4 ? connections : 4))
    local -x MOIM_LIMITS__PENDING=100
    # Of a million, 25 s would be all that two processors can do; balancers
    # wait for 60.
    [ "$SCENARIO" != million ] || local -x MOIM_LIMITS__PING=50s
    local -x MOIM_GATEWAY__HANDOVER="$STATE/run/gateway$1.handover"
    local -x MOIM_GATEWAY__IO_URING=${BENCH_IO_URING:-no}
    for what in CONNECTS SENDS COMMANDS USER ADDRESS; do
        local -x "MOIM_LIMITS__${what}_PER_S=100000"
        local -x "MOIM_LIMITS__${what}_BURST=100000"
    done
    gateway_start "$@"
}

# Who ends stays down: it was replaced, or killed for good.
bench_leave_down() {
    local n
    for ((n = 1; n <= GATEWAYS; n++)); do
        touch "$STATE/run/gateway$n.hold"
    done
}

# Sets TARGETS to the options that say where the cluster is.
bench_cluster_start() {
    local n
    cluster_ports
    cluster_secret
    cluster_migrate
    cluster_certificate
    redis_bus_start
    presence_start 1
    wait_ready presence1 http_ok "${PRESENCE_PORTS[0]}" /readyz
    TARGETS=(
        --key-file "$STATE/conf/token.keys"
        --tls-ca "$STATE/conf/tls.pem"
        --redis "$MOIM_TEST_REDIS,$(cat "$MOIM_TEST_REDIS_PIDFILE")"
        --redis "unix:$BUS_SOCKET,$(service_pid redis-bus)"
        --presence "127.0.0.1:${PRESENCE_PORTS[0]},$(service_pid presence1)"
    )
    for ((n = 1; n <= GATEWAYS; n++)); do
        next_port TLS_PORT
        bench_gateway_start "$n" "${GATEWAY_PORTS[n - 1]}" \
            "${INTERNAL_PORTS[n - 1]}" "$TLS_PORT"
        wait_ready "gateway$n" http_ok "${GATEWAY_PORTS[n - 1]}" /readyz
        TARGETS+=(--gateway
            "127.0.0.1:${GATEWAY_PORTS[n - 1]},$(service_pid "gateway$n")"
            --internal
            "127.0.0.1:${INTERNAL_PORTS[n - 1]},$(service_pid "gateway$n")"
            --tls-gateway "127.0.0.1:$TLS_PORT,$(service_pid "gateway$n")")
    done
}

# What the services complained about belongs to the result.
show_warnings() {
    local log
    for log in "$STATE"/log/gateway*.log "$STATE"/log/presence*.log; do
        grep -H 'level=\(warn\|error\)' "$log" | head -n 5 |
            sed "s|^$STATE/log/||" >&2 || true
    done
}

finish() {
    local status=$?
    trap '' INT TERM HUP
    show_warnings
    stop_services '*'
    sockets_close
    state_remove
    exit "$status"
}

case ${1:-help} in
help | -h | --help) exec "$BIN/moim-bench" help ;;
esac
# A mistake is told before work begins. cluster.sh reads the number.
GATEWAYS=$("$BIN/moim-bench" gateways "$@")
SCENARIO=$1
STATE=$(mktemp -d /tmp/moim-bench.XXXXXX)
mkdir -p "$STATE/conf" "$STATE/log" "$STATE/run"
state_open
sockets_open
trap finish EXIT
trap 'exit 143' INT TERM HUP
bench_cluster_start
bench_leave_down
"$BIN/moim-bench" sql "$@" | psql -X -q -v ON_ERROR_STOP=1 -d "$PG_CONNINFO"
"$BIN/moim-bench" "$@" "${TARGETS[@]}"
