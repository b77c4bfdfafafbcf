# shellcheck shell=bash
# Free TCP ports on loopback, and a look at what answers on one.

PORT=8080

port_open() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# next_port NAME [FROM]: sets NAME to the next free port. Ports are handed out
# upwards, so two calls never give the same one.
next_port() {
    PORT=${2:-$PORT}
    while port_open "$PORT"; do
        PORT=$((PORT + 1))
    done
    printf -v "$1" %s "$PORT"
    PORT=$((PORT + 1))
}

# http_ok PORT PATH: the answer is 200. Bash speaks enough HTTP for that, so
# that the demo needs no curl.
http_ok() {
    local code
    code=$(
        exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1" || exit
        printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n\r\n' "$2" \
            'Connection: close' >&3
        read -r -t 2 -u 3 _ code _ && echo "$code"
    )
    [ "$code" = 200 ]
}
