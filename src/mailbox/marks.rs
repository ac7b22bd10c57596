//! What readers do with messages, one or many: all of them, or none.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Filter, Hidden, Mailbox, MailboxError, Place, Reader};
use crate::domain::{EnterpriseNumber, LabelId, MessageId, PartitionId, Task};
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

    /// Says that something is to be done, or that it was; by the day that each
    /// message has.
    ///
    /// # Errors
    /// As [`Mailbox::hide`].
    pub async fn turn(
        &self,
        reader: &Reader,
        ids: &[MessageId],
        task: Task,
    ) -> Result<u64, MailboxError> {
        self.mark(reader, ids, Mark::Turn(task)).await
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

    /// Does what each change says, in one box: all of it, or nothing.
    ///
    /// # Errors
    /// As [`Mailbox::move_to`]; `NotFound` also for a message of another box,
    /// `Invalid` for one that is named twice.
    pub async fn change(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        changes: &[Change],
    ) -> Result<u64, MailboxError> {
        let ids: Vec<MessageId> = changes.iter().map(|change| change.id).collect();
        check_count(&ids)?;
        if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
            return Err(MailboxError::invalid("messages", "a message is named twice"));
        }
        self.are_in(reader, Place::Box(enterprise), &ids).await?;
        let now = self.clock.now();
        let marked = self.ledger.mark_all(&reader.person, &marks(changes), now).await?;
        outcome(marked)
    }

    /// Whether messages lie in a place, and are open to the reader there.
    ///
    /// # Errors
    /// `NotFound` unless every one does; as [`Mailbox::hide`].
    pub async fn are_in(
        &self,
        reader: &Reader,
        place: Place,
        ids: &[MessageId],
    ) -> Result<(), MailboxError> {
        check_count(ids)?;
        let now = self.clock.now();
        let look = self.ledger.look_at_messages(&reader.person, ids, now).await?;
        let mut look = look.ok_or(MailboxError::NotFound)?;
        let everything = Filter { hidden: Hidden::With, ..Filter::default() };
        let lines = look.lines(ids, &everything).await?;
        let is_here = |id: &MessageId| {
            let line = lines.iter().find(|line| line.id == *id);
            line.is_some_and(|line| place == Place::All || place == Place::Box(line.enterprise))
        };
        if ids.iter().all(is_here) { Ok(()) } else { Err(MailboxError::NotFound) }
    }

    async fn mark(
        &self,
        reader: &Reader,
        ids: &[MessageId],
        mark: Mark,
    ) -> Result<u64, MailboxError> {
        check_count(ids)?;
        outcome(self.ledger.mark(&reader.person, ids, &mark, self.clock.now()).await?)
    }
}

/// What is to become of one message.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which.
    pub id: MessageId,
    /// In the list, or hidden.
    pub is_visible: Option<bool>,
    /// Where it is to lie.
    pub partition: Option<PartitionId>,
}

/// One mark for all messages that get it.
fn marks(changes: &[Change]) -> Vec<(Vec<MessageId>, Mark)> {
    let of = |visible| changes.iter().filter(move |it| it.is_visible == Some(visible));
    let mut marks: Vec<(Vec<MessageId>, Mark)> = [(true, Mark::Show), (false, Mark::Hide)]
        .into_iter()
        .map(|(visible, mark)| (of(visible).map(|it| it.id).collect(), mark))
        .collect();
    let mut moved: BTreeMap<&PartitionId, Vec<MessageId>> = BTreeMap::new();
    for (to, id) in changes.iter().filter_map(|it| Some((it.partition.as_ref()?, it.id))) {
        moved.entry(to).or_default().push(id);
    }
    marks.extend(moved.into_iter().map(|(to, ids)| (ids, Mark::Move(to.clone()))));
    marks.retain(|(ids, _)| !ids.is_empty());
    marks
}

fn outcome(marked: Marked) -> Result<u64, MailboxError> {
    match marked {
        Marked::Done { changed, .. } => Ok(changed),
        Marked::NotFound => Err(MailboxError::NotFound),
        Marked::Forbidden => Err(MailboxError::Forbidden),
    }
}

pub(super) fn check_count(ids: &[MessageId]) -> Result<(), MailboxError> {
    if ids.len() <= MESSAGES_MAX {
        return Ok(());
    }
    Err(MailboxError::invalid("messages", format!("at most {MESSAGES_MAX} at once")))
}
