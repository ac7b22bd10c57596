//! Routing: into which partition a message goes, and who may see it there.
//!
//! Pure and total. The same predicate, [`opens`], decides the audience on
//! arrival and, later, every reading.
//!
//! Choices where nothing is documented: a whole-box grant opens level 1 types
//! in every partition; a type or service grant opens either level; a grant
//! that names a partition ends at its border; sender grants open level 1 only.

use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::{
    AccessLevel, ApplicationId, Condition, EnterpriseNumber, Grant, LabelId, LabelRule,
    MessageTypeId, PartitionId, RoutingRule, Scope, ServiceId,
};

mod openings;
mod persons;
mod reach;

pub use openings::{Opening, Types, openings};
use persons::Everybody;
pub use persons::Persons;
pub use reach::{Reach, destinations, reach};

/// What routing looks at in a message.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// Its type.
    pub message_type: &'a MessageTypeId,
    /// The level of its type.
    pub level: AccessLevel,
    /// The online service of its type.
    pub service: Option<&'a ServiceId>,
    /// Its sender organization.
    pub organization: EnterpriseNumber,
    /// Its sender application.
    pub application: &'a ApplicationId,
}

/// The rules and grants of one box.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoxAccess {
    /// Ordered by priority.
    pub rules: Vec<RoutingRule>,
    /// In any order.
    pub grants: Vec<Grant>,
    /// In any order.
    pub label_rules: Vec<LabelRule>,
    /// The persons of all grants, once they were needed.
    everybody: Everybody,
}

impl BoxAccess {
    /// Rules ordered by priority; grants and label rules in any order.
    #[must_use]
    pub fn new(rules: Vec<RoutingRule>, grants: Vec<Grant>, label_rules: Vec<LabelRule>) -> Self {
        Self { rules, grants, label_rules, everybody: Everybody::default() }
    }
}

/// Why these persons are the audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AudienceKind {
    /// Somebody besides the access managers may see it.
    Granted,
    /// Only the access managers may.
    AccessManagers,
    /// Nobody could open it.
    Nobody,
}

impl AudienceKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Granted, Self::AccessManagers, Self::Nobody];

    /// The word stored and counted.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::AccessManagers => "access_managers",
            Self::Nobody => "nobody",
        }
    }
}

/// Where a message goes and who may see it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// The partition.
    pub partition: PartitionId,
    /// The priority of the rule that chose it; none for `GENERAL` by default.
    pub rule: Option<u32>,
    /// Who may see it.
    pub persons: Arc<Persons>,
    /// Why these.
    pub audience: AudienceKind,
    /// The labels that rules put on it, each once.
    pub labels: Vec<LabelId>,
}

/// Routes one message that arrives on a day (Belgian calendar).
#[must_use]
pub fn route(access: &BoxAccess, item: Item<'_>, day: Date) -> Routing {
    let rule = access.rules.iter().find(|rule| applies(rule, item));
    let partition = rule.map_or_else(PartitionId::general, |rule| rule.partition.clone());
    let open: Vec<&Grant> =
        access.grants.iter().filter(|grant| opens(grant, item, &partition, day)).collect();
    let audience = match open.iter().find(|grant| grant.scope != Scope::Manager) {
        Some(_) => AudienceKind::Granted,
        None if open.is_empty() => AudienceKind::Nobody,
        None => AudienceKind::AccessManagers,
    };
    let persons = if open.len() == access.grants.len() {
        access.everybody.of(&access.grants)
    } else {
        Arc::new(Persons::new(open.into_iter().map(|grant| grant.person.clone()).collect()))
    };
    let labels = labels(&access.label_rules, item);
    Routing { partition, rule: rule.map(|rule| rule.priority), persons, audience, labels }
}

/// The labels of every rule that matches, sorted, each once.
#[must_use]
pub fn labels(rules: &[LabelRule], item: Item<'_>) -> Vec<LabelId> {
    let matches = |rule: &&LabelRule| {
        rule.message_type.as_ref().is_none_or(|id| id == item.message_type)
            && rule.application.as_ref().is_none_or(|id| id == item.application)
            && rule.organization.is_none_or(|number| number == item.organization)
    };
    let mut labels: Vec<LabelId> = rules.iter().filter(matches).map(|rule| rule.label).collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

fn applies(rule: &RoutingRule, item: Item<'_>) -> bool {
    rule.message_type.as_ref().is_none_or(|id| id == item.message_type)
        && rule.application.as_ref().is_none_or(|id| id == item.application)
        && rule.organization.is_none_or(|number| number == item.organization)
}

/// Whether a grant opens a message that lies in a partition, on a day.
#[must_use]
pub fn opens(grant: &Grant, item: Item<'_>, partition: &PartitionId, day: Date) -> bool {
    let is_open_to_users = Condition::OneLevel.holds(item.level == AccessLevel::Box);
    let is_in_scope = match &grant.scope {
        Scope::Manager | Scope::Liquidator => return grant.is_in_force(day),
        Scope::All => is_open_to_users,
        Scope::Type(id) => Condition::OneType.holds(id == item.message_type),
        Scope::Service(id) => Condition::OneService.holds(Some(id) == item.service),
        Scope::Organization(number) => {
            is_open_to_users && Condition::OneOrganization.holds(*number == item.organization)
        }
        Scope::Application(id) => {
            is_open_to_users && Condition::OneApplication.holds(id == item.application)
        }
    };
    let is_there = grant.partition.as_ref().is_none_or(|bound| bound == partition);
    is_in_scope && Condition::OnePartition.holds(is_there) && grant.is_in_force(day)
}

#[cfg(test)]
mod tests;
