#!/bin/sh
# clang-tidy on one file, without its count of suppressed warnings. Its analyzer
# looks less deep into tests: those run, and under sanitizers, where they show
# what it would have to guess.
depth=''
case $1 in
tests/*) depth='-Xclang -analyzer-config -Xclang mode=shallow' ;;
esac
# shellcheck disable=SC2086 # a list of words
output=$(clang-tidy-14 --quiet "$1" -- -I. -Ibuild/lint/gen -std=c11 \
    -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -DMOIM_VERSION='"lint"' \
    -isystem /usr/include/postgresql $depth 2>&1)
status=$?
printf '%s' "$output" | grep -vE '^[0-9]+ warnings? generated\.$'
exit "$status"
