//! How many pages documents have: counted once, by whoever needs it first.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::documents::{self, DocumentKey};
use super::error::LedgerError;
use super::store::{Bulk, Column, Statement, Table};
use super::{Ledger, micros};

/// Pages by document; none where a document has none, or where nobody could
/// count them.
pub type PageCounts = BTreeMap<DocumentKey, Option<u32>>;

/// Two engines may count the same document: they come to the same.
const PAGES: Table = Table {
    name: "document_pages",
    columns: &["application", "digest", "pages", "counted_at"],
    conflict: "ON CONFLICT (application, digest) DO NOTHING",
};

const FIND: Statement = Statement {
    postgres: "SELECT p.application, p.digest, p.pages
        FROM UNNEST($1::TEXT[], $2::BYTEA[]) AS wanted (a, b)
        JOIN document_pages p ON p.application = wanted.a AND p.digest = wanted.b",
    sqlite: "SELECT p.application, p.digest, p.pages
        FROM json_each($1) wanted
        CROSS JOIN document_pages p ON p.application = wanted.value ->> 0
         AND p.digest = unhex(wanted.value ->> 1)",
};

impl Ledger {
    /// How many pages these documents have, those that were counted before.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn page_counts(&self, wanted: &[DocumentKey]) -> Result<PageCounts, LedgerError> {
        if wanted.is_empty() {
            return Ok(PageCounts::new());
        }
        let rows = self.store.rows(FIND, vec![documents::pairs(wanted)]).await?;
        rows.into_iter()
            .map(|mut row| {
                let key = documents::key(&mut row)?;
                let pages = row.opt_int()?.and_then(|pages| u32::try_from(pages).ok());
                Ok((key, pages))
            })
            .collect()
    }

    /// Writes down how many pages documents have.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn pages_counted(
        &self,
        counted: &PageCounts,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        if counted.is_empty() {
            return Ok(());
        }
        let bulk = Bulk::new(
            &PAGES,
            vec![
                Column::Texts(counted.keys().map(|(whose, _)| whose.to_string()).collect()),
                Column::Bytes(counted.keys().map(|(_, it)| it.as_bytes().to_vec()).collect()),
                Column::OptInts(counted.values().map(|pages| pages.map(i64::from)).collect()),
                Column::Ints(vec![micros(now); counted.len()]),
            ],
        );
        let mut tx = self.store.begin().await?;
        tx.insert(bulk).await?;
        tx.commit().await
    }
}
