//! One message, whole.

use serde_json::json;

use super::past::{Event, Past};
use super::reply::{ReplyShown, original, replies};
use super::{Deed, Filter, Hidden, Line, Mailbox, MailboxError, Place, Reader};
use crate::domain::{Label, MessageId, PersonId, Publication};
use crate::ledger::{LetterState, Look, Mark, Marked};

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
    /// What happened to it, newest first, or an older page of it.
    pub history: Vec<Event>,
    /// Whether something happened before that.
    pub has_past: bool,
    /// What the company wrote back, oldest first.
    pub replies: Vec<ReplyShown>,
    /// The message that it goes on from, where the reader sees that.
    pub original: Option<Line>,
}

impl Mailbox {
    /// Opens a message. Where its text is its main content, that reads it.
    ///
    /// # Errors
    /// `NotFound` when it does not exist or is not open to the reader today,
    /// and whatever keeps the ledger from answering.
    pub async fn open(&self, reader: &Reader, id: MessageId) -> Result<Opened, MailboxError> {
        self.open_at(reader, id, 1).await
    }

    /// Opens a message with a page of its history, from 1.
    ///
    /// # Errors
    /// As [`Mailbox::open`].
    pub async fn open_at(
        &self,
        reader: &Reader,
        id: MessageId,
        page: u32,
    ) -> Result<Opened, MailboxError> {
        let opened = self.whole(reader, id, page).await?;
        if opened.publication.is_body_main_content && opened.line.read.is_none() {
            self.read(reader, id).await?;
            self.note_opened(reader, &opened.line).await?;
            return self.whole(reader, id, page).await;
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

    async fn whole(
        &self,
        reader: &Reader,
        id: MessageId,
        page: u32,
    ) -> Result<Opened, MailboxError> {
        let (mut look, line) = self.seen(reader, id).await?;
        let publication = look.publication(line.enterprise, id).await?;
        let publication = publication.ok_or(MailboxError::NotFound)?;
        let letters = look.letters_of(id).await?;
        let past = Past::read(&mut look, &line, page).await?;
        let written = look.replies_to(line.enterprise, line.id).await?;
        let authors = written.iter().map(|row| row.author.clone());
        let named: Vec<PersonId> = past.actors().chain(authors).collect();
        let persons = look.persons_in(line.enterprise, &named).await?;
        let labels = look.labels_called(&line.labels).await?;
        let original = original(&mut look, &line).await?;
        let (has_past, replies) = (past.is_more, replies(written, &persons));
        let history = past.events(&line, &letters, &persons);
        Ok(Opened { line, publication, labels, letters, history, has_past, replies, original })
    }
}
