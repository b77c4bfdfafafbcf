# shellcheck shell=bash
# Moim's own processes: configuration files, presence services, gateways, and
# the balancer in front.

PRESENCES=2
GATEWAYS=3

# endpoint KEY VALUE: remembered for `run status` and for moimctl.
endpoint() {
    echo "$1=$2" >>"$STATE/ports.env"
}

endpoint_of() {
    sed -n "s/^$1=//p" "$STATE/ports.env" 2>/dev/null
}

# The part of a configuration file that every process shares.
conf_common() {
    cat <<END
[redis]
history = $REDIS_ADDRESS
bus = ${BUS_SOCKET:+unix:}${BUS_SOCKET:-$REDIS_ADDRESS}
${DEMO_HOOKS:+hooks = $REDIS_ADDRESS}
${REDIS_PASSWORD:+password = $REDIS_PASSWORD}

[postgres]
conninfo = $PG_CONNINFO

[log]
level = info
format = logfmt
END
}

presence_start() {
    local n=$1 port
    next_port port
    endpoint "PRESENCE${n}_INTERNAL" "127.0.0.1:$port"
    {
        printf '[presence]\nname = p%d\ninternal = 127.0.0.1:%d\n\n' \
            "$n" "$port"
        conf_common
    } >"$STATE/conf/presence$n.conf"
    keep "presence$n" TERM "$BIN/moim-presence" \
        --config "$STATE/conf/presence$n.conf"
    PRESENCE_PORTS+=("$port")
}

# hooks_start PORT: tells the receiver that --hooks named.
hooks_start() {
    local secret="$STATE/conf/webhook.secret"
    [ -s "$secret" ] ||
        (umask 077 && echo "whsec_$(openssl rand -base64 32)" >"$secret")
    endpoint HOOKS_INTERNAL "127.0.0.1:$1"
    {
        printf '[hooks]\ninternal = 127.0.0.1:%d\nurl = %s\n' \
            "$1" "$DEMO_HOOKS"
        printf 'secret_file = %s\n' "$secret"
        printf 'events = message member presence friend device notification\n'
        printf '\n'
        conf_common
    } >"$STATE/conf/hooks.conf"
    keep hooks TERM "$BIN/moim-hooks" --config "$STATE/conf/hooks.conf"
}

