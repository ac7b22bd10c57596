//! The boxes that a person chooses from.

use super::{Mailbox, MailboxError, Place, Reader};
use crate::domain::{Enterprise, EnterpriseNumber};
use crate::ledger::Look;

/// Unread messages of a box are counted up to here: beyond, a number says
/// nothing that "99+" does not.
pub const UNREAD_MAX: u32 = 100;

/// A box to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct BoxEntry {
    /// Whose.
    pub enterprise: Enterprise,
    /// Whether the reader manages it.
    pub is_manager: bool,
    /// Whether it is one of the reader's favourites.
    pub is_favourite: bool,
    /// The all-digital consent.
    pub all_digital: bool,
    /// Unread messages that the reader may see, up to [`UNREAD_MAX`].
    pub unread: u64,
}

impl Mailbox {
    /// Every box that the reader has access to today, favourites first, then
    /// by name. No box is an empty list.
    ///
    /// # Errors
    /// Whatever keeps the ledger from answering.
    pub async fn boxes(&self, reader: &Reader) -> Result<Vec<BoxEntry>, MailboxError> {
        let mut look = self.look(reader, Place::All).await?;
        let mut entries = entries(&mut look).await?;
        entries.sort_by_cached_key(|it| {
            (!it.is_favourite, it.enterprise.name.to_lowercase(), it.enterprise.number)
        });
        Ok(entries)
    }

    /// One box; `NotFound` when the reader has no access to it today.
    ///
    /// # Errors
    /// Also whatever keeps the ledger from answering.
    pub async fn box_of(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
    ) -> Result<BoxEntry, MailboxError> {
        let mut look = self.look(reader, Place::Box(enterprise)).await?;
        entries(&mut look).await?.pop().ok_or(MailboxError::NotFound)
    }

    /// Makes a box a favourite, or no longer.
    ///
    /// # Errors
    /// `NotFound` when the reader has no access to it, and whatever keeps the
    /// ledger from answering.
    pub async fn favour(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
        is_favourite: bool,
    ) -> Result<(), MailboxError> {
        let now = self.clock.now();
        let is_done = self.ledger.favour(&reader.person, enterprise, is_favourite, now).await?;
        if is_done { Ok(()) } else { Err(MailboxError::NotFound) }
    }
}

async fn entries(look: &mut Look) -> Result<Vec<BoxEntry>, MailboxError> {
    let seen = look.boxes().await?;
    let unread = look.unread(None, UNREAD_MAX).await?;
    let entry = |it: crate::ledger::BoxSeen| BoxEntry {
        unread: unread.get(&it.enterprise.number).copied().unwrap_or(0),
        enterprise: it.enterprise,
        is_manager: it.is_manager,
        is_favourite: it.is_favourite,
        all_digital: it.all_digital,
    };
    Ok(seen.into_iter().map(entry).collect())
}
