//! Letters that wait for a printer: which they are, and back to be planned.

use jiff::Timestamp;
use uuid::Uuid;

use super::orders::Order;
use super::steps::Source;
use super::unplanned::{UnplannedLetter, unplanned};
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Row, Statement};
use crate::paper::letter::Event;

/// One stretch of an index for each of the two.
const HELD: Statement = Statement::same(
    "SELECT job, message_type, registered, attempt, address, held_for
     FROM (SELECT * FROM (SELECT job, message_type, registered, attempt, address, held_for
             FROM letters WHERE state = 'held' AND held_for = 'cap_reached' AND job > $1
             ORDER BY job LIMIT $2) c
           UNION ALL
           SELECT * FROM (SELECT job, message_type, registered, attempt, address, held_for
             FROM letters WHERE state = 'held' AND held_for = 'printer_paused' AND job > $1
             ORDER BY job LIMIT $2) p) l
     ORDER BY job LIMIT $2",
);

/// What was planned for a printer and not given to it; says its conditions
/// twice, since another may have touched what was read.
const WITHDRAW: Statement = Statement::same(
    "UPDATE letters SET printer = '', day = NULL, plan = NULL, claimant = NULL, leased_until = NULL
     WHERE state = 'queued' AND released_at IS NULL AND printer = $1
       AND (leased_until IS NULL OR leased_until < $2)
       AND job IN (SELECT job FROM letters
         WHERE state = 'queued' AND released_at IS NULL AND day IS NOT NULL AND printer = $1
           AND (leased_until IS NULL OR leased_until < $2)
         ORDER BY registered DESC, day, job LIMIT $3)",
);

impl Ledger {
    /// Letters that wait for room or for a paused printer, after one, in the
    /// order of their job ids; each with what it waits for.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn held_letters(
        &self,
        after: Uuid,
        limit: i64,
    ) -> Result<Vec<(UnplannedLetter, String)>, LedgerError> {
        let mut rows = self.store.rows(HELD, vec![after.into(), limit.into()]).await?;
        let read = |row: &mut Row| Ok((unplanned(row)?, row.text()?));
        let rows: Vec<_> = rows.iter_mut().map(read).collect::<Result<_, LedgerError>>()?;
        let (letters, waits): (Vec<_>, Vec<String>) = rows.into_iter().unzip();
        Ok(self.with_destinations(letters).await?.into_iter().zip(waits).collect())
    }

    /// Puts held letters back to be planned; answers how many.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn release_held(&self, jobs: &[Uuid], now: Timestamp) -> Result<usize, LedgerError> {
        if jobs.is_empty() {
            return Ok(0);
        }
        let order = Order { source: &Source::Engine, kind: Event::Released, address: None };
        self.order(jobs, order, now).await.map(|done| done.len())
    }

    /// Takes from a printer what is planned for it and was not given to it, to
    /// be planned anew, some at a time; answers how many.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn withdraw_letters(
        &self,
        printer: &str,
        limit: i64,
        now: Timestamp,
    ) -> Result<u64, LedgerError> {
        let values = vec![printer.into(), crate::ledger::micros(now).into(), limit.into()];
        self.store.execute(WITHDRAW, values).await
    }
}
