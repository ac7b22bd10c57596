//! What the ledger holds of given records.

use std::collections::{HashMap, HashSet};

use super::kinds::room;
use super::rows::{Parts, parts};
use crate::domain::{
    EnterpriseNumber, Grant, Kind, MailBox, PartitionId, Record, RecordKey, RoutingRule,
};
use crate::ledger::error::LedgerError;
use crate::ledger::reference::enterprise_number;
use crate::ledger::store::{Row, Statement, Transaction, Value};
use crate::ledger::{Ledger, time};

/// What still names a partition, so that it cannot be deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionUse {
    /// Whether messages lie in it.
    pub has_messages: bool,
    /// The rules and grants that name it.
    pub records: Vec<RecordKey>,
}

const LIES_THERE: Statement = Statement::same(
    "SELECT CAST(1 AS BIGINT) FROM messages
     WHERE enterprise = $1 AND partition = $2 AND expired_at IS NULL LIMIT 1",
);
const RULES: Statement = Statement::same("SELECT record FROM routing_rules WHERE enterprise = $1");
const GRANTS: Statement = Statement::same("SELECT record FROM grants WHERE enterprise = $1");

impl Ledger {
    /// Which of these records the ledger does not hold.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn unknown_records(
        &self,
        keys: &[RecordKey],
    ) -> Result<HashSet<RecordKey>, LedgerError> {
        let mut tx = self.store.begin_read().await?;
        unknown(&mut tx, keys).await
    }

    /// What still names a partition.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn partition_use(
        &self,
        enterprise: EnterpriseNumber,
        partition: &PartitionId,
    ) -> Result<PartitionUse, LedgerError> {
        let mut tx = self.store.begin_read().await?;
        let mut found = PartitionUse {
            has_messages: has_messages(&mut tx, enterprise, partition).await?,
            records: vec![],
        };
        for mut row in tx.rows(RULES, vec![enterprise.value().into()]).await? {
            let rule: RoutingRule = row.json()?;
            if rule.partition == *partition {
                found.records.push(Record::Rule(rule).key());
            }
        }
        for mut row in tx.rows(GRANTS, vec![enterprise.value().into()]).await? {
            let grant: Grant = row.json()?;
            if grant.partition.as_ref() == Some(partition) {
                found.records.push(Record::Grant(grant).key());
            }
        }
        Ok(found)
    }
}

/// Whether messages lie in a partition.
pub(super) async fn has_messages(
    tx: &mut Transaction,
    enterprise: EnterpriseNumber,
    partition: &PartitionId,
) -> Result<bool, LedgerError> {
    let values = vec![enterprise.value().into(), partition.as_str().into()];
    Ok(!tx.rows(LIES_THERE, values).await?.is_empty())
}

/// Which of these records are not there.
pub(in crate::ledger) async fn unknown(
    tx: &mut Transaction,
    keys: &[RecordKey],
) -> Result<HashSet<RecordKey>, LedgerError> {
    let mut missing = HashSet::new();
    for kind in Kind::ALL {
        let of_kind: Vec<&RecordKey> = keys.iter().filter(|key| key.kind() == kind).collect();
        let kept = kept(tx, kind, of_kind.iter().map(|key| parts(key)).collect()).await?;
        let is_missing = |key: &&&RecordKey| !kept.contains_key(&parts(key));
        missing.extend(of_kind.iter().filter(is_missing).map(|key| (*key).clone()));
    }
    Ok(missing)
}

/// The texts of those records of one kind that are there.
pub(super) async fn kept(
    tx: &mut Transaction,
    kind: Kind,
    keys: Vec<Parts>,
) -> Result<HashMap<Parts, String>, LedgerError> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = tx.rows(room(kind).kept, vec![Value::Triples(keys)]).await?;
    rows.into_iter().map(|row| read(kind, row)).collect()
}

fn read(kind: Kind, mut row: Row) -> Result<(Parts, String), LedgerError> {
    let parts = (row.int()?, row.text()?, row.text()?);
    let text = match kind {
        Kind::Box => super::rows::text(&Record::Box(mailbox(parts.0, &mut row)?))?,
        _ => row.text()?,
    };
    Ok((parts, text))
}

/// A box from its columns: last connection, consent.
pub(super) fn mailbox(enterprise: i64, row: &mut Row) -> Result<MailBox, LedgerError> {
    Ok(MailBox {
        enterprise: enterprise_number(enterprise)?,
        last_connection: row.opt_int()?.map(time).transpose()?,
        all_digital: row.flag()?,
    })
}
