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
use super::predicate::{admitted, bound, given, wanted};
use super::rows::{Line, columns, line};
use crate::clock::belgian_day;
use crate::domain::{EnterpriseNumber, PersonId};
use crate::ledger::Ledger;
use crate::ledger::access::CachedAccess;
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Row, Statement, Value};
use crate::route::{Opening, openings};

/// A page of one box.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// Its messages, newest first, without their labels and letters.
    pub lines: Vec<Line>,
    /// How many there are on all pages.
    pub total: u64,
}

/// `v`: what the openings were made under, of a company that has not ceased,
/// since that has rules of its own; `c`: how many of the `$7` newest messages of
/// box `$4` there are, and how many of them meet everything. `o` and `f` have one
/// row each, which the scans of PostgreSQL take as parameters: so a page ends with
/// its last message, and nothing is gathered or sorted.
const PAGE: Statement = Statement {
    postgres: concat!(
        given!(postgres),
        ", v AS MATERIALIZED (
             SELECT t.reference_version, b.access_version
             FROM boxes b JOIN clock t ON t.one = 1
             LEFT JOIN enterprises e ON e.number = b.enterprise
             WHERE b.enterprise = $4 AND COALESCE(e.state, '') <> 'closed'),
         c AS MATERIALIZED (
             SELECT k.* FROM o CROSS JOIN f CROSS JOIN LATERAL (
                 SELECT count(*) AS looked, count(*) FILTER (WHERE ",
        admitted!(postgres),
        " AND ",
        wanted!(postgres),
        ") AS met FROM (
                     SELECT * FROM messages w WHERE w.enterprise = o.enterprise
                     ORDER BY w.id DESC LIMIT $7) m) k)
         SELECT v.*, c.looked, c.met, p.* FROM v CROSS JOIN c LEFT JOIN (
             SELECT x.* FROM o CROSS JOIN f CROSS JOIN LATERAL (
                 SELECT ",
        columns!(),
        " FROM messages m WHERE m.enterprise = o.enterprise AND ",
        admitted!(postgres),
        " AND ",
        wanted!(postgres),
        " ORDER BY m.id DESC LIMIT $5 OFFSET $6) x) p ON true"
    ),
    sqlite: concat!(
        given!(sqlite),
        ", v AS MATERIALIZED (
             SELECT t.reference_version, b.access_version
             FROM boxes b JOIN clock t ON t.one = 1
             LEFT JOIN enterprises e ON e.number = b.enterprise
             WHERE b.enterprise = $4 AND COALESCE(e.state, '') <> 'closed'),
         c AS MATERIALIZED (
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
    ),
};

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
            let values = values(&kept.opening, filter, (stretch, small), now)?;
            let rows = self.store.glance(PAGE, values).await?;
            if let Some(glanced) = read(rows, &kept, small)? {
                return Ok(glanced);
            }
        }
        Ok(Glanced::Unclear)
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

/// `$1` to `$7`.
fn values(
    opening: &Opening,
    filter: &Filter,
    (stretch, small): (Stretch, u32),
    now: Timestamp,
) -> Result<Vec<Value>, LedgerError> {
    let mut values = bound(std::slice::from_ref(opening), filter, now)?;
    values.extend([
        opening.enterprise.value().into(),
        i64::from(stretch.take).into(),
        i64::from(stretch.skip).into(),
        // One more tells that there are more.
        (i64::from(small) + 1).into(),
    ]);
    Ok(values)
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
