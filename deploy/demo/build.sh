# shellcheck shell=bash
# The programs. MOIM_BIN names another folder with ready ones.

BIN=$(readlink -m "${MOIM_BIN:-$ROOT/build/release}")

build_programs() {
    local log=$1
    if [ -n "${MOIM_BIN:-}" ]; then
        step_done "taken from $MOIM_BIN"
        return
    fi
    make -s -C "$ROOT" --no-print-directory -j"$(nproc)" >"$log" 2>&1 ||
        fail 'the build failed' "$log" 'make'
    step_done 'moim-gateway, moim-presence, moimctl'
}
