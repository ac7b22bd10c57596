//! Whose content is kept, and whether a message names it.
//!
//! Content is kept once for each application, so knowing a digest gives no
//! right to a document and the sweep of one application's uploads cannot take
//! content that another one's messages name.
//!
//! A row is claimed before content is written and is then young; the sweep
//! takes only old rows that no message names, under the row's lock. So content
//! that somebody is about to write, or a batch is about to name, is never
//! swept. What messages name is kept through the last day on which one does
//! (`expiry` takes it from there).
//!
//! A row says that its content is *stored* only between the end of its writing
//! and the beginning of its sweep, and only then can a publication refer to
//! it: an upload that broke off, or a sweep that did, leaves a row that nobody
//! can build on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::error::LedgerError;
use super::store::{Bulk, Column, Row, Statement, Table, Transaction, Value, Write};
use super::{Ledger, micros, time};
use crate::domain::{ApplicationId, Digest};

/// One application's content.
pub type DocumentKey = (ApplicationId, Digest);

/// A claim on content, before it is written.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Whose, and which.
    pub key: DocumentKey,
    /// Its size in bytes; 0 while it is not known.
    pub size: u64,
    /// Its media type, where known.
    pub media_type: Option<String>,
}

/// A document as the ledger knows it.
#[derive(Clone, Debug)]
pub struct DocumentRow {
    /// Whose, and which.
    pub key: DocumentKey,
    /// Its size in bytes.
    pub size: u64,
    /// Its media type, where known.
    pub media_type: Option<String>,
    /// Whether its content is there.
    pub is_stored: bool,
    /// Whether a message names it.
    pub is_used: bool,
    /// When it was last claimed.
    pub claimed_at: Timestamp,
}

const DOCUMENTS: Table = Table {
    name: "documents",
    columns: &["application", "digest", "size", "media_type", "stored", "used", "claimed_at"],
    conflict: "ON CONFLICT (application, digest) DO UPDATE SET
        claimed_at = excluded.claimed_at,
        size = CASE WHEN documents.size = 0 THEN excluded.size ELSE documents.size END,
        media_type = COALESCE(documents.media_type, excluded.media_type)",
};

/// An uploaded document, as a batch sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownDocument {
    /// Its size in bytes.
    pub size: u64,
    /// The last day (since 1970) on which a message names it; 0 where none
    /// does.
    pub needed_through: i64,
}

/// What a message names for a while yet is not swept: it needs no lock. What
/// comes to its end within days is locked as an upload is.
///
/// One by one through the key, here and below: a plan that is kept may have been
/// made while there were few documents, and would walk through all that are
/// wanted for each that there is.
const NAMED: Statement = Statement {
    postgres: "SELECT d.application, d.digest, d.size, d.needed_through
        FROM UNNEST($1::TEXT[], $2::BYTEA[]) AS wanted (a, b)
        CROSS JOIN LATERAL (SELECT * FROM documents
            WHERE application = wanted.a AND digest = wanted.b LIMIT 1) d
        WHERE d.used = 1 AND d.needed_through > $3",
    sqlite: "SELECT d.application, d.digest, d.size, d.needed_through
        FROM json_each($1) wanted
        CROSS JOIN documents d ON d.application = wanted.value ->> 0
         AND d.digest = unhex(wanted.value ->> 1) AND d.used = 1 AND d.needed_through > $2",
};

/// Days that a batch cannot take from its look-up to its commit.
const BATCH_DAYS_MAX: i64 = 7;

