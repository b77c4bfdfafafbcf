# shellcheck shell=bash
# `run demo`: the steps in order, one shell that owns all processes, and the
# way everything stops. The shell holds a lock on STATE/lock, and so do its
# keepers: the lock is free exactly when nothing runs any more.

demo_running() {
    [ -e "$STATE/lock" ] && ! flock -n "$STATE/lock" true
}

# Runs as the shell that owns the cluster until it is told to stop. $1 is
# "detached" when the caller is waiting for us in the background.
demo_serve() {
    exec 9>"$STATE/lock"
    flock -n 9 || fail 'the demo is running already' '' './run stop'
    trap 'exit 0' INT TERM HUP
    trap demo_end EXIT
    state_open
    rm -f "$STATE"/run/* "$STATE/ports.env" "$STATE/ready"
    echo "$$" >"$STATE/run/supervisor.pid"
    NEXT='./run clean, when the data in var/demo can go'

    step 'data'
    demo_data

    step 'cluster'
    cluster_start
    step_done "presence:$PRESENCES  gateways:$GATEWAYS  balancer: haproxy"

    step 'seed'
    cluster_seed
    step_done 'alice, bob, carol: friends, a group, some history'

    demo_summary
    demo_goodbye "$1"
    if [ "$1" = detached ]; then
        exec >>"$STATE/log/demo.log" 2>&1 </dev/null
    fi
    touch "$STATE/ready"
    wait
}

demo_data() {
    local what='private PostgreSQL and Redis in ./var (sockets only)'
    redis_check_kind
    sockets_open
    postgres_start
    if [ -n "${DEMO_CLUSTER:-}" ]; then
        what="private PostgreSQL, Redis Cluster of $REDIS_NODES, in ./var"
        redis_cluster_start
        postgres_ready
        redis_cluster_ready
    else
        redis_start
        postgres_ready
        redis_ready
        endpoint REDIS "$REDIS_ADDRESS"
    fi
    endpoint POSTGRES "$PG_CONNINFO"
    cluster_migrate
    step_done "$what"
}

# Sessions end before the services they need.
demo_end() {
    local status=$?
    trap '' INT TERM HUP
    [ -z "$STEP_OPEN" ] || echo
    [ "${#KEEPERS[@]}" = 0 ] || echo '  stopping'
    stop_services 'haproxy'
    stop_services 'gateway*'
    stop_services 'hooks'
    stop_services 'presence*'
    stop_services '*'
    sockets_close
    rm -f "$STATE/run/supervisor.pid" "$STATE/ready"
    exit "$status"
}

# The same in a session of its own; we leave when it is ready or has failed.
demo_detach() {
    local pid
    rm -f "$STATE/ready"
    setsid "$ROOT/run" serve-detached "$START_MS" </dev/null &
    pid=$!
    trap 'kill "$pid" 2>/dev/null; wait "$pid"; exit 130' INT TERM
    until [ -e "$STATE/ready" ]; do
        kill -0 "$pid" 2>/dev/null || { wait "$pid"; exit 1; }
        sleep 0.05
    done
}

demo_goodbye() {
    local stop='Ctrl-C'
    [ "$1" = attached ] || stop='./run stop'
    printf '  %s stops everything, ./run clean removes ./var; started in %s\n' \
        "$stop" "$(seconds $(($(now_ms) - START_MS)))"
}

demo_summary() {
    local url name
    url=$(endpoint_of MOIMCTL_URL)
    printf '\n  %sOpen%s    %s/    and log in as\n' "$BOLD" "$PLAIN" "$url"
    for name in alice bob carol; do
        printf '            %-6s %s\n' "$name" \
            "$(cat "$STATE/$name.password" 2>/dev/null)"
    done
    url=$(endpoint_of GATEWAY1_TLS)
    [ -z "$url" ] ||
        printf '  %sTLS%s     %s/   certified by %s\n' "$BOLD" "$PLAIN" "$url" \
            "${STATE#"$ROOT/"}/conf/tls.pem"
    printf '  %sChat%s    ./run ctl chat --as alice     and in a second terminal --as bob\n' \
        "$BOLD" "$PLAIN"
    printf '  %sWatch%s   ./run ctl top                 or: ./run status\n' \
        "$BOLD" "$PLAIN"
    printf '  %sBreak%s   ./run ctl kill gateway 2      nothing is lost, nothing comes twice\n' \
        "$BOLD" "$PLAIN"
    [ -z "$(endpoint_of REDIS1)" ] ||
        printf '          ./run ctl hold redis 1        a replica takes over; back with start redis 1\n'
    [ -z "$(endpoint_of HOOKS_INTERNAL)" ] ||
        printf '  %sHooks%s   signed with the secret in %s\n' "$BOLD" "$PLAIN" \
            "${STATE#"$ROOT/"}/conf/webhook.secret"
    printf '  %sOperate%s http://%s/   gateways, rates, stores, errors; drain, kill\n' \
        "$BOLD" "$PLAIN" "$(endpoint_of GATEWAY1_INTERNAL)"
    printf '  %sMetrics%s http://%s/metrics\n\n' "$BOLD" "$PLAIN" \
        "$(endpoint_of GATEWAY1_INTERNAL)"
}
