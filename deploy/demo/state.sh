# shellcheck shell=bash
# Where a cluster keeps its things, and as whom its data services run.
#
#   STATE/            the caller's: configuration, logs, pid files, secrets
#   STATE/data/       the service user's: PostgreSQL, Redis, HAProxy
#   SOCKETS           a short path in /tmp, because a Unix socket's path may
#                     have at most 107 bytes; gone when the cluster stops

# PostgreSQL refuses to run as root, and the others should not. The package
# postgresql brings this user.
SERVICE_USER=postgres

# as_service COMMAND...: runs it as the unprivileged user; as ourselves when
# we are not root.
as_service() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid "$SERVICE_USER" --regid "$SERVICE_USER" \
            --clear-groups -- "$@"
    else
        "$@"
    fi
}

# service_dir PATH: a directory that only the service user (and root) reads.
service_dir() {
    mkdir -p "$1"
    chmod 700 "$1"
    if [ "$(id -u)" = 0 ]; then
        chown "$SERVICE_USER:" "$1"
    fi
}

# The place outside for a checkout that the service user cannot enter, as
# one below /root: the same for every run, so that the data is found again.
state_outside() {
    echo "/tmp/moim-$(id -u)-$(printf %s "$1" | sha256sum | cut -c 1-12)"
}

# Makes STATE and STATE/data. Sets DATA to the latter's real place.
state_open() {
    local outside
    mkdir -p "$STATE/conf" "$STATE/log" "$STATE/run"
    chmod 711 "$STATE"
    chmod 700 "$STATE/conf" "$STATE/run"
    if as_service test -x "$STATE"; then
        mkdir -p "$STATE/data"
    else
        outside=$(state_outside "$STATE")
        mkdir -p "$outside"
        # /tmp is everybody's: never adopt a directory someone else made.
        if [ -L "$outside" ] || [ ! -O "$outside" ]; then
            fail "$outside belongs to somebody else" '' "remove $outside"
        fi
        chmod 711 "$outside"
        ln -sfn "$outside" "$STATE/data"
    fi
    DATA=$(readlink -f "$STATE/data")
}

# Removes STATE, and what belongs to it outside.
state_remove() {
    local outside
    SOCKETS=$(cat "$STATE/sockets" 2>/dev/null || true)
    sockets_close
    outside=$(state_outside "$STATE")
    if [ "$(readlink "$STATE/data" 2>/dev/null)" = "$outside" ]; then
        rm -rf "$outside"
    fi
    rm -rf "$STATE"
}

# Also removes the sockets of a run that was killed before it could.
sockets_open() {
    SOCKETS=$(cat "$STATE/sockets" 2>/dev/null || true)
    sockets_close
    SOCKETS=$(mktemp -d /tmp/moim.XXXXXX)
    service_dir "$SOCKETS"
    echo "$SOCKETS" >"$STATE/sockets"
}

sockets_close() {
    case ${SOCKETS:-} in
    /tmp/moim.*) rm -rf "$SOCKETS" ;;
    esac
    rm -f "$STATE/sockets"
    SOCKETS=''
}
