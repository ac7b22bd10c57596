//! The ledger: the one writer of truth.
//!
//! Registry, identities, messages, letters, quarantine, and the journal that
//! everything else (search, receipts, counters) follows. One set of
//! statements over two databases (see `store`), held to the same promises by
//! one conformance suite.
//!
//! Positions of the journal are drawn under the lock of one row in the last
//! statements before commit, so they are dense and become visible in order: a
//! follower that reads `position > last` can skip nothing.

mod access;
mod account;
mod batch;
mod controls;
mod cursors;
mod detail;
mod documents;
mod engines;
mod error;
mod examine;
mod expiry;
mod explain;
mod figures;
mod handover;
mod identity;
mod journal;
mod letters;
mod mailbox;
mod migrations;
mod notices;
mod pages;
mod quarantine;
mod record;
mod reference;
mod registry;
mod replies;
mod secrets;
mod senders;
mod sessions;
mod shared;
mod store;
mod tail;
mod verify;

pub use account::{Account, ApplicationAccount, LetterCounts};
pub use batch::{Batch, Named, Recipient, RecipientBox, Snapshot, Wanted};
pub use controls::{Act, Acted, Control, Controlled, Controls, LaneOrder};
pub use cursors::Cursor;
pub use detail::Detail;
pub use documents::{Claimed, DocumentKey, DocumentRow, KnownDocument, Sweep, needed_through};
pub use error::{Class, LedgerError};
pub use examine::Unfit;
pub use figures::{EngineFigures, Moment, TOLD_EVERY, TOLD_KEPT, Told};
pub use identity::{Fingerprint, IdentityChange, IdentityKey, IdentityState, KnownIdentity};
pub use journal::{Entry, EntryKind, searched};
pub use letters::{
    Area, Claim, ClaimAnswer, Destination, LetterEvent, LetterFilter, LetterRow, LetterTicket,
    OrderRefusal, Ordered, PlannedLetter, Printed, PrinterLoad, PrinterStanding, PrinterWork,
    ReadSoFar, RecallScope, Releasable, Source, Sources, Step, Stray, UnderWay, UnplannedLetter,
    Verdict,
};
pub use mailbox::{
    BoxSeen, Deed, Deeds, Filter, Glance, Glanced, Hidden, LabelChange, LabelChanged, LetterState,
    LetterStep, Line, Look, Looks, Managed, Management, Mark, Marked, Order, Place, Replaced,
    Replied, ReplyRow, SealHead, Stretch, View, ViewId,
};
pub use notices::{
    Made, NoticeEnd, NoticeInHand, NoticeRow, NoticeState, NoticeTime, Stopped, UnreadMail,
    address_tag,
};
pub use pages::PageCounts;
pub use quarantine::{QuarantineEntry, QuarantineFilter, QuarantineState};
pub use record::{
    Accepted, NewLetter, OutAtOnce, Quarantined, Records, RefusedAgain, Replayed, StoredMessage,
};
pub use reference::Reference;
pub use registry::{HistoryEntry, PartitionUse, Registered, RegistryPages, Tally, Written};
pub use senders::MessageStatus;
pub use sessions::SessionRow;
pub use verify::{Finding, NamedDocuments};

use std::sync::{Arc, RwLock};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use uuid::Uuid;

use crate::domain::EnterpriseNumber;
use access::CachedAccess;
use shared::Shared;
use store::{Statement, Store};
use tail::Tail;

/// A ledger, with the caches that its own version numbers keep true.
pub struct Ledger {
    store: Store,
    reference: RwLock<Option<Arc<Reference>>>,
    readings: Shared<Arc<Reference>>,
    access: Cache<EnterpriseNumber, CachedAccess, ByGrants>,
    /// Audiences known to be stored.
    audiences: Cache<[u8; 16], ()>,
    /// Policies known to be stored.
    policies: Cache<[u8; 32], ()>,
    totals: mailbox::Totals,
    tail: Tail,
    fresh: letters::Fresh,
}

/// Grants kept in memory over all boxes, about 200 bytes each.
const GRANTS_CACHED_MAX: u64 = 400_000;
const BOXES_CACHED: usize = 100_000;
const AUDIENCES_CACHED_MAX: usize = 200_000;
const POLICIES_CACHED_MAX: usize = 1_000;

/// A box weighs what its rules and grants do.
#[derive(Clone)]
struct ByGrants;

impl Weighter<EnterpriseNumber, CachedAccess> for ByGrants {
    fn weight(&self, _: &EnterpriseNumber, cached: &CachedAccess) -> u64 {
        cached.weight()
    }
}

impl Ledger {
    /// Opens the ledger that an address names; `connections` bounds its pool.
    /// A PostgreSQL that is away is not an error here.
    ///
    /// # Errors
    /// `Address`, and for SQLite whatever keeps the file from being opened.
    pub async fn open(url: &str, connections: u32) -> Result<Self, LedgerError> {
        Ok(Self {
            store: Store::connect(url, connections).await?,
            reference: RwLock::new(None),
            readings: Shared::new(reference::READING_TURN_MAX),
            access: Cache::with_weighter(BOXES_CACHED, GRANTS_CACHED_MAX, ByGrants),
            audiences: Cache::new(AUDIENCES_CACHED_MAX),
            policies: Cache::new(POLICIES_CACHED_MAX),
            totals: mailbox::Totals::default(),
            tail: Tail::default(),
            fresh: letters::Fresh::default(),
        })
    }

    /// Brings the schema up to date; harmless when it is.
    ///
    /// # Errors
    /// `Migrate` when a migration fails or the schema is newer than this program.
    pub async fn migrate(&self) -> Result<(), LedgerError> {
        migrations::run(&self.store).await
    }

    /// Whether the database answers and the schema is there.
    ///
    /// # Errors
    /// Whatever keeps it from answering.
    pub async fn ping(&self) -> Result<(), LedgerError> {
        self.epoch().await.map(drop)
    }

    /// Which ledger this is. Another epoch means another history: everything
    /// projected from it must be rebuilt.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn epoch(&self) -> Result<Uuid, LedgerError> {
        let statement = Statement::same("SELECT epoch FROM clock");
        let mut rows = self.store.rows(statement, vec![]).await?;
        rows.first_mut().ok_or_else(|| LedgerError::Shape("the clock is missing".into()))?.id()
    }

    /// The position of the last journal entry.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn position(&self) -> Result<i64, LedgerError> {
        let statement = Statement::same("SELECT position FROM clock");
        let mut rows = self.store.rows(statement, vec![]).await?;
        rows.first_mut().ok_or_else(|| LedgerError::Shape("the clock is missing".into()))?.int()
    }

    /// `postgres` or `sqlite`.
    #[must_use]
    pub fn backend(&self) -> &'static str {
        match self.store {
            Store::Postgres(..) => "postgres",
            Store::Sqlite { .. } => "sqlite",
        }
    }

    /// Closes its connections.
    pub async fn close(&self) {
        self.store.close().await;
    }
}

/// Microseconds since 1970, as stored.
#[must_use]
pub(crate) fn micros(at: jiff::Timestamp) -> i64 {
    at.as_microsecond()
}

/// A record's text, as stored.
fn json<T: serde::Serialize>(value: &T) -> Result<String, LedgerError> {
    serde_json::to_string(value)
        .map_err(|error| LedgerError::Shape(format!("a record cannot be written: {error}")))
}

/// A stored time.
pub(crate) fn time(micros: i64) -> Result<jiff::Timestamp, LedgerError> {
    jiff::Timestamp::from_microsecond(micros)
        .map_err(|error| LedgerError::Shape(format!("{micros} is no time: {error}")))
}
