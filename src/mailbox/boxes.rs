//! The boxes that a person chooses from.

use jiff::Timestamp;

use super::{Filter, Hidden, Mailbox, MailboxError, Order, Place, Reader};
use crate::domain::{Enterprise, EnterpriseNumber};
use crate::ledger::{Look, Stretch};

/// Unread messages of a box are counted up to here: beyond, a number says
/// nothing that "100+" does not.
const UNREAD_MAX: u32 = 100;
/// Of many boxes together so many are counted, in each 10 at least.
const UNREAD_MAX_ALL: u32 = 10_000;
const UNREAD_MIN: u32 = 10;
/// Where else counting may end: at numbers that people read at a glance.
const UNREAD_BETWEEN: [u32; 2] = [50, 20];

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
    /// Unread messages that the reader may see, up to 100, and up to fewer
    /// where there are many boxes.
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
    /// Those that are open today, favourites first, then by name.
    pub open: Vec<BoxEntry>,
    /// The companies that have ceased, and whose boxes were open until then.
    pub closed: Vec<Enterprise>,
}

impl Mailbox {
    /// Every box of the reader, as of one moment.
    ///
    /// # Errors
    /// Whatever keeps the ledger from answering.
    pub async fn boxes(&self, reader: &Reader) -> Result<Boxes, MailboxError> {
        let mut look = self.look(reader, Place::All).await?;
        let mut open = entries(&mut look).await?;
        open.sort_by_cached_key(|it| {
            (!it.is_favourite, it.enterprise.name.to_lowercase(), it.enterprise.number)
        });
        Ok(Boxes { open, closed: look.closed_boxes().await? })
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
    ) -> Result<BoxEntry, MailboxError> {
        let mut look = self.look(reader, Place::Box(enterprise)).await?;
        entries(&mut look).await?.pop().ok_or(MailboxError::NotFound)
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

async fn entries(look: &mut Look) -> Result<Vec<BoxEntry>, MailboxError> {
    let seen = look.boxes().await?;
    let count = u32::try_from(seen.len()).unwrap_or(u32::MAX).max(1);
    let all = UNREAD_MAX_ALL / count;
    let mut ends = [UNREAD_MAX].into_iter().chain(UNREAD_BETWEEN);
    let max = ends.find(|end| *end <= all).unwrap_or(UNREAD_MIN);
    // One more tells whether there are more.
    let unread = look.unread(None, max + 1).await?;
    let entry = |it: crate::ledger::BoxSeen| {
        let counted = unread.get(&it.enterprise.number).copied().unwrap_or(0);
        BoxEntry {
            unread: counted.min(u64::from(max)),
            is_unread_more: counted > u64::from(max),
            enterprise: it.enterprise,
            is_manager: it.is_manager,
            is_favourite: it.is_favourite,
            all_digital: it.all_digital,
        }
    };
    Ok(seen.into_iter().map(entry).collect())
}
