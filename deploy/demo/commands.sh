# shellcheck shell=bash
# The small commands of `run`: stop, status, clean and ctl around a demo that
# runs, and ws-echo.

cmd_stop() {
    local pid
    if ! demo_running; then
        echo 'the demo is not running'
        return
    fi
    if pid=$(service_pid supervisor); then
        kill -s TERM "$pid" 2>/dev/null || true
    fi
    if ! flock -w 40 "$STATE/lock" true; then
        cat "$STATE"/run/*.pid | xargs -r kill -s KILL 2>/dev/null || true
        fail 'the demo did not stop within 40 s; its processes were killed' \
            "$STATE/log/demo.log"
    fi
    echo 'stopped'
}

# status_row NAME KEY...: one line; the keys are those of ports.env.
status_row() {
    local name=$1 state="${RED}down$PLAIN" pid='-' where='' key
    shift
    if service_up "$name"; then
        state="${GREEN}up$PLAIN  "
        pid=$(service_pid "$name")
    fi
    for key in "$@"; do
        where+="$(endpoint_of "$key")  "
    done
    printf '  %-10s %s %8s  %s\n' "$name" "$state" "$pid" "$where"
}

status_redis_cluster() {
    local n row
    for ((n = 1; n <= REDIS_NODES; n++)); do
        row=$(status_row "redis$n" "REDIS$n")
        printf '%s%s\n' "$row" "$(redis_role "$n")"
    done
}

cmd_status() {
    local n
    if ! demo_running; then
        echo 'the demo is not running; start it: ./run demo'
        return 1
    fi
    printf '  %s%-10s %-4s %8s  %s%s\n' "$DIM" process '' pid address "$PLAIN"
    status_row postgres POSTGRES
    if [ -n "$(endpoint_of REDIS1)" ]; then
        status_redis_cluster
    else
        status_row redis REDIS
    fi
    for ((n = 1; n <= PRESENCES; n++)); do
        status_row "presence$n" "PRESENCE${n}_INTERNAL"
    done
    for ((n = 1; n <= GATEWAYS; n++)); do
        status_row "gateway$n" "GATEWAY$n" "GATEWAY${n}_INTERNAL"
    done
    [ -z "$(endpoint_of HOOKS_INTERNAL)" ] || status_row hooks HOOKS_INTERNAL
    status_row haproxy HAPROXY
}

cmd_clean() {
    ! demo_running || cmd_stop
    state_remove
    rm -rf "${ROOT:?}/var"
    echo 'removed ./var'
}

# ctl kill|drain [gateway|presence] N, and kill of redis or postgres, are ours
# because the processes are; everything else is moimctl's.
cmd_ctl() {
    local verb=${1:-}
    case $verb in
    kill | drain | hold | start)
        demo_running || fail 'the demo is not running' '' './run demo'
        shift
        ctl_process "$verb" "$@"
        ;;
    *)
        MOIMCTL_URL=${MOIMCTL_URL:-$(endpoint_of MOIMCTL_URL)}
        MOIMCTL_DEMO_DIR=${MOIMCTL_DEMO_DIR:-$STATE}
        export MOIMCTL_URL MOIMCTL_DEMO_DIR
        [ -x "$BIN/moimctl" ] || fail 'moimctl is not built yet' '' './run build'
        exec "$BIN/moimctl" "$@"
        ;;
    esac
}

# ctl_process VERB [KIND] N | VERB NAME: "kill gateway 2", "drain 1".
ctl_process() {
    local verb=$1 name
    case ${2:-} in
    [0-9]*) name=gateway$2 ;;
    *) name=${2:-}${3:-} ;;
    esac
    if [ -z "$name" ] || [ ! -e "$STATE/log/$name.log" ]; then
        fail "no process \"$name\" here" '' "./run ctl $verb gateway 1"
    fi
    "$DEMO/service.sh" "$STATE" "$name" "$verb"
}

# ws-echo [--port N] [--deflate] [--echo.NAME=VALUE...]: builds, then runs.
cmd_ws_echo() {
    local flags=()
    while [ "$#" != 0 ]; do
        case $1 in
        --port)
            flags+=("--echo.listen=127.0.0.1:${2:?--port wants a number}")
            shift
            ;;
        --deflate) flags+=(--echo.deflate=yes) ;;
        *) flags+=("$1") ;;
        esac
        shift
    done
    cmd_build
    exec "$BIN/moim-ws-echo" "${flags[@]}"
}
