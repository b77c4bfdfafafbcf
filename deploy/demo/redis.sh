# shellcheck shell=bash
# A private Redis for bus and history: one Unix socket, no TCP.

# The settings are deploy/redis/redis.conf; what belongs to this machine is
# appended, where the last line of a name wins.
redis_init() {
    local dir="$DATA/redis"
    service_dir "$dir"
    cp "$ROOT/deploy/redis/redis.conf" "$dir/redis.conf"
    printf '%s\n' 'port 0' "dir $dir" "unixsocket $SOCKETS/redis.sock" \
        'unixsocketperm 700' >>"$dir/redis.conf"
    chmod 644 "$dir/redis.conf"
}

redis_start() {
    redis_init
    REDIS_SOCKET="$SOCKETS/redis.sock"
    keep_service redis TERM redis-server "$DATA/redis/redis.conf"
}

redis_answers() {
    [ "$(redis-cli -s "$REDIS_SOCKET" ping 2>/dev/null)" = PONG ]
}

redis_ready() {
    wait_ready redis redis_answers
}
