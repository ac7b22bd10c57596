//! What happened to a message.
//!
//! Each opening and download is for access managers alone; what changed the
//! message, for everybody who sees it.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{Deed, Line, MailboxError};
use crate::domain::{Condition, Person, PersonId};
use crate::ledger::{Deeds, LetterState, LetterStep, Look, Looks};

/// Something that happened to a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When; the last time, where it happened often.
    pub at: Timestamp,
    /// Who did it; none for what the engine did, or when the person is no
    /// longer known.
    pub person: Option<Person>,
    /// What.
    pub happened: Happened,
    /// How often: openings and downloads of one person are one event.
    pub times: u64,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Happened {
    /// It arrived.
    Arrived,
    /// A person did something; what, in detail.
    Deed(Deed, Json),
    /// A letter was made, or came to stand elsewhere; where, in a word.
    Letter(String),
}

impl Event {
    fn alone(at: Timestamp, happened: Happened) -> Self {
        Self { at, person: None, happened, times: 1 }
    }
}

/// Changes on a page of a history, and persons who opened it.
const CHANGES_MAX: u32 = 200;
const LOOKS_MAX: u32 = 200;

/// One page of a history, as the ledger holds it.
pub(super) struct Past {
    is_first: bool,
    deeds: Vec<Deeds>,
    looks: Vec<Looks>,
    steps: Vec<LetterStep>,
    /// Whether there is an older page.
    pub(super) is_more: bool,
}

impl Past {
    /// Openings and letters stand on the first page: they are few.
    pub(super) async fn read(
        look: &mut Look,
        line: &Line,
        page: u32,
    ) -> Result<Self, MailboxError> {
        let (enterprise, id, is_first) = (line.enterprise, line.id, page <= 1);
        let skip = page.saturating_sub(1).saturating_mul(CHANGES_MAX);
        // One more tells whether there are more.
        let mut deeds = look.deeds_with(enterprise, id, CHANGES_MAX + 1, skip).await?;
        let is_more = deeds.len() > CHANGES_MAX as usize;
        deeds.truncate(CHANGES_MAX as usize);
        let sees_looks = Condition::History.holds(look.is_manager(enterprise));
        let looks = match is_first && sees_looks {
            true => look.looks_at(enterprise, id, LOOKS_MAX).await?,
            false => Vec::new(),
        };
        let steps = if is_first { look.letter_steps_of(id).await? } else { Vec::new() };
        Ok(Self { is_first, deeds, looks, steps, is_more })
    }

    /// Who did any of it.
    pub(super) fn actors(&self) -> impl Iterator<Item = PersonId> {
        let looked = self.looks.iter().map(|it| it.actor.clone());
        self.deeds.iter().map(|it| it.actor.clone()).chain(looked)
    }

    /// Newest first, with the names of who did it.
    pub(super) fn events(
        self,
        line: &Line,
        letters: &[LetterState],
        persons: &[Person],
    ) -> Vec<Event> {
        let called = |id: &PersonId| persons.iter().find(|person| person.id == *id).cloned();
        let deeds = self.deeds.into_iter().map(|it| Event {
            at: it.at,
            person: called(&it.actor),
            happened: Happened::Deed(it.deed, it.detail),
            times: 1,
        });
        let looks = self.looks.into_iter().map(|it| Event {
            at: it.last_at,
            person: called(&it.actor),
            happened: Happened::Deed(it.deed, json!({})),
            times: it.count,
        });
        let letters = letters.iter().filter(|_| self.is_first);
        let letters = letters.flat_map(|letter| way(letter, &self.steps));
        let arrived = (!self.is_more).then(|| Event::alone(line.arrived_at, Happened::Arrived));
        let mut events: Vec<Event> = deeds.chain(looks).chain(letters).chain(arrived).collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        events
    }
}

/// Where a letter of ours stands as soon as it is made.
const MADE: &str = "queued";

/// The way of one letter, newest first: each place where it came to stand.
fn way(letter: &LetterState, steps: &[LetterStep]) -> Vec<Event> {
    let made = (letter.created_at, MADE);
    let of_letter = steps.iter().filter(|step| step.job == letter.job);
    let mut way: Vec<_> =
        std::iter::once(made).chain(of_letter.map(|step| (step.at, &*step.state))).collect();
    // What goes to another printer is where it was.
    way.dedup_by_key(|(_, state)| *state);
    let event = |(at, state): (Timestamp, &str)| Event::alone(at, Happened::Letter(state.into()));
    way.into_iter().rev().map(event).collect()
}
