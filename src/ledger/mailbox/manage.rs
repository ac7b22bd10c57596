//! What access managers change: seen to be one, checked, made, and recorded
//! in one transaction under the registry's lock.

use jiff::Timestamp;

use super::work::Work;
use crate::domain::{
    EnterpriseNumber, Grant, GrantId, LabelRule, Notification, Partition, PartitionId, Person,
    PersonId, RecordKey, RoutingRule,
};
use crate::ledger::Ledger;
use crate::ledger::error::LedgerError;
use crate::ledger::registry::lock;

/// A change of who sees what in one box, or of how it is served.
#[derive(Clone, Debug, PartialEq)]
pub enum Management {
    /// Gives access, or changes what was given under the same id; a person
    /// that nobody knows yet is made known.
    PutGrant(Grant, Option<Person>),
    /// Withdraws access.
    WithdrawGrant(GrantId),
    /// Makes a partition.
    CreatePartition(Partition),
    /// Renames a partition.
    RenamePartition(Partition),
    /// Deletes an empty partition that no rule or grant names.
    DeletePartition(PartitionId),
    /// The routing rules from now on, in this order.
    Rules(Replaced<RoutingRule>),
    /// The rules that put labels on what arrives, from now on.
    LabelRules(Replaced<LabelRule>),
    /// Gives or withdraws the all-digital consent.
    Consent(bool),
    /// Where and when the box is told of its mail.
    Notification(Notification),
}

/// Rules that replace all others.
#[derive(Clone, Debug, PartialEq)]
pub struct Replaced<T> {
    /// In place of these alone, so that what others changed meanwhile is not
    /// undone; none: whatever is there.
    pub before: Option<Vec<T>>,
    /// From now on.
    pub rules: Vec<T>,
}

impl<T: PartialEq> Replaced<T> {
    pub(super) fn is_overtaken(&self, found: &[T]) -> bool {
        self.before.as_ref().is_some_and(|before| before != found)
    }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Managed {
    /// It was made, and is in the history.
    Changed,
    /// It was so already.
    Unchanged,
    /// The person has no access to the box.
    NotFound,
    /// The person has access, but does not manage it.
    Forbidden,
    /// Something that it names does not exist.
    Unknown(RecordKey),
    /// The partition holds messages, or a rule or grant names it.
    InUse,
    /// Another partition has this id.
    NameTaken,
    /// The person has this access already.
    Given,
    /// Nobody would manage the box for as long as somebody does now.
    LastManager,
    /// Somebody changed meanwhile what it replaces.
    Overtaken,
}

impl Ledger {
    /// Makes one change in a box on behalf of one of its access managers.
    ///
    /// # Errors
    /// `Transient` while the database is away: do it again.
    pub async fn manage(
        &self,
        person: &PersonId,
        enterprise: EnterpriseNumber,
        management: Management,
        now: Timestamp,
    ) -> Result<Managed, LedgerError> {
        let mut tx = self.store.begin().await?;
        let version = lock(&mut tx).await?;
        let look = self.look_in(tx, person, Some(&[enterprise]), now).await?;
        if look.grants.is_empty() {
            return Ok(Managed::NotFound);
        }
        if !look.is_manager(enterprise) {
            return Ok(Managed::Forbidden);
        }
        Work { look, enterprise, version }.make(management).await
    }
}
