//! Whether a record makes sense in itself: what its types alone do not say.

use std::collections::HashSet;

use super::format::Defect;
use crate::domain::{
    BusinessDataFormat, BusinessDataRule, Change, Enterprise, Grant, Mandate, MessageType,
    PartitionId, Record, RecordKey, Texts,
};

/// Every defect of a change, none being the rule.
pub(super) fn defects(change: &Change) -> Vec<Defect> {
    match change {
        Change::Put(record) => of_record(record),
        Change::Delete(RecordKey::Partition(_, id)) => general(id, "cannot be deleted"),
        Change::Delete(_) => vec![],
    }
}

fn of_record(record: &Record) -> Vec<Defect> {
    match record {
        Record::Organization(it) => named(&it.name),
        Record::Application(it) => {
            let is_stopped = it.pace_per_second == Some(0);
            let pace = when(is_stopped, "/pacePerSecond", "a pace of 0 stops it for ever");
            named(&it.name).into_iter().chain(pace).collect()
        }
        Record::Service(it) => named(&it.name),
        Record::MessageType(it) => of_message_type(it),
        Record::Enterprise(it) => of_enterprise(it),
        Record::Person(it) => text("/name", &it.name).into_iter().collect(),
        Record::Partition(it) => {
            general(&it.id, "needs no record").into_iter().chain(text("/name", &it.name)).collect()
        }
        Record::Grant(it) => of_grant(it),
        Record::Mandate(it) => of_mandate(it),
        Record::Trio(_) | Record::Box(_) | Record::Rule(_) => vec![],
    }
}

fn when(is_wrong: bool, pointer: &str, message: &str) -> Option<Defect> {
    is_wrong.then(|| Defect::new(pointer, message))
}

fn text(pointer: &str, text: &str) -> Option<Defect> {
    when(text.trim().is_empty(), pointer, "the text is empty")
}

fn named(name: &Texts) -> Vec<Defect> {
    let is_empty = name.is_empty() || name.iter().any(|(_, text)| text.trim().is_empty());
    let message = "a name in at least one language is needed, and none may be empty";
    when(is_empty, "/name", message).into_iter().collect()
}

fn general(id: &PartitionId, message: &str) -> Vec<Defect> {
    let message = format!("{} is in every box and {message}", PartitionId::GENERAL);
    when(id.is_general(), "/id", &message).into_iter().collect()
}

fn of_enterprise(enterprise: &Enterprise) -> Vec<Defect> {
    let country = enterprise.address.as_ref().map(|it| it.country.as_str());
    let is_country = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
    let message = "a country has two capital letters (ISO 3166-1 alpha-2)";
    let is_wrong = country.is_some_and(|country| !is_country(country));
    text("/name", &enterprise.name)
        .into_iter()
        .chain(when(is_wrong, "/address/country", message))
        .collect()
}

fn of_grant(grant: &Grant) -> Vec<Defect> {
    let unbounded = grant.check().err().map(|error| Defect::new("/partition", error.to_string()));
    period(grant.from, grant.to).into_iter().chain(unbounded).collect()
}

fn of_mandate(mandate: &Mandate) -> Vec<Defect> {
    let is_self = mandate.mandator == mandate.holder;
    when(is_self, "/holder", "nobody acts for itself")
        .into_iter()
        .chain(period(mandate.from, mandate.to))
        .collect()
}

fn period<T: PartialOrd>(from: Option<T>, to: Option<T>) -> Option<Defect> {
    let is_empty = from.zip(to).is_some_and(|(from, to)| to < from);
    when(is_empty, "/to", "the last day is before the first")
}

fn of_message_type(message_type: &MessageType) -> Vec<Defect> {
    let is_absurd = !message_type.validity.is_sensible();
    let message = "a validity lies between one day and a hundred years";
    named(&message_type.name)
        .into_iter()
        .chain(when(is_absurd, "/validity/count", message))
        .chain(dictionary(&message_type.business_data))
        .collect()
}

fn dictionary(rules: &[BusinessDataRule]) -> Vec<Defect> {
    let mut keys = HashSet::new();
    let mut defects = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        let place = format!("/businessData/{i}");
        if !keys.insert(&rule.key) {
            let message = format!("the key {} comes twice", rule.key);
            defects.push(Defect::new(format!("{place}/key"), message));
        }
        defects.extend(text(&format!("{place}/key"), &rule.key));
        if let Some(Err(message)) = rule.format.as_ref().map(BusinessDataFormat::check) {
            defects.push(Defect::new(format!("{place}/format"), message));
        }
    }
    defects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_a_box_whole_takes_no_partition() {
        for (kind, is_refused) in [("manager", true), ("liquidator", true), ("all", false)] {
            let grant = serde_json::json!({
                "enterprise": "0406798006", "id": "g", "person": "p",
                "scope": { "kind": kind }, "partition": "HR",
            });
            let change = Change::Put(Record::Grant(serde_json::from_value(grant).unwrap()));
            let found = defects(&change);
            assert_eq!(!found.is_empty(), is_refused, "{kind}: {found:?}");
        }
    }
}
