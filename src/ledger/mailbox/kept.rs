//! What a box is managed by: grants, persons, partitions, rules.

use super::look::Look;
use crate::domain::{
    EnterpriseNumber, Grant, LabelRule, Notification, Partition, Person, PersonId, RecordKey,
    RoutingRule,
};
use crate::ledger::error::LedgerError;
use crate::ledger::registry::unknown;
use crate::ledger::store::{Row, Statement, Transaction, Value};

const GRANTS: Statement =
    Statement::same("SELECT record FROM grants WHERE enterprise = $1 ORDER BY id");
const RULES: Statement =
    Statement::same("SELECT record FROM routing_rules WHERE enterprise = $1 ORDER BY priority");
const PARTITIONS: Statement =
    Statement::same("SELECT record FROM partitions WHERE enterprise = $1 ORDER BY id");
const LABEL_RULES: Statement =
    Statement::same("SELECT record FROM label_rules WHERE enterprise = $1 ORDER BY id");
const NOTIFICATION: Statement =
    Statement::same("SELECT record FROM notification_settings WHERE enterprise = $1");
/// With access today or once given here, or who did something here: who did
/// it does not change when access ends.
macro_rules! persons {
    ($actors:literal) => {
        concat!(
            "SELECT p.record, n.name FROM (SELECT person FROM grants WHERE enterprise = $1
                 UNION SELECT person FROM box_persons WHERE enterprise = $1
                 UNION ",
            $actors,
            ") k JOIN persons p ON p.id = k.person
             LEFT JOIN box_persons n ON n.enterprise = $1 AND n.person = k.person ORDER BY 1"
        )
    };
}
const PERSONS: Statement = Statement {
    postgres: persons!("SELECT unnest($2::text[])"),
    sqlite: persons!("SELECT value FROM json_each($2)"),
};
const CALL: Statement = Statement::same(
    "INSERT INTO box_persons (enterprise, person, name) VALUES ($1, $2, $3)
     ON CONFLICT (enterprise, person) DO UPDATE SET name = excluded.name",
);

async fn records<T: serde::de::DeserializeOwned>(
    tx: &mut Transaction,
    statement: Statement,
    enterprise: EnterpriseNumber,
) -> Result<Vec<T>, LedgerError> {
    let rows = tx.rows(statement, vec![enterprise.value().into()]).await?;
    rows.into_iter().map(|mut row| row.json()).collect()
}

impl Look {
    /// Every grant in a box. The caller has seen that the reader manages it.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn grants_in(&mut self, box_of: EnterpriseNumber) -> Result<Vec<Grant>, LedgerError> {
        records(&mut self.tx, GRANTS, box_of).await
    }

    /// The persons to whom a box is or was open, as they are called there;
    /// with those who were recorded as having done something in it.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn persons_in(
        &mut self,
        box_of: EnterpriseNumber,
        actors: &[PersonId],
    ) -> Result<Vec<Person>, LedgerError> {
        let actors = actors.iter().map(|it| it.as_str().to_owned()).collect();
        let values = vec![box_of.value().into(), Value::Texts(actors)];
        let rows = self.tx.rows(PERSONS, values).await?;
        let person = |mut row: Row| {
            let known: Person = row.json()?;
            let name = row.opt_text()?;
            Ok(Person { name: name.unwrap_or(known.name), ..known })
        };
        rows.into_iter().map(person).collect()
    }

    /// What somebody is called in a box from now on.
    pub(super) async fn call(
        &mut self,
        box_of: EnterpriseNumber,
        person: &Person,
    ) -> Result<(), LedgerError> {
        let values: Vec<Value> =
            vec![box_of.value().into(), person.id.as_str().into(), (&*person.name).into()];
        self.tx.execute(CALL, values).await.map(drop)
    }

    /// The partitions of a box, without `GENERAL`.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn partitions_in(
        &mut self,
        box_of: EnterpriseNumber,
    ) -> Result<Vec<Partition>, LedgerError> {
        records(&mut self.tx, PARTITIONS, box_of).await
    }

    /// The routing rules of a box, in order.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn rules_in(
        &mut self,
        box_of: EnterpriseNumber,
    ) -> Result<Vec<RoutingRule>, LedgerError> {
        records(&mut self.tx, RULES, box_of).await
    }

    /// The rules that put labels on what arrives in a box.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn label_rules_in(
        &mut self,
        box_of: EnterpriseNumber,
    ) -> Result<Vec<LabelRule>, LedgerError> {
        records(&mut self.tx, LABEL_RULES, box_of).await
    }

    /// Where and when a box is told of its mail, if that was ever said.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn notification_in(
        &mut self,
        box_of: EnterpriseNumber,
    ) -> Result<Option<Notification>, LedgerError> {
        Ok(records(&mut self.tx, NOTIFICATION, box_of).await?.pop())
    }

    pub(super) async fn are_known(&mut self, keys: &[RecordKey]) -> Result<bool, LedgerError> {
        Ok(unknown(&mut self.tx, keys).await?.is_empty())
    }
}
