//! A page of a box and its total in one statement, for programs that ask often.
//!
//! Grants and reference data are kept in memory under their versions; the
//! statement that reads the page reads these versions too, as of the same
//! moment. Where one has moved, what was read is thrown away. So a grant that
//! was withdrawn opens nothing, and no transaction is needed to know it. A total
//! is counted anew when what it stands and falls with has moved.

use jiff::Timestamp;

use super::filter::{Filter, Order};
use super::list::Stretch;
use super::page::Asked;
use super::rows::Line;
use super::totals::List;
use crate::clock::belgian_day;
use crate::domain::{EnterpriseNumber, PersonId};
use crate::ledger::Ledger;
use crate::ledger::access::CachedAccess;
use crate::ledger::error::LedgerError;
use crate::ledger::store::Statement;
use crate::route::{Opening, openings};

/// A page of one box.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// Its messages, newest first, without their labels and letters.
    pub lines: Vec<Line>,
    /// How many there are on all pages.
    pub total: u64,
}

const VERSION: Statement =
    Statement::same("SELECT access_version FROM boxes WHERE enterprise = $1");

/// What one person has open in one box, and under which versions.
struct Kept {
    /// Of the reference data and of the box's access.
    versions: (i64, i64),
    opening: Opening,
}

/// What a glance at a box found.
#[derive(Clone, Debug, PartialEq)]
pub enum Glanced {
    /// The page.
    Page(Glance),
    /// More messages lie in the box than a glance counts.
    Large,
    /// It takes a look to tell: several parts of the box are open, or none, or
    /// its company has ceased, or access has just changed.
    Unclear,
}

impl Ledger {
    /// A page of a box of at most `small` messages, newest first, where one
    /// thing alone is open in it to a person: the whole, or one part.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn glance(
        &self,
        person: &PersonId,
        enterprise: EnterpriseNumber,
        filter: &Filter,
        (stretch, small): (Stretch, u32),
        now: Timestamp,
    ) -> Result<Glanced, LedgerError> {
        // Labels were merged into others; what that means is asked first.
        if stretch.order != Order::Newest || !filter.labels.is_empty() {
            return Ok(Glanced::Unclear);
        }
        for is_learned in [false, true] {
            if is_learned {
                self.learn(enterprise).await?;
            }
            let access = self.access.get(&enterprise);
            let access = access.filter(|it| !it.grants_of(person).is_empty());
            let Some(access) = access else { continue };
            let Some(kept) = self.kept(&access, person, now) else { break };
            let asked = Asked { opening: &kept.opening, filter, stretch, small, now };
            let list = List::of(person, enterprise, filter, now);
            if let Some(glanced) = self.glance_under(kept.versions, asked, list).await? {
                return Ok(glanced);
            }
        }
        Ok(Glanced::Unclear)
    }

    /// None where the versions have moved.
    async fn glance_under(
        &self,
        versions: (i64, i64),
        asked: Asked<'_>,
        list: Option<List>,
    ) -> Result<Option<Glanced>, LedgerError> {
        if let Some(list) = &list
            && let Some(known) = self.totals.get(list, asked.now)
            && known.under.versions == versions
            && let Some(found) = self.page_of(asked, false).await?
            && found.under == known.under
        {
            let (lines, total) = (found.lines, known.total);
            return Ok(Some(Glanced::Page(Glance { lines, total })));
        }
        let Some(found) = self.page_of(asked, true).await? else {
            return Ok(Some(Glanced::Unclear));
        };
        if found.under.versions != versions {
            return Ok(None);
        }
        if found.under.messages > i64::from(asked.small) {
            return Ok(Some(Glanced::Large));
        }
        let Some(counted) = found.counted(asked.now) else { return Ok(Some(Glanced::Unclear)) };
        if let Some(list) = list {
            self.totals.keep(list, counted);
        }
        let (lines, total) = (found.lines, counted.total);
        Ok(Some(Glanced::Page(Glance { lines, total })))
    }

    /// Keeps today's access of a box, under its version.
    async fn learn(&self, enterprise: EnterpriseNumber) -> Result<(), LedgerError> {
        let mut tx = self.store.begin_look().await?;
        self.reference_in(&mut tx).await?;
        let mut rows = tx.rows(VERSION, vec![enterprise.value().into()]).await?;
        let Some(row) = rows.first_mut() else { return Ok(()) };
        let version = row.int()?;
        self.access_in(&mut tx, &[(enterprise, version)]).await.map(drop)
    }

    /// None where nothing, or more than one thing, is open.
    fn kept(&self, access: &CachedAccess, person: &PersonId, now: Timestamp) -> Option<Kept> {
        let reference = self.reference.read().ok()?.clone()?;
        let grants = access.grants_of(person);
        let mut openings = openings(grants, &reference.message_types, belgian_day(now));
        let opening = openings.pop().filter(|_| openings.is_empty())?;
        Some(Kept { versions: (reference.version, access.version()), opening })
    }
}
