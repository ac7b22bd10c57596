//! What was done without a deed that says so: rows that a deed was written
//! with, in one transaction, whose deed is not there any more. The chain of
//! seals tells nothing of deeds that were taken from its end.

use crate::ledger::error::LedgerError;
use crate::ledger::store::Statement;
use crate::ledger::{Finding, Ledger};

/// Deeds of years that are over leave the record: nothing is asked of what
/// is older than its first one.
macro_rules! kept {
    ($at:literal) => {
        concat!($at, " >= COALESCE((SELECT min(at) FROM audit), 0)")
    };
}

const READ: Statement = Statement::same(concat!(
    "SELECT id FROM messages m WHERE m.read_at IS NOT NULL AND ",
    kept!("m.read_at"),
    " AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.message = m.id AND a.kind = 'read')
      ORDER BY id LIMIT $1"
));

/// Imports change access too; what persons change has a deed of that moment.
const MANAGED: Statement = Statement::same(concat!(
    "SELECT h.kind, h.key FROM registry_history h
     WHERE EXISTS (SELECT 1 FROM persons p WHERE p.id = h.actor) AND ",
    kept!("h.at"),
    " AND NOT EXISTS (SELECT 1 FROM audit a
         WHERE a.enterprise = h.enterprise AND a.at = h.at AND a.actor = h.actor)
      ORDER BY h.id LIMIT $1"
));

/// So many of each kind are named; more are counted by running again.
const NAMED_MAX: i64 = 1_000;

impl Ledger {
    /// Messages that were read, and access that persons changed, of which the
    /// record of deeds says nothing.
    ///
    /// # Errors
    /// `Transient` while the database is away. What is wrong is a finding.
    pub async fn verify_deeds(&self) -> Result<Vec<Finding>, LedgerError> {
        let mut tx = self.store.begin_read().await?;
        let mut findings = Vec::new();
        for mut row in tx.rows(READ, vec![NAMED_MAX.into()]).await? {
            findings.push(Finding {
                what: "a message was read, and no deed says so".into(),
                which: row.id()?.to_string(),
            });
        }
        for mut row in tx.rows(MANAGED, vec![NAMED_MAX.into()]).await? {
            let (kind, key) = (row.text()?, row.text()?);
            findings.push(Finding {
                what: "a person changed access, and no deed says so".into(),
                which: format!("{kind} {key}"),
            });
        }
        Ok(findings)
    }
}
