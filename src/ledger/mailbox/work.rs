//! One change of how a box is managed, in its transaction.

use serde_json::{Value as Json, json};

use super::audit::{self, Deed};
use super::look::Look;
use super::manage::{Managed, Management};
use crate::clock::belgian_day;
use crate::domain::{
    Change, EnterpriseNumber, Grant, GrantId, LabelRule, MailBox, Notification, PartitionId,
    Person, Record, RecordKey, RoutingRule, Scope,
};
use crate::ledger::Tally;
use crate::ledger::error::LedgerError;
use crate::ledger::notices;
use crate::ledger::registry::{apply, move_access, unknown};
use crate::ledger::store::Statement;

const FORGET_LABEL_RULES: Statement =
    Statement::same("DELETE FROM label_rules WHERE enterprise = $1");
const PUT_LABEL_RULE: Statement =
    Statement::same("INSERT INTO label_rules (enterprise, id, record) VALUES ($1, $2, $3)");
const LABEL_EXISTS: Statement = Statement::same(
    "SELECT id FROM labels WHERE enterprise = $1 AND id = $2 AND merged_into IS NULL",
);
/// One change in its transaction.
pub(super) struct Work {
    pub(super) look: Look,
    pub(super) enterprise: EnterpriseNumber,
    pub(super) version: i64,
}

impl Work {
    pub(super) async fn make(mut self, management: Management) -> Result<Managed, LedgerError> {
        let (deed, detail) = described(&management);
        let made = match management {
            Management::LabelRules(rules) => self.label_rules(&rules).await?,
            Management::Notification(settings) => self.notification(&settings).await?,
            Management::PutGrant(grant, person) => self.put_grant(grant, person).await?,
            Management::WithdrawGrant(id) => self.withdraw(id).await?,
            Management::DeletePartition(id) => self.delete_partition(id).await?,
            Management::Rules(rules) => self.rules(rules).await?,
            Management::PutPartition(it) => {
                self.records(vec![Change::Put(Record::Partition(it))]).await?
            }
            Management::Consent(all_digital) => {
                let enterprise = self.enterprise;
                let mailbox = MailBox { enterprise, last_connection: None, all_digital };
                self.records(vec![Change::Put(Record::Box(mailbox))]).await?
            }
        };
        if made == Managed::Changed {
            let what = (self.enterprise, None, deed, detail);
            let (actor, now) = (self.look.person.clone(), self.look.now);
            audit::record(&mut self.look.tx, actor.as_str(), now, &[what]).await?;
            self.look.tx.commit().await?;
        }
        Ok(made)
    }

    /// Changes of the registry, where everything they name exists.
    async fn records(&mut self, changes: Vec<Change>) -> Result<Managed, LedgerError> {
        let made: Vec<RecordKey> = changes.iter().map(Change::key).collect();
        let needed: Vec<RecordKey> = changes
            .iter()
            .filter_map(|change| match change {
                Change::Put(record) => Some(record.references()),
                Change::Delete(_) => None,
            })
            .flatten()
            .map(|(_, key)| key)
            .filter(|key| !made.contains(key))
            .collect();
        let tx = &mut self.look.tx;
        if let Some(key) = unknown(tx, &needed).await?.into_iter().min() {
            return Ok(Managed::Unknown(key));
        }
        let (actor, now) = (self.look.person.as_str(), self.look.now);
        let tally: Tally = apply(tx, self.version, &changes, actor, now).await?;
        Ok(match tally {
            Tally { occupied: 1.., .. } => Managed::InUse,
            tally if tally.is_written() => Managed::Changed,
            _ => Managed::Unchanged,
        })
    }

    async fn put_grant(
        &mut self,
        grant: Grant,
        person: Option<Person>,
    ) -> Result<Managed, LedgerError> {
        let mut grants = self.look.grants_in(self.enterprise).await?;
        if is_liquidators(&grants, &grant.id) || grant.scope == Scope::Liquidator {
            return Ok(Managed::Forbidden);
        }
        grants.retain(|it| it.id != grant.id);
        grants.push(grant.clone());
        if !self.has_manager(&grants) {
            return Ok(Managed::LastManager);
        }
        let mut changes = vec![Change::Put(Record::Grant(grant))];
        if let Some(person) = person {
            let key = RecordKey::Person(person.id.clone());
            if !self.look.are_known(&[key]).await? {
                changes.push(Change::Put(Record::Person(person)));
            }
        }
        self.records(changes).await
    }

