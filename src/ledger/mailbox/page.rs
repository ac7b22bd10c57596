//! The statement of a glance: a page, its total or what tells that the total is
//! still the one that was counted, and what all of it was read under.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::filter::Filter;
use super::list::Stretch;
use super::narrow::Narrow;
use super::predicate::{admitted, bound, given, wanted};
use super::rows::{Line, columns, line};
use super::totals::{Counted, Under};
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::ledger::micros;
use crate::ledger::store::{Row, Statement, Store, Value};
use crate::route::Opening;

/// What is asked of a box.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) opening: &'a Opening,
    pub(super) filter: &'a Filter,
    pub(super) stretch: Stretch,
    /// So many messages are counted at most.
    pub(super) small: u32,
    pub(super) now: Timestamp,
}

/// What a statement found.
pub(super) struct Found {
    pub(super) under: Under,
    /// How many messages meet everything, and when the first of them leaves:
    /// none where that was not asked.
    met: Option<i64>,
    leaves: Option<i64>,
    /// Newest first.
    pub(super) lines: Vec<Line>,
}

/// What the openings were made under, of a company that has not ceased, since
/// that has rules of its own.
macro_rules! versions {
    ($box:literal) => {
        concat!(
            ", v AS MATERIALIZED (
             SELECT t.reference_version, b.access_version, b.mail_position
             FROM boxes b JOIN clock t ON t.one = 1
             LEFT JOIN enterprises e ON e.number = b.enterprise
             WHERE b.enterprise = ",
            $box,
            " AND COALESCE(e.state, '') <> 'closed')"
        )
    };
}

/// Of the messages `m`: how many there are, how many of them meet everything,
/// and when the first of those leaves.
macro_rules! counted {
    ($($met:tt)+) => {
        concat!(
            "count(*) AS looked, count(*) FILTER (WHERE ",
            $($met)+,
            ") AS met, min(m.expires_at) FILTER (WHERE ",
            $($met)+,
            ") AS leaves"
        )
    };
}

/// How many there are alone, which their keys tell.
macro_rules! looked {
    () => {
        "count(*) AS looked, CAST(NULL AS BIGINT) AS met, CAST(NULL AS BIGINT) AS leaves"
    };
}

/// `c`: what is told of the `$7` newest messages of box `$4`.
macro_rules! page {
    ($($told:tt)+) => {
        concat!(
            given!(sqlite),
            versions!("$4"),
            ", c AS MATERIALIZED (SELECT ",
            $($told)+,
            " FROM o CROSS JOIN (
                 SELECT * FROM messages w WHERE w.enterprise = $4 ORDER BY w.id DESC LIMIT $7) m)
             SELECT v.*, c.*, p.* FROM v CROSS JOIN c LEFT JOIN (
                 SELECT ",
            columns!(),
            " FROM o CROSS JOIN messages m WHERE m.enterprise = $4 AND ",
            admitted!(sqlite),
            " AND ",
            wanted!(sqlite),
            " ORDER BY m.id DESC LIMIT $5 OFFSET $6) p ON true"
        )
    };
}

const COUNTED_PAGE: &str = page!(counted!(concat!(admitted!(sqlite), " AND ", wanted!(sqlite))));
const PAGE: &str = page!(looked!());

fn counted_by(met: &str) -> String {
    let counted = "count(*) AS looked, count(*) FILTER (WHERE ";
    [counted, met, ") AS met, min(m.expires_at) FILTER (WHERE ", met, ") AS leaves"].concat()
}

/// The same in PostgreSQL, with `$1` to `$4` instead: so a page ends with its
/// last message, and nothing is gathered or sorted.
fn narrow_page(Narrow { given, met, .. }: &Narrow, is_counted: bool) -> String {
    let told = if is_counted { counted_by(met) } else { looked!().to_owned() };
    [
        given,
        versions!("$1"),
        ", c AS MATERIALIZED (SELECT ",
        &told,
        " FROM o CROSS JOIN f CROSS JOIN (
             SELECT * FROM messages w WHERE w.enterprise = $1 ORDER BY w.id DESC LIMIT $4) m)
         SELECT v.*, c.*, p.* FROM v CROSS JOIN c LEFT JOIN (
             SELECT ",
        columns!(),
        " FROM o CROSS JOIN f CROSS JOIN messages m WHERE m.enterprise = $1 AND ",
        met,
        " ORDER BY m.id DESC LIMIT $2 OFFSET $3) p ON true",
    ]
    .concat()
}

impl Ledger {
    /// None where the box is nobody's, or its company has ceased.
    pub(super) async fn page_of(
        &self,
        asked: Asked<'_>,
        is_counted: bool,
    ) -> Result<Option<Found>, LedgerError> {
        let Asked { opening, filter, now, .. } = asked;
        if let Store::Sqlite { .. } = self.store {
            let mut values = bound(std::slice::from_ref(opening), filter, now)?;
            values.extend(asked.places());
            let text = if is_counted { COUNTED_PAGE } else { PAGE };
            return read(self.store.glance(Statement::same(text), values).await?);
        }
        let narrow = Narrow::new(opening, filter, now, asked.places().into())?;
        read(self.store.glance_by(narrow_page(&narrow, is_counted), narrow.values).await?)
    }
}

impl Asked<'_> {
    /// The box, and which stretch of it: what both dialects need.
    fn places(&self) -> [Value; 4] {
        [
            self.opening.enterprise.value().into(),
            i64::from(self.stretch.take).into(),
            i64::from(self.stretch.skip).into(),
            // One more tells that there are more.
            (i64::from(self.small) + 1).into(),
        ]
    }
}

impl Found {
    /// The total, where it was counted at this moment.
    pub(super) fn counted(&self, now: Timestamp) -> Option<Counted> {
        let total = u64::try_from(self.met?).ok()?;
        let holds = (micros(now), self.leaves.unwrap_or(i64::MAX));
        Some(Counted { under: self.under, total, holds })
    }
}

/// Every row begins with what is the same for all of them; one without a
/// message stands for an empty page.
fn read(rows: Vec<Row>) -> Result<Option<Found>, LedgerError> {
    let (mut told, mut lines) = (None, Vec::with_capacity(rows.len()));
    for mut row in rows {
        let (versions, mail_position) = ((row.int()?, row.int()?), row.int()?);
        let under = Under { versions, mail_position, messages: row.int()? };
        told = Some((under, row.opt_int()?, row.opt_int()?));
        if let Some(id) = row.opt_id()? {
            lines.push(line(id, row)?);
        }
    }
    // Joined rows have no order that SQL would promise.
    lines.sort_unstable_by_key(|line| Reverse(line.id));
    Ok(told.map(|(under, met, leaves)| Found { under, met, leaves, lines }))
}
