#!/bin/sh
# clang-tidy on one file, without its count of suppressed warnings.
output=$(clang-tidy-14 --quiet "$1" -- -I. -Ibuild/lint/gen -std=c11 \
    -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -DMOIM_VERSION='"lint"' \
    -isystem /usr/include/postgresql 2>&1)
status=$?
printf '%s' "$output" | grep -vE '^[0-9]+ warnings? generated\.$'
exit "$status"
