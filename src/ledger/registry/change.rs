//! Changes of the registry: read what is there, write what differs, remember
//! who did it, and move the version numbers that keep caches true.
//!
//! The row of `registry_clock` is locked first, so changes follow each other,
//! whoever makes them: a box that appears while its grants are written in
//! another transaction cannot end up under a version that misses them. The
//! clock of the journal is not touched, so the line goes on meanwhile.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::history::{self, Changed};
use super::kept::{has_messages, kept};
use super::kinds::room;
use super::rows::{insert, parts, row, text};
use crate::domain::{Change, EnterpriseNumber, Kind, MailBox, Record, RecordKey};
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Statement, Transaction, Value};
use crate::ledger::{Ledger, micros};

/// What became of a set of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Records that were not there.
    pub added: u64,
    /// Records that were different.
    pub changed: u64,
    /// Records that were there and are no longer.
    pub removed: u64,
    /// Records that were as they should be, or gone already.
    pub unchanged: u64,
    /// Partitions that were not deleted, because messages lie in them.
    pub occupied: u64,
}

impl Tally {
    /// Whether anything was written.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.added + self.changed + self.removed > 0
    }

    /// Adds the counts of another.
    pub fn add(&mut self, other: &Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.removed += other.removed;
        self.unchanged += other.unchanged;
        self.occupied += other.occupied;
    }
}

const LOCK: Statement =
    Statement::same("UPDATE registry_clock SET version = version + 1 RETURNING version");

pub(in crate::ledger) const MOVE_REFERENCE: Statement =
    Statement::same("UPDATE clock SET reference_version = reference_version + 1");

const MOVE_ACCESS: Statement = Statement {
    postgres: "UPDATE boxes SET access_version = $2 WHERE enterprise = ANY($1)",
    sqlite: "UPDATE boxes SET access_version = $2
        WHERE enterprise IN (SELECT value FROM json_each($1))",
};

impl Ledger {
    /// Makes changes, all or none, in one transaction; no two of them of the
    /// same record. What is already so is left alone, down to its version.
    /// References between records, and which kinds may be deleted, are the
    /// caller's to check.
    ///
    /// # Errors
    /// `Transient` while the database is away: do it again.
    pub async fn change_registry(
        &self,
        changes: &[Change],
        actor: &str,
        at: Timestamp,
    ) -> Result<Tally, LedgerError> {
        let mut tx = self.store.begin().await?;
        let version = lock(&mut tx).await?;
        let tally = apply(&mut tx, version, changes, actor, at).await?;
        if tally.is_written() {
            tx.commit().await?;
        }
        Ok(tally)
    }
}

/// Waits for its turn; answers the version of what this transaction changes.
pub(in crate::ledger) async fn lock(tx: &mut Transaction) -> Result<i64, LedgerError> {
    let mut rows = tx.rows(LOCK, vec![]).await?;
    rows.first_mut()
        .ok_or_else(|| LedgerError::Shape("the registry's clock is missing".into()))?
        .int()
}

/// Says that the access of these boxes changed, in a transaction that holds
/// the lock.
pub(in crate::ledger) async fn move_access(
    tx: &mut Transaction,
    boxes: &[EnterpriseNumber],
    version: i64,
) -> Result<(), LedgerError> {
    let boxes = Value::Ints(boxes.iter().map(|number| number.value()).collect());
    tx.execute(MOVE_ACCESS, vec![boxes, version.into()]).await.map(drop)
}

/// Makes changes in a transaction that holds the lock.
pub(in crate::ledger) async fn apply(
    tx: &mut Transaction,
    version: i64,
    changes: &[Change],
    actor: &str,
    at: Timestamp,
) -> Result<Tally, LedgerError> {
    let mut work = Work { version, ..Work::default() };
    for kind in Kind::ALL {
        work.put(tx, kind, changes).await?;
        work.delete(tx, kind, changes).await?;
    }
    work.finish(tx, actor, micros(at)).await
}

/// What one transaction has done so far.
#[derive(Default)]
struct Work {
    version: i64,
    changed: Vec<Changed>,
    tally: Tally,
}

