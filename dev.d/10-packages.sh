# Installs from the distribution what is missing, and only that.
# shellcheck shell=bash

RABBITMQ_BIN=/usr/lib/rabbitmq/bin

# The newest PostgreSQL that is installed; empty when there is none.
postgres_bin() {
    local initdb
    initdb=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n1)
    [ ! -x "$initdb" ] || dirname "$initdb"
}

install_services() {
    local missing=()
    [ -x $RABBITMQ_BIN/rabbitmq-server ] || missing+=(rabbitmq-server)
    [ -n "$(postgres_bin)" ] || missing+=(postgresql)
    # The browser that the pages are tested in.
    command -v chromium >/dev/null || missing+=(chromium)
    command -v chromedriver >/dev/null || missing+=(chromium-driver)
    # Asks the engine as an installation's does.
    command -v prometheus >/dev/null || missing+=(prometheus)
    # An example is written with it.
    command -v curl >/dev/null || missing+=(curl)
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

# What the tests look at printed sheets with: none of it is ours.
install_scanners() {
    local missing=()
    command -v pdftoppm >/dev/null && command -v pdftotext >/dev/null || missing+=(poppler-utils)
    command -v dmtxread >/dev/null || missing+=(dmtx-utils)
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

install_packages() {
    command -v apt-get >/dev/null || die "install these first: $*"
    [ "$(id -u)" -eq 0 ] || die "not root; install these first: apt-get install $*"
    say "installing $*"
    mkdir -p "$DEV"
    # One at a time, as apt-get has it.
    if ! holding apt.lock 900 apt_install "$@" >"$DEV/apt.log" 2>&1; then
        tail -n 20 "$DEV/apt.log" >&2
        die "apt-get did not install $*"
    fi
}

apt_install() (
    export DEBIAN_FRONTEND=noninteractive
    forbid_machine_services
    apt-get update &&
        apt-get install -y --no-install-recommends "$@" &&
        keep_machine_services_off "$@"
)

# The packages start services of the machine when they are installed; only our
# private instances shall run. Must be called in a subshell of its own.
forbid_machine_services() {
    local policy=/usr/sbin/policy-rc.d
    [ ! -e $policy ] || return 0
    # shellcheck disable=SC2064  # the path is known now
    trap "rm -f $policy" EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
}

# Nor shall they come up at the next start of the machine.
keep_machine_services_off() {
    [ -d /run/systemd/system ] || return 0
    local package
    for package in "$@"; do
        systemctl disable "$package" 2>/dev/null || true
    done
}
