#!/usr/bin/env bash
# Configuration files against the programs that read them.
#
#   deploy/*.conf.example   must be accepted, and be what `--example` prints
#   NAME.conf               must be refused with status 78; each line of
#                           NAME.err must be somewhere in what is said
#
# The first word of a file's name, up to "." or "_", is the program:
# gateway_unknown_key.conf is read by moim-gateway.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
make -s --no-print-directory -j"$(nproc)" MODE=asan || exit
passed=0 failed=0

# verdict NAME TEXT: an empty text is a pass.
verdict() {
    if [ -z "$2" ]; then
        passed=$((passed + 1))
        printf 'conf %-36s ok\n' "$1"
    else
        failed=$((failed + 1))
        printf 'conf %-36s FAILED\n%s\n' "$1" "$2"
    fi
}

# The program that a file is for.
reader_of() {
    local name
    name=$(basename "$1")
    name=${name#moim-}
    echo "build/asan/moim-${name%%[._]*}"
}

# A required setting has no default: it is given from outside.
check_example() {
    local output program required=()
    program=$(reader_of "$1")
    case ${program##*-} in
    gateway) required=(MOIM_AUTH__TOKEN_KEY="k1 $(printf '%064d' 1)") ;;
    hooks) required=(MOIM_HOOKS__URL=https://a.example
                     MOIM_HOOKS__SECRET=whsec_x) ;;
    esac
    output=$(env "${required[@]}" "$program" --config "$1" --check 2>&1) &&
        output=''
    [ -n "$output" ] || output=$(diff -u "$1" <("$program" --example))
    verdict "$1" "$output"
}

check_refused() {
    local output status=0 line wrong=''
    output=$("$(reader_of "$1")" --config "$1" 2>&1) || status=$?
    [ "$status" = 78 ] || wrong="status $status instead of 78"$'\n'
    while read -r line; do
        grep -qF -- "$line" <<<"$output" || wrong+="nowhere: $line"$'\n'
    done <"${1%.conf}.err"
    verdict "$1" "${wrong:+$wrong$output}"
}

for file in deploy/*.conf.example; do
    check_example "$file"
done
for file in tests/conf/*.conf; do
    check_refused "$file"
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
