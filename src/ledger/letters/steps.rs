//! One step in the life of each of some letters.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::locked::{Locked, lock};
use super::recalls;
use super::written::{told, write};
use crate::domain::words;
use crate::ledger::error::LedgerError;
use crate::ledger::journal::{self, Entry};
use crate::ledger::store::{Statement, Transaction, Value};
use crate::ledger::{Ledger, micros};
use crate::paper::letter::{Event, Outcome, apply, report};

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

const KNOWN: Statement = Statement {
    postgres: "SELECT job, source, event FROM letter_events WHERE job = ANY($1)",
    sqlite: "SELECT job, source, event FROM letter_events
        WHERE job IN (SELECT unhex(value) FROM json_each($1))",
};

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
