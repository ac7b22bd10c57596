//! What a record of the registry refers to.

use super::{
    EnterpriseNumber, Grant, MessageType, PartitionId, Record, RecordKey, RoutingRule, Scope,
};

impl Record {
    /// The records that must exist for this one to make sense, each with the
    /// JSON Pointer of the field that names it.
    #[must_use]
    pub fn references(&self) -> Vec<(&'static str, RecordKey)> {
        match self {
            Self::MessageType(it) => services(it),
            Self::Trio(it) => vec![
                ("/organization", RecordKey::Organization(it.organization)),
                ("/application", RecordKey::Application(it.application.clone())),
                ("/messageType", RecordKey::MessageType(it.message_type.clone())),
            ],
            Self::Box(it) => vec![owner(it.enterprise)],
            Self::Partition(it) => vec![owner(it.enterprise)],
            Self::Rule(it) => rule_references(it),
            Self::Grant(it) => grant_references(it),
            Self::Mandate(it) => vec![
                ("/mandator", RecordKey::Enterprise(it.mandator)),
                ("/holder", RecordKey::Enterprise(it.holder)),
            ],
            Self::Organization(_)
            | Self::Application(_)
            | Self::Service(_)
            | Self::Enterprise(_)
            | Self::Person(_) => vec![],
        }
    }
}

fn owner(number: EnterpriseNumber) -> (&'static str, RecordKey) {
    ("/enterprise", RecordKey::Enterprise(number))
}

fn services(message_type: &MessageType) -> Vec<(&'static str, RecordKey)> {
    let service = message_type.service.iter().cloned();
    service.map(|id| ("/service", RecordKey::Service(id))).collect()
}

/// `GENERAL` is always there and needs no record.
fn partition(
    number: EnterpriseNumber,
    id: Option<&PartitionId>,
) -> Option<(&'static str, RecordKey)> {
    let id = id.filter(|id| !id.is_general())?;
    Some(("/partition", RecordKey::Partition(number, id.clone())))
}

fn rule_references(rule: &RoutingRule) -> Vec<(&'static str, RecordKey)> {
    let types = rule.message_type.clone().map(RecordKey::MessageType);
    let applications = rule.application.clone().map(RecordKey::Application);
    let organizations = rule.organization.map(RecordKey::Organization);
    [owner(rule.enterprise)]
        .into_iter()
        .chain(partition(rule.enterprise, Some(&rule.partition)))
        .chain(types.map(|key| ("/messageType", key)))
        .chain(applications.map(|key| ("/application", key)))
        .chain(organizations.map(|key| ("/organization", key)))
        .collect()
}

fn grant_references(grant: &Grant) -> Vec<(&'static str, RecordKey)> {
    let scope = match &grant.scope {
        Scope::Manager | Scope::Liquidator | Scope::All => None,
        Scope::Type(id) => Some(RecordKey::MessageType(id.clone())),
        Scope::Service(id) => Some(RecordKey::Service(id.clone())),
        Scope::Organization(number) => Some(RecordKey::Organization(*number)),
        Scope::Application(id) => Some(RecordKey::Application(id.clone())),
    };
    [owner(grant.enterprise), ("/person", RecordKey::Person(grant.person.clone()))]
        .into_iter()
        .chain(partition(grant.enterprise, grant.partition.as_ref()))
        .chain(scope.map(|key| ("/scope/of", key)))
        .collect()
}
