//! One company at a time: what pages show and change.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::change::{apply, lock};
use super::kept::{mailbox, unknown};
use crate::domain::{
    Change, Enterprise, EnterpriseNumber, Grant, GrantId, MailBox, Mandate, Record, RecordKey,
};
use crate::ledger::error::LedgerError;
use crate::ledger::reference::enterprise_number;
use crate::ledger::store::{Row, Statement, Value};
use crate::ledger::{Ledger, micros};

/// A company with its box, if it has one.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered {
    /// The company.
    pub enterprise: Enterprise,
    /// Its box.
    pub mailbox: Option<MailBox>,
}

/// What became of a change of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It was made, and is in the history.
    Changed,
    /// It was so already.
    Unchanged,
    /// It was not made: this record, which it needs, does not exist.
    Unknown(RecordKey),
}

const ENTERPRISE: Statement = Statement::same(
    "SELECT e.record, b.enterprise, b.last_connection_at, COALESCE(b.all_digital, 0)
     FROM enterprises e LEFT JOIN boxes b ON b.enterprise = e.number WHERE e.number = $1",
);

const ENTERPRISES: Statement = Statement {
    postgres: "SELECT number, record FROM enterprises WHERE number = ANY($1)",
    sqlite: "SELECT number, record FROM enterprises
        WHERE number IN (SELECT value FROM json_each($1))",
};

const PERSONS: Statement =
    Statement::same("SELECT count(DISTINCT person) FROM grants WHERE enterprise = $1");
const MANDATE: Statement =
    Statement::same("SELECT record FROM mandates WHERE mandator = $1 AND holder = $2");

/// Not for every click: a row that is always being written is always waited for.
const TOUCH: Statement = Statement::same(
    "UPDATE boxes SET last_connection_at = $2
     WHERE enterprise = $1 AND (last_connection_at IS NULL OR last_connection_at < $3)",
);

const TOUCHED_EVERY: SignedDuration = SignedDuration::from_secs(60);

impl Ledger {
    /// The mandate that one enterprise gave another, in force or not.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn mandate(
        &self,
        mandator: EnterpriseNumber,
        holder: EnterpriseNumber,
    ) -> Result<Option<Mandate>, LedgerError> {
        let values = vec![mandator.value().into(), holder.value().into()];
        let mut rows = self.store.glance(MANDATE, values).await?;
        rows.first_mut().map(Row::json).transpose()
    }

    /// A company and its box; none when the registry does not know it.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn enterprise(
        &self,
        number: EnterpriseNumber,
    ) -> Result<Option<Registered>, LedgerError> {
        let values = vec![number.value().into()];
        let mut rows = self.store.rows(ENTERPRISE, values).await?;
        let Some(row) = rows.first_mut() else {
            return Ok(None);
        };
        let enterprise = row.json()?;
        let owner = row.opt_int()?;
        let mailbox = owner.map(|owner| mailbox(owner, row)).transpose()?;
        Ok(Some(Registered { enterprise, mailbox }))
    }

    /// How many persons hold a grant in a box.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn persons_count(&self, enterprise: EnterpriseNumber) -> Result<u64, LedgerError> {
        let mut rows = self.store.rows(PERSONS, vec![enterprise.value().into()]).await?;
        let count = rows.first_mut().map_or(Ok(0), Row::int)?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Companies, without their boxes; those that the registry does not know
    /// are left out.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn enterprises(
        &self,
        numbers: &BTreeSet<EnterpriseNumber>,
    ) -> Result<HashMap<EnterpriseNumber, Enterprise>, LedgerError> {
        let values = vec![Value::Ints(numbers.iter().map(|number| number.value()).collect())];
        let rows = self.store.rows(ENTERPRISES, values).await?;
        let read = |mut row: Row| Ok((enterprise_number(row.int()?)?, row.json()?));
        rows.into_iter().map(read).collect()
    }

    /// Notes that somebody opened a box; within a minute of the last time,
    /// nothing is written. Answers whether something was.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn touch_connection(
        &self,
        enterprise: EnterpriseNumber,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let before = micros(now - TOUCHED_EVERY);
        let values = vec![enterprise.value().into(), micros(now).into(), before.into()];
        Ok(self.store.execute(TOUCH, values).await? == 1)
    }

    /// Gives or withdraws the all-digital consent.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn change_preference(
        &self,
        enterprise: EnterpriseNumber,
        all_digital: bool,
        actor: &str,
        now: Timestamp,
    ) -> Result<Written, LedgerError> {
        let key = RecordKey::Box(enterprise);
        // The last connection stays: the later of two stands.
        let record = Record::Box(MailBox { enterprise, last_connection: None, all_digital });
        self.write_one(&[key], Change::Put(record), actor, now).await
    }

    /// Gives access, or changes what was given under the same id.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn put_grant(
        &self,
        grant: &Grant,
        actor: &str,
        now: Timestamp,
    ) -> Result<Written, LedgerError> {
        let record = Record::Grant(grant.clone());
        let needed: Vec<RecordKey> = record.references().into_iter().map(|(_, key)| key).collect();
        self.write_one(&needed, Change::Put(record), actor, now).await
    }

    /// Withdraws access.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn withdraw_grant(
        &self,
        enterprise: EnterpriseNumber,
        id: &GrantId,
        actor: &str,
        now: Timestamp,
    ) -> Result<Written, LedgerError> {
        let key = RecordKey::Grant(enterprise, id.clone());
        self.write_one(&[], Change::Delete(key), actor, now).await
    }

    /// Makes one change where the records it needs exist, seen under the same
    /// lock under which it is made.
    async fn write_one(
        &self,
        needed: &[RecordKey],
        change: Change,
        actor: &str,
        now: Timestamp,
    ) -> Result<Written, LedgerError> {
        let mut tx = self.store.begin().await?;
        let version = lock(&mut tx).await?;
        if let Some(key) = unknown(&mut tx, needed).await?.into_iter().min() {
            return Ok(Written::Unknown(key));
        }
        let tally = apply(&mut tx, version, &[change], actor, now).await?;
        if !tally.is_written() {
            return Ok(Written::Unchanged);
        }
        tx.commit().await?;
        Ok(Written::Changed)
    }
}