# Everybody's internal address by name.
cluster_peers() {
    local n
    for ((n = 1; n <= ${#INTERNAL_PORTS[@]}; n++)); do
        printf 'g%d=127.0.0.1:%d ' "$n" "${INTERNAL_PORTS[n - 1]}"
    done
    for ((n = 1; n <= ${#PRESENCE_PORTS[@]}; n++)); do
        printf 'p%d=127.0.0.1:%d ' "$n" "${PRESENCE_PORTS[n - 1]}"
    done
}

# gateway_start N LISTEN INTERNAL [TLS]: ports; see cluster_certificate.
gateway_start() {
    endpoint "GATEWAY$1" "127.0.0.1:$2"
    endpoint "GATEWAY${1}_INTERNAL" "127.0.0.1:$3"
    {
        printf '[gateway]\nname = g%d\n' "$1"
        printf 'listen = 127.0.0.1:%d\ninternal = 127.0.0.1:%d\n' "$2" "$3"
        # The balancer says whose request it is.
        printf 'trusted_proxies = 127.0.0.1\n'
        # A demo is stopped often: the balancer looks twice a second.
        printf 'drain_wait = 1s\ndrain_spread = 5s\n'
        [ -z "${4:-}" ] ||
            printf 'tls_%s\n' "listen = 127.0.0.1:$4" \
                "cert = $STATE/conf/tls.pem" "key = $STATE/conf/tls.key" \
                "ticket_keys = $STATE/conf/tls.tickets"
        [ ! -d "$ROOT/web/dist" ] || printf 'web_root = %s\n' "$ROOT/web/dist"
        # The operator's page, with buttons that do harm: it is a demo.
        [ ! -d "$ROOT/web/dist-ops" ] ||
            printf 'ops_root = %s\n' "$ROOT/web/dist-ops"
        printf 'ops_control = yes\n'
        printf 'peers = %s\n' "$(cluster_peers)"
        printf '\n'
        printf '[auth]\ntoken_key_file = %s\n\n' "$STATE/conf/token.keys"
        conf_common
        [ -z "${DEMO_CLUSTER:-}" ] || printf '\n[redis]\ntier = t2\n'
    } >"$STATE/conf/gateway$1.conf"
    keep "gateway$1" TERM "$BIN/moim-gateway" \
        --config "$STATE/conf/gateway$1.conf"
}

# One key for all gateways, so that each accepts the others' tokens.
cluster_secret() {
    local keys="$STATE/conf/token.keys"
    if [ ! -s "$keys" ]; then
        (umask 077 && "$BIN/moimctl" gen-secret >"$keys.new") ||
            fail 'moimctl could not make a token key'
        mv "$keys.new" "$keys"
    fi
}

# A certificate for this machine alone, that nobody else certifies.
cluster_certificate() {
    local tls="$STATE/conf/tls"
    if [ ! -s "$tls.pem" ]; then
        (umask 077 && openssl req -x509 -newkey ec -pkeyopt \
            ec_paramgen_curve:P-256 -nodes -days 365 -subj '/CN=localhost' \
            -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
            -keyout "$tls.key" -out "$tls.pem" 2>"$STATE/log/tls.log" &&
            "$BIN/moimctl" gen-secret >"$tls.tickets") ||
            fail 'openssl could not make a certificate' "$STATE/log/tls.log"
    fi
}

cluster_migrate() {
    "$BIN/moimctl" db migrate --conninfo "$PG_CONNINFO" \
        --dir "$ROOT/deploy/migrations" >"$STATE/log/migrate.log" 2>&1 ||
        fail 'the database could not be migrated' "$STATE/log/migrate.log"
}

# Hands out every port first: the public one stays the first free from 8080.
cluster_ports() {
    local n
    next_port PUBLIC_PORT 8080
    GATEWAY_PORTS=() INTERNAL_PORTS=() PRESENCE_PORTS=() TLS_PORTS=()
    for ((n = 1; n <= GATEWAYS; n++)); do
        next_port "GATEWAY_PORTS[n - 1]"
    done
    PORT=9081
    for ((n = 1; n <= GATEWAYS; n++)); do
        next_port "INTERNAL_PORTS[n - 1]"
    done
    endpoint MOIMCTL_URL "http://127.0.0.1:$PUBLIC_PORT"
    endpoint HAPROXY "127.0.0.1:$PUBLIC_PORT"
}

# A port more for each gateway.
cluster_tls() {
    local n
    cluster_certificate
    PORT=8443
    for ((n = 1; n <= GATEWAYS; n++)); do
        next_port "TLS_PORTS[n - 1]"
        endpoint "GATEWAY${n}_TLS" "https://localhost:${TLS_PORTS[n - 1]}"
    done
}

cluster_start() {
    local n port
    cluster_ports
    cluster_secret
    [ -z "${DEMO_TLS:-}" ] || cluster_tls
    for ((n = 1; n <= PRESENCES; n++)); do
        presence_start "$n"
    done
    for ((n = 1; n <= PRESENCES; n++)); do
        wait_ready "presence$n" http_ok "${PRESENCE_PORTS[n - 1]}" /readyz
    done
    for ((n = 1; n <= GATEWAYS; n++)); do
        gateway_start "$n" "${GATEWAY_PORTS[n - 1]}" \
            "${INTERNAL_PORTS[n - 1]}" "${TLS_PORTS[n - 1]:-}"
    done
    for ((n = 1; n <= GATEWAYS; n++)); do
        wait_ready "gateway$n" http_ok "${GATEWAY_PORTS[n - 1]}" /readyz
    done
    if [ -n "${DEMO_HOOKS:-}" ]; then
        next_port port
        hooks_start "$port"
        wait_ready hooks http_ok "$port" /readyz
    fi
    haproxy_start "$PUBLIC_PORT" "${GATEWAY_PORTS[@]}"
    wait_ready haproxy http_ok "$PUBLIC_PORT" /healthz
}

cluster_seed() {
    "$BIN/moimctl" seed --url "http://127.0.0.1:$PUBLIC_PORT" --dir "$STATE" \
        >"$STATE/log/seed.log" 2>&1 ||
        fail 'the users could not be created' "$STATE/log/seed.log"
}