/// The others are locked so that the sweep leaves them until the batch has
/// named them, or not. `KEY SHARE` stands in the way of the sweep's `UPDATE`
/// locks, but not of another batch that names the same document.
const LOCK: Statement = Statement {
    postgres: "SELECT d.application, d.digest, d.size, 0::BIGINT
        FROM UNNEST($1::TEXT[], $2::BYTEA[]) AS wanted (a, b)
        CROSS JOIN LATERAL (SELECT * FROM documents
            WHERE application = wanted.a AND digest = wanted.b AND stored = 1
            LIMIT 1 FOR KEY SHARE) d",
    sqlite: "SELECT d.application, d.digest, d.size, 0
        FROM json_each($1) wanted
        CROSS JOIN documents d ON d.application = wanted.value ->> 0
         AND d.digest = unhex(wanted.value ->> 1) AND d.stored = 1",
};

/// Content that came with the publication is not stored by name yet: it is
/// from here on.
const MARK_USED: Statement = Statement {
    // Locked in the order of their keys first: two batches that name the same
    // documents for the first time must not wait for each other crosswise.
    postgres: "UPDATE documents d SET used = 1, stored = 1,
            needed_through = GREATEST(d.needed_through, named.day)
        FROM (SELECT o.application, o.digest, wanted.day
              FROM (SELECT * FROM UNNEST($1::TEXT[], $2::BYTEA[], $3::BIGINT[]) AS u (a, b, day)
                    ORDER BY a, b) AS wanted
              CROSS JOIN LATERAL (SELECT * FROM documents
                  WHERE application = wanted.a AND digest = wanted.b
                    AND (used = 0 OR needed_through < wanted.day)
                  LIMIT 1 FOR NO KEY UPDATE) o) AS named
        WHERE d.application = named.application AND d.digest = named.digest",
    sqlite: "UPDATE documents SET used = 1, stored = 1,
            needed_through = max(needed_through, named.day)
        FROM (SELECT k.value ->> 0 AS application, unhex(k.value ->> 1) AS digest, n.value AS day
              FROM json_each($1) k JOIN json_each($2) n ON n.key = k.key) AS named
        WHERE documents.application = named.application AND documents.digest = named.digest
          AND (documents.used = 0 OR documents.needed_through < named.day)",
};

pub(super) fn pairs<'a>(keys: impl IntoIterator<Item = &'a DocumentKey>) -> Value {
    let pair =
        |(application, digest): &DocumentKey| (application.to_string(), digest.as_bytes().to_vec());
    Value::Pairs(keys.into_iter().map(pair).collect())
}

/// The documents that exist, with their sizes; none is swept before the
/// transaction ends. `today` in days since 1970.
pub(super) async fn lock(
    tx: &mut Transaction,
    wanted: &BTreeSet<DocumentKey>,
    today: i64,
) -> Result<HashMap<DocumentKey, KnownDocument>, LedgerError> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let values = vec![pairs(wanted), (today + BATCH_DAYS_MAX).into()];
    let mut found = known(tx.rows(NAMED, values).await?)?;
    let others: Vec<&DocumentKey> = wanted.iter().filter(|key| !found.contains_key(key)).collect();
    if !others.is_empty() {
        found.extend(known(tx.rows(LOCK, vec![pairs(others)]).await?)?);
    }
    Ok(found)
}

fn known(rows: Vec<Row>) -> Result<HashMap<DocumentKey, KnownDocument>, LedgerError> {
    rows.into_iter()
        .map(|mut row| {
            let (key, size) = (key(&mut row)?, size(&mut row)?);
            Ok((key, KnownDocument { size, needed_through: row.int()? }))
        })
        .collect()
}

/// Says that messages name these documents, each through a day at least (since
/// 1970).
pub(super) async fn mark_used(
    tx: &mut Transaction,
    used: &[(DocumentKey, i64)],
) -> Result<(), LedgerError> {
    match by_day(used) {
        Some(values) => tx.execute(MARK_USED, values).await.map(drop),
        None => Ok(()),
    }
}

/// The same as one of several changes; none where there is nothing to say.
pub(super) fn marking_used(used: &[(DocumentKey, i64)]) -> Option<Write> {
    by_day(used).map(|values| Write::Change(MARK_USED, values))
}

