# ./dev test: every check that runs the code.
# shellcheck shell=bash

# Tests whose name, or whose module's name, begins so prove one half of the
# product each. A run without one of them is a failure, not a shorter pass.
HALVES=(postgres amqp browser s3)

verb_test() {
    local log=$DEV/test.log status=0
    install_scanners
    borrow_services
    run_tests "$@" 2>&1 | tee "$log" || status=$?
    give_services_back
    if [ $# -eq 0 ]; then
        prove_halves "$log" || status=1
        # One fault of each kind, on services of its own.
        faults_run --short || status=1
    else
        say "only tests that match: $*"
    fi
    tell_failures "$log"
    grep '^test result:' "$log" || status=1
    return $status
}

# What failed and why, once more, where the end of a long output shows it:
# without the frames of stacks.
tell_failures() {
    awk '/^failures:$/ { shows = 1 } /^test result:/ { shows = 0 } shows' "$1" |
        grep -vE '^ +([0-9]+: |at )|^Stack backtrace:|^$' | head -n 80 || true
}

# Built at once, since the program and its tests are compiled side by side then;
# the clients' examples with them. The documentation's examples are run first, so
# that the run ends with the whole. The fault tests end the program at its fail
# points: one build, with them in it.
run_tests() {
    local build=(--workspace --locked --all-features)
    cargo build "${build[@]}" --lib --bins --examples --tests &&
        cargo test "${build[@]}" --doc -- "$@" &&
        cargo test "${build[@]}" --lib --bins --tests --no-fail-fast -- "$@"
}

prove_halves() {
    local half count proven=true
    for half in "${HALVES[@]}"; do
        count=$(grep -cE "^test ([^ ]+::)?${half}_[^ ]*.* \.\.\. ok$" "$1" || true)
        say "tests that passed on $half: $count"
        [ "$count" -gt 0 ] || { say "error: the $half half was not tested"; proven=false; }
    done
    if grep -E '^test .* \.\.\. ignored' "$1" >&2; then
        say "error: a test that is left out proves nothing"
        proven=false
    fi
    $proven
}
