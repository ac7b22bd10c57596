# ./dev supply: what the program is made of.
# shellcheck shell=bash

SUPPLY_HOME=$DEV/supply
ADVISORIES=https://github.com/rustsec/advisory-db

# A Python of its own: these tools come with packages that the tests do not need.
supply_up() {
    local wanted=dev.d/supply/requirements.txt
    cmp -s $wanted "$SUPPLY_HOME/installed.txt" && return 0
    python3 -c 'import venv, ensurepip' 2>/dev/null || install_packages python3 python3-venv
    rm -rf "$SUPPLY_HOME"
    python3 -m venv "$SUPPLY_HOME"
    "$SUPPLY_HOME/bin/pip" install --quiet --disable-pip-version-check \
        --require-hashes --requirement $wanted
    cp $wanted "$SUPPLY_HOME/installed.txt"
}

verb_supply() {
    supply_up
    supply_bill
    supply_rules -W duplicate
    supply_advisories
    [ "${1:-}" != --size ] || supply_size
}

supply_bill() {
    local platform
    platform=$(rustc -vV | sed -n 's/^host: //p')
    cargo metadata --locked --format-version 1 --all-features --filter-platform "$platform" |
        "$SUPPLY_HOME/bin/python" dev.d/supply/sbom.py "$DEV/facteur.cdx.json"
}

# By deny.toml, from what Cargo.lock names: asks nobody but the crates' registry.
# Crates that are there twice are told of by ./dev supply.
supply_rules() {
    supply_up
    "$SUPPLY_HOME/bin/cargo-deny" --locked check --hide-inclusion-graph "$@" bans licenses sources
}

# The copy in the repository ends at its date; cargo-deny fetches what came later.
supply_advisories() {
    python3 dev.d/supply/advisories.py
    if git ls-remote --exit-code "$ADVISORIES" HEAD >/dev/null 2>&1; then
        "$SUPPLY_HOME/bin/cargo-deny" --locked check advisories
    else
        say "$ADVISORIES cannot be reached: later advisories were not looked up"
    fi
}

# The binary that is handed out: slow to build.
supply_size() {
    cargo build --locked --profile dist --features s3 --bin facteur
    say "the binary has $(stat -c %s target/dist/facteur) bytes"
}