/// Each document once, with its last day: a statement may not touch a row
/// twice. None where there are none.
pub(super) fn by_day(used: &[(DocumentKey, i64)]) -> Option<Vec<Value>> {
    let mut days: BTreeMap<&DocumentKey, i64> = BTreeMap::new();
    for (key, day) in used {
        let through = days.entry(key).or_insert(*day);
        *through = (*through).max(*day);
    }
    let values = || [pairs(days.keys().copied()), Value::Ints(days.values().copied().collect())];
    (!days.is_empty()).then(|| values().into())
}

/// The last day (since 1970) on which a message that leaves its box then needs
/// its content: the whole day after, so that documents that many messages name
/// are not written for each.
#[must_use]
pub fn needed_through(expires_at: Timestamp) -> i64 {
    expires_at.as_second().div_euclid(86_400) + 1
}

pub(super) fn key(row: &mut Row) -> Result<DocumentKey, LedgerError> {
    Ok((row.parsed()?, digest(&row.bytes()?)?))
}

pub(super) fn digest(bytes: &[u8]) -> Result<Digest, LedgerError> {
    Digest::try_from(bytes).map_err(|_| LedgerError::Shape("a digest has 32 bytes".into()))
}

pub(super) fn size(row: &mut Row) -> Result<u64, LedgerError> {
    u64::try_from(row.int()?).map_err(|_| LedgerError::Shape("a size below 0".into()))
}

const FIND: Statement = Statement::same(
    "SELECT application, digest, size, media_type, stored, used, claimed_at FROM documents
     WHERE application = $1 AND digest = $2",
);

/// The media type of a document that is stored does not change.
const STORED: Statement = Statement::same(
    "UPDATE documents SET size = $3, stored = 1,
        media_type = CASE WHEN stored = 1 THEN COALESCE(media_type, $4) ELSE $4 END
     WHERE application = $1 AND digest = $2",
);

