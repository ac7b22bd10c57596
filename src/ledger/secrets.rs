//! Keys that all engines of an installation share: drawn once, kept here.

use super::Ledger;
use super::error::LedgerError;
use super::store::{Row, Statement};

const DRAW: Statement = Statement::same(
    "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
);
const READ: Statement = Statement::same("SELECT value FROM secrets WHERE name = $1");

impl Ledger {
    /// The secret of a name. Where there is none yet it becomes `drawn`, or
    /// what another engine drew at the same moment.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn secret(&self, name: &str, drawn: [u8; 32]) -> Result<Vec<u8>, LedgerError> {
        self.store.execute(DRAW, vec![name.into(), drawn.to_vec().into()]).await?;
        let mut rows = self.store.rows(READ, vec![name.into()]).await?;
        let row = rows.first_mut();
        row.map(Row::bytes).transpose()?.ok_or_else(|| LedgerError::Shape("no secret".into()))
    }
}
