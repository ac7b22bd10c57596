//! Who changed a preference, a grant, a partition, a rule or a mandate, when,
//! from what to what.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::numbered;
use super::rows::parts;
use crate::domain::{EnterpriseNumber, Kind, RecordKey};
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Bulk, Column, Row, Statement, Table, Transaction};
use crate::ledger::{Ledger, time};

/// One change that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// Of what: the word of [`Kind::as_str`].
    pub kind: String,
    /// Which one in the box: a grant's or a partition's id, a rule's
    /// priority, the holder of a mandate; `preference` for the box itself.
    pub key: String,
    /// The record before; none: it was not there.
    pub before: Option<Json>,
    /// The record after; none: it was deleted.
    pub after: Option<Json>,
}

const LATEST: Statement = Statement::same(
    "SELECT at, actor, kind, key, before, after FROM registry_history
     WHERE enterprise = $1 ORDER BY id DESC LIMIT $2",
);

const LATEST_PREFERENCE: Statement = Statement::same(
    "SELECT at, actor, kind, key, before, after FROM registry_history
     WHERE enterprise = $1 AND kind = 'box' ORDER BY id DESC LIMIT $2",
);

const HISTORY: Table = Table {
    name: "registry_history",
    columns: &["number", "at", "actor", "kind", "enterprise", "key", "before", "after"],
    conflict: "",
};

/// What changed of one record.
pub(super) struct Changed {
    pub(super) key: RecordKey,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

impl Changed {
    /// Whether it is to be remembered who did it.
    pub(super) fn is_history(&self) -> bool {
        let kind = self.key.kind();
        match kind {
            Kind::Box => consent(self.before.as_deref()) != consent(self.after.as_deref()),
            _ => kind.is_access() || kind == Kind::Mandate,
        }
    }

    fn texts(&self) -> (Option<String>, Option<String>) {
        match self.key.kind() {
            Kind::Box => {
                (self.before.as_deref().map(preference), self.after.as_deref().map(preference))
            }
            _ => (self.before.clone(), self.after.clone()),
        }
    }

    fn name(&self) -> String {
        match &self.key {
            RecordKey::Box(_) => "preference".into(),
            RecordKey::Mandate(_, holder) => holder.to_string(),
            key => parts(key).1,
        }
    }
}

/// Nobody has consented to a box that is not there.
fn consent(record: Option<&str>) -> bool {
    let record = record.and_then(|text| serde_json::from_str::<Json>(text).ok());
    record.is_some_and(|record| record["allDigital"] == true)
}

fn preference(record: &str) -> String {
    serde_json::json!({ "allDigital": consent(Some(record)) }).to_string()
}

/// Writes what is to be remembered, in a transaction that holds the lock.
pub(super) async fn write(
    tx: &mut Transaction,
    changed: &[Changed],
    actor: &str,
    at: i64,
) -> Result<(), LedgerError> {
    let changed: Vec<&Changed> = changed.iter().filter(|it| it.is_history()).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let count = changed.len();
    let (before, after) = changed.iter().map(|it| it.texts()).unzip();
    let columns = vec![
        Column::Ints(numbered::draw(tx, count).await?.collect()),
        Column::Ints(vec![at; count]),
        Column::Texts(vec![actor.to_owned(); count]),
        Column::Texts(changed.iter().map(|it| it.key.kind().to_string()).collect()),
        Column::Ints(changed.iter().map(|it| parts(&it.key).0).collect()),
        Column::Texts(changed.iter().map(|it| it.name()).collect()),
        Column::OptTexts(before),
        Column::OptTexts(after),
    ];
    tx.insert(Bulk::new(&HISTORY, columns)).await.map(drop)
}

fn entry(mut row: Row) -> Result<HistoryEntry, LedgerError> {
    let json = |text: Option<String>| {
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| LedgerError::Shape(format!("a history entry: {error}")))
    };
    Ok(HistoryEntry {
        at: time(row.int()?)?,
        actor: row.text()?,
        kind: row.text()?,
        key: row.text()?,
        before: json(row.opt_text()?)?,
        after: json(row.opt_text()?)?,
    })
}

impl Ledger {
    /// The latest changes of one box's all-digital consent, newest first.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn history_of_preference(
        &self,
        enterprise: EnterpriseNumber,
        limit: u32,
    ) -> Result<Vec<HistoryEntry>, LedgerError> {
        let values = vec![enterprise.value().into(), i64::from(limit).into()];
        let rows = self.store.rows(LATEST_PREFERENCE, values).await?;
        rows.into_iter().map(entry).collect()
    }

    /// The latest changes in one company's box, newest first.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn history(
        &self,
        enterprise: EnterpriseNumber,
        limit: u32,
    ) -> Result<Vec<HistoryEntry>, LedgerError> {
        let values = vec![enterprise.value().into(), i64::from(limit).into()];
        let rows = self.store.rows(LATEST, values).await?;
        rows.into_iter().map(entry).collect()
    }
}
