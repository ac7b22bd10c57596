//! What steps leave behind: states, events, and what agencies are told.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::early;
use super::locked::Locked;
use super::steps::{Source, Step, Verdict};
use crate::ledger::detail::Detail;
use crate::ledger::error::LedgerError;
use crate::ledger::journal::{Entry, EntryKind};
use crate::ledger::micros;
use crate::ledger::store::{Bulk, Column, Statement, Table, Transaction, Value};
use crate::paper::letter::{Event, LetterState};

/// Longer words of a printer are cut.
const DETAIL_CHARS_MAX: usize = 500;

const SET_STATE: Statement = Statement {
    postgres: "UPDATE letters SET state = $2 WHERE job = ANY($1)",
    sqlite: "UPDATE letters SET state = $2
        WHERE job IN (SELECT unhex(value) FROM json_each($1))",
};

const EVENTS: Table = Table {
    name: "letter_events",
    columns: &[
        "job",
        "source",
        "event",
        "kind",
        "cause",
        "detail",
        "at",
        "recorded_at",
        "verdict",
        "state",
    ],
    conflict: "",
};

/// What the agency is told of a step: every new state, the post's date however
/// late it comes, and that a recall came too late.
pub(super) fn told(
    letter: &Locked,
    step: &Step,
    verdict: Verdict,
    now: Timestamp,
) -> Option<Entry> {
    let word = match (verdict, step.kind) {
        (Verdict::Applied, _) => letter.state.as_str(),
        (Verdict::Late, Event::Posted) => Event::Posted.as_str(),
        (Verdict::Noted, Event::NotCancelled) => Event::NotCancelled.as_str(),
        _ => return None,
    };
    Some(entry(letter, step, word, now))
}

fn entry(letter: &Locked, step: &Step, word: &str, now: Timestamp) -> Entry {
    let detail = Detail::Letter {
        step: word.to_owned(),
        job_id: step.job,
        state: letter.state,
        attempt: letter.attempt,
        printer: Some(letter.printer.clone()).filter(|printer| !printer.is_empty()),
        at: step.at,
        cause: step.cause.clone(),
        explanation: step.detail.clone().map(bounded),
    };
    Entry {
        position: 0,
        at: now,
        kind: EntryKind::Letter,
        organization: Some(letter.organization),
        application: letter.application.clone(),
        key: letter.key.clone(),
        message: Some((letter.message, letter.enterprise)),
        detail: detail.to_json(),
    }
}

/// What the agency is told of a letter that was made after its message was
/// recorded.
pub(super) fn made(letter: &Locked, job: Uuid, cause: &str, now: Timestamp) -> Entry {
    let step = Step::ours(job, Source::Engine, Event::Released, now).because(cause);
    entry(letter, &step, letter.state.as_str(), now)
}

pub(super) async fn write(
    tx: &mut Transaction,
    rows: Vec<(&Step, Verdict, LetterState)>,
    changed: BTreeMap<Uuid, LetterState>,
    now: Timestamp,
) -> Result<(), LedgerError> {
    let mut by_state: BTreeMap<LetterState, Vec<Uuid>> = BTreeMap::new();
    for (job, state) in changed {
        by_state.entry(state).or_default().push(job);
    }
    for (state, jobs) in by_state {
        tx.execute(SET_STATE, vec![Value::Ids(jobs), state.as_str().into()]).await?;
    }
    early::keep(tx, &rows).await?;
    let text = |text: fn(&Step) -> &str| {
        Column::Texts(rows.iter().map(|(step, ..)| text(step).to_owned()).collect())
    };
    let columns = vec![
        Column::Ids(rows.iter().map(|(step, ..)| step.job).collect()),
        text(|step| step.source.name()),
        text(|step| &step.event),
        text(|step| step.kind.as_str()),
        Column::OptTexts(rows.iter().map(|(step, ..)| step.cause.clone()).collect()),
        Column::OptTexts(rows.iter().map(|(step, ..)| step.detail.clone().map(bounded)).collect()),
        Column::Ints(rows.iter().map(|(step, ..)| micros(step.at)).collect()),
        Column::Ints(vec![micros(now); rows.len()]),
        Column::Texts(rows.iter().map(|(_, verdict, _)| verdict.as_str().to_owned()).collect()),
        Column::Texts(rows.iter().map(|(.., state)| state.as_str().to_owned()).collect()),
    ];
    tx.insert(Bulk::new(&EVENTS, columns)).await.map(drop)
}

fn bounded(text: String) -> String {
    if text.chars().count() <= DETAIL_CHARS_MAX {
        return text;
    }
    text.chars().take(DETAIL_CHARS_MAX).collect()
}