impl Work {
    async fn put(
        &mut self,
        tx: &mut Transaction,
        kind: Kind,
        changes: &[Change],
    ) -> Result<(), LedgerError> {
        let puts: Vec<&Record> = changes.iter().filter_map(|it| put_of(it, kind)).collect();
        let keys = puts.iter().map(|record| parts(&record.key())).collect();
        let mut kept = kept(tx, kind, keys).await?;
        let mut rows = Vec::new();
        for record in puts {
            let key = record.key();
            let before = kept.remove(&parts(&key));
            let record = settled(record, before.as_deref())?;
            let after = text(&record)?;
            if before.as_ref() == Some(&after) {
                self.tally.unchanged += 1;
                continue;
            }
            *match before {
                None => &mut self.tally.added,
                Some(_) => &mut self.tally.changed,
            } += 1;
            rows.push(row(&record, after.clone(), self.version));
            let after = Some(after);
            self.changed.push(Changed { key, before, after });
        }
        insert(tx, kind, rows).await
    }

    async fn delete(
        &mut self,
        tx: &mut Transaction,
        kind: Kind,
        changes: &[Change],
    ) -> Result<(), LedgerError> {
        let keys: Vec<&RecordKey> = changes.iter().filter_map(|it| key_of(it, kind)).collect();
        let mut kept = kept(tx, kind, keys.iter().map(|key| parts(key)).collect()).await?;
        let mut gone = Vec::new();
        for key in keys {
            let Some(before) = kept.remove(&parts(key)) else {
                self.tally.unchanged += 1;
                continue;
            };
            if is_occupied(tx, key).await? {
                self.tally.occupied += 1;
                continue;
            }
            gone.push(parts(key));
            self.changed.push(Changed { key: key.clone(), before: Some(before), after: None });
        }
        if gone.is_empty() {
            return Ok(());
        }
        self.tally.removed += tx.execute(room(kind).delete, vec![Value::Triples(gone)]).await?;
        Ok(())
    }

    async fn finish(
        self,
        tx: &mut Transaction,
        actor: &str,
        at: i64,
    ) -> Result<Tally, LedgerError> {
        history::write(tx, &self.changed, actor, at).await?;
        let kinds = || self.changed.iter().map(|it| it.key.kind());
        let boxes: BTreeSet<i64> = self
            .changed
            .iter()
            .filter(|it| it.key.kind().is_access())
            .map(|it| parts(&it.key).0)
            .collect();
        if !boxes.is_empty() {
            let boxes = Value::Ints(boxes.into_iter().collect());
            tx.execute(MOVE_ACCESS, vec![boxes, self.version.into()]).await?;
        }
        // The journal's clock, and so last: every commit of the line waits for it.
        if kinds().any(Kind::is_reference) {
            tx.execute(MOVE_REFERENCE, vec![]).await?;
        }
        Ok(self.tally)
    }
}

fn put_of(change: &Change, kind: Kind) -> Option<&Record> {
    match change {
        Change::Put(record) => (record.key().kind() == kind).then_some(record),
        Change::Delete(_) => None,
    }
}

fn key_of(change: &Change, kind: Kind) -> Option<&RecordKey> {
    match change {
        Change::Delete(key) => (key.kind() == kind).then_some(key),
        Change::Put(_) => None,
    }
}

/// The record as it will be. A box keeps the later of two connections: what
/// the line saw is not undone by an older file.
fn settled(record: &Record, before: Option<&str>) -> Result<Record, LedgerError> {
    let Record::Box(mailbox) = record else {
        return Ok(record.clone());
    };
    let before: Option<MailBox> = before
        .map(serde_json::from_str)
        .transpose()
        .map_err(|error| LedgerError::Shape(format!("a box: {error}")))?;
    let stored = |at: Timestamp| crate::ledger::time(micros(at));
    let new = mailbox.last_connection.map(stored).transpose()?;
    Ok(Record::Box(MailBox {
        last_connection: new.max(before.and_then(|before| before.last_connection)),
        ..mailbox.clone()
    }))
}

async fn is_occupied(tx: &mut Transaction, key: &RecordKey) -> Result<bool, LedgerError> {
    match key {
        RecordKey::Partition(enterprise, id) => has_messages(tx, *enterprise, id).await,
        _ => Ok(false),
    }
}
