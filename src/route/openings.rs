//! What a reader's grants open today, in a form that a database and a search
//! index can be asked with: the same answers as [`super::opens`], for every
//! message at once.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::Date;

use crate::domain::{
    AccessLevel, ApplicationId, Condition, EnterpriseNumber, Grant, MessageType, MessageTypeId,
    PartitionId, Scope,
};

/// Message types: all, or a set that openings share.
pub type Types = Option<Arc<BTreeSet<MessageTypeId>>>;

/// One part of one box that is open: the messages that meet all of it. `None`
/// is no condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Whose box.
    pub enterprise: EnterpriseNumber,
    /// Of these types.
    pub types: Types,
    /// From this organization.
    pub organization: Option<EnterpriseNumber>,
    /// From this application.
    pub application: Option<ApplicationId>,
    /// In this partition.
    pub partition: Option<PartitionId>,
}

/// What these grants of one person open on a day. Boxes in which nothing is
/// open have no opening; a box that is open whole has one alone.
#[must_use]
pub fn openings(
    grants: &[Grant],
    types: &HashMap<MessageTypeId, MessageType>,
    day: Date,
) -> Vec<Opening> {
    let is_level_1 = |it: &MessageType| Condition::PartLevel.holds(it.level == AccessLevel::Box);
    let level_1 = Arc::new(of(types, is_level_1));
    let in_force: Vec<&Grant> = grants.iter().filter(|grant| grant.is_in_force(day)).collect();
    let whole: BTreeSet<EnterpriseNumber> = in_force
        .iter()
        .filter(|grant| grant.scope.is_whole())
        .map(|grant| grant.enterprise)
        .collect();
    let parts = in_force.iter().filter(|grant| !whole.contains(&grant.enterprise));
    let parts = parts.map(|grant| part(grant, types, &level_1));
    whole.iter().map(|&enterprise| all(enterprise)).chain(united(parts)).collect()
}

fn of(
    types: &HashMap<MessageTypeId, MessageType>,
    is_wanted: impl Fn(&MessageType) -> bool,
) -> BTreeSet<MessageTypeId> {
    types.values().filter(|it| is_wanted(it)).map(|it| it.id.clone()).collect()
}

fn all(enterprise: EnterpriseNumber) -> Opening {
    Opening { enterprise, types: None, organization: None, application: None, partition: None }
}

fn part(
    grant: &Grant,
    types: &HashMap<MessageTypeId, MessageType>,
    level_1: &Arc<BTreeSet<MessageTypeId>>,
) -> Opening {
    let mut opening = all(grant.enterprise);
    opening.partition = bound(Condition::PartPartition, grant.partition.clone());
    opening.types = match &grant.scope {
        Scope::Manager | Scope::Liquidator => None,
        Scope::Type(id) => bound(Condition::PartType, Some(Arc::new([id.clone()].into()))),
        Scope::Service(id) => {
            let of_service = of(types, |it| it.service.as_ref() == Some(id));
            bound(Condition::PartService, Some(Arc::new(of_service)))
        }
        Scope::All | Scope::Organization(_) | Scope::Application(_) => Some(Arc::clone(level_1)),
    };
    match &grant.scope {
        Scope::Organization(number) => {
            opening.organization = bound(Condition::PartOrganization, Some(*number));
        }
        Scope::Application(id) => {
            opening.application = bound(Condition::PartApplication, Some(id.clone()));
        }
        Scope::Manager | Scope::Liquidator | Scope::All | Scope::Type(_) | Scope::Service(_) => {}
    }
    opening
}

/// What an opening is bounded to.
fn bound<T>(by: Condition, to: Option<T>) -> Option<T> {
    to.filter(|_| !by.is_left_out())
}

/// Openings that differ in their types alone become one.
fn united(parts: impl Iterator<Item = Opening>) -> Vec<Opening> {
    let mut united: Vec<Opening> = Vec::new();
    let mut places: HashMap<_, usize> = HashMap::new();
    for part in parts {
        let key =
            (part.enterprise, part.organization, part.application.clone(), part.partition.clone());
        match places.get(&key).and_then(|&place| united.get_mut(place)) {
            Some(opening) => opening.types = both(opening.types.take(), part.types),
            None => {
                places.insert(key, united.len());
                united.push(part);
            }
        }
    }
    united
}

fn both(one: Types, other: Types) -> Types {
    let (one, other) = (one?, other?);
    if one.is_superset(&other) {
        return Some(one);
    }
    Some(Arc::new(one.union(&other).cloned().collect()))
}
