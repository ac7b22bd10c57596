//! The record's seals: a chain a year. Each seal covers some rows and the seal
//! before it, so that whoever holds a printed head can tell whether anything
//! before it was changed, added or taken away.
//!
//! One appender at a time seals what has no seal, in the order of ids: a row
//! that is committed late comes under a later seal and is not passed over.

use jiff::Timestamp;

use crate::domain::Digest;
use crate::ledger::documents;
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Row, Statement, Transaction, Value};
use crate::ledger::{Finding, Ledger, micros};

/// The last seal of a year: to be printed and kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SealHead {
    /// Of the Belgian calendar.
    pub year: i64,
    /// From 1.
    pub number: i64,
    /// Over everything before it.
    pub digest: Digest,
}

/// As it is printed and given back: `2026:12:` and the digest.
impl std::fmt::Display for SealHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.year, self.number, self.digest)
    }
}

impl std::str::FromStr for SealHead {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || "a head is YEAR:NUMBER:DIGEST, as verify prints it".to_owned();
        let mut parts = text.splitn(3, ':');
        let mut part = || parts.next().ok_or_else(malformed);
        let (year, number, digest) = (part()?, part()?, part()?);
        let parsed = |text: &str| text.parse().map_err(|_| malformed());
        let digest = digest.parse().map_err(|_| malformed())?;
        Ok(Self { year: parsed(year)?, number: parsed(number)?, digest })
    }
}

/// Rows under one seal at most.
const ROWS_MAX: i64 = 5_000;

const UNSEALED: Statement = Statement::same(
    "SELECT id, year, at, enterprise, message, actor, kind, detail FROM audit
     WHERE seal IS NULL AND year = (SELECT min(year) FROM audit WHERE seal IS NULL)
     ORDER BY id LIMIT $1",
);

const SEALED: Statement = Statement::same(
    "SELECT id, year, at, enterprise, message, actor, kind, detail FROM audit
     WHERE year = $1 AND seal = $2 ORDER BY id",
);

const LAST: Statement = Statement::same(
    "SELECT year, number, digest FROM audit_seals WHERE year = $1 ORDER BY number DESC LIMIT 1",
);

const SEALS: Statement =
    Statement::same("SELECT year, number, digest, entries FROM audit_seals ORDER BY year, number");

const HEADS: Statement = Statement::same(
    "SELECT year, number, digest FROM audit_seals s WHERE number =
         (SELECT max(number) FROM audit_seals o WHERE o.year = s.year) ORDER BY year",
);

const SEAL_AT: Statement =
    Statement::same("SELECT year, number, digest FROM audit_seals WHERE year = $1 AND number = $2");

const MARK: Statement = Statement {
    postgres: "UPDATE audit SET seal = $2 WHERE id = ANY ($1) AND seal IS NULL",
    sqlite: "UPDATE audit SET seal = $2
        WHERE id IN (SELECT value FROM json_each($1)) AND seal IS NULL",
};

/// Fails where another appender took the number: its work stands.
const SEAL: Statement = Statement::same(
    "INSERT INTO audit_seals (year, number, entries, digest, at) VALUES ($1, $2, $3, $4, $5)",
);

/// Sealed rows whose seal is gone.
const STRAYS: Statement = Statement::same(
    "SELECT a.year, a.seal FROM audit a
     LEFT JOIN audit_seals s ON s.year = a.year AND s.number = a.seal
     WHERE a.seal IS NOT NULL AND s.number IS NULL LIMIT 1",
);

/// A row as it is sealed.
struct Entry {
    id: i64,
    year: i64,
    bytes: Vec<u8>,
}

