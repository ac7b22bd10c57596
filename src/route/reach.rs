//! How much of one message type a grant opens, before any message is there:
//! the same rule as [`super::opens`], asked for all messages of the type.

use crate::domain::{
    AccessLevel, Grant, MessageType, MessageTypeId, PartitionId, RoutingRule, Scope,
};

/// What a grant opens of a type depends on these of a message; on none of
/// them: it opens every one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Who sent it: the sender that the grant names.
    pub by_sender: bool,
    /// Where it lies: the partition that the grant names.
    pub by_partition: bool,
}

impl Reach {
    /// Whether it opens every message of the type.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self == Self::default()
    }
}

/// What a grant opens of a type while it is in force; none when nothing.
#[must_use]
pub fn reach(grant: &Grant, kind: &MessageType) -> Option<Reach> {
    let is_open_to_users = kind.level == AccessLevel::Box;
    let by_sender = match &grant.scope {
        Scope::Manager | Scope::Liquidator => return Some(Reach::default()),
        Scope::All => is_open_to_users.then_some(false),
        Scope::Type(id) => (*id == kind.id).then_some(false),
        Scope::Service(id) => (Some(id) == kind.service.as_ref()).then_some(false),
        Scope::Organization(_) | Scope::Application(_) => is_open_to_users.then_some(true),
    };
    by_sender.map(|by_sender| Reach { by_sender, by_partition: grant.partition.is_some() })
}

/// The partitions into which these rules, ordered by priority, may put a
/// message of a type; which of them depends on its sender.
#[must_use]
pub fn destinations(kind: &MessageTypeId, rules: &[RoutingRule]) -> Vec<PartitionId> {
    let mut found: Vec<PartitionId> = Vec::new();
    let is_about = |rule: &&RoutingRule| rule.message_type.as_ref().is_none_or(|id| id == kind);
    for rule in rules.iter().filter(is_about) {
        add(&mut found, &rule.partition);
        if rule.application.is_none() && rule.organization.is_none() {
            // It takes all that the rules before it left.
            return found;
        }
    }
    add(&mut found, &PartitionId::general());
    found
}

fn add(found: &mut Vec<PartitionId>, partition: &PartitionId) {
    if !found.contains(partition) {
        found.push(partition.clone());
    }
}
