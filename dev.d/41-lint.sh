# ./dev lint and ./dev fmt: what can be judged without running the code.
# shellcheck shell=bash

verb_fmt() { cargo fmt --all; }

verb_lint() {
    cargo fmt --all --check
    lint_shell
    lint_prometheus
    lint_container
    supply_rules -A duplicate
    lint_advisories
    cargo clippy --workspace --locked --all-features --all-targets -- -D warnings
    # No test of `cargo test`, and so not among all targets.
    cargo clippy --locked --all-features --test faults -- -D warnings
    say "lint is clean"
}

lint_shell() {
    command -v shellcheck >/dev/null || install_packages shellcheck
    shellcheck --severity=style dev dev.d/*.sh .ci/run examples/*.sh
}

# The rules by which operators are woken, against cases that say when.
lint_prometheus() {
    command -v promtool >/dev/null || install_packages prometheus
    promtool check config --syntax-only config/prometheus.yml
    promtool check rules config/alerts.yml
    promtool test rules config/alerts.test.yml
}

# The file of the image, by the rules of hadolint.
lint_container() {
    supply_up
    "$SUPPLY_HOME/bin/hadolint" Dockerfile
}

# Needs no net: a copy lies in the repository. First whether it is read rightly.
lint_advisories() {
    python3 dev.d/supply/advisories_test.py --quiet
    python3 dev.d/supply/advisories.py
}
