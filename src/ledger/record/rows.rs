//! The rows of messages, letters, labels and quarantine, column by column.

use super::{Accepted, NewLetter, OutAtOnce, Quarantined};
use crate::decide::Policy;
use crate::domain::{LabelId, day_number};
use crate::ledger::error::LedgerError;
use crate::ledger::store::{Bulk, Column, Table, Transaction};
use crate::ledger::{json, micros};

const MESSAGES: Table = Table {
    name: "messages",
    columns: &[
        "enterprise",
        "id",
        "organization",
        "application",
        "key",
        "message_type",
        "partition",
        "routing_rule",
        "audience",
        "audience_kind",
        "medium",
        "reason",
        "rule",
        "flag",
        "facts",
        "policy",
        "publication",
        "documents",
        "published_at",
        "arrived_at",
        "expires_at",
        "hidden",
        "registered",
        "task",
        "due_on",
        "paper_due_at",
    ],
    conflict: "",
};

const LETTERS: Table = Table {
    name: "letters",
    columns: &[
        "job",
        "enterprise",
        "message",
        "organization",
        "application",
        "message_type",
        "cause",
        "attempt",
        "state",
        "registered",
        "printer",
        "address",
        "created_at",
        "day",
        "plan",
        "released_at",
    ],
    conflict: "",
};

const MESSAGE_LABELS: Table =
    Table { name: "message_labels", columns: &["enterprise", "message", "label"], conflict: "" };

const QUARANTINE: Table = Table {
    name: "quarantine",
    columns: &[
        "id",
        "digest",
        "lane",
        "organization",
        "application",
        "key",
        "code",
        "pointer",
        "explanation",
        "properties",
        "body",
        "state",
        "at",
        "paused_type",
    ],
    // The same bytes come again: after an operator threw them away, after
    // something else with the same key, or while they wait. They wait for the
    // reason of today, and those that waited keep their place.
    conflict: "ON CONFLICT (digest) DO UPDATE SET state = excluded.state, code = excluded.code,
        pointer = excluded.pointer, explanation = excluded.explanation,
        paused_type = excluded.paused_type, resolved_at = NULL, resolved_by = NULL,
        at = CASE quarantine.state WHEN 'discarded' THEN excluded.at ELSE quarantine.at END
        WHERE quarantine.state IN ('open', 'held', 'discarded')",
};

fn texts(rows: &[Accepted], text: impl Fn(&Accepted) -> &str) -> Column {
    Column::Texts(rows.iter().map(|row| text(row).to_owned()).collect())
}

fn ints(rows: &[Accepted], int: impl Fn(&Accepted) -> i64) -> Column {
    Column::Ints(rows.iter().map(int).collect())
}

pub(super) fn messages(
    rows: &[Accepted],
    audiences: Vec<[u8; 16]>,
    policy: &Policy,
    at: i64,
) -> Result<Bulk, LedgerError> {
    let facts: Result<Vec<String>, LedgerError> = rows.iter().map(|row| json(&row.facts)).collect();
    let documents =
        |row: &Accepted| row.documents.iter().flat_map(|digest| *digest.as_bytes()).collect();
    Ok(Bulk::new(
        &MESSAGES,
        vec![
            ints(rows, |row| row.enterprise.value()),
            Column::Ids(rows.iter().map(|row| row.id.0).collect()),
            ints(rows, |row| row.organization.value()),
            texts(rows, |row| row.application.as_str()),
            texts(rows, |row| row.identity.senders_key().unwrap_or_default()),
            texts(rows, |row| row.message_type.as_str()),
            texts(rows, |row| row.routing.partition.as_str()),
            Column::OptInts(rows.iter().map(|row| row.routing.rule.map(i64::from)).collect()),
            Column::Bytes(audiences.into_iter().map(Vec::from).collect()),
            texts(rows, |row| row.routing.audience.as_str()),
            texts(rows, |row| row.medium.as_str()),
            texts(rows, |row| &row.decision.reason),
            texts(rows, |row| &row.decision.rule),
            Column::OptTexts(
                rows.iter().map(|row| row.decision.flag.as_deref().map(str::to_owned)).collect(),
            ),
            Column::Texts(facts?),
            Column::Bytes(vec![policy.digest.as_bytes().to_vec(); rows.len()]),
            texts(rows, |row| &row.publication),
            Column::Bytes(rows.iter().map(documents).collect()),
            Column::OptInts(rows.iter().map(|row| row.published_at.map(micros)).collect()),
            Column::Ints(vec![at; rows.len()]),
            ints(rows, |row| micros(row.expires_at)),
            Column::Ints(vec![0; rows.len()]),
            ints(rows, |row| i64::from(row.registered)),
            ints(rows, |row| row.task.0.value()),
            Column::OptInts(rows.iter().map(|row| row.task.1.map(day_number)).collect()),
            Column::OptInts(rows.iter().map(|row| row.paper_due_at.map(micros)).collect()),
        ],
    ))
}

