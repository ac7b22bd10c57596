//! Reports that are no letter's: kept whole, for a person to look at.

use jiff::Timestamp;

use crate::domain::Digest;
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Bulk, Column, Row, Statement, Table};
use crate::ledger::{Ledger, micros, time};

/// A report that belongs nowhere.
#[derive(Clone, Debug)]
pub struct Stray {
    /// The printer by its routing key, or by its key.
    pub printer: String,
    /// `MALFORMED`, `UNKNOWN_JOB`, `UNKNOWN_PRINTER` or `FORGED`.
    pub code: &'static str,
    /// In words.
    pub explanation: String,
    /// Its bytes, untouched.
    pub body: Vec<u8>,
}

const STRAYS: Table = Table {
    name: "stray_reports",
    columns: &["digest", "printer", "code", "explanation", "body", "at"],
    conflict: "ON CONFLICT (digest) DO NOTHING",
};

const LIST: Statement = Statement::same(
    "SELECT printer, code, explanation, body, at FROM stray_reports
     ORDER BY at DESC, digest LIMIT $1",
);

impl Ledger {
    /// Keeps reports that belong nowhere; the same again is kept once.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn keep_strays(&self, strays: &[Stray], now: Timestamp) -> Result<(), LedgerError> {
        let digest = |stray: &Stray| Digest::of_parts(&[stray.printer.as_bytes(), &stray.body]);
        let text = |text: fn(&Stray) -> &str| {
            // PostgreSQL takes no NUL in a text.
            Column::Texts(strays.iter().map(|it| text(it).replace('\0', "\u{fffd}")).collect())
        };
        let columns = vec![
            Column::Bytes(strays.iter().map(|it| digest(it).as_bytes().to_vec()).collect()),
            text(|it| &it.printer),
            text(|it| it.code),
            text(|it| &it.explanation),
            Column::Bytes(strays.iter().map(|it| it.body.clone()).collect()),
            Column::Ints(vec![micros(now); strays.len()]),
        ];
        let mut tx = self.store.begin().await?;
        tx.insert(Bulk::new(&STRAYS, columns)).await?;
        tx.commit().await
    }

    /// The newest strays: printer, code, explanation, body, and when it came.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn strays(
        &self,
        limit: i64,
    ) -> Result<Vec<(String, String, String, Vec<u8>, Timestamp)>, LedgerError> {
        let rows = self.store.rows(LIST, vec![limit.into()]).await?;
        let stray = |mut row: Row| {
            Ok((row.text()?, row.text()?, row.text()?, row.bytes()?, time(row.int()?)?))
        };
        rows.into_iter().map(stray).collect()
    }
}
