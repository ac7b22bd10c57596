//! Everything a person may do with a box, without HTTP and without pages.
//!
//! Access is decided when somebody reads, from the grants of that moment: the
//! ledger's [`Look`] is the one place that knows them, for lists, searches,
//! counters, contents, labels and exports alike. The search index is asked
//! with the same access and only proposes; every row it names is looked up in
//! the ledger again, under the access of that later moment.
//!
//! What a person may not see does not exist for that person: one error,
//! [`MailboxError::NotFound`], and no other sign.

mod access;
mod around;
mod boxes;
mod content;
mod counters;
mod csv;
mod deep;
mod download;
mod error;
mod export;
mod file_name;
mod labels;
mod list;
mod manage;
mod marks;
mod open;
mod page;
mod partitions;
mod past;
mod propose;
mod reader;
mod record;
mod register;
mod reply;
mod route;
mod views;

pub use access::{AccessTable, GrantLine, NewGrant, Preview};
pub use around::{BoxSurroundings, Surroundings};
pub use boxes::{BoxEntry, Boxes, LastTimes};
pub use content::{Fetched, Purpose};
pub use counters::Counters;
pub use csv::Wording;
pub use download::{Archive, DOWNLOAD_BYTES_MAX, DOWNLOAD_MESSAGES_MAX};
pub use error::MailboxError;
pub use file_name::shown_name;
pub use list::Listed;
pub use manage::ConsentChange;
pub use marks::Change;
pub use open::Opened;
pub use page::{COUNT_MAX, Page, Total};
pub use past::{Event, Happened};
pub use reader::{Claims, PersonKey, Reader};
pub use record::{DEEDS_PER_PAGE, Record};
pub use register::BoxStatus;
pub use reply::ReplyShown;
pub use route::Destination;

pub use crate::domain::Notification;
pub use crate::ledger::{
    BoxSeen, Deed, Deeds, Filter, Hidden, LabelChange, LetterState, LetterStep, Line, NoticeRow,
    NoticeState, Order, Place, ReplyRow, View, ViewId,
};

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use crate::clock::Clock;
use crate::documents::DocumentStore;
use crate::domain::EnterpriseNumber;
use crate::ledger::{Ledger, Look};
use crate::search::{REACH_MAX, Search};
use deep::Turned;

/// The boxes of all companies, as their readers see them. Clones share all.
#[derive(Clone)]
pub struct Mailbox {
    ledger: Arc<Ledger>,
    /// Without it, everything is answered by the ledger, and texts cannot be
    /// searched.
    search: Option<Search>,
    documents: DocumentStore,
    clock: Arc<dyn Clock>,
    /// Boxes of so many messages are answered by the ledger alone.
    small: u32,
    /// Boxes whose opening was noted within the last minute.
    entered: Cache<EnterpriseNumber, ()>,
    /// Boxes that were too large for a glance within the last minute.
    large: Cache<EnterpriseNumber, ()>,
    /// What stands in tables for people.
    wording: Arc<Wording>,
    /// How many messages one statement may pass over.
    reach: u32,
    turned: Turned,
}

/// A ledger walks so many rows faster than an index is asked.
const SMALL: u32 = 2_000;
const MINUTE: Duration = Duration::from_secs(60);
const BOXES_KEPT_MAX: u64 = 100_000;

impl Mailbox {
    /// Over these parts of an engine.
    #[must_use]
    pub fn new(
        ledger: Arc<Ledger>,
        search: Option<Search>,
        documents: DocumentStore,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let minute = || Cache::builder().max_capacity(BOXES_KEPT_MAX).time_to_live(MINUTE).build();
        let (entered, large) = (minute(), minute());
        let wording = Arc::new(csv::plain);
        let (small, reach, turned) = (SMALL, REACH_MAX, deep::turned());
        Self { ledger, search, documents, clock, small, entered, large, wording, reach, turned }
    }

    /// With the texts that tables for people are written in.
    #[must_use]
    pub fn worded(self, wording: Arc<Wording>) -> Self {
        Self { wording, ..self }
    }

    /// Asks the index from boxes of more than so many messages on, instead of
    /// 2,000.
    #[must_use]
    pub fn proposing_beyond(self, messages: u32) -> Self {
        Self { small: messages, ..self }
    }

    /// Walks beyond so many messages of a list, instead of 10,000, as lists for
    /// programs do.
    #[must_use]
    pub fn walking_beyond(self, messages: u32) -> Self {
        Self { reach: messages.max(1), ..self }
    }

    async fn look(&self, reader: &Reader, place: Place) -> Result<Look, MailboxError> {
        let look = self.ledger.look(&reader.person, place, self.clock.now()).await?;
        look.ok_or(MailboxError::NotFound)
    }

    /// A look at a box that the reader manages.
    async fn look_as_manager(
        &self,
        reader: &Reader,
        enterprise: EnterpriseNumber,
    ) -> Result<Look, MailboxError> {
        let look = self.look(reader, Place::Box(enterprise)).await?;
        if look.is_manager(enterprise) { Ok(look) } else { Err(MailboxError::Forbidden) }
    }

    /// Notes that somebody opened a box: what *active* is counted from.
    async fn enter(&self, enterprise: EnterpriseNumber) -> Result<(), MailboxError> {
        if !self.entered.contains_key(&enterprise) {
            self.ledger.touch_connection(enterprise, self.clock.now()).await?;
            self.entered.insert(enterprise, ());
        }
        Ok(())
    }
}
