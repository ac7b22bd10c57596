//! How many messages lie in a place.

use super::propose::text_of;
use super::{COUNT_MAX, Filter, Hidden, Mailbox, MailboxError, Page, Place, Reader, Total};
use crate::domain::{Language, Task};
use crate::ledger::Look;

/// What lies in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counters {
    /// Everything, hidden messages too.
    pub all: Total,
    /// What nobody has opened.
    pub unread: Total,
    /// What is to be done.
    pub to_do: Total,
    /// What was hidden.
    pub hidden: Total,
}

impl Mailbox {
    /// What lies in the place looked at, by what it needs.
    pub(super) async fn counters(&self, look: &mut Look) -> Result<Counters, MailboxError> {
        let by_index = !look.is_small(self.small).await? && self.is_index_current(look).await?;
        let with = |hidden| Filter { hidden, ..Filter::default() };
        let to_do = Filter { task: Some(Task::ToDo), ..Filter::default() };
        Ok(Counters {
            all: self.total(look, &with(Hidden::With), by_index).await?,
            unread: self.total(look, &Filter::unread(), by_index).await?,
            to_do: self.total(look, &to_do, by_index).await?,
            hidden: self.total(look, &with(Hidden::Only), by_index).await?,
        })
    }

    pub(super) async fn total(
        &self,
        look: &mut Look,
        filter: &Filter,
        by_index: bool,
    ) -> Result<Total, MailboxError> {
        Ok(Total::of(self.count(look, filter, by_index).await?))
    }

    /// Counted up to one more than [`COUNT_MAX`].
    pub(super) async fn count(
        &self,
        look: &mut Look,
        filter: &Filter,
        by_index: bool,
    ) -> Result<u64, MailboxError> {
        if by_index {
            let cap = u64::from(COUNT_MAX) + 1;
            return self.count_proposed(&look.openings, filter, None, cap).await;
        }
        Ok(look.count(filter, COUNT_MAX + 1).await?)
    }

    /// How many messages meet a filter and contain a text, to the last one.
    ///
    /// # Errors
    /// `NotFound` where the reader has no access, and whatever keeps the
    /// ledger from answering; with a text also as [`Mailbox::search`].
    pub async fn exact_count(
        &self,
        reader: &Reader,
        place: Place,
        text: Option<(Language, &str)>,
        filter: &Filter,
    ) -> Result<u64, MailboxError> {
        let mut look = self.look(reader, place).await?;
        if let Some((language, part)) = text.filter(|(_, part)| !part.trim().is_empty()) {
            let filter = look.expanded(filter).await?;
            let text = text_of(&look, language, part);
            if filter.names_expiry() {
                let listed = self.sifted(look, &filter, text, Page::default()).await?;
                return Ok(listed.total.count());
            }
            return self.count_proposed(&look.openings, &filter, Some(text), u64::MAX).await;
        }
        let is_small = look.is_small(self.small).await?;
        if !is_small && !filter.names_expiry() && self.is_index_current(&mut look).await? {
            return self.count_proposed(&look.openings, filter, None, u64::MAX).await;
        }
        Ok(look.count(filter, u32::MAX).await?)
    }
}
