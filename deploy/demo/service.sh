#!/usr/bin/env bash
# Does something to one process of a cluster that keepers run.
#
#   service.sh STATE NAME kill     SIGKILL; the keeper starts it again in 2 s
#   service.sh STATE NAME drain    SIGTERM; the same
#   service.sh STATE NAME hold     stops it and leaves it down
#   service.sh STATE NAME start    ends a hold and waits until it runs
#   service.sh STATE NAME restart  hold, then start
set -euo pipefail
run=$1/run name=$2 verb=$3

pid=$(cat "$run/$name.pid" 2>/dev/null || true)

signal() {
    if [ -z "$pid" ] || ! kill -s "$1" "$pid" 2>/dev/null; then
        echo "$name is not running" >&2
        exit 1
    fi
    echo "$name: $2 (pid $pid)"
}

# until_true COMMAND...: at most 20 s.
until_true() {
    for _ in {1..400}; do
        "$@" && return
        sleep 0.05
    done
    echo "$name: no success within 20 s" >&2
    exit 1
}

is_down() {
    [ -e "$run/$name.down" ]
}

# Ready means that it answers, where we know how to ask.
is_ready() {
    local sockets
    sockets=$(cat "$run/../sockets")
    case $name in
    redis) [ "$(redis-cli -s "$sockets/redis.sock" ping 2>&1)" = PONG ] ;;
    redis[0-9]*) redis_works ;;
    postgres) /usr/lib/postgresql/15/bin/pg_isready -q -h "$sockets" ;;
    *) [ -e "$run/$name.pid" ] ;;
    esac
}

# A node of a Redis Cluster.
redis_works() {
    local state=$run/.. port
    port=$(sed -n "s/^${name^^}=.*://p" "$state/ports.env")
    REDISCLI_AUTH=$(cat "$state/conf/redis.password") \
        redis-cli -p "$port" cluster info 2>&1 | grep -q cluster_state:ok
}

hold() {
    touch "$run/$name.hold"
    ! is_down || return 0
    # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
    case $name in
    postgres) signal INT 'stopping, held down' ;;
    *) signal TERM 'stopping, held down' ;;
    esac
    until_true is_down
}

start() {
    rm -f "$run/$name.hold"
    until_true is_ready
    echo "$name: started"
}

case $verb in
kill) signal KILL 'killed' ;;
drain) signal TERM 'asked to drain' ;;
hold) hold ;;
start) start ;;
restart) hold && start ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
