#!/bin/sh
# Fails when a folder includes one it must not, when headers form a ring,
# when a library reaches past its layer, or when a file is too long.
set -eu
cd "$(dirname "$0")/../.."
status=0
folders='proto chat-core storage presence gateway hooks moimctl bench wsecho'

complain() {
    [ -z "$2" ] || { printf '%s:\n%s\n' "$1" "$2" >&2; status=1; }
}

# grep that finds nothing is not a failure; nor is a folder still empty.
# shellcheck disable=SC2086 # $folders is a list of words
find_lines() {
    grep -rnE --include='*.[ch]' "$1" ${2:-$folders} || true
}

# may FOLDER ALLOWED: every quoted include in FOLDER starts with ALLOWED.
may() {
    complain "$1 may include only $2" "$(find_lines '^#include "' "$1" |
        grep -vE ":#include \"($2)/" || true)"
}

# only HEADER FOLDERS: no other folder includes the system header HEADER.
only() {
    complain "$1 belongs to $2" "$(find_lines "^#include <$1" |
        grep -vE "^($2)[/:]" || true)"
}

may proto/base 'proto/base'
may proto/wire 'proto/base|proto/wire'
may proto/net 'proto/base|proto/wire|proto/net'
may chat-core 'proto/base|proto/wire|chat-core'
may storage 'proto/base|proto/wire|proto/net|chat-core/ports|storage'
may presence 'proto/base|proto/wire|proto/net|chat-core/ports|storage|presence'
may gateway 'proto/base|proto/wire|proto/net|chat-core|storage|gateway'
may hooks 'proto/base|proto/wire|proto/net|chat-core|storage|hooks'
# The tools speak to a cluster from outside; `db migrate` needs storage, and
# `crowd` the bus.
may moimctl 'proto/base|proto/wire|proto/net|storage|moimctl'
may bench 'proto/base|proto/wire|proto/net|chat-core/ports|storage|bench'
may wsecho 'proto/base|proto/wire|proto/net|wsecho'
complain 'chat-core/ports may not know the logic behind them' \
    "$(find_lines '^#include "chat-core/' chat-core/ports |
        grep -v '"chat-core/ports/' || true)"
only 'uv\.h>' 'proto/net|storage|presence|gateway|moimctl|bench'
only 'openssl/' 'proto/wire|proto/net'
only 'openssl/ssl' 'proto/net'
only 'libpq-fe' 'storage'
only 'hiredis/' 'proto/wire|storage'
only 'sodium' 'gateway|moimctl'
only 'ini\.h>' 'proto/base'
only 'zlib' 'proto/wire'
only 'liburing' 'proto/net'

# Header rings: tsort fails when the pairs contain a loop.
# shellcheck disable=SC2086
grep -rHo '^#include "[^"]*\.h"' --include='*.h' $folders |
    sed 's/:#include "\(.*\)"/ \1/' | tsort >/dev/null || status=1

# shellcheck disable=SC2086
complain 'longer than 500 lines' "$(find $folders tests deploy -name '*.[ch]' \
    -exec awk 'END { if (NR > 500) print NR, FILENAME }' {} \;)"
exit "$status"
