# What failed in a part is tried once more, file by file and alone. README.md
# says why, and in which parts. To be sourced.
# shellcheck shell=bash

# try_again FAILED COMMAND...: the file FAILED has a line "FAILED FILE: NAME" for
# each test that failed and, indented, why. All of it is said again, with AGAIN
# for FAILED where "COMMAND FILE" succeeds. Of more than two nothing is tried.
try_again() {
    local failed=$1 file word
    shift
    if [ "$(grep -c '^FAILED ' "$failed")" -gt 2 ]; then
        cat "$failed"
        return
    fi
    sed -n 's/^FAILED \([^:]*\): .*/\1/p' "$failed" | sort -u |
        while read -r file; do
            word=FAILED
            if "$@" "$file" >&2 </dev/null; then
                word=AGAIN
            fi
            awk -v begins="FAILED $file: " -v word="$word" '
                /^[^ ]/ { ours = index($0, begins) == 1 }
                ours { sub(/^FAILED/, word); print }' "$failed"
        done
}
