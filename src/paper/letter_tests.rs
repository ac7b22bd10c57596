use proptest::prelude::*;

use super::Event as E;
use super::LetterState as S;
use super::{Outcome, Past, apply, report};

/// What a letter becomes of a history, from `queued`.
fn after(events: &[E]) -> S {
    events.iter().fold(S::Queued, |state, event| match apply(state, *event) {
        Outcome::Becomes(next) => next,
        Outcome::Notes | Outcome::Late | Outcome::Contradicts => state,
    })
}

#[test]
fn histories_end_where_they_should() {
    for (events, end) in [
        (&[E::Claimed, E::Taken, E::Printed, E::Posted, E::Delivered][..], S::Delivered),
        // Reports lost, doubled and out of order.
        (&[E::Claimed, E::Posted, E::Printed, E::Posted], S::Posted),
        (&[E::Claimed, E::Delivered, E::Posted, E::Printed, E::Taken], S::Delivered),
        // The printer changes its mind.
        (&[E::Claimed, E::Printed, E::Rejected], S::Printed),
        (&[E::Claimed, E::Rejected, E::Printed], S::Failed),
        (&[E::Claimed, E::Posted, E::Damaged], S::Posted),
        // A failure and a return are one fate; another end is none.
        (&[E::Claimed, E::Posted, E::NotDelivered, E::Returned], S::Returned),
        (&[E::Claimed, E::Posted, E::Returned, E::NotDelivered], S::Returned),
        (&[E::Claimed, E::Posted, E::Delivered, E::Returned], S::Delivered),
        (&[E::Claimed, E::Posted, E::Returned, E::Delivered], S::Returned),
        (&[E::Claimed, E::Posted, E::NotDelivered, E::Delivered], S::Failed),
        // Nobody has fetched it, so nobody can have printed it.
        (&[E::Printed, E::Posted, E::Delivered], S::Queued),
        (&[E::Rejected], S::Failed),
        // Recalled in time, and too late.
        (&[E::Cancelled, E::Claimed, E::Printed], S::Cancelled),
        (&[E::Claimed, E::RecallAsked, E::Cancelled, E::Printed], S::Cancelled),
        (&[E::Claimed, E::RecallAsked, E::NotCancelled, E::Posted], S::Posted),
        (&[E::Claimed, E::Posted, E::Cancelled], S::Posted),
        // Held, released, moved.
        (&[E::Held, E::Claimed], S::Held),
        (&[E::Held, E::Released, E::Claimed], S::Claimed),
        (&[E::Claimed, E::Moved, E::Claimed, E::Printed], S::Printed),
        (&[E::Claimed, E::Printed, E::Moved], S::Printed),
    ] {
        assert_eq!(after(events), end, "{events:?}");
    }
}

#[test]
fn an_event_again_is_no_contradiction() {
    for history in [
        &[E::Claimed, E::Taken][..],
        &[E::Claimed, E::Printed],
        &[E::Claimed, E::Posted],
        &[E::Claimed, E::Delivered],
        &[E::Claimed, E::NotDelivered],
        &[E::Claimed, E::Returned],
        &[E::Claimed, E::Damaged],
        &[E::Rejected],
        &[E::Cancelled],
        &[E::Held],
    ] {
        let last = history[history.len() - 1];
        let outcome = apply(after(history), last);
        assert!(!matches!(outcome, Outcome::Becomes(_) | Outcome::Contradicts), "{history:?}");
    }
}

/// What a report needs to be believed, beside the state.
#[test]
fn a_report_is_judged_by_the_letters_past() {
    let (fresh, asked) = (Past::default(), Past { is_recall_asked: true, ..Past::default() });
    let undelivered = Past { is_undelivered: true, ..Past::default() };
    for (state, past, event, outcome) in [
        (S::Claimed, fresh, E::Cancelled, Outcome::Contradicts),
        (S::Printed, fresh, E::Cancelled, Outcome::Contradicts),
        (S::Queued, fresh, E::Cancelled, Outcome::Contradicts),
        (S::Claimed, asked, E::Cancelled, Outcome::Becomes(S::Cancelled)),
        (S::Printed, asked, E::Cancelled, Outcome::Becomes(S::Cancelled)),
        (S::Cancelled, fresh, E::Cancelled, Outcome::Notes),
        (S::Failed, undelivered, E::Printed, Outcome::Late),
        (S::Failed, undelivered, E::Posted, Outcome::Late),
        (S::Failed, undelivered, E::Delivered, Outcome::Contradicts),
        // It was rejected or spoilt: it never left.
        (S::Failed, fresh, E::Posted, Outcome::Contradicts),
        (S::Claimed, fresh, E::Posted, Outcome::Becomes(S::Posted)),
    ] {
        assert_eq!(report(state, past, event), outcome, "{state:?} {past:?} {event:?}");
    }
}

#[test]
fn words_are_those_of_the_account() {
    let words: Vec<&str> = S::ALL.iter().map(|state| state.as_str()).collect();
    let account = crate::ledger::LetterCounts::default().by_state().map(|(state, _)| state);
    assert_eq!(words, account);
}

fn event() -> impl Strategy<Value = E> {
    prop::sample::select(E::ALL)
}

proptest! {
    /// Whatever is reported: an end stays an end, and what was cancelled or
    /// came back is never taken for sent.
    #[test]
    fn an_end_is_never_undone(before in prop::collection::vec(event(), 0..20),
                              later in prop::collection::vec(event(), 0..20)) {
        let state = after(&before);
        let all = [before, later].concat();
        let end = after(&all);
        if state.is_end() {
            prop_assert!(end == state || (state == S::Failed && end == S::Returned));
        }
        if !state.counts_as_sent() && state.is_end() {
            prop_assert!(!end.counts_as_sent());
        }
    }

    /// What the printer says cannot bring back what nobody has fetched.
    #[test]
    fn nothing_is_printed_that_was_not_claimed(events in prop::collection::vec(event(), 0..20)) {
        let unclaimed: Vec<E> = events.into_iter().filter(|event| *event != E::Claimed).collect();
        let end = after(&unclaimed);
        prop_assert!(end.is_unclaimed() || matches!(end, S::Failed | S::Cancelled | S::Returned));
        prop_assert!(!end.counts_as_sent());
    }
}
