//! One step in the life of each of some letters.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{early, recalls};
use crate::domain::{EnterpriseNumber, MessageId, words};
use crate::ledger::detail::Detail;
use crate::ledger::error::LedgerError;
use crate::ledger::journal::{self, Entry, EntryKind};
use crate::ledger::reference::enterprise_number;
use crate::ledger::store::{Bulk, Column, Row, Statement, Table, Transaction, Value};
use crate::ledger::{Ledger, micros, time};
use crate::paper::letter::{Event, LetterState, Outcome, Past, apply, report};

/// Something that happened to a letter, as its source says.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which letter.
    pub job: Uuid,
    /// Who says so.
    pub source: Source,
    /// By which a repeat is dropped.
    pub event: String,
    /// What happened.
    pub kind: Event,
    /// Why: a word of ours.
    pub cause: Option<String>,
    /// More, in words.
    pub detail: Option<String>,
    /// When it happened, by the source's clock.
    pub at: Timestamp,
}

/// Who says that something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A printer: believed of the letters that are its own.
    Printer(String),
    /// An operator, by name.
    Operator(String),
    /// The engine itself.
    Engine,
}

impl Source {
    /// As it is recorded.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Printer(name) => name,
            Self::Operator(name) => name,
            Self::Engine => "facteur",
        }
    }
}

words! {
    /// What became of a step.
    Verdict {
        /// It changed the letter's state.
        Applied = "applied",
        /// It is recorded; the state stays, and nothing is wrong.
        Noted = "noted",
        /// It is recorded; something later was known already.
        Late = "late",
        /// It is recorded; it cannot be, given what is known.
        Contradiction = "contradiction",
        /// It is recorded; its date lies in the future, and it is judged again
        /// when that has come.
        Future = "future",
        /// It is recorded; the letter is not this printer's.
        Stranger = "stranger",
        /// It was recorded before.
        Repeat = "repeat",
        /// There is no such letter: nothing is recorded.
        Unknown = "unknown",
    }
}

/// A printer's clock may be so far ahead of ours.
pub(super) const AHEAD_MAX: SignedDuration = SignedDuration::from_mins(5);
/// And so far behind: nothing becomes of a letter before it was made.
const BEHIND_MAX: SignedDuration = SignedDuration::from_hours(1);
const DETAIL_CHARS_MAX: usize = 500;

/// A letter under its lock.
#[derive(Clone, Debug)]
pub(super) struct Locked {
    pub(super) state: LetterState,
    past: Past,
    pub(super) printer: String,
    pub(super) claimant: Option<String>,
    /// Whether something stands on its envelope.
    pub(super) is_addressed: bool,
    leased_until: Option<i64>,
    created_at: Timestamp,
    attempt: i64,
    organization: EnterpriseNumber,
    application: String,
    enterprise: EnterpriseNumber,
    message: MessageId,
    key: String,
}

macro_rules! lock {
    ($which:literal) => {
        concat!(
            "SELECT l.job, l.state, l.printer, l.claimant,
                CAST(length(l.address) AS BIGINT), l.leased_until, l.created_at,
                l.attempt, l.organization, l.application, l.enterprise, l.message, m.key, l.recall_asked_at,
                CASE WHEN l.state = 'failed' THEN
                    (SELECT count(*) FROM letter_events e WHERE e.job = l.job
                       AND e.kind = 'not_delivered' AND e.verdict = 'applied') ELSE 0 END
            FROM letters l JOIN messages m ON m.enterprise = l.enterprise AND m.id = l.message
            WHERE l.job ",
            $which
        )
    };
}

const LOCK: Statement = Statement {
    postgres: lock!("= ANY($1) ORDER BY l.job FOR UPDATE OF l"),
    sqlite: lock!("IN (SELECT unhex(value) FROM json_each($1))"),
};

const KNOWN: Statement = Statement {
    postgres: "SELECT job, source, event FROM letter_events WHERE job = ANY($1)",
    sqlite: "SELECT job, source, event FROM letter_events
        WHERE job IN (SELECT unhex(value) FROM json_each($1))",
};

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

/// Locks letters in one order, so that two engines never wait for each other.
pub(super) async fn lock(
    tx: &mut Transaction,
    jobs: &[Uuid],
) -> Result<HashMap<Uuid, Locked>, LedgerError> {
    let mut sorted: Vec<Uuid> = jobs.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let rows = tx.rows(LOCK, vec![Value::Ids(sorted)]).await?;
    rows.into_iter().map(locked).collect()
}

fn locked(mut row: Row) -> Result<(Uuid, Locked), LedgerError> {
    let job = row.id()?;
    let mut letter = Locked {
        state: row.parsed()?,
        past: Past::default(),
        printer: row.text()?,
        claimant: row.opt_text()?,
        is_addressed: row.opt_int()?.is_some(),
        leased_until: row.opt_int()?,
        created_at: time(row.int()?)?,
        attempt: row.int()?,
        organization: enterprise_number(row.int()?)?,
        application: row.text()?,
        enterprise: enterprise_number(row.int()?)?,
        message: MessageId(row.id()?),
        key: row.text()?,
    };
    letter.past.is_recall_asked = row.opt_int()?.is_some();
    letter.past.is_undelivered = row.int()? > 0;
    Ok((job, letter))
}