    async fn withdraw(&mut self, id: GrantId) -> Result<Managed, LedgerError> {
        let mut grants = self.look.grants_in(self.enterprise).await?;
        if is_liquidators(&grants, &id) {
            return Ok(Managed::Forbidden);
        }
        grants.retain(|it| it.id != id);
        if !self.has_manager(&grants) {
            return Ok(Managed::LastManager);
        }
        self.records(vec![Change::Delete(RecordKey::Grant(self.enterprise, id))]).await
    }

    fn has_manager(&self, grants: &[Grant]) -> bool {
        let day = belgian_day(self.look.now);
        grants.iter().any(|it| it.scope == Scope::Manager && it.is_in_force(day))
    }

    async fn delete_partition(&mut self, id: PartitionId) -> Result<Managed, LedgerError> {
        let grants = self.look.grants_in(self.enterprise).await?;
        let rules = self.look.rules_in(self.enterprise).await?;
        let is_named = grants.iter().any(|it| it.partition.as_ref() == Some(&id))
            || rules.iter().any(|it| it.partition == id);
        if is_named {
            return Ok(Managed::InUse);
        }
        self.records(vec![Change::Delete(RecordKey::Partition(self.enterprise, id))]).await
    }

    async fn rules(&mut self, rules: Vec<RoutingRule>) -> Result<Managed, LedgerError> {
        let before = self.look.rules_in(self.enterprise).await?;
        let kept: Vec<u32> = rules.iter().map(|rule| rule.priority).collect();
        let gone = before.iter().map(|rule| rule.priority).filter(|it| !kept.contains(it));
        let gone = gone.map(|priority| Change::Delete(RecordKey::Rule(self.enterprise, priority)));
        let changes = gone.chain(rules.into_iter().map(|it| Change::Put(Record::Rule(it))));
        let changes: Vec<Change> = changes.collect();
        self.records(changes).await
    }

    async fn label_rules(&mut self, rules: &[LabelRule]) -> Result<Managed, LedgerError> {
        let before = self.look.label_rules_in(self.enterprise).await?;
        if before == rules {
            return Ok(Managed::Unchanged);
        }
        let number = self.enterprise.value();
        for rule in rules {
            let values = vec![number.into(), rule.label.0.into()];
            if self.look.tx.rows(LABEL_EXISTS, values).await?.is_empty() {
                return Ok(Managed::NotFound);
            }
        }
        self.look.tx.execute(FORGET_LABEL_RULES, vec![number.into()]).await?;
        for rule in rules {
            let record = super::json(rule)?;
            let values = vec![number.into(), rule.id.into(), record.into()];
            self.look.tx.execute(PUT_LABEL_RULE, values).await?;
        }
        move_access(&mut self.look.tx, &[self.enterprise], self.version).await?;
        Ok(Managed::Changed)
    }

    async fn notification(&mut self, wanted: &Notification) -> Result<Managed, LedgerError> {
        let (enterprise, now) = (self.enterprise, self.look.now);
        let is_changed = notices::settle(&mut self.look.tx, enterprise, wanted, now).await?;
        Ok(if is_changed { Managed::Changed } else { Managed::Unchanged })
    }
}

/// Given by the registry: access managers neither give nor withdraw it.
fn is_liquidators(grants: &[Grant], id: &GrantId) -> bool {
    grants.iter().any(|it| it.id == *id && it.scope == Scope::Liquidator)
}

fn described(management: &Management) -> (Deed, Json) {
    match management {
        Management::PutGrant(grant, _) => (Deed::Grant, json!({ "given": grant })),
        Management::WithdrawGrant(id) => (Deed::Grant, json!({ "withdrawn": id })),
        Management::PutPartition(it) => (Deed::Partition, json!({ "put": it })),
        Management::DeletePartition(id) => (Deed::Partition, json!({ "deleted": id })),
        Management::Rules(rules) => (Deed::Rule, json!({ "rules": rules })),
        Management::LabelRules(rules) => (Deed::LabelRule, json!({ "rules": rules })),
        Management::Consent(all_digital) => (Deed::Consent, json!({ "allDigital": all_digital })),
        Management::Notification(wanted) => (Deed::Notification, notices::deed(wanted)),
    }
}
