# shellcheck shell=bash
# A private Redis Cluster for bus and history, instead of the one Redis. Its
# nodes speak TCP to each other, so there is a password.

PRIMARIES=3
REPLICAS=2
REDIS_NODES=$((PRIMARIES * (1 + REPLICAS)))

# Data of one Redis and of a cluster do not mix: PostgreSQL knows what is in
# the one that there was.
redis_check_kind() {
    local other="$DATA/redis1" kind='a Redis Cluster'
    if [ -n "${DEMO_CLUSTER:-}" ]; then
        other="$DATA/redis" kind='one Redis'
    fi
    [ ! -e "$other" ] ||
        fail "the data in var/demo are those of $kind" '' './run clean'
}

redis_cluster_password() {
    local file="$STATE/conf/redis.password"
    if [ ! -s "$file" ]; then
        (umask 077 && openssl rand -hex 24 >"$file")
    fi
    REDIS_PASSWORD=$(cat "$file")
    # redis-cli reads it there.
    export REDISCLI_AUTH=$REDIS_PASSWORD
}

redis_node_init() {
    local n=$1 dir="$DATA/redis$1"
    service_dir "$dir"
    cat "$ROOT/deploy/redis/redis.conf" "$ROOT/deploy/redis/redis-cluster.conf" \
        >"$dir/redis.conf"
    printf '%s\n' "port ${REDIS_PORTS[n - 1]}" \
        "cluster-port ${REDIS_BUS_PORTS[n - 1]}" "dir $dir" \
        "requirepass $REDIS_PASSWORD" "masterauth $REDIS_PASSWORD" \
        >>"$dir/redis.conf"
    chmod 644 "$dir/redis.conf"
}

# A port may be another one than last time. Everybody's is in everybody's
# nodes.conf, and where all have moved nobody finds anybody.
redis_cluster_addresses() {
    local n id moved=()
    for ((n = 1; n <= REDIS_NODES; n++)); do
        id=$(sed -n 's/ .*myself.*//p' "$DATA/redis$n/nodes.conf")
        moved+=(-e "s/^$id [^ ]*/$id 127.0.0.1:${REDIS_PORTS[n - 1]}@${REDIS_BUS_PORTS[n - 1]}/")
    done
    for ((n = 1; n <= REDIS_NODES; n++)); do
        sed -i "${moved[@]}" "$DATA/redis$n/nodes.conf"
    done
}

redis_cluster_start() {
    local n
    redis_cluster_password
    REDIS_PORTS=() REDIS_BUS_PORTS=()
    PORT=7001
    for ((n = 1; n <= REDIS_NODES; n++)); do
        next_port "REDIS_PORTS[n - 1]"
    done
    PORT=17001
    for ((n = 1; n <= REDIS_NODES; n++)); do
        next_port "REDIS_BUS_PORTS[n - 1]"
        redis_node_init "$n"
        endpoint "REDIS$n" "127.0.0.1:${REDIS_PORTS[n - 1]}"
    done
    [ ! -s "$DATA/redis$REDIS_NODES/nodes.conf" ] || redis_cluster_addresses
    for ((n = 1; n <= REDIS_NODES; n++)); do
        keep_service "redis$n" TERM redis-server "$DATA/redis$n/redis.conf"
    done
}

redis_node() {
    redis-cli -p "${REDIS_PORTS[$1 - 1]}" "${@:2}" 2>/dev/null
}

redis_node_answers() {
    [ "$(redis_node "$1" ping)" = PONG ]
}

# It takes writes, or has all that its primary has.
redis_node_works() {
    local info
    info=$(redis_node "$1" cluster info && redis_node "$1" info replication)
    case $info in
    *cluster_state:ok*role:slave*master_link_status:up*) ;;
    *cluster_state:ok*role:master*min_slaves_good_slaves:[1-9]*) ;;
    *) false ;;
    esac
}

redis_cluster_create() {
    local log="$STATE/log/redis-create.log"
    redis-cli --cluster create "${REDIS_PORTS[@]/#/127.0.0.1:}" \
        --cluster-replicas "$REPLICAS" --cluster-yes >"$log" 2>&1 ||
        fail 'the Redis Cluster could not be made' "$log"
}

redis_cluster_ready() {
    local n
    for ((n = 1; n <= REDIS_NODES; n++)); do
        wait_ready "redis$n" redis_node_answers "$n"
    done
    if [ "$(redis_node 1 cluster info | grep -c 'cluster_known_nodes:1\b')" = 1 ]; then
        redis_cluster_create
    fi
    for ((n = 1; n <= REDIS_NODES; n++)); do
        wait_ready "redis$n" redis_node_works "$n"
    done
    REDIS_ADDRESS=$(printf ',127.0.0.1:%d' "${REDIS_PORTS[@]:0:PRIMARIES}")
    REDIS_ADDRESS=${REDIS_ADDRESS#,}
}

# redis_role N: "primary", or whose replica it is; for `run status`.
redis_role() {
    local role
    role=$(REDISCLI_AUTH=$(cat "$STATE/conf/redis.password") redis-cli \
        -p "$(endpoint_of "REDIS$1" | cut -d: -f2)" role 2>/dev/null)
    case $role in
    master*) echo primary ;;
    slave*) sed -n '3s/^/replica of 127.0.0.1:/p' <<<"$role" ;;
    esac
}
