# shellcheck shell=bash
# The load balancer in front of the gateways.

# haproxy_start PORT GATEWAY_PORT...: fills deploy/haproxy/haproxy.cfg.in.
haproxy_start() {
    local port=$1 servers='' n=0 dir="$DATA/haproxy"
    shift
    for gateway in "$@"; do
        n=$((n + 1))
        servers+="    server g$n 127.0.0.1:$gateway check cookie g$n\\n"
    done
    service_dir "$dir"
    sed -e "s/@LISTEN@$/127.0.0.1:$port/" -e "s/^@SERVERS@$/${servers%\\n}/" \
        "$ROOT/deploy/haproxy/haproxy.cfg.in" >"$dir/haproxy.cfg"
    keep_service haproxy TERM haproxy -db -f "$dir/haproxy.cfg"
}
