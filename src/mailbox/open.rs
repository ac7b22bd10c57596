//! One message, whole.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::reply::{ReplyShown, original, replies};
use super::{Deed, Filter, Hidden, Line, Mailbox, MailboxError, Place, Reader};
use crate::domain::{Condition, Label, MessageId, Person, Publication};
use crate::ledger::{Deeds, LetterState, LetterStep, Look, Mark, Marked};

/// A message that was opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// What the list shows of it.
    pub line: Line,
    /// What the sender wrote: texts, attachments, business data.
    pub publication: Publication,
    /// The labels on it, with their names.
    pub labels: Vec<Label>,
    /// Its letters, oldest first.
    pub letters: Vec<LetterState>,
    /// What happened to it, newest first.
    pub history: Vec<Event>,
    /// What the company wrote back, oldest first.
    pub replies: Vec<ReplyShown>,
    /// The message that it goes on from, where the reader sees that.
    pub original: Option<Line>,
}

/// Something that happened to a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Who did it; none for what the engine did, or when the person is no
    /// longer known.
    pub person: Option<Person>,
    /// What.
    pub happened: Happened,
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

/// Events of a history at most.
const HISTORY_MAX: u32 = 200;

impl Mailbox {
    /// Opens a message. Where its text is its main content, that reads it.
    ///
    /// # Errors
    /// `NotFound` when it does not exist or is not open to the reader today,
    /// and whatever keeps the ledger from answering.
    pub async fn open(&self, reader: &Reader, id: MessageId) -> Result<Opened, MailboxError> {
        let opened = self.whole(reader, id).await?;
        if opened.publication.is_body_main_content && opened.line.read.is_none() {
            self.read(reader, id).await?;
            self.note_opened(reader, &opened.line).await?;
            return self.whole(reader, id).await;
        }
        self.note_opened(reader, &opened.line).await?;
        Ok(opened)
    }

    /// What a message is, without opening it: its main content stays unread.
    ///
    /// # Errors
    /// As [`Mailbox::open`].
    pub async fn describe(
        &self,
        reader: &Reader,
        id: MessageId,
    ) -> Result<(Line, Publication), MailboxError> {
        let (mut look, line) = self.seen(reader, id).await?;
        let publication = look.publication(line.enterprise, id).await?;
        Ok((line, publication.ok_or(MailboxError::NotFound)?))
    }

    /// Whether a message lies in a place, and is open to the reader there.
    ///
    /// # Errors
    /// `NotFound` unless it does; whatever keeps the ledger from answering.
    pub async fn is_in(
        &self,
        reader: &Reader,
        place: Place,
        id: MessageId,
    ) -> Result<(), MailboxError> {
        let (_, line) = self.seen(reader, id).await?;
        match place {
            Place::Box(number) if line.enterprise != number => Err(MailboxError::NotFound),
            Place::Box(_) | Place::All => Ok(()),
        }
    }

    /// A look at one message, with its line.
    pub(super) async fn seen(
        &self,
        reader: &Reader,
        id: MessageId,
    ) -> Result<(Look, Line), MailboxError> {
        let now = self.clock.now();
        let look = self.ledger.look_at_message(&reader.person, id, now).await?;
        let mut look = look.ok_or(MailboxError::NotFound)?;
        let everything = Filter { hidden: Hidden::With, ..Filter::default() };
        let line = look.lines(&[id], &everything).await?.pop().ok_or(MailboxError::NotFound)?;
        Ok((look, line))
    }

    /// Records that a reader was shown what a message is; it may still be
    /// unread.
    ///
    /// # Errors
    /// Whatever keeps the ledger from answering.
    pub async fn note_opened(&self, reader: &Reader, line: &Line) -> Result<(), MailboxError> {
        self.enter(line.enterprise).await?;
        let deed = [(line.enterprise, Some(line.id), Deed::Opened, json!({}))];
        Ok(self.ledger.record_deed(&reader.person, self.clock.now(), &deed).await?)
    }

    /// The main content was opened: that reads the message for the company,
    /// once.
    pub(super) async fn read(&self, reader: &Reader, id: MessageId) -> Result<(), MailboxError> {
        let now = self.clock.now();
        match self.ledger.mark(&reader.person, &[id], &Mark::Read, now).await? {
            Marked::Done { .. } => Ok(()),
            Marked::NotFound | Marked::Forbidden => Err(MailboxError::NotFound),
        }
    }

    async fn whole(&self, reader: &Reader, id: MessageId) -> Result<Opened, MailboxError> {
        let (mut look, line) = self.seen(reader, id).await?;
        let publication = look.publication(line.enterprise, id).await?;
        let publication = publication.ok_or(MailboxError::NotFound)?;
        let letters = look.letters_of(id).await?;
        let persons = look.persons_in(line.enterprise).await?;
        let history = history(&mut look, &line, &letters, &persons).await?;
        let labels = look.labels_called(&line.labels).await?;
        let replies = replies(&mut look, &line, &persons).await?;
        let original = original(&mut look, &line).await?;
        Ok(Opened { line, publication, labels, letters, history, replies, original })
    }
}

/// Each opening and download is for access managers alone; what changed the
/// message, for everybody who sees it.
async fn history(
    look: &mut Look,
    line: &Line,
    letters: &[LetterState],
    persons: &[Person],
) -> Result<Vec<Event>, MailboxError> {
    let is_manager = look.is_manager(line.enterprise);
    let deeds = look.deeds_with(line.enterprise, line.id, HISTORY_MAX).await?;
    let is_for_all = |it: &Deeds| !matches!(it.deed, Deed::Opened | Deed::Downloaded);
    let is_shown = |it: &Deeds| Condition::History.holds(is_manager || is_for_all(it));
    let deeds = deeds.into_iter().filter(is_shown).map(|it| Event {
        at: it.at,
        person: persons.iter().find(|person| person.id == it.actor).cloned(),
        happened: Happened::Deed(it.deed, it.detail),
    });
    let steps = look.letter_steps_of(line.id).await?;
    let letters = letters.iter().flat_map(|letter| way(letter, &steps));
    let arrived = Event { at: line.arrived_at, person: None, happened: Happened::Arrived };
    let mut events: Vec<Event> = deeds.chain(letters).chain([arrived]).collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    Ok(events)
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
    let event = |(at, state): (Timestamp, &str)| Event {
        at,
        person: None,
        happened: Happened::Letter(state.to_owned()),
    };
    way.into_iter().rev().map(event).collect()
}
