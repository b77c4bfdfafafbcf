#!/usr/bin/env bash
# Everything that judges the source without running it, one line per check.
# A tool that is missing is skipped, loudly; `./run test` installs them all.
#
#   lint.sh [CHECK...]
#
# CHECK is format, tidy, cppcheck, layers, style, units, shellcheck or spelling.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
passed=0 failed=0 skipped=0
mapfile -t c_files < <(find proto chat-core storage presence gateway hooks moimctl \
    bench wsecho tests -name '*.[ch]' | sort)
mapfile -t sources < <(printf '%s\n' "${c_files[@]}" | grep '\.c$')
mapfile -t scripts < <(find run .ci/run deploy tests bench -name '*.sh' \
    -o -name run -type f | sort)

check_format() {
    clang-format-14 --dry-run -Werror "${c_files[@]}"
}

# The scripts that C files include must exist; everything else is read as is.
check_tidy() {
    local lua
    for lua in storage/*.lua; do
        [ ! -e "$lua" ] || make -s B=build/lint "build/lint/gen/$lua.h" || return
    done
    printf '%s\0' "${sources[@]}" |
        xargs -0 -n 1 -P "$(nproc)" tests/lint/tidy.sh
}

# Only what clang-tidy and two compilers do not say already. cppcheck 2.10 does
# not read `a ? (struct b){0} : c`, which is C99.
check_cppcheck() {
    cppcheck --quiet --std=c11 --language=c -j "$(nproc)" -I. -Ibuild/lint/gen \
        --enable=warning,portability --inline-suppr --error-exitcode=1 \
        --suppress=missingIncludeSystem --suppress=unknownMacro \
        --suppress=internalAstError \
        -D_POSIX_C_SOURCE=200809L "${sources[@]}"
}

check_layers() {
    tests/lint/layers.sh
}

check_style() {
    tests/lint/style.sh
}

check_units() {
    tests/lint/units.sh
}

check_shellcheck() {
    shellcheck "${scripts[@]}"
}

# Test data is full of halves of words.
check_spelling() {
    codespell --ignore-words tests/lint/words.txt \
        --skip './build,./var,./.git,./tests/fuzz,./tests/unit,./tests/conf,*/node_modules,*/package-lock.json,./web/dist,./web/dist-ops' .
}

# check NAME TOOL PACKAGE: without the tool the check is skipped.
check() {
    local start=$SECONDS output
    if ! command -v "$2" >/dev/null; then
        skipped=$((skipped + 1))
        echo "SKIPPED lint $1: $2 is missing; install: apt-get install $3"
    elif output=$("check_$1" 2>&1); then
        passed=$((passed + 1))
        printf 'lint %-12s ok      %3d s\n' "$1" $((SECONDS - start))
    else
        failed=$((failed + 1))
        printf '%s\nlint %-12s FAILED  %3d s\n' "$output" "$1" \
            $((SECONDS - start))
    fi
}

[ "$#" != 0 ] ||
    set -- format tidy cppcheck layers style units shellcheck spelling
for name in "$@"; do
    case $name in
    format) check format clang-format-14 clang-format-14 ;;
    tidy) check tidy clang-tidy-14 clang-tidy-14 ;;
    spelling) check spelling codespell codespell ;;
    cppcheck | shellcheck) check "$name" "$name" "$name" ;;
    layers | style | units) check "$name" sh dash ;;
    *)
        echo "no check \"$name\"" >&2
        exit 2
        ;;
    esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
