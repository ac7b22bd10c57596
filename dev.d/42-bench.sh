# ./dev bench: lists the benches, or runs one with the services up.
# shellcheck shell=bash

verb_bench() {
    local name=${1:-}
    [ -n "$name" ] || { bench_names; return; }
    shift
    [ -d "benches/$name" ] || die "no such bench: $name; there are: $(bench_names | xargs)"
    borrow_services
    cargo bench --locked --bench "$name" -- "$@"
}

bench_names() {
    local folder
    for folder in benches/*/; do
        [ ! -f "$folder/main.rs" ] || basename "$folder"
    done
}
