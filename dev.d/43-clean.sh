# ./dev clean: as after a fresh clone.
# shellcheck shell=bash

verb_clean() {
    locked services_down
    rm -rf "$DEV"
    cargo clean
}
