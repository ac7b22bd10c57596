//! Who may see what in one box: partitions, routing rules, grants.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ApplicationId, Condition, EnterpriseNumber, GrantId, MessageTypeId, PartitionId, PersonId,
    ServiceId,
};

/// How closed a message type is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u8", into = "u8")]
#[schemars(with = "u8")]
pub enum AccessLevel {
    /// Level 1: every user of the box sees it.
    #[default]
    Box,
    /// Level 2: only who has a grant for the type or for its service.
    Type,
}

impl From<AccessLevel> for u8 {
    fn from(level: AccessLevel) -> u8 {
        match level {
            AccessLevel::Box => 1,
            AccessLevel::Type => 2,
        }
    }
}

impl TryFrom<u8> for AccessLevel {
    type Error = String;
    fn try_from(level: u8) -> Result<Self, String> {
        match level {
            1 => Ok(Self::Box),
            2 => Ok(Self::Type),
            _ => Err(format!("access level {level}: 1 or 2")),
        }
    }
}

/// A sub-box. `GENERAL` always exists and needs no record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Partition {
    /// Whose box.
    pub enterprise: EnterpriseNumber,
    /// Its id within the box.
    pub id: PartitionId,
    /// Its name.
    pub name: String,
}

/// Sends what arrives to a partition. Every criterion that is present must
/// match; the lowest priority that matches wins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RoutingRule {
    /// Whose box.
    pub enterprise: EnterpriseNumber,
    /// Order; unique in the box.
    pub priority: u32,
    /// Where to.
    pub partition: PartitionId,
    /// Only this type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_type: Option<MessageTypeId>,
    /// Only from this application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
    /// Only from this organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<EnterpriseNumber>,
}

/// What a grant opens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "of", rename_all = "lowercase")]
pub enum Scope {
    /// Everything, and the right to grant: an access manager.
    Manager,
    /// Everything, also after the company has ceased: a liquidator. Only the
    /// registry gives it.
    Liquidator,
    /// Every type of level 1.
    All,
    /// One type, of either level.
    Type(MessageTypeId),
    /// The types of one online service, of either level.
    Service(ServiceId),
    /// Level 1 types from one organization.
    Organization(EnterpriseNumber),
    /// Level 1 types from one application.
    Application(ApplicationId),
}

/// One person may see something in one box. Bounded to a partition where one
/// is named, to days where they are given (both included).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Grant {
    /// Whose box.
    pub enterprise: EnterpriseNumber,
    /// Its id within the box.
    pub id: GrantId,
    /// Who.
    pub person: PersonId,
    /// What.
    pub scope: Scope,
    /// Only in this partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<PartitionId>,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
}

impl Scope {
    /// Whether it opens a box whole, whatever the type and the partition.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Manager | Self::Liquidator)
    }
}

/// A scope that opens a box whole, and a partition beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this opens the whole box and cannot be bounded to a partition")]
pub struct WholeIsUnbounded;

impl Grant {
    /// Whether its partition bounds it as it says: what opens a box whole
    /// would open the others too.
    ///
    /// # Errors
    /// `WholeIsUnbounded` for a partition that would bound nothing.
    pub fn check(&self) -> Result<(), WholeIsUnbounded> {
        let is_bounded = self.partition.is_some();
        if self.scope.is_whole() && is_bounded { Err(WholeIsUnbounded) } else { Ok(()) }
    }

    /// The partition to which it is bounded in fact. Grants of earlier
    /// releases may name one and open the whole box.
    #[must_use]
    pub fn bounds(&self) -> Option<&PartitionId> {
        self.partition.as_ref().filter(|_| !self.scope.is_whole())
    }

    /// Whether another opens the same to the same person for at least as long.
    #[must_use]
    pub fn is_covered_by(&self, other: &Self) -> bool {
        let begins = other.from.is_none_or(|from| self.from.is_some_and(|own| from <= own));
        let ends = other.to.is_none_or(|to| self.to.is_some_and(|own| own <= to));
        self.person == other.person
            && self.scope == other.scope
            && self.bounds() == other.bounds()
            && begins
            && ends
    }

    /// Whether the grant is in force on a day.
    #[must_use]
    pub fn is_in_force(&self, day: Date) -> bool {
        Condition::FirstDay.holds(self.from.is_none_or(|from| from <= day))
            && Condition::LastDay.holds(self.to.is_none_or(|to| day <= to))
    }
}