/// A transaction of its own: were it undone together with the sweep, a row
/// would say that content is there which the sweep had deleted.
const RETIRE: Statement = Statement {
    postgres: "UPDATE documents SET stored = 0 WHERE (application, digest) IN
        (SELECT application, digest FROM documents
         WHERE used = 0 AND stored = 1 AND claimed_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
    sqlite: "UPDATE documents SET stored = 0 WHERE (application, digest) IN
        (SELECT application, digest FROM documents
         WHERE used = 0 AND stored = 1 AND claimed_at < $1 LIMIT $2)",
};

const UNUSED: Statement = Statement {
    postgres: "SELECT application, digest FROM documents
        WHERE used = 0 AND stored = 0 AND claimed_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED",
    sqlite: "SELECT application, digest FROM documents
        WHERE used = 0 AND stored = 0 AND claimed_at < $1 LIMIT $2",
};

const FORGET: Statement = Statement {
    postgres: "DELETE FROM documents d USING UNNEST($1::TEXT[], $2::BYTEA[]) AS gone (a, b)
        WHERE d.application = gone.a AND d.digest = gone.b",
    sqlite: "DELETE FROM documents WHERE (application, digest) IN
        (SELECT value ->> 0, unhex(value ->> 1) FROM json_each($1))",
};

/// Old uploads that no message names, locked until their content is gone.
pub struct Sweep {
    tx: Transaction,
    keys: Vec<DocumentKey>,
}

impl Sweep {
    /// What may be deleted now.
    #[must_use]
    pub fn keys(&self) -> &[DocumentKey] {
        &self.keys
    }

    /// Forgets them, after their content was deleted.
    ///
    /// # Errors
    /// `Transient`; they are then swept again later.
    pub async fn finish(mut self) -> Result<usize, LedgerError> {
        if !self.keys.is_empty() {
            self.tx.execute(FORGET, vec![pairs(&self.keys)]).await?;
        }
        self.tx.commit().await?;
        Ok(self.keys.len())
    }
}

impl Ledger {
    /// Claims content before it is written. A claim protects by being seen: it
    /// waits for no disk in PostgreSQL, whose log keeps the order, so that it is
    /// durable before whatever names the content.
    ///
    /// Answers those of which nobody says that their content is there; it may
    /// not be, of the others either.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn claim_documents(
        &self,
        claims: &[Claimed],
        now: Timestamp,
    ) -> Result<BTreeSet<DocumentKey>, LedgerError> {
        // One row each, in order: a statement may not touch a row twice, and
        // two engines must not wait for each other crosswise.
        let claims: BTreeMap<&DocumentKey, &Claimed> =
            claims.iter().map(|claim| (&claim.key, claim)).collect();
        let claims: Vec<&Claimed> = claims.into_values().collect();
        let size = |claim: &&Claimed| i64::try_from(claim.size).unwrap_or(i64::MAX);
        let bulk = Bulk::new(
            &DOCUMENTS,
            vec![
                Column::Texts(claims.iter().map(|claim| claim.key.0.to_string()).collect()),
                Column::Bytes(claims.iter().map(|claim| claim.key.1.as_bytes().to_vec()).collect()),
                Column::Ints(claims.iter().map(size).collect()),
                Column::OptTexts(claims.iter().map(|claim| claim.media_type.clone()).collect()),
                Column::Ints(vec![0; claims.len()]),
                Column::Ints(vec![0; claims.len()]),
                Column::Ints(vec![micros(now); claims.len()]),
            ],
        );
        let rows = self.store.claim(bulk, "application, digest, stored").await?;
        let rows = rows.into_iter().map(|mut row| Ok((key(&mut row)?, row.flag()?)));
        let rows = rows.collect::<Result<Vec<_>, LedgerError>>()?;
        Ok(rows.into_iter().filter(|(_, is_stored)| !is_stored).map(|(key, _)| key).collect())
    }

    /// Says that claimed content is there, whole and durable. From then on a
    /// publication may refer to it.
    ///
    /// # Errors
    /// `Conflict` when the claim is gone; `Transient` while the database is
    /// away.
    pub async fn document_stored(
        &self,
        key: &DocumentKey,
        size: u64,
        media_type: Option<&str>,
    ) -> Result<(), LedgerError> {
        let media_type = media_type.map(str::to_owned);
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let (application, digest) = (key.0.as_str(), key.1.as_bytes().to_vec());
        let values = vec![application.into(), digest.into(), size.into(), media_type.into()];
        match self.store.execute(STORED, values).await? {
            1 => Ok(()),
            _ => Err(LedgerError::Conflict),
        }
    }

    /// One application's document.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn document(&self, key: &DocumentKey) -> Result<Option<DocumentRow>, LedgerError> {
        let values = vec![key.0.as_str().into(), key.1.as_bytes().to_vec().into()];
        let mut rows = self.store.glance(FIND, values).await?;
        rows.first_mut().map(document).transpose()
    }

    /// Begins to sweep at most `limit` uploads claimed before `before` that no
    /// message names.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn sweep_documents(
        &self,
        before: Timestamp,
        limit: i64,
    ) -> Result<Sweep, LedgerError> {
        let values = || vec![micros(before).into(), limit.into()];
        self.store.execute(RETIRE, values()).await?;
        let mut tx = self.store.begin().await?;
        let rows = tx.rows(UNUSED, values()).await?;
        let keys: Result<Vec<DocumentKey>, LedgerError> =
            rows.into_iter().map(|mut row| self::key(&mut row)).collect();
        Ok(Sweep { tx, keys: keys? })
    }
}

fn document(row: &mut Row) -> Result<DocumentRow, LedgerError> {
    Ok(DocumentRow {
        key: key(row)?,
        size: size(row)?,
        media_type: row.opt_text()?,
        is_stored: row.flag()?,
        is_used: row.flag()?,
        claimed_at: time(row.int()?)?,
    })
}
