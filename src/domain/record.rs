//! A record of the registry, whatever its kind: the unit in which the
//! registry is imported, exported, changed and checked.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Application, ApplicationId, Enterprise, EnterpriseNumber, Grant, GrantId, MailBox, Mandate,
    MessageType, MessageTypeId, OnlineService, Organization, Partition, PartitionId, Person,
    PersonId, RoutingRule, ServiceId, Trio,
};

/// The kinds of records, in the order in which none refers to a later one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the records of the same name say it")]
pub enum Kind {
    Organization,
    Application,
    Service,
    MessageType,
    Trio,
    Enterprise,
    Box,
    Person,
    Partition,
    Rule,
    Grant,
    Mandate,
}

impl Kind {
    /// Every kind, in the order in which the registry is exported.
    pub const ALL: [Self; 12] = [
        Self::Organization,
        Self::Application,
        Self::Service,
        Self::MessageType,
        Self::Trio,
        Self::Enterprise,
        Self::Box,
        Self::Person,
        Self::Partition,
        Self::Rule,
        Self::Grant,
        Self::Mandate,
    ];

    /// The word in files: `"kind":"messageType"`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Application => "application",
            Self::Service => "service",
            Self::MessageType => "messageType",
            Self::Trio => "trio",
            Self::Enterprise => "enterprise",
            Self::Box => "box",
            Self::Person => "person",
            Self::Partition => "partition",
            Self::Rule => "rule",
            Self::Grant => "grant",
            Self::Mandate => "mandate",
        }
    }

    /// Whether it belongs to the reference data: small, read whole.
    #[must_use]
    pub fn is_reference(self) -> bool {
        self <= Self::Trio
    }

    /// Whether a change of it changes who sees what in a box.
    #[must_use]
    pub fn is_access(self) -> bool {
        matches!(self, Self::Partition | Self::Rule | Self::Grant)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One record of the registry; on the wire its kind is beside its fields.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[expect(missing_docs, reason = "the records say it")]
pub enum Record {
    Organization(Organization),
    Application(Application),
    Service(OnlineService),
    MessageType(MessageType),
    Trio(Trio),
    Enterprise(Enterprise),
    Box(MailBox),
    Person(Person),
    Partition(Partition),
    Rule(RoutingRule),
    Grant(Grant),
    Mandate(Mandate),
}

/// Which record: what no two records have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the records say it")]
pub enum RecordKey {
    Organization(EnterpriseNumber),
    Application(ApplicationId),
    Service(ServiceId),
    MessageType(MessageTypeId),
    Trio(Trio),
    Enterprise(EnterpriseNumber),
    Box(EnterpriseNumber),
    Person(PersonId),
    Partition(EnterpriseNumber, PartitionId),
    /// By its priority.
    Rule(EnterpriseNumber, u32),
    Grant(EnterpriseNumber, GrantId),
    /// The mandator, then the holder.
    Mandate(EnterpriseNumber, EnterpriseNumber),
}

/// What is to become of one record.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are of the large variant")]
pub enum Change {
    /// It shall be there, like this.
    Put(Record),
    /// It shall not be there.
    Delete(RecordKey),
}

impl Change {
    /// Of which record.
    #[must_use]
    pub fn key(&self) -> RecordKey {
        match self {
            Self::Put(record) => record.key(),
            Self::Delete(key) => key.clone(),
        }
    }
}

impl Record {
    /// Which record it is.
    #[must_use]
    pub fn key(&self) -> RecordKey {
        match self {
            Self::Organization(it) => RecordKey::Organization(it.number),
            Self::Application(it) => RecordKey::Application(it.id.clone()),
            Self::Service(it) => RecordKey::Service(it.id.clone()),
            Self::MessageType(it) => RecordKey::MessageType(it.id.clone()),
            Self::Trio(it) => RecordKey::Trio(it.clone()),
            Self::Enterprise(it) => RecordKey::Enterprise(it.number),
            Self::Box(it) => RecordKey::Box(it.enterprise),
            Self::Person(it) => RecordKey::Person(it.id.clone()),
            Self::Partition(it) => RecordKey::Partition(it.enterprise, it.id.clone()),
            Self::Rule(it) => RecordKey::Rule(it.enterprise, it.priority),
            Self::Grant(it) => RecordKey::Grant(it.enterprise, it.id.clone()),
            Self::Mandate(it) => RecordKey::Mandate(it.mandator, it.holder),
        }
    }
}

impl RecordKey {
    /// Of which kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Organization(_) => Kind::Organization,
            Self::Application(_) => Kind::Application,
            Self::Service(_) => Kind::Service,
            Self::MessageType(_) => Kind::MessageType,
            Self::Trio(_) => Kind::Trio,
            Self::Enterprise(_) => Kind::Enterprise,
            Self::Box(_) => Kind::Box,
            Self::Person(_) => Kind::Person,
            Self::Partition(..) => Kind::Partition,
            Self::Rule(..) => Kind::Rule,
            Self::Grant(..) => Kind::Grant,
            Self::Mandate(..) => Kind::Mandate,
        }
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind())?;
        match self {
            Self::Organization(number) | Self::Enterprise(number) | Self::Box(number) => {
                number.fmt(f)
            }
            Self::Application(id) => id.fmt(f),
            Self::Service(id) => id.fmt(f),
            Self::MessageType(id) => id.fmt(f),
            Self::Person(id) => id.fmt(f),
            Self::Trio(trio) => {
                write!(f, "{} {} {}", trio.organization, trio.application, trio.message_type)
            }
            Self::Partition(number, id) => write!(f, "{id} of {number}"),
            Self::Rule(number, priority) => write!(f, "{priority} of {number}"),
            Self::Grant(number, id) => write!(f, "{id} of {number}"),
            Self::Mandate(mandator, holder) => write!(f, "of {mandator} to {holder}"),
        }
    }
}
