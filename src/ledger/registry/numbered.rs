//! The numbers of the history: without a gap, and counted beside it in the
//! registry's clock, so that a change that somebody removes is missed.

use crate::ledger::error::LedgerError;
use crate::ledger::store::{Row, Statement, Transaction};
use crate::ledger::{Finding, Ledger};

/// An older engine, which runs beside while engines are exchanged, gives none.
const NUMBER_OLDER: Statement = Statement::same(
    "UPDATE registry_history SET number = older.number
     FROM (SELECT id, (SELECT history FROM registry_clock)
                  + row_number() OVER (ORDER BY id) AS number
           FROM registry_history WHERE number IS NULL) AS older
     WHERE registry_history.id = older.id",
);

const DRAW: Statement =
    Statement::same("UPDATE registry_clock SET history = history + $1 RETURNING history");

/// Numbers that do not follow the one before; the last is the one that the
/// clock would give next.
const GAPS: Statement = Statement::same(
    "SELECT before, number FROM (
         SELECT number, lag(number, 1, CAST(0 AS BIGINT)) OVER (ORDER BY number) AS before
         FROM (SELECT number FROM registry_history WHERE number IS NOT NULL
               UNION ALL SELECT history + 1 FROM registry_clock) AS numbers) AS pairs
     WHERE number <> before + 1 ORDER BY number LIMIT $1",
);

/// So many gaps are named; more are seen by running again.
const NAMED_MAX: i64 = 1_000;

/// Draws numbers for so many changes, in a transaction that holds the lock of
/// the registry's clock.
pub(super) async fn draw(
    tx: &mut Transaction,
    count: usize,
) -> Result<impl Iterator<Item = i64> + use<>, LedgerError> {
    let older = tx.execute(NUMBER_OLDER, vec![]).await?;
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let drawn = count.saturating_add_unsigned(older);
    let mut rows = tx.rows(DRAW, vec![drawn.into()]).await?;
    let last = rows.first_mut().map_or(Ok(0), Row::int)?;
    Ok(last - count + 1..=last)
}

impl Ledger {
    /// Changes of access that are missing from the history, or stand in it
    /// twice.
    ///
    /// # Errors
    /// `Transient` while the database is away. What is wrong is a finding.
    pub async fn verify_history(&self) -> Result<Vec<Finding>, LedgerError> {
        let rows = self.store.rows(GAPS, vec![NAMED_MAX.into()]).await?;
        rows.into_iter().map(|mut row| Ok(gap(row.int()?, row.int()?))).collect()
    }
}

fn gap(before: i64, number: i64) -> Finding {
    let (what, which) = match number - before - 1 {
        1 => ("a change is missing from the registry's history", format!("number {}", before + 1)),
        ..=0 => ("the registry's history holds more than was written", format!("number {before}")),
        _ => (
            "changes are missing from the registry's history",
            format!("numbers {} to {}", before + 1, number - 1),
        ),
    };
    Finding { what: what.into(), which }
}
