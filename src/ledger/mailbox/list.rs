//! Which messages a reader sees, newest or oldest first, and how many.

use uuid::Uuid;

use super::filter::{Filter, Order};
use super::look::Look;
use super::predicate::{admitted, bound, given, wanted};
use crate::domain::MessageId;
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Row, Statement, Value};

/// A piece of a list.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// In which order.
    pub order: Order,
    /// Only what comes after this message in the list.
    pub after: Option<MessageId>,
    /// So many are passed over.
    pub skip: u32,
    /// So many at most.
    pub take: u32,
    /// How many messages of each box are looked at; without, all of them.
    pub reach: Option<u32>,
}

/// The messages of each box in the order of their ids, which is that of their
/// arrival, filtered as they come. First the best of each opening, to see
/// which boxes can reach the page at all: of 1,000 boxes, 25 for a page of 25.
macro_rules! walk {
    ($among:literal, $beyond:literal, $order:literal) => {
        Statement {
            postgres: concat!(
                given!(postgres),
                ", r AS MATERIALIZED (
                     SELECT o.*, best.id FROM o CROSS JOIN f CROSS JOIN LATERAL (
                         SELECT m.id FROM (
                             SELECT * FROM messages w WHERE w.enterprise = o.enterprise AND w.id ",
                $beyond, " $4 ", $among, " ORDER BY w.id ", $order, " LIMIT $7) m
                         WHERE ", admitted!(postgres), " AND ", wanted!(postgres), "
                         ORDER BY m.id ", $order, " LIMIT 1) best),
                 b AS MATERIALIZED (
                     SELECT enterprise FROM (
                         SELECT DISTINCT ON (enterprise) enterprise, id FROM r
                         ORDER BY enterprise, id ", $order, ") q
                     ORDER BY id ", $order, " LIMIT $5)
                 SELECT DISTINCT x.id FROM r AS o JOIN b ON b.enterprise = o.enterprise
                 CROSS JOIN f CROSS JOIN LATERAL (
                     SELECT m.id FROM (
                         SELECT * FROM messages w WHERE w.enterprise = o.enterprise AND w.id ",
                $beyond, " $4 ", $among, " ORDER BY w.id ", $order, " LIMIT $7) m
                     WHERE ", admitted!(postgres), " AND ", wanted!(postgres), "
                     ORDER BY m.id ", $order, " LIMIT $5) x
                 ORDER BY x.id ", $order, " LIMIT $5 - $6 OFFSET $6"
            ),
            sqlite: concat!(
                given!(sqlite),
                " SELECT m.id FROM messages m
                 WHERE m.enterprise IN (SELECT enterprise FROM o) AND m.id ", $beyond, " $4
                 AND $7 > 0 AND ", wanted!(sqlite), "
                 AND EXISTS (SELECT 1 FROM o WHERE o.enterprise = m.enterprise AND ",
                admitted!(sqlite), ") ORDER BY m.id ", $order, " LIMIT $5 - $6 OFFSET $6"
            ),
        }
    };
}

const NEWEST: Statement = walk!("", "<", "DESC");
const OLDEST: Statement = walk!("", ">", "ASC");
/// By the index of what is unread.
const NEWEST_UNREAD: Statement = walk!("AND w.read_at IS NULL AND w.hidden = 0", "<", "DESC");
const OLDEST_UNREAD: Statement = walk!("AND w.read_at IS NULL AND w.hidden = 0", ">", "ASC");

/// Ends as soon as enough were counted; in the order of the key, so that no
/// plan reads a whole box first. A message that several openings admit is
/// counted once: so many times more are read at most.
macro_rules! count {
    ($among:literal) => {
        Statement {
            postgres: concat!(
                given!(postgres),
                " SELECT count(*) FROM (SELECT DISTINCT id FROM (
                     SELECT x.id FROM o CROSS JOIN f CROSS JOIN LATERAL (
                         SELECT m.id FROM (
                             SELECT * FROM messages w WHERE w.enterprise = o.enterprise ",
                $among,
                " ORDER BY w.id DESC LIMIT $6) m WHERE ",
                admitted!(postgres),
                " AND ",
                wanted!(postgres),
                " LIMIT $4) x
                     LIMIT $4 * $5) y LIMIT $4) z"
            ),
            sqlite: concat!(
                given!(sqlite),
                " SELECT count(*) FROM (SELECT w.id FROM (
                     SELECT m.* FROM messages m
                     WHERE m.enterprise IN (SELECT enterprise FROM o) AND ",
                wanted!(sqlite),
                "
                     AND EXISTS (SELECT 1 FROM o WHERE o.enterprise = m.enterprise AND ",
                admitted!(sqlite),
                ")) w WHERE $5 >= 0 AND $6 > 0 ",
                $among,
                " LIMIT $4)"
            ),
        }
    };
}

const COUNT: Statement = count!("");
const COUNT_UNREAD: Statement = count!("AND w.read_at IS NULL AND w.hidden = 0");

impl Look {
    /// The ids of a stretch of the list.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn walk(
        &mut self,
        filter: &Filter,
        stretch: Stretch,
    ) -> Result<Vec<MessageId>, LedgerError> {
        if self.openings.is_empty() {
            return Ok(vec![]);
        }
        let (statement, end) = match (stretch.order, is_unread(filter)) {
            (Order::Newest, false) => (NEWEST, Uuid::max()),
            (Order::Newest, true) => (NEWEST_UNREAD, Uuid::max()),
            (Order::Oldest, false) => (OLDEST, Uuid::nil()),
            (Order::Oldest, true) => (OLDEST_UNREAD, Uuid::nil()),
        };
        let mut values = bound(&self.openings, filter, self.now)?;
        let through = i64::from(stretch.skip) + i64::from(stretch.take);
        values.extend([
            stretch.after.map_or(end, |id| id.0).into(),
            through.into(),
            i64::from(stretch.skip).into(),
            stretch.reach.map_or(i64::MAX, i64::from).into(),
        ]);
        let rows = self.tx.rows(statement, values).await?;
        rows.into_iter().map(|mut row| row.id().map(MessageId)).collect()
    }

    /// How many messages meet a filter; counts up to `cap` and no further.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn count(&mut self, filter: &Filter, cap: u32) -> Result<u64, LedgerError> {
        if self.openings.is_empty() {
            return Ok(0);
        }
        let statement = if is_unread(filter) { COUNT_UNREAD } else { COUNT };
        let mut values: Vec<Value> = bound(&self.openings, filter, self.now)?;
        values.extend([i64::from(cap).into(), self.overlap().into(), i64::MAX.into()]);
        let mut rows = self.tx.rows(statement, values).await?;
        let count = rows.first_mut().map_or(Ok(0), Row::int)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

/// Whether the index of what is unread and not hidden holds all of it.
fn is_unread(filter: &Filter) -> bool {
    filter.is_unread == Some(true) && filter.hidden == super::filter::Hidden::Without
}
