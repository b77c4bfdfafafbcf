# shellcheck shell=bash
# What the user reads: steps with their time, tables, and failures that name
# the cause, the log and the next command. Colour only on a terminal.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
else
    BOLD='' DIM='' RED='' GREEN='' PLAIN=''
fi

STEP=0
STEPS=0
STEP_OPEN=''

# The clock in milliseconds, without starting a process.
now_ms() {
    local us=${EPOCHREALTIME/[.,]/}
    echo $((us / 1000))
}

# seconds MS: 1234 becomes "1.2 s".
seconds() {
    printf '%d.%d s' $(($1 / 1000)) $(($1 % 1000 / 100))
}

# step NAME: begins a numbered step; its line is finished by step_done.
step() {
    STEP=$((STEP + 1))
    STEP_OPEN=1
    STEP_MS=$(now_ms)
    printf '  %s[%d/%d]%s %-11s' "$DIM" "$STEP" "$STEPS" "$PLAIN" "$1"
}

# step_note TEXT: something worth knowing in the middle of a step.
step_note() {
    printf '%s\n%18s' "$1" ''
}

step_done() {
    printf '%-58s %s%9s%s\n' "$1" "$DIM" \
        "$(seconds $(($(now_ms) - STEP_MS)))" "$PLAIN"
    STEP_OPEN=''
}

# fail CAUSE [LOG] [NEXT]: says why, where to read more and what to type, and
# ends the script. Whatever was started is stopped by the caller's EXIT trap.
fail() {
    [ -z "$STEP_OPEN" ] || echo
    STEP_OPEN=''
    printf '%serror%s  %s\n' "$RED$BOLD" "$PLAIN" "$1" >&2
    if [ -n "${2:-}" ]; then
        [ ! -s "$2" ] || tail -n 15 "$2" | sed 's/^/       | /' >&2
        printf '  log  %s\n' "$2" >&2
    fi
    [ -z "${3:-}" ] || printf ' next  %s\n' "$3" >&2
    exit 1
}
