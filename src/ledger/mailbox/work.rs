//! One change of how a box is managed, in its transaction.

use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::audit::{self, Deed};
use super::look::Look;
use super::manage::{Managed, Management, Replaced};
use crate::clock::belgian_day;
use crate::domain::{
    Change, EnterpriseNumber, Grant, GrantId, LabelRule, MailBox, Notification, Partition,
    PartitionId, Person, Record, RecordKey, RoutingRule, Scope,
};
use crate::ledger::Tally;
use crate::ledger::error::LedgerError;
use crate::ledger::notices;
use crate::ledger::registry::{apply, unknown};

/// One change in its transaction.
pub(super) struct Work {
    pub(super) look: Look,
    pub(super) enterprise: EnterpriseNumber,
    pub(super) version: i64,
}

impl Work {
    pub(super) async fn make(mut self, management: Management) -> Result<Managed, LedgerError> {
        let (deed, mut detail) = described(&management);
        if let Some(before) = self.replaced(&management).await? {
            detail["before"] = json!(before);
        }
        let made = match management {
            Management::LabelRules(set) => self.label_rules(set).await?,
            Management::Notification(settings) => self.notification(&settings).await?,
            Management::PutGrant(grant, person) => self.put_grant(grant, person).await?,
            Management::WithdrawGrant(id) => self.withdraw(id).await?,
            Management::DeletePartition(id) => self.delete_partition(id).await?,
            Management::Rules(set) => self.rules(set).await?,
            Management::CreatePartition(it) => self.create_partition(it).await?,
            Management::RenamePartition(it) => self.rename_partition(it).await?,
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

    /// The grant that is changed or withdrawn: the record tells whose access
    /// it was and to what, when nothing else knows it any more.
    async fn replaced(&mut self, management: &Management) -> Result<Option<Grant>, LedgerError> {
        let id = match management {
            Management::PutGrant(Grant { id, .. }, _) | Management::WithdrawGrant(id) => id,
            _ => return Ok(None),
        };
        let grants = self.look.grants_in(self.enterprise).await?;
        Ok(grants.into_iter().find(|it| it.id == *id))
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
        let before = self.look.grants_in(self.enterprise).await?;
        if is_liquidators(&before, &grant.id) || grant.scope == Scope::Liquidator {
            return Ok(Managed::Forbidden);
        }
        let mut kept = before.iter().filter(|it| it.id != grant.id);
        if kept.clone().any(|it| grant.is_covered_by(it)) {
            return Ok(Managed::Given);
        }
        if self.is_left_alone(&before, kept.by_ref().chain([&grant])) {
            return Ok(Managed::LastManager);
        }
        let mut changes = vec![Change::Put(Record::Grant(grant))];
        if let Some(person) = person {
            // Who gives access learns no name by a number alone.
            if !before.iter().any(|it| it.person == person.id) {
                self.look.call(self.enterprise, &person).await?;
            }
            let key = RecordKey::Person(person.id.clone());
            if !self.look.are_known(&[key]).await? {
                changes.push(Change::Put(Record::Person(person)));
            }
        }
        self.records(changes).await
    }

    async fn withdraw(&mut self, id: GrantId) -> Result<Managed, LedgerError> {
        let before = self.look.grants_in(self.enterprise).await?;
        if is_liquidators(&before, &id) {
            return Ok(Managed::Forbidden);
        }
        if self.is_left_alone(&before, before.iter().filter(|it| it.id != id)) {
            return Ok(Managed::LastManager);
        }
        self.records(vec![Change::Delete(RecordKey::Grant(self.enterprise, id))]).await
    }

    /// Whether nobody who manages the box today would do so for as long as
    /// somebody does before the change: without an end, as a rule.
    fn is_left_alone<'g>(
        &self,
        before: &'g [Grant],
        after: impl Iterator<Item = &'g Grant>,
    ) -> bool {
        let day = belgian_day(self.look.now);
        managed_through(after, day) < managed_through(before.iter(), day)
    }

    async fn create_partition(&mut self, partition: Partition) -> Result<Managed, LedgerError> {
        let before = self.look.partitions_in(self.enterprise).await?;
        // By people, who do not tell two codes apart by their capitals.
        let code = partition.id.as_str();
        if before.iter().any(|it| it.id.as_str().eq_ignore_ascii_case(code)) {
            return Ok(Managed::NameTaken);
        }
        self.records(vec![Change::Put(Record::Partition(partition))]).await
    }

    async fn rename_partition(&mut self, partition: Partition) -> Result<Managed, LedgerError> {
        let before = self.look.partitions_in(self.enterprise).await?;
        if !before.iter().any(|it| it.id == partition.id) {
            return Ok(Managed::Unknown(RecordKey::Partition(self.enterprise, partition.id)));
        }
        self.records(vec![Change::Put(Record::Partition(partition))]).await
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

    async fn rules(&mut self, set: Replaced<RoutingRule>) -> Result<Managed, LedgerError> {
        let before = self.look.rules_in(self.enterprise).await?;
        if set.is_overtaken(&before) {
            return Ok(Managed::Overtaken);
        }
        let rules = set.rules;
        let kept: Vec<u32> = rules.iter().map(|rule| rule.priority).collect();
        let gone = before.iter().map(|rule| rule.priority).filter(|it| !kept.contains(it));
        let gone = gone.map(|priority| Change::Delete(RecordKey::Rule(self.enterprise, priority)));
        let changes = gone.chain(rules.into_iter().map(|it| Change::Put(Record::Rule(it))));
        let changes: Vec<Change> = changes.collect();
        self.records(changes).await
    }

    async fn label_rules(&mut self, set: Replaced<LabelRule>) -> Result<Managed, LedgerError> {
        let before = self.look.label_rules_in(self.enterprise).await?;
        if set.is_overtaken(&before) {
            return Ok(Managed::Overtaken);
        }
        if before == set.rules {
            return Ok(Managed::Unchanged);
        }
        let Some(rules) = self.look.with_standing_labels(set.rules, &before).await? else {
            return Ok(Managed::NotFound);
        };
        self.look.put_label_rules(self.enterprise, &rules, self.version).await?;
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

/// The last day on which somebody who manages a box on `day` does so.
fn managed_through<'g>(grants: impl Iterator<Item = &'g Grant>, day: Date) -> Option<Date> {
    grants
        .filter(|it| it.scope == Scope::Manager && it.is_in_force(day))
        .map(|it| it.to.unwrap_or(Date::MAX))
        .max()
}

fn described(management: &Management) -> (Deed, Json) {
    match management {
        Management::PutGrant(grant, _) => (Deed::Grant, json!({ "given": grant })),
        Management::WithdrawGrant(id) => (Deed::Grant, json!({ "withdrawn": id })),
        Management::CreatePartition(it) => (Deed::Partition, json!({ "put": it, "new": true })),
        Management::RenamePartition(it) => (Deed::Partition, json!({ "put": it })),
        Management::DeletePartition(id) => (Deed::Partition, json!({ "deleted": id })),
        Management::Rules(set) => (Deed::Rule, json!({ "rules": set.rules })),
        Management::LabelRules(set) => (Deed::LabelRule, json!({ "rules": set.rules })),
        Management::Consent(all_digital) => (Deed::Consent, json!({ "allDigital": all_digital })),
        Management::Notification(wanted) => (Deed::Notification, notices::deed(wanted)),
    }
}
