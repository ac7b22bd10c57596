//! What readers do with messages, one or many: all of them, or none.

use jiff::civil::Date;

use super::{Mailbox, MailboxError, Reader};
use crate::domain::{LabelId, MessageId, PartitionId, Task};
use crate::ledger::{Mark, Marked};

/// Messages that one change may concern.
const MESSAGES_MAX: usize = 1_000;

impl Mailbox {
    /// Takes messages out of the list; answers how many were in it.
    ///
    /// # Errors
    /// `NotFound` unless the reader may see every one, `Invalid` for more than
    /// 1,000, and whatever keeps the ledger from answering.
    pub async fn hide(&self, reader: &Reader, ids: &[MessageId]) -> Result<u64, MailboxError> {
        self.mark(reader, ids, Mark::Hide).await
    }

    /// Takes hidden messages back into the list.
    ///
    /// # Errors
    /// As [`Mailbox::hide`].
    pub async fn show(&self, reader: &Reader, ids: &[MessageId]) -> Result<u64, MailboxError> {
        self.mark(reader, ids, Mark::Show).await
    }

    /// Says what is to be done, and by when, or that it was.
    ///
    /// # Errors
    /// As [`Mailbox::hide`].
    pub async fn set_task(
        &self,
        reader: &Reader,
        ids: &[MessageId],
        task: Task,
        due: Option<Date>,
    ) -> Result<u64, MailboxError> {
        self.mark(reader, ids, Mark::Task(task, due)).await
    }

    /// Moves messages to another partition.
    ///
    /// # Errors
    /// As [`Mailbox::hide`]; `Forbidden` when the reader could not see them
    /// there.
    pub async fn move_to(
        &self,
        reader: &Reader,
        ids: &[MessageId],
        partition: PartitionId,
    ) -> Result<u64, MailboxError> {
        self.mark(reader, ids, Mark::Move(partition)).await
    }

    /// Puts a label on messages, which must lie in its box.
    ///
    /// # Errors
    /// As [`Mailbox::hide`].
    pub async fn put_label(
        &self,
        reader: &Reader,
        ids: &[MessageId],
        label: LabelId,
    ) -> Result<u64, MailboxError> {
        self.mark(reader, ids, Mark::Label(label)).await
    }

    /// Takes a label off messages.
    ///
    /// # Errors
    /// As [`Mailbox::hide`].
    pub async fn take_label(
        &self,
        reader: &Reader,
        ids: &[MessageId],
        label: LabelId,
    ) -> Result<u64, MailboxError> {
        self.mark(reader, ids, Mark::Unlabel(label)).await
    }

    async fn mark(
        &self,
        reader: &Reader,
        ids: &[MessageId],
        mark: Mark,
    ) -> Result<u64, MailboxError> {
        check_count(ids)?;
        match self.ledger.mark(&reader.person, ids, &mark, self.clock.now()).await? {
            Marked::Done { changed, .. } => Ok(changed),
            Marked::NotFound => Err(MailboxError::NotFound),
            Marked::Forbidden => Err(MailboxError::Forbidden),
        }
    }
}

pub(super) fn check_count(ids: &[MessageId]) -> Result<(), MailboxError> {
    if ids.len() <= MESSAGES_MAX {
        return Ok(());
    }
    Err(MailboxError::invalid("messages", format!("at most {MESSAGES_MAX} at once")))
}
