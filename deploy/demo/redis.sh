# shellcheck shell=bash
# A private Redis for bus and history, or two: Unix sockets, no TCP.

# The settings are deploy/redis/redis.conf; what belongs to this machine is
# appended, where the last line of a name wins.
# redis_init NAME: with the settings deploy/redis/NAME.conf.
redis_init() {
    local dir="$DATA/$1"
    service_dir "$dir"
    cp "$ROOT/deploy/redis/$1.conf" "$dir/redis.conf"
    printf '%s\n' 'port 0' "dir $dir" "unixsocket $SOCKETS/$1.sock" \
        'unixsocketperm 700' >>"$dir/redis.conf"
    chmod 644 "$dir/redis.conf"
}

redis_start() {
    redis_init redis
    REDIS_SOCKET="$SOCKETS/redis.sock"
    REDIS_ADDRESS="unix:$REDIS_SOCKET"
    keep_service redis TERM redis-server "$DATA/redis/redis.conf"
}

# A second one, for the bus alone.
redis_bus_start() {
    redis_init redis-bus
    BUS_SOCKET="$SOCKETS/redis-bus.sock"
    keep_service redis-bus TERM redis-server "$DATA/redis-bus/redis.conf"
    wait_ready redis-bus redis_answers "$BUS_SOCKET"
}

redis_answers() {
    [ "$(redis-cli -s "${1:-$REDIS_SOCKET}" ping 2>/dev/null)" = PONG ]
}

redis_ready() {
    wait_ready redis redis_answers
}
