# shellcheck shell=bash
# The Debian packages that building, running and testing need.

DEMO_PACKAGES='gcc make libc6-dev libuv1-dev liburing-dev libhiredis-dev libssl-dev
    libpq-dev libsodium-dev libunistring-dev libinih-dev zlib1g-dev openssl postgresql-15
    redis-server haproxy'

TEST_PACKAGES='git clang-14 clang libclang-rt-14-dev clang-format-14
    clang-tidy-14 cppcheck shellcheck codespell libcmocka-dev libjansson-dev
    python3 python3-pytest python3-pytest-xdist python3-websockets nginx prometheus chromium
    fonts-noto-cjk fonts-noto-color-emoji valgrind'

packages_missing() {
    local package
    for package in "$@"; do
        case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
        *' ok installed') ;;
        *) echo "$package" ;;
        esac
    done
}

# packages_install LOG PACKAGE...: installs what is missing, and says so. Does
# nothing, not even asking the network, when all is there.
packages_install() {
    local log=$1 missing=() sudo=''
    shift
    if ! command -v dpkg-query >/dev/null; then
        fail 'this is not Debian: install the packages by hand' '' \
            "see deploy/demo/packages.sh, then: make"
    fi
    mapfile -t missing < <(packages_missing "$@")
    if [ "${#missing[@]}" = 0 ]; then
        step_done "all $# there"
        return
    fi
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null ||
            fail "missing packages, and neither root nor sudo: ${missing[*]}" \
                '' "as root: apt-get install ${missing[*]}"
        sudo=sudo
    fi
    step_note "${sudo:+sudo }apt-get install of ${#missing[@]} packages:"
    printf '%s\n' "${missing[*]}" | fold -s -w 60 | sed '2,$s/^/                  /'
    printf '%18s' ''
    packages_apt "$sudo" "${missing[@]}" >"$log" 2>&1 ||
        fail 'apt-get could not install the packages' "$log" \
            "${sudo:+sudo }apt-get install ${missing[*]}"
    step_done "installed ${#missing[@]} of $#"
}

# packages_apt SUDO PACKAGE...: the packages' own system services stay down;
# Moim runs private ones. policy-rc.d is Debian's way to say that.
packages_apt() {
    local sudo=$1 policy=/usr/sbin/policy-rc.d mine='' status=0
    shift
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy"
        $sudo chmod 755 "$policy"
        mine=1
    fi
    {
        $sudo apt-get update &&
            $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y \
                --no-install-recommends "$@"
    } </dev/null || status=$?
    [ -z "$mine" ] || $sudo rm -f "$policy"
    return "$status"
}
