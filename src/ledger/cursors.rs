//! Cursors over the journal: how far somebody has followed it.

use super::Ledger;
use super::error::LedgerError;
use super::store::Statement;

/// How far something has followed the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Of what.
    pub name: String,
    /// Through which position.
    pub position: i64,
}

const CURSORS: Statement =
    Statement::same("SELECT name, position FROM cursors WHERE name LIKE $1 ORDER BY name");

const MOVE: Statement = Statement::same(
    "INSERT INTO cursors (name, position) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET position = excluded.position
     WHERE cursors.position < excluded.position",
);

/// Another engine that moved it meanwhile knows of receipts that are still to be
/// sent: it stays.
const DROP: Statement = Statement::same("DELETE FROM cursors WHERE name = $1 AND position = $2");

impl Ledger {
    /// Cursors whose name begins with a prefix.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn cursors(&self, prefix: &str) -> Result<Vec<Cursor>, LedgerError> {
        let rows = self.store.rows(CURSORS, vec![format!("{prefix}%").into()]).await?;
        rows.into_iter()
            .map(|mut row| Ok(Cursor { name: row.text()?, position: row.int()? }))
            .collect()
    }

    /// Moves cursors forward, never back, and drops others, where they still
    /// stand as they were read, in one transaction.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn move_cursors(
        &self,
        forward: &[Cursor],
        dropped: &[Cursor],
    ) -> Result<(), LedgerError> {
        let mut tx = self.store.begin().await?;
        for cursor in forward {
            tx.execute(MOVE, vec![cursor.name.as_str().into(), cursor.position.into()]).await?;
        }
        for cursor in dropped {
            tx.execute(DROP, vec![cursor.name.as_str().into(), cursor.position.into()]).await?;
        }
        tx.commit().await
    }
}
