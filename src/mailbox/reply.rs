//! Writing back, where the sender takes a reply.

use uuid::Uuid;

use super::{Filter, Hidden, Line, Mailbox, MailboxError, Reader};
use crate::domain::{MessageId, Person, Reply, ReplyError};
use crate::ledger::{Look, Replied, ReplyRow};

/// A reply, with its author.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplyShown {
    /// What was written, and when.
    pub row: ReplyRow,
    /// By whom; none when the person is no longer known.
    pub author: Option<Person>,
}

impl Mailbox {
    /// Sends a reply. The key is of the form that it was written in: the same
    /// text with the same key is one reply, however often it is sent.
    ///
    /// # Errors
    /// `NotFound` unless the reader sees the message, `Forbidden` where its
    /// sender takes no reply, `Invalid` for an empty or overlong `subject` or
    /// `text` and for more `replies` than a message may have, `NotYet`, and
    /// whatever keeps the ledger from answering.
    pub async fn reply(
        &self,
        reader: &Reader,
        id: MessageId,
        key: Uuid,
        (subject, text): (&str, &str),
    ) -> Result<(), MailboxError> {
        let reply = Reply::new(subject, text).map_err(refused)?;
        let now = self.clock.now();
        match self.ledger.reply(&reader.person, id, (&reply, key), now).await? {
            Replied::Sent => Ok(()),
            Replied::NotFound => Err(MailboxError::NotFound),
            Replied::Forbidden => Err(MailboxError::Forbidden),
            Replied::TooMany => {
                Err(MailboxError::invalid("replies", "the message has too many replies"))
            }
            Replied::NotYet => Err(MailboxError::NotYet),
        }
    }
}

fn refused(error: ReplyError) -> MailboxError {
    let field = match error {
        ReplyError::Subject => "subject",
        ReplyError::Text => "text",
    };
    MailboxError::invalid(field, error.to_string())
}

/// Replies with their authors.
pub(super) fn replies(rows: Vec<ReplyRow>, persons: &[Person]) -> Vec<ReplyShown> {
    let shown = |row: ReplyRow| {
        let author = persons.iter().find(|person| person.id == row.author).cloned();
        ReplyShown { row, author }
    };
    rows.into_iter().map(shown).collect()
}

/// The message that this one goes on from, by its own id or by that of a reply
/// to it; none unless it lies in the same box and the reader sees it.
pub(super) async fn original(look: &mut Look, line: &Line) -> Result<Option<Line>, MailboxError> {
    let Some(id) = line.original.as_ref().and_then(|id| id.parse::<Uuid>().ok()) else {
        return Ok(None);
    };
    let answered = look.answered_by(line.enterprise, id).await?;
    let everything = Filter { hidden: Hidden::With, ..Filter::default() };
    let found = look.lines(&[answered.unwrap_or(MessageId(id))], &everything).await?.pop();
    Ok(found.filter(|found| found.enterprise == line.enterprise && found.id != line.id))
}