/// What rules of the boxes put on them.
pub(super) fn labels(rows: &[Accepted]) -> Bulk {
    let rows: Vec<(&Accepted, LabelId)> = rows
        .iter()
        .flat_map(|row| row.routing.labels.iter().map(move |label| (row, *label)))
        .collect();
    Bulk::new(
        &MESSAGE_LABELS,
        vec![
            Column::Ints(rows.iter().map(|(row, _)| row.enterprise.value()).collect()),
            Column::Ids(rows.iter().map(|(row, _)| row.id.0).collect()),
            Column::Ids(rows.iter().map(|(_, label)| label.0).collect()),
        ],
    )
}

pub(super) fn letters(rows: &[Accepted], at: i64) -> Result<Bulk, LedgerError> {
    let rows: Vec<(&Accepted, &NewLetter)> =
        rows.iter().filter_map(|row| Some((row, row.letter.as_ref()?))).collect();
    let same = |text: &str| Column::Texts(vec![text.to_owned(); rows.len()]);
    let addresses = rows.iter().map(|(_, letter)| letter.address.as_ref().map(json).transpose());
    let addresses: Vec<Option<String>> = addresses.collect::<Result<_, _>>()?;
    let outs: Vec<Option<&OutAtOnce>> = rows.iter().map(|(_, it)| it.out.as_ref()).collect();
    let out = |text: fn(&OutAtOnce) -> &String| outs.iter().map(move |out| out.map(text).cloned());
    let days = outs.iter().map(|out| out.map(|out| out.day));
    let released = outs.iter().map(|out| out.map(|_| at));
    Ok(Bulk::new(
        &LETTERS,
        vec![
            Column::Ids(rows.iter().map(|(_, letter)| letter.job).collect()),
            Column::Ints(rows.iter().map(|(row, _)| row.enterprise.value()).collect()),
            Column::Ids(rows.iter().map(|(row, _)| row.id.0).collect()),
            Column::Ints(rows.iter().map(|(row, _)| row.organization.value()).collect()),
            Column::Texts(rows.iter().map(|(row, _)| row.application.to_string()).collect()),
            Column::Texts(rows.iter().map(|(row, _)| row.message_type.to_string()).collect()),
            same("decision"),
            Column::Ints(vec![1; rows.len()]),
            same("queued"),
            Column::Ints(rows.iter().map(|(row, _)| i64::from(row.registered)).collect()),
            // Mostly planned later: by then more is known.
            Column::Texts(out(|out| &out.printer).map(Option::unwrap_or_default).collect()),
            Column::OptTexts(addresses),
            Column::Ints(vec![at; rows.len()]),
            Column::OptInts(days.collect()),
            Column::OptTexts(out(|out| &out.why).collect()),
            Column::OptInts(released.collect()),
        ],
    ))
}

pub(in crate::ledger) async fn write_quarantine(
    tx: &mut Transaction,
    rows: Vec<Quarantined>,
    at: i64,
) -> Result<(), LedgerError> {
    let text = |text: fn(&Quarantined) -> &str| {
        Column::Texts(rows.iter().map(|row| text(row).to_owned()).collect())
    };
    let columns = vec![
        Column::Ids(rows.iter().map(|row| row.id).collect()),
        Column::Bytes(rows.iter().map(|row| row.digest.as_bytes().to_vec()).collect()),
        text(|row| &row.lane),
        Column::Ints(rows.iter().map(|row| row.identity.organization).collect()),
        text(|row| &row.identity.application),
        text(|row| &row.identity.key),
        text(|row| row.refusal.code.as_str()),
        text(|row| &row.refusal.pointer),
        text(|row| &row.refusal.message),
        text(|row| &row.properties),
        Column::Bytes(rows.iter().map(|row| row.body.clone()).collect()),
        text(|row| row.state.as_str()),
        Column::Ints(vec![at; rows.len()]),
        Column::OptTexts(
            rows.iter().map(|row| row.paused_type.as_ref().map(ToString::to_string)).collect(),
        ),
    ];
    tx.insert(Bulk::new(&QUARANTINE, columns)).await.map(drop)
}
