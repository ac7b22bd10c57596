//! A page of a box and its total in one statement, for programs that ask often.
//!
//! Grants and reference data are kept in memory under their versions; the
//! statement that reads the page reads these versions too, as of the same
//! moment. Where one has moved, what was read is thrown away. So a grant that
//! was withdrawn opens nothing, and no transaction is needed to know it.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::filter::{Filter, Order};
use super::list::Stretch;
use super::narrow::Narrow;
use super::predicate::{admitted, bound, given, wanted};
use super::rows::{Line, columns, line};
use crate::clock::belgian_day;
use crate::domain::{EnterpriseNumber, PersonId};
use crate::ledger::Ledger;
use crate::ledger::access::CachedAccess;
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Row, Statement, Store, Value};
use crate::route::{Opening, openings};

/// A page of one box.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// Its messages, newest first, without their labels and letters.
    pub lines: Vec<Line>,
    /// How many there are on all pages.
    pub total: u64,
}

/// What the openings were made under, of a company that has not ceased, since
/// that has rules of its own.
macro_rules! versions {
    ($box:literal) => {
        concat!(
            ", v AS MATERIALIZED (
             SELECT t.reference_version, b.access_version
             FROM boxes b JOIN clock t ON t.one = 1
             LEFT JOIN enterprises e ON e.number = b.enterprise
             WHERE b.enterprise = ",
            $box,
            " AND COALESCE(e.state, '') <> 'closed')"
        )
    };
}

/// `c`: how many of the `$7` newest messages of box `$4` there are, and how many
/// of them meet everything.
const PAGE: &str = concat!(
    given!(sqlite),
    versions!("$4"),
    ", c AS MATERIALIZED (
         SELECT count(*) AS looked, count(*) FILTER (WHERE ",
    admitted!(sqlite),
    " AND ",
    wanted!(sqlite),
    ") AS met FROM o CROSS JOIN (
             SELECT * FROM messages w WHERE w.enterprise = $4 ORDER BY w.id DESC LIMIT $7) m)
     SELECT v.*, c.looked, c.met, p.* FROM v CROSS JOIN c LEFT JOIN (
         SELECT ",
    columns!(),
    " FROM o CROSS JOIN messages m WHERE m.enterprise = $4 AND ",
    admitted!(sqlite),
    " AND ",
    wanted!(sqlite),
    " ORDER BY m.id DESC LIMIT $5 OFFSET $6) p ON true"
);

/// The same in PostgreSQL, with `$1` to `$4` instead: so a page ends with its
/// last message, and nothing is gathered or sorted.
fn narrow_page(Narrow { given, met, .. }: &Narrow) -> String {
    [
        given,
        versions!("$1"),
        ", c AS MATERIALIZED (
             SELECT count(*) AS looked, count(*) FILTER (WHERE ",
        met,
        ") AS met FROM o CROSS JOIN f CROSS JOIN (
                 SELECT * FROM messages w WHERE w.enterprise = $1 ORDER BY w.id DESC LIMIT $4) m)
         SELECT v.*, c.looked, c.met, p.* FROM v CROSS JOIN c LEFT JOIN (
             SELECT ",
        columns!(),
        " FROM o CROSS JOIN f CROSS JOIN messages m WHERE m.enterprise = $1 AND ",
        met,
        " ORDER BY m.id DESC LIMIT $2 OFFSET $3) p ON true",
    ]
    .concat()
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
            let rows = self.page_of(&kept.opening, filter, (stretch, small), now).await?;
            if let Some(glanced) = read(rows, &kept, small)? {
                return Ok(glanced);
            }
        }
        Ok(Glanced::Unclear)
    }

    async fn page_of(
        &self,
        opening: &Opening,
        filter: &Filter,
        (stretch, small): (Stretch, u32),
        now: Timestamp,
    ) -> Result<Vec<Row>, LedgerError> {
        let places = places(opening, stretch, small);
        if let Store::Sqlite { .. } = self.store {
            let mut values = bound(std::slice::from_ref(opening), filter, now)?;
            values.extend(places);
            return self.store.glance(Statement::same(PAGE), values).await;
        }
        let narrow = Narrow::new(opening, filter, now, places.into())?;
        self.store.glance_by(narrow_page(&narrow), narrow.values).await
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

/// The box, and which stretch of it: what both dialects need.
fn places(opening: &Opening, stretch: Stretch, small: u32) -> [Value; 4] {
    [
        opening.enterprise.value().into(),
        i64::from(stretch.take).into(),
        i64::from(stretch.skip).into(),
        // One more tells that there are more.
        (i64::from(small) + 1).into(),
    ]
}

/// Every row begins with what is the same for all of them; one without a
/// message stands for an empty page. None where the versions have moved.
fn read(rows: Vec<Row>, kept: &Kept, small: u32) -> Result<Option<Glanced>, LedgerError> {
    let (mut total, mut lines) = (None, Vec::with_capacity(rows.len()));
    for mut row in rows {
        if (row.int()?, row.int()?) != kept.versions {
            return Ok(None);
        }
        let (looked, met) = (row.int()?, row.int()?);
        if looked > i64::from(small) {
            return Ok(Some(Glanced::Large));
        }
        if let Some(id) = row.opt_id()? {
            lines.push(line(id, row)?);
        }
        total = u64::try_from(met).ok();
    }
    // Joined rows have no order that SQL would promise.
    lines.sort_unstable_by_key(|line| Reverse(line.id));
    Ok(Some(total.map_or(Glanced::Unclear, |total| Glanced::Page(Glance { lines, total }))))
}
