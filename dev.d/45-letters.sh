# ./dev letters: a campaign of letters to its end, printed and read back.
# shellcheck shell=bash

# The suite runs the same with few letters. Every sheet is rendered and its mark
# read by programs that are not ours, so 10,000 letters take their time.
verb_letters() {
    local letters=${1:-10000}
    [[ $letters =~ ^[1-9][0-9]*$ ]] || die "not a number of letters: $letters"
    install_scanners
    borrow_services
    FACTEUR_TEST_LETTERS=$letters cargo test --locked --features failpoints --test it -- \
        --exact --nocapture \
        print_room::whole::postgres_and_rabbitmq_letters_are_printed_once_past_a_killed_room
}
