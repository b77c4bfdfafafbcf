#!/bin/sh
# Fails when a source file of the layers has no unit test. Its test is
# tests/unit/test_NAME.c, or test_SHELF_NAME.c, and includes the file's header,
# perhaps through a fixture. A file without a header whose name another shelf
# has too is named by its test. What is tested otherwise stands in units.txt:
#
#     FILE TEST WHY...
set -eu
cd "$(dirname "$0")/../.."
table=tests/lint/units.txt
status=0

complain() {
    printf '%s\n' "$1" >&2
    status=1
}

sources=$(find proto chat-core storage gateway presence hooks \
    -name '*.c' | sort)

# names TEST WHAT: does the test, or a fixture that it includes, say it?
names() {
    fixtures=$(sed -n 's/^#include "\(tests\/unit\/[a-z_]*\.h\)"$/\1/p' "$1")
    # shellcheck disable=SC2086 # a list of words
    grep -qF "$2" "$1" $fixtures
}

# own_test FILE: has it a test of its own?
own_test() {
    name=$(basename "$1" .c)
    shelf=$(basename "$(dirname "$1")" | tr - _)
    header=${1%.c}.h
    alone=$(printf '%s\n' "$sources" | grep -c "/$name\.c$")
    for test in "tests/unit/test_$name.c" "tests/unit/test_${shelf}_$name.c"; do
        if [ ! -e "$test" ]; then
            continue
        elif [ -e "$header" ]; then
            names "$test" "\"$header\"" && return
        elif [ "$alone" = 1 ] || names "$test" "$1"; then
            return
        fi
    done
    return 1
}

rows=$(grep -v '^#' "$table" | grep . || true)
for file in $sources; do
    row=$(printf '%s\n' "$rows" | awk -v f="$file" '$1 == f')
    if own_test "$file"; then
        [ -z "$row" ] || complain "$table: $file has a unit test by now"
    elif [ -z "$row" ]; then
        complain "$file has no unit test; write one, or say in $table why not"
    fi
done
printf '%s\n' "$rows" | {
    while read -r file test why; do
        [ -e "$file" ] || complain "$table: there is no $file"
        [ -e "$test" ] || complain "$table: $file: there is no $test"
        [ -n "$why" ] || complain "$table: $file: why?"
    done
    exit "$status"
} || status=1
exit "$status"
