# shellcheck shell=bash
# Starts programs under keepers (keep.sh), waits for them, stops them.
# The keepers are children of this shell, so this shell waits for them.

KEEPERS=()

# keep NAME SIGNAL COMMAND...: SIGNAL is what asks this program to stop.
# A session of its own keeps the terminal's Ctrl-C away: we decide the order.
keep() {
    local name=$1
    rm -f "$STATE/run/$name".*
    setsid setpriv --pdeathsig TERM "$DEMO/keep.sh" "$STATE/run" "$@" \
        </dev/null >"$STATE/log/$name.log" 2>&1 &
    KEEPERS+=("$name=$!")
}

# keep_service NAME SIGNAL COMMAND...: the same, as the unprivileged user.
keep_service() {
    local name=$1 signal=$2
    shift 2
    if [ "$(id -u)" = 0 ]; then
        set -- --reuid "$SERVICE_USER" --regid "$SERVICE_USER" \
            --clear-groups -- "$@"
    fi
    keep "$name" "$signal" "$@"
}

service_pid() {
    cat "$STATE/run/$1.pid" 2>/dev/null
}

service_up() {
    local pid
    pid=$(service_pid "$1") && kill -0 "$pid" 2>/dev/null
}

# wait_ready NAME COMMAND...: until COMMAND succeeds. A program that ends
# while it is starting, or is silent for 20 s, is a failure with its log.
wait_ready() {
    local name=$1 log="$STATE/log/$1.log"
    shift
    for _ in {1..400}; do
        "$@" >/dev/null 2>&1 && return
        if [ -e "$STATE/run/$name.down" ]; then
            fail "$name ended while starting, status $(why_down "$name")" \
                "$log" "${NEXT:-}"
        fi
        sleep 0.05
    done
    fail "$name did not become ready within 20 s" "$log" "${NEXT:-}"
}

# The exit status of a program with its meaning.
why_down() {
    local status
    status=$(cat "$STATE/run/$1.down")
    case $status in
    2) echo '2 (wrong usage)' ;;
    69) echo '69 (a service it needs cannot be reached)' ;;
    78) echo '78 (bad configuration)' ;;
    127) echo '127 (program not found)' ;;
    *) echo "$status" ;;
    esac
}

# stop_services PATTERN: stops every keeper whose name matches, all at once.
stop_services() {
    local entry matched=() left=()
    for entry in "${KEEPERS[@]}"; do
        # shellcheck disable=SC2254 # a pattern is wanted
        case ${entry%=*} in
        $1)
            kill -s TERM "${entry#*=}" 2>/dev/null || true
            matched+=("${entry#*=}")
            ;;
        *) left+=("$entry") ;;
        esac
    done
    for entry in "${matched[@]}"; do
        wait_gone "$entry"
    done
    KEEPERS=("${left[@]}")
}

# A trapped signal ends `wait` early: ask until the child is really gone.
wait_gone() {
    while kill -0 "$1" 2>/dev/null; do
        wait "$1" 2>/dev/null || true
    done
}
