//! The record's end: years that have been kept for long enough leave it, seal
//! by seal from the last one back, so that what is left of a chain is whole.

use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::ledger::store::Statement;

const LAST: Statement = Statement::same(
    "SELECT year, number FROM audit_seals WHERE year < $1 ORDER BY year, number DESC LIMIT 1",
);
const ROWS: Statement = Statement::same("DELETE FROM audit WHERE year = $1 AND seal = $2");
const SEAL: Statement = Statement::same("DELETE FROM audit_seals WHERE year = $1 AND number = $2");

impl Ledger {
    /// Forgets what lies under one seal of a year before `year`; answers how
    /// many rows, none where there is no such seal.
    ///
    /// # Errors
    /// `Transient` while the database is away: do it again.
    pub async fn forget_record(&self, year: i64) -> Result<Option<u64>, LedgerError> {
        let mut tx = self.store.begin().await?;
        let mut rows = tx.rows(LAST, vec![year.into()]).await?;
        let Some(row) = rows.first_mut() else { return Ok(None) };
        let seal = vec![row.int()?.into(), row.int()?.into()];
        let forgotten = tx.execute(ROWS, seal.clone()).await?;
        tx.execute(SEAL, seal).await?;
        tx.commit().await?;
        Ok(Some(forgotten))
    }
}