/// Every field with its length before it: no two rows read the same.
fn entry(mut row: Row) -> Result<Entry, LedgerError> {
    let (id, year, at, enterprise) = (row.int()?, row.int()?, row.int()?, row.int()?);
    let message = row.opt_id()?.map(|id| id.to_string()).unwrap_or_default();
    let mut bytes = Vec::new();
    for number in [id, year, at, enterprise] {
        bytes.extend(number.to_be_bytes());
    }
    for text in [message, row.text()?, row.text()?, row.text()?] {
        bytes.extend((text.len() as u64).to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    Ok(Entry { id, year, bytes })
}

fn head(row: &mut Row) -> Result<SealHead, LedgerError> {
    let (year, number) = (row.int()?, row.int()?);
    let digest = documents::digest(&row.bytes()?)?;
    Ok(SealHead { year, number, digest })
}

/// The digest of a seal: over the one before it, its place, and its rows.
fn digest(before: Option<&SealHead>, year: i64, number: i64, entries: &[Entry]) -> Digest {
    let before: &[u8] = before.map_or(&[], |before| before.digest.as_bytes());
    let (year, number) = (year.to_be_bytes(), number.to_be_bytes());
    let rows = entries.iter().map(|entry| entry.bytes.as_slice());
    let parts: Vec<&[u8]> = [before, &year, &number].into_iter().chain(rows).collect();
    Digest::of_parts(&parts)
}

async fn entries(
    tx: &mut Transaction,
    statement: Statement,
    values: Vec<Value>,
) -> Result<Vec<Entry>, LedgerError> {
    tx.rows(statement, values).await?.into_iter().map(entry).collect()
}

impl Ledger {
    /// Seals what has no seal yet, up to 5,000 rows of one year; answers how
    /// many.
    ///
    /// # Errors
    /// `Transient` while the database is away; `Refused` when another appender
    /// was faster, which is no harm.
    pub async fn seal_record(&self, now: Timestamp) -> Result<u64, LedgerError> {
        let mut tx = self.store.begin().await?;
        let rows = entries(&mut tx, UNSEALED, vec![ROWS_MAX.into()]).await?;
        let Some(year) = rows.first().map(|entry| entry.year) else { return Ok(0) };
        let mut last = tx.rows(LAST, vec![year.into()]).await?;
        let last = last.first_mut().map(head).transpose()?;
        let number = last.as_ref().map_or(1, |last| last.number + 1);
        let digest = digest(last.as_ref(), year, number, &rows);
        let ids = Value::Ints(rows.iter().map(|entry| entry.id).collect());
        let count = tx.execute(MARK, vec![ids, number.into()]).await?;
        let entries = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let digest = digest.as_bytes().to_vec();
        let values =
            vec![year.into(), number.into(), entries.into(), digest.into(), micros(now).into()];
        tx.execute(SEAL, values).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// The last seal of each year.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn seal_heads(&self) -> Result<Vec<SealHead>, LedgerError> {
        let rows = self.store.rows(HEADS, vec![]).await?;
        rows.into_iter().map(|mut row| head(&mut row)).collect()
    }

    /// Whether the record still holds these heads, which were kept elsewhere:
    /// a chain that was cut off at its end is whole in itself.
    ///
    /// # Errors
    /// `Transient` while the database is away. What is wrong is a finding.
    pub async fn verify_heads(&self, heads: &[SealHead]) -> Result<Vec<Finding>, LedgerError> {
        let mut findings = Vec::new();
        for kept in heads {
            let values = vec![kept.year.into(), kept.number.into()];
            let mut rows = self.store.rows(SEAL_AT, values).await?;
            let found = rows.first_mut().map(head).transpose()?;
            if found.as_ref() != Some(kept) {
                findings.push(Finding {
                    what: "the record of deeds does not hold the head that was given".into(),
                    which: kept.to_string(),
                });
            }
        }
        Ok(findings)
    }

    /// Recomputes every seal from the rows under it.
    ///
    /// # Errors
    /// `Transient` while the database is away. What is wrong is a finding.
    pub async fn verify_seals(&self) -> Result<Vec<Finding>, LedgerError> {
        let mut tx = self.store.begin_read().await?;
        let (mut findings, mut before): (Vec<Finding>, Option<SealHead>) = (vec![], None);
        for mut row in tx.rows(SEALS, vec![]).await? {
            let (seal, count) = (head(&mut row)?, row.int()?);
            let chained = before.take().filter(|before| before.year == seal.year);
            let values = vec![seal.year.into(), seal.number.into()];
            let rows = entries(&mut tx, SEALED, values).await?;
            let expected = chained.as_ref().map_or(1, |before| before.number + 1);
            let is_whole = seal.number == expected
                && i64::try_from(rows.len()).is_ok_and(|found| found == count)
                && digest(chained.as_ref(), seal.year, seal.number, &rows) == seal.digest;
            if !is_whole {
                findings.push(broken(seal.year, seal.number));
            }
            before = Some(seal);
        }
        for mut row in tx.rows(STRAYS, vec![]).await? {
            findings.push(broken(row.int()?, row.int()?));
        }
        Ok(findings)
    }
}

fn broken(year: i64, number: i64) -> Finding {
    Finding {
        what: "the record of deeds was changed after it was sealed".into(),
        which: format!("seal {number} of {year}"),
    }
}
