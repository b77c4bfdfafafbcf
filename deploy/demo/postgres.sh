# shellcheck shell=bash
# A private PostgreSQL: one Unix socket, no TCP, its own data directory.

PG_BIN=/usr/lib/postgresql/15/bin

# The settings are deploy/postgresql/postgresql.conf. `trust` is safe here:
# only the service user and root can enter the socket's directory.
postgres_init() {
    local dir="$DATA/postgres" log="$STATE/log/initdb.log"
    if [ ! -s "$dir/PG_VERSION" ]; then
        rm -rf "$dir"
        service_dir "$dir"
        (cd / && as_service "$PG_BIN/initdb" -D "$dir" -U moim --auth=trust \
            --encoding=UTF8 --locale=C.UTF-8) >"$log" 2>&1 ||
            fail 'PostgreSQL could not make its data directory' "$log"
    fi
    install -m 644 "$ROOT/deploy/postgresql/postgresql.conf" \
        "$dir/postgresql.conf"
}

# SIGINT is PostgreSQL's "fast" shutdown; SIGTERM would wait for the clients.
postgres_start() {
    postgres_init
    PG_CONNINFO="host=$SOCKETS dbname=moim user=moim"
    keep_service postgres INT "$PG_BIN/postgres" -D "$DATA/postgres" \
        -c "unix_socket_directories=$SOCKETS"
}

postgres_ready() {
    wait_ready postgres "$PG_BIN/pg_isready" -q -h "$SOCKETS"
    if ! psql_ask "SELECT 1 FROM pg_database WHERE datname = 'moim'" |
        grep -q 1; then
        psql_ask 'CREATE DATABASE moim' >/dev/null ||
            fail 'the database could not be created' "$STATE/log/postgres.log"
    fi
}

psql_ask() {
    "$PG_BIN/psql" -X -A -t -q -h "$SOCKETS" -U moim -d postgres -c "$1"
}
