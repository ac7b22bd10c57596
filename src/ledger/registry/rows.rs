//! Records as rows: their keys, texts and columns.

use super::kinds::room;
use crate::domain::{Kind, LegalState, Record, RecordKey, day_number};
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Bulk, Column, Transaction, Value};
use crate::ledger::{json, micros};

/// The key of a record as its rows have it.
pub(super) type Parts = (i64, String, String);

/// The key as rows have it.
pub(super) fn parts(key: &RecordKey) -> Parts {
    let (number, a, b) = match key {
        RecordKey::Organization(it) | RecordKey::Enterprise(it) | RecordKey::Box(it) => {
            (it.value(), String::new(), String::new())
        }
        RecordKey::Application(id) => (0, id.to_string(), String::new()),
        RecordKey::Service(id) => (0, id.to_string(), String::new()),
        RecordKey::MessageType(id) => (0, id.to_string(), String::new()),
        RecordKey::Person(id) => (0, id.to_string(), String::new()),
        RecordKey::Trio(it) => {
            (it.organization.value(), it.application.to_string(), it.message_type.to_string())
        }
        RecordKey::Partition(it, id) => (it.value(), id.to_string(), String::new()),
        RecordKey::Rule(it, priority) => (it.value(), priority.to_string(), String::new()),
        RecordKey::Grant(it, id) => (it.value(), id.to_string(), String::new()),
        RecordKey::Mandate(it, holder) => (it.value(), holder.value().to_string(), String::new()),
    };
    (number, a, b)
}

/// A record's own text, as it is stored and compared.
pub(super) fn text(record: &Record) -> Result<String, LedgerError> {
    match record {
        Record::Organization(it) => json(it),
        Record::Application(it) => json(it),
        Record::Service(it) => json(it),
        Record::MessageType(it) => json(it),
        // A trio is all key.
        Record::Trio(_) => Ok(String::new()),
        Record::Enterprise(it) => json(it),
        Record::Box(it) => json(it),
        Record::Person(it) => json(it),
        Record::Partition(it) => json(it),
        Record::Rule(it) => json(it),
        Record::Grant(it) => json(it),
        Record::Mandate(it) => json(it),
    }
}

/// The row of a record, in the order of its table's columns.
pub(super) fn row(record: &Record, text: String, version: i64) -> Vec<Value> {
    let (number, a, b) = parts(&record.key());
    match record {
        Record::Organization(_) => vec![number.into(), text.into()],
        Record::Application(_)
        | Record::Service(_)
        | Record::MessageType(_)
        | Record::Person(_) => vec![a.into(), text.into()],
        Record::Trio(_) => vec![number.into(), a.into(), b.into()],
        Record::Enterprise(it) => vec![
            number.into(),
            state(it.state).into(),
            text.into(),
            it.state_since.map(day_number).into(),
        ],
        Record::Box(it) => vec![
            number.into(),
            it.last_connection.map(micros).into(),
            it.all_digital.into(),
            version.into(),
        ],
        Record::Partition(_) => vec![number.into(), a.into(), text.into()],
        Record::Rule(it) => vec![number.into(), i64::from(it.priority).into(), text.into()],
        Record::Grant(it) => vec![number.into(), a.into(), it.person.as_str().into(), text.into()],
        Record::Mandate(it) => vec![number.into(), it.holder.value().into(), text.into()],
    }
}

fn state(state: LegalState) -> &'static str {
    match state {
        LegalState::Active => "active",
        LegalState::Closed => "closed",
    }
}

/// Writes rows of one kind over those of the same keys.
pub(super) async fn insert(
    tx: &mut Transaction,
    kind: Kind,
    rows: Vec<Vec<Value>>,
) -> Result<(), LedgerError> {
    if rows.is_empty() {
        return Ok(());
    }
    let table = &room(kind).table;
    let mut columns: Vec<Vec<Value>> = table.columns.iter().map(|_| vec![]).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    let columns = columns.into_iter().map(column).collect();
    tx.insert(Bulk::new(table, columns)).await.map(drop)
}

/// A column of the type of its values, which a kind's rows have in common.
fn column(values: Vec<Value>) -> Column {
    let int = |value| match value {
        Value::Int(value) => value,
        _ => None,
    };
    let text = |value| match value {
        Value::Text(value) => value,
        _ => None,
    };
    match values.first() {
        Some(Value::Int(_)) => Column::OptInts(values.into_iter().map(int).collect()),
        _ => Column::OptTexts(values.into_iter().map(text).collect()),
    }
}
