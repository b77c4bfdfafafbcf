#!/usr/bin/env bash
# Keeps one program running, as its parent, until told to stop.
#
#   keep.sh RUN NAME SIGNAL COMMAND...
#
# RUN/NAME.pid   the program's process id while it runs
# RUN/NAME.down  how it ended last; removed when it is started again
# RUN/NAME.hold  while this file exists the program is left down
#
# A program that ends is started again after 2 s. SIGTERM stops the keeper:
# the program gets SIGNAL, then SIGKILL if it has not ended after 15 s. The
# program gets SIGNAL too when the keeper is killed, so none is ever orphaned.
set -u
run=$1 name=$2 signal=$3
shift 3
child=''
stopping=''
# The service user may not enter the folder that the caller works in.
cd /

alive() {
    [ -n "$child" ] && kill -0 "$child" 2>/dev/null
}

stop_child() {
    stopping=1
    if ! alive; then
        return
    fi
    kill -s "$signal" "$child" 2>/dev/null
    for _ in {1..300}; do
        alive || return
        sleep 0.05
    done
    kill -s KILL "$child" 2>/dev/null
}

# A trapped signal ends `wait` early, hence the loop.
wait_child() {
    status=0
    wait "$child" || status=$?
    while alive; do
        status=0
        wait "$child" || status=$?
    done
}

held() {
    [ -z "$stopping" ] && [ -e "$run/$name.hold" ]
}

rest() {
    for _ in {1..40}; do
        [ -z "$stopping" ] || return
        ! held || return
        sleep 0.05
    done
}

trap stop_child TERM INT HUP

while [ -z "$stopping" ]; do
    rm -f "$run/$name.down"
    setpriv --pdeathsig "$signal" "$@" 9>&- &
    child=$!
    echo "$child" >"$run/$name.pid"
    wait_child
    child=''
    echo "$status" >"$run/$name.down"
    rm -f "$run/$name.pid"
    echo "keep: $name ended with status $status"
    rest
    while held; do
        sleep 0.05
    done
done
