//! The boxes that a person chooses from.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Filter, Hidden, Mailbox, MailboxError, Order, Place, Reader};
use crate::domain::{Enterprise, EnterpriseNumber};
use crate::ledger::{BoxSeen, Look, Stretch};

/// Unread messages of a box are counted up to here: beyond, a number says
/// nothing that "100+" does not.
const UNREAD_MAX: u32 = 100;
/// Of the first boxes of a list; of those further down, up to fewer.
const FIRST: usize = 50;
const UNREAD_MAX_LATER: u32 = 10;

/// A box to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct BoxEntry {
    /// Whose.
    pub enterprise: Enterprise,
    /// Whether the reader manages it.
    pub is_manager: bool,
    /// Whether it is one of the reader's favourites.
    pub is_favourite: bool,
    /// Unread messages that the reader may see, up to 100, and up to 10 far down
    /// in a long list.
    pub unread: u64,
    /// Whether counting ended there: shown as "10+".
    pub is_unread_more: bool,
}

/// When something last happened to a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastTimes {
    /// When anybody opened it.
    pub opened: Option<Timestamp>,
    /// When a message arrived that the reader may see.
    pub arrived: Option<Timestamp>,
}

/// The boxes of a reader.
#[derive(Clone, Debug, PartialEq)]
pub struct Boxes {
    /// The first of those that were looked for and are open today: favourites
    /// first, then by name.
    pub open: Vec<BoxEntry>,
    /// How many were found.
    pub found: usize,
    /// The only one that is open today, where there is one, looked for or not.
    pub only: Option<EnterpriseNumber>,
    /// How many are open today, looked for or not.
    pub total: usize,
    /// The companies that have ceased, and whose boxes were open until then.
    pub closed: Vec<Enterprise>,
}

impl Mailbox {
    /// The boxes of the reader that are wanted, as of one moment; of `reach` at
    /// most, for which alone it is counted what lies unread.
    ///
    /// # Errors
    /// Whatever keeps the ledger from answering.
    pub async fn boxes(
        &self,
        reader: &Reader,
        is_wanted: impl Fn(&Enterprise) -> bool,
        reach: usize,
    ) -> Result<Boxes, MailboxError> {
        let mut look = self.look(reader, Place::All).await?;
        let mut seen = look.boxes().await?;
        let total = seen.len();
        let only = seen.first().filter(|_| total == 1).map(|it| it.enterprise.number);
        seen.retain(|it| is_wanted(&it.enterprise));
        seen.sort_by_cached_key(|it| {
            (!it.is_favourite, it.enterprise.name.to_lowercase(), it.enterprise.number)
        });
        let found = seen.len();
        seen.truncate(reach);
        let open = entries(&mut look, seen).await?;
        Ok(Boxes { open, found, only, total, closed: look.closed_boxes().await? })
    }

    /// The companies that have ceased, and whose boxes the reader had access to
    /// until then.
    ///
    /// # Errors
    /// Whatever keeps the ledger from answering.
    pub async fn closed_boxes(&self, reader: &Reader) -> Result<Vec<Enterprise>, MailboxError> {
        let mut look = self.look(reader, Place::All).await?;
        Ok(look.closed_boxes().await?)
    }

    /// One box; `NotFound` when the reader has no access to it today.
    ///
    /// # Errors
    /// Also whatever keeps the ledger from answering.
    pub async fn box_of(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
    ) -> Result<BoxSeen, MailboxError> {
        the_box(&mut self.look(reader, Place::Box(enterprise)).await?).await
    }

    /// When a box was last opened and when its newest message that the reader
    /// may see arrived.
    ///
    /// # Errors
    /// As [`Mailbox::box_of`].
    pub async fn last_times(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
    ) -> Result<LastTimes, MailboxError> {
        let mut look = self.look(reader, Place::Box(enterprise)).await?;
        let opened = look.boxes().await?.pop().ok_or(MailboxError::NotFound)?.last_connection;
        let everything = Filter { hidden: Hidden::With, ..Filter::default() };
        let newest = Stretch { order: Order::Newest, after: None, skip: 0, take: 1, reach: None };
        let ids = look.walk(&everything, newest).await?;
        let newest = look.lines(&ids, &everything).await?.pop();
        Ok(LastTimes { opened, arrived: newest.map(|line| line.arrived_at) })
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

/// The one box looked at.
pub(super) async fn the_box(look: &mut Look) -> Result<BoxSeen, MailboxError> {
    look.boxes().await?.pop().ok_or(MailboxError::NotFound)
}

async fn entries(look: &mut Look, seen: Vec<BoxSeen>) -> Result<Vec<BoxEntry>, MailboxError> {
    let numbers: Vec<EnterpriseNumber> = seen.iter().map(|it| it.enterprise.number).collect();
    let (first, later) = numbers.split_at(numbers.len().min(FIRST));
    let mut entries = Vec::with_capacity(seen.len());
    let mut seen = seen.into_iter();
    for (numbers, max) in [(first, UNREAD_MAX), (later, UNREAD_MAX_LATER)] {
        if numbers.is_empty() {
            continue;
        }
        // One more tells whether there are more.
        let unread = look.unread(numbers, max + 1).await?;
        entries.extend(seen.by_ref().take(numbers.len()).map(|it| counted(it, &unread, max)));
    }
    Ok(entries)
}

fn counted(seen: BoxSeen, unread: &BTreeMap<EnterpriseNumber, u64>, max: u32) -> BoxEntry {
    let count = unread.get(&seen.enterprise.number).copied().unwrap_or(0);
    BoxEntry {
        unread: count.min(u64::from(max)),
        is_unread_more: count > u64::from(max),
        enterprise: seen.enterprise,
        is_manager: seen.is_manager,
        is_favourite: seen.is_favourite,
    }
}
