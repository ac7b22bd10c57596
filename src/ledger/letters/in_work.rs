//! What a printer has to do: the oldest that is due to it, and the oldest that
//! it has in hand.

use jiff::Timestamp;
use uuid::Uuid;

use crate::ledger::error::LedgerError;
use crate::ledger::store::{Row, Statement};
use crate::ledger::{Ledger, time};

/// Letters that wait for a printer's work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrinterWork {
    /// The Belgian day, in days since 1970, and the moment from which on its
    /// oldest letter that was not released might be asked for; whichever is
    /// later counts.
    pub due: Option<(i64, Timestamp)>,
    /// When the oldest was claimed of those that are not at the post.
    pub claimed_since: Option<Timestamp>,
    /// When it last claimed one.
    pub last_claim_at: Option<Timestamp>,
}

/// One stretch of an index for each kind of letter: of a million that wait, one
/// is read.
const DUE: Statement = Statement::same(
    "SELECT job, day, created_at FROM letters
     WHERE state = 'queued' AND released_at IS NULL AND day IS NOT NULL
       AND printer = $1 AND registered = $2 AND day <= $3
     ORDER BY day, job LIMIT 1",
);

/// When a letter was given to its printer, if not when it was made.
const GIVEN: Statement = Statement::same(
    "SELECT max(recorded_at) FROM letter_events
     WHERE job = $1 AND verdict = 'applied' AND kind IN ('moved', 'released')",
);

const CLAIMED: Statement = Statement::same(
    "SELECT min(claimed_at) FROM letters
     WHERE printer = $1 AND state IN ('claimed', 'printed')",
);

const LAST_CLAIM: Statement = Statement::same(
    "SELECT max(claimed_at) FROM letters WHERE printer = $1 AND claimed_at IS NOT NULL",
);

const OLDEST_CLAIMED: Statement = Statement::same(
    "SELECT printer, min(claimed_at) FROM letters
     WHERE state IN ('claimed', 'printed') AND claimed_at IS NOT NULL GROUP BY printer",
);

impl Ledger {
    /// What waits for a printer's work on a day.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn printer_work(
        &self,
        printer: &str,
        today: i64,
    ) -> Result<PrinterWork, LedgerError> {
        let mut due = None;
        for is_registered in [true, false] {
            let found = self.oldest_due(printer, is_registered, today).await?;
            due = [due, found].into_iter().flatten().min();
        }
        Ok(PrinterWork {
            due,
            claimed_since: self.moment(CLAIMED, printer).await?,
            last_claim_at: self.moment(LAST_CLAIM, printer).await?,
        })
    }

    async fn oldest_due(
        &self,
        printer: &str,
        is_registered: bool,
        today: i64,
    ) -> Result<Option<(i64, Timestamp)>, LedgerError> {
        let values = vec![printer.into(), is_registered.into(), today.into()];
        let mut rows = self.store.rows(DUE, values).await?;
        let Some(row) = rows.first_mut() else { return Ok(None) };
        let (job, day, made): (Uuid, _, _) = (row.id()?, row.int()?, row.int()?);
        let mut given = self.store.rows(GIVEN, vec![job.into()]).await?;
        let given = given.first_mut().map_or(Ok(None), Row::opt_int)?;
        Ok(Some((day, time(given.unwrap_or(made))?)))
    }

    async fn moment(
        &self,
        statement: Statement,
        printer: &str,
    ) -> Result<Option<Timestamp>, LedgerError> {
        let mut rows = self.store.rows(statement, vec![printer.into()]).await?;
        let at = rows.first_mut().map_or(Ok(None), Row::opt_int)?;
        at.map(time).transpose()
    }

    /// For each printer, when it claimed the oldest letter that it has in hand.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn oldest_claimed(&self) -> Result<Vec<(String, Timestamp)>, LedgerError> {
        let rows = self.store.rows(OLDEST_CLAIMED, vec![]).await?;
        rows.into_iter().map(|mut row| Ok((row.text()?, time(row.int()?)?))).collect()
    }
}
