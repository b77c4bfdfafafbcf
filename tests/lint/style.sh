#!/bin/sh
# Fails on what the house style forbids and no other tool sees: functions that
# cannot be used safely, hidden control flow, and half-finished work.
set -eu
cd "$(dirname "$0")/../.."
status=0
ours='proto chat-core storage presence gateway hooks moimctl bench wsecho'

# forbid WHY PATTERN FOLDER...: comment lines do not count.
forbid() {
    why=$1 pattern=$2
    shift 2
    found=$(grep -rnE --include='*.[ch]' "$pattern" "$@" |
        grep -vE '^[^:]+:[0-9]+: *(/\*|\*)' || true)
    if [ -n "$found" ]; then
        printf '%s:\n%s\n' "$why" "$found" >&2
        status=1
    fi
}

# call NAMES: a pattern for a call of one of them.
call() {
    printf '(^|[^A-Za-z0-9_>.])(%s) *\\(' "$1"
}

# shellcheck disable=SC2086 # $ours is a list of words
check_all() {
    forbid 'writes without a limit' \
        "$(call 'strcpy|strcat|sprintf|vsprintf|gets|strtok')" $ours tests
    forbid 'cannot report a bad number' \
        "$(call 'atoi|atol|atoll|atof')" $ours tests
    forbid 'the size of a stack frame is known when compiling' \
        "$(call 'alloca|__builtin_alloca')" $ours tests
    forbid 'memory comes from proto/base/mem.h' \
        "$(call 'malloc|calloc|realloc|strdup|strndup')" \
        chat-core storage presence gateway hooks moimctl bench wsecho proto/wire proto/net
    forbid 'the kernel is asked for chance in proto/base/rand.c only' \
        "$(call 'rand|srand|random')" $ours
    forbid 'structs have no typedef' '^ *typedef +(struct|union|enum)[^(]*$' \
        $ours tests
    forbid 'goto jumps to out, nowhere else' \
        '(^|[^A-Za-z_])goto +([a-np-z]|o[a-tv-z]|ou[a-su-z])' $ours
    forbid 'comments are /* */' '(^|[;{}, ])// ' $ours tests
    forbid 'unfinished' \
        '(TODO|FIXME|XXX|HACK)' $ours tests
    forbid 'assertions stay on' 'NDEBUG' $ours
}

# Every file opens by saying what it is for; for a module its header does.
opening() {
    # shellcheck disable=SC2086
    find $ours tests -name '*.[ch]' | while read -r file; do
        case $(head -c 2 "$file") in
        '/*') ;;
        *) [ -e "${file%.c}.h" ] && [ "${file%.c}" != "$file" ] ||
            echo "$file" ;;
        esac
    done
}

check_all
silent=$(opening)
if [ -n "$silent" ]; then
    printf 'does not open with a comment that says its purpose:\n%s\n' \
        "$silent" >&2
    status=1
fi
exit "$status"
