//! The life of a letter: states, what may happen to it, and what becomes of it
//! then. Pure and total; what comes late, twice, out of order or in
//! contradiction has its answer here as well.
//!
//! Where domain §9 leaves it open: the first end that is reported stands. A
//! *return* after *not delivered* says the same more exactly; any other end
//! after an end contradicts it, is recorded, and is for a person to look at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::words;

words! {
    /// Where a letter stands. Names are those of the account.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    LetterState {
        /// It waits in the ledger or in its printer's queue.
        Queued = "queued",
        /// A printer has fetched its package.
        Claimed = "claimed",
        /// It is on paper.
        Printed = "printed",
        /// The post has it. The legally relevant date is this one.
        Posted = "posted",
        /// It was handed over.
        Delivered = "delivered",
        /// It came back.
        Returned = "returned",
        /// It was not printed, not posted or not delivered.
        Failed = "failed",
        /// It was recalled in time.
        Cancelled = "cancelled",
        /// It waits for an operator, or for a printer that may take it.
        Held = "held",
    }
}

words! {
    /// What can happen to a letter.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    Event {
        /// It must wait: the cause says for what.
        Held = "held",
        /// It need not wait any more.
        Released = "released",
        /// It goes to another printer.
        Moved = "moved",
        /// A printer fetched its package.
        Claimed = "claimed",
        /// A person of ours wants it back; its printer has it already.
        RecallAsked = "recall_asked",
        /// The printer took it in charge.
        Taken = "taken",
        /// The printer will not print it.
        Rejected = "rejected",
        /// It is on paper.
        Printed = "printed",
        /// It was handed to the post.
        Posted = "posted",
        /// It was handed over.
        Delivered = "delivered",
        /// It could not be handed over.
        NotDelivered = "not_delivered",
        /// It came back.
        Returned = "returned",
        /// Stock or a finished letter was spoilt.
        Damaged = "damaged",
        /// It was recalled: before the claim by us, afterwards by its printer.
        Cancelled = "cancelled",
        /// The printer's answer to a recall that came too late.
        NotCancelled = "not_cancelled",
    }
}

/// What is known of a letter beside its state, where that decides what to
/// believe of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Whether it is wanted back.
    pub is_recall_asked: bool,
    /// Whether it failed on its way, not before: the post had it.
    pub is_undelivered: bool,
}

/// What an event makes of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It stands somewhere else from now on.
    Becomes(LetterState),
    /// Nothing new about its state, and nothing wrong: recorded.
    Notes,
    /// True, but something later is known already: recorded, its date kept.
    Late,
    /// Cannot be, given what is known: recorded, and nothing changes.
    Contradicts,
}

impl LetterState {
    /// Whether nobody has its package: it can be recalled, moved and held.
    #[must_use]
    pub fn is_unclaimed(self) -> bool {
        matches!(self, Self::Queued | Self::Held)
    }

    /// Whether a printer works on it, or the post carries it.
    #[must_use]
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::Claimed | Self::Printed | Self::Posted)
    }

    /// Whether nothing more is expected of it.
    #[must_use]
    pub fn is_end(self) -> bool {
        !self.is_unclaimed() && !self.is_under_way()
    }

    /// Whether it may count as sent: what failed or came back never does.
    #[must_use]
    pub fn counts_as_sent(self) -> bool {
        matches!(self, Self::Posted | Self::Delivered)
    }
}

/// What a printer's report makes of a letter: as [`apply`], less what it cannot
/// know or do by itself.
#[must_use]
pub fn report(state: LetterState, past: Past, event: Event) -> Outcome {
    match event {
        // A company's letter does not end by the word of who was not asked.
        Event::Cancelled if state != LetterState::Cancelled && !past.is_recall_asked => {
            Outcome::Contradicts
        }
        // The post had it; its date counts however late it comes.
        Event::Printed | Event::Posted if state == LetterState::Failed && past.is_undelivered => {
            Outcome::Late
        }
        event => apply(state, event),
    }
}