impl Locked {
    /// Whether it is wanted back, and its printer has not answered.
    pub(super) fn is_recall_asked(&self) -> bool {
        self.past.is_recall_asked
    }

    /// Whether a machine that asked over REST has the first right to it.
    pub(super) fn is_leased(&self, now: Timestamp) -> bool {
        self.leased_until.is_some_and(|until| until > micros(now))
    }
}

/// What some steps came to, before they are written.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) verdicts: Vec<Verdict>,
    /// What the agencies are told; to be appended last.
    pub(super) journal: Vec<Entry>,
}

/// Takes steps of letters under their locks, and writes events and states.
/// The caller appends the journal as its last write.
pub(super) async fn take(
    tx: &mut Transaction,
    letters: &mut HashMap<Uuid, Locked>,
    steps: &[Step],
    now: Timestamp,
) -> Result<Taken, LedgerError> {
    let mut known = known(tx, letters.keys().copied().collect()).await?;
    let mut taken = Taken::default();
    let (mut rows, mut changed) = (Vec::new(), BTreeMap::new());
    for step in steps {
        let Some(letter) = letters.get_mut(&step.job) else {
            taken.verdicts.push(Verdict::Unknown);
            continue;
        };
        let name = (step.job, step.source.name().to_owned(), step.event.clone());
        if !known.insert(name) {
            taken.verdicts.push(Verdict::Repeat);
            continue;
        }
        let verdict = judge(letter, step, now);
        if verdict == Verdict::Applied {
            changed.insert(step.job, letter.state);
        }
        taken.journal.extend(told(letter, step, verdict, now));
        taken.verdicts.push(verdict);
        if is_no(step, verdict) {
            letter.past.is_recall_asked = false;
        }
        rows.push((step, verdict, letter.state));
    }
    let no: Vec<Uuid> = rows.iter().filter(|it| is_no(it.0, it.1)).map(|it| it.0.job).collect();
    recalls::answered(tx, &no).await?;
    write(tx, rows, changed, now).await?;
    Ok(taken)
}

async fn known(
    tx: &mut Transaction,
    jobs: Vec<Uuid>,
) -> Result<HashSet<(Uuid, String, String)>, LedgerError> {
    let rows = tx.rows(KNOWN, vec![Value::Ids(jobs)]).await?;
    rows.into_iter().map(|mut row| Ok((row.id()?, row.text()?, row.text()?))).collect()
}

/// Whether a printer says that a recall came too late.
fn is_no(step: &Step, verdict: Verdict) -> bool {
    let is_answer = step.kind == Event::NotCancelled && verdict == Verdict::Noted;
    is_answer && matches!(step.source, Source::Printer(_))
}

/// The verdict on a step; an applied one has changed the letter's state.
fn judge(letter: &mut Locked, step: &Step, now: Timestamp) -> Verdict {
    if let Source::Printer(name) = &step.source
        && *name != letter.printer
    {
        return Verdict::Stranger;
    }
    if step.at > now + AHEAD_MAX {
        return Verdict::Future;
    }
    if step.at < letter.created_at - BEHIND_MAX {
        return Verdict::Contradiction;
    }
    let outcome = match &step.source {
        Source::Printer(_) => report(letter.state, letter.past, step.kind),
        Source::Operator(_) | Source::Engine => apply(letter.state, step.kind),
    };
    match outcome {
        Outcome::Becomes(state) => {
            letter.state = state;
            letter.past.is_undelivered = step.kind == Event::NotDelivered;
            Verdict::Applied
        }
        Outcome::Notes => Verdict::Noted,
        Outcome::Late => Verdict::Late,
        Outcome::Contradicts => Verdict::Contradiction,
    }
}

/// What the agency is told of a step: every new state, the post's date however
/// late it comes, and that a recall came too late.
fn told(letter: &Locked, step: &Step, verdict: Verdict, now: Timestamp) -> Option<Entry> {
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

async fn write(
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

impl Step {
    /// A step that the engine or an operator takes now.
    #[must_use]
    pub fn ours(job: Uuid, source: Source, kind: Event, at: Timestamp) -> Self {
        let event = Uuid::now_v7().to_string();
        Self { job, source, event, kind, cause: None, detail: None, at }
    }

    /// With a cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

impl Ledger {
    /// Records what printers report, in order; what cannot be is recorded and
    /// changes nothing. Answers a verdict for each.
    ///
    /// # Errors
    /// `Transient` while the database is away: report the same again.
    pub async fn record_reports(
        &self,
        steps: &[Step],
        now: Timestamp,
    ) -> Result<Vec<Verdict>, LedgerError> {
        let mut tx = self.store.begin().await?;
        let jobs: Vec<Uuid> = steps.iter().map(|step| step.job).collect();
        let mut letters = lock(&mut tx, &jobs).await?;
        let mut taken = take(&mut tx, &mut letters, steps, now).await?;
        journal::append(&mut tx, &mut taken.journal, micros(now)).await?;
        tx.commit().await?;
        Ok(taken.verdicts)
    }
}
