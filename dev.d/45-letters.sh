# ./dev letters: a campaign of letters to its end, printed and read back.
# shellcheck shell=bash

# The suite runs the same with few letters. Each letter is drawn by a process of
# its own, and the marks of all sheets are read back by programs that are not
# ours: the profile of what ships, so that 10,000 take minutes. It prints what it
# counted, and how long each part took.
verb_letters() {
    local letters=${1:-10000}
    [[ $letters =~ ^[1-9][0-9]*$ ]] || die "not a number of letters: $letters"
    install_scanners
    borrow_services
    FACTEUR_TEST_LETTERS=$letters cargo test --release --locked --test it -- \
        --exact --nocapture \
        print_room::whole::postgres_and_rabbitmq_letters_are_printed_once_past_a_killed_room
}