/// The transition table. `state` is where the letter stands.
#[must_use]
pub fn apply(state: LetterState, event: Event) -> Outcome {
    use LetterState as S;
    match event {
        Event::Held => when(state == S::Queued, S::Held),
        Event::Released => when(state == S::Held, S::Queued),
        Event::Moved => moved(state),
        Event::Claimed => when(state == S::Queued, S::Claimed),
        Event::RecallAsked => note(matches!(state, S::Claimed | S::Printed)),
        Event::Taken => taken(state),
        Event::Rejected => when(matches!(state, S::Queued | S::Claimed), S::Failed),
        Event::Printed => reached(state, S::Printed),
        Event::Posted => reached(state, S::Posted),
        Event::Delivered => reached(state, S::Delivered),
        Event::NotDelivered => not_delivered(state),
        Event::Returned => when(state.is_under_way() || state == S::Failed, S::Returned),
        Event::Damaged => when(matches!(state, S::Claimed | S::Printed), S::Failed),
        Event::Cancelled => {
            when(state.is_unclaimed() || matches!(state, S::Claimed | S::Printed), S::Cancelled)
        }
        Event::NotCancelled => note(!state.is_unclaimed() && state != S::Cancelled),
    }
    .unless_known(state, event)
}

impl Outcome {
    /// The same end again is no contradiction.
    fn unless_known(self, state: LetterState, event: Event) -> Self {
        use LetterState as S;
        let says_the_same = match event {
            Event::Delivered => state == S::Delivered,
            Event::Returned => state == S::Returned,
            Event::Cancelled => state == S::Cancelled,
            Event::Rejected | Event::NotDelivered | Event::Damaged => state == S::Failed,
            Event::Held => state == S::Held,
            Event::Released => state == S::Queued,
            _ => false,
        };
        if self == Self::Contradicts && says_the_same { Self::Notes } else { self }
    }
}

fn when(may: bool, next: LetterState) -> Outcome {
    if may { Outcome::Becomes(next) } else { Outcome::Contradicts }
}

fn note(may: bool) -> Outcome {
    if may { Outcome::Notes } else { Outcome::Contradicts }
}

/// Away from a printer: an operator's word also frees what one has claimed.
fn moved(state: LetterState) -> Outcome {
    when(matches!(state, LetterState::Queued | LetterState::Held | LetterState::Claimed), {
        LetterState::Queued
    })
}

fn taken(state: LetterState) -> Outcome {
    match state {
        LetterState::Claimed => Outcome::Notes,
        LetterState::Printed | LetterState::Posted => Outcome::Late,
        state if state.is_end() && state != LetterState::Cancelled => Outcome::Late,
        _ => Outcome::Contradicts,
    }
}

/// Steps may be skipped, since reports get lost; they are never taken back.
fn reached(state: LetterState, to: LetterState) -> Outcome {
    let rank = |state| match state {
        LetterState::Claimed => Some(1),
        LetterState::Printed => Some(2),
        LetterState::Posted => Some(3),
        LetterState::Delivered | LetterState::Returned => Some(4),
        _ => None,
    };
    match (rank(state), rank(to)) {
        (Some(now), Some(then)) if then > now => Outcome::Becomes(to),
        (Some(4), Some(4)) => Outcome::Contradicts,
        (Some(now), Some(then)) if then == now => Outcome::Notes,
        (Some(_), Some(_)) => Outcome::Late,
        _ => Outcome::Contradicts,
    }
}

fn not_delivered(state: LetterState) -> Outcome {
    match state {
        state if state.is_under_way() => Outcome::Becomes(LetterState::Failed),
        LetterState::Returned => Outcome::Late,
        _ => Outcome::Contradicts,
    }
}

#[cfg(test)]
#[path = "letter_tests.rs"]
mod tests;
