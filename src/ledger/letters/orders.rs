//! What operators order: release, move, recall, send again.

use jiff::Timestamp;
use uuid::Uuid;

use super::locked::{self, Locked};
use super::plans::ids;
use super::steps::{self, Source, Step, Verdict};
use super::written;
use crate::ledger::error::LedgerError;
use crate::ledger::journal;
use crate::ledger::store::{Row, Statement, Value};
use crate::ledger::{Ledger, json, micros};
use crate::paper::address::AddressBlock;
use crate::paper::letter::{Event, LetterState};

/// What became of an order for one letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordered {
    /// It was done.
    Done,
    /// It is the printer's: it was asked, and its answer will be an event.
    Asked,
    /// A new letter was made, with this job id.
    Made(Uuid),
    /// It was wanted back and its printer had not answered: it is cancelled
    /// instead.
    Cancelled,
}

/// Why an order was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such letter.
    #[error("there is no such letter")]
    Unknown,
    /// Not in the state it is in.
    #[error("the letter is {}", .0.as_str())]
    State(LetterState),
    /// Nothing stands on its envelope yet.
    #[error("the letter has no address: release it with one, or wait for its plan")]
    Unaddressed,
    /// The content of its message was given up.
    #[error("the message is past its time: its content is gone")]
    Expired,
    /// It was sent again before.
    #[error("it was sent again as {0}")]
    SentAgain(Uuid),
}

/// Free again, for whoever it is planned for next. Its old tickets lead
/// nowhere: they name another printer, or find it claimed. What was asked of the
/// old printer is answered.
const FREE: Statement = Statement {
    postgres: "UPDATE letters SET held_for = NULL, day = NULL, plan = NULL, released_at = NULL,
            claimant = NULL, claimed_at = NULL, leased_until = NULL, printer = '',
            recall_asked_at = NULL, recall_sent_at = NULL
        WHERE job = ANY($1)",
    sqlite: "UPDATE letters SET held_for = NULL, day = NULL, plan = NULL, released_at = NULL,
            claimant = NULL, claimed_at = NULL, leased_until = NULL, printer = '',
            recall_asked_at = NULL, recall_sent_at = NULL
        WHERE job IN (SELECT unhex(value) FROM json_each($1))",
};

const ASSIGN: Statement = Statement {
    postgres: "UPDATE letters SET printer = $2, day = $3, plan = $4 WHERE job = ANY($1)",
    sqlite: "UPDATE letters SET printer = $2, day = $3, plan = $4
        WHERE job IN (SELECT unhex(value) FROM json_each($1))",
};

const ADDRESS: Statement = Statement::same("UPDATE letters SET address = $2 WHERE job = $1");

const ASK: Statement = Statement {
    postgres: "UPDATE letters SET recall_asked_at = $2, recall_sent_at = NULL
        WHERE job = ANY($1) AND recall_asked_at IS NULL",
    sqlite: "UPDATE letters SET recall_asked_at = $2, recall_sent_at = NULL
        WHERE recall_asked_at IS NULL AND job IN (SELECT unhex(value) FROM json_each($1))",
};

/// Not of a message whose content was given up, nor while it is.
const AGAIN: Statement = Statement {
    postgres: "INSERT INTO letters (job, enterprise, message, organization, application,
            message_type, cause, original, attempt, state, registered, printer, address, created_at)
        SELECT $2, l.enterprise, l.message, l.organization, l.application, l.message_type,
            'sent_again', l.job, l.attempt + 1, 'queued', l.registered, '', $3, $4
        FROM letters l JOIN messages m ON m.enterprise = l.enterprise AND m.id = l.message
        WHERE l.job = $1 AND l.state IN ('failed', 'returned') AND m.expired_at IS NULL
        FOR SHARE OF m
        ON CONFLICT DO NOTHING",
    sqlite: "INSERT INTO letters (job, enterprise, message, organization, application,
            message_type, cause, original, attempt, state, registered, printer, address, created_at)
        SELECT $2, l.enterprise, l.message, l.organization, l.application, l.message_type,
            'sent_again', l.job, l.attempt + 1, 'queued', l.registered, '', $3, $4
        FROM letters l JOIN messages m ON m.enterprise = l.enterprise AND m.id = l.message
        WHERE l.job = $1 AND l.state IN ('failed', 'returned') AND m.expired_at IS NULL
        ON CONFLICT DO NOTHING",
};

const MADE_OF: Statement = Statement::same("SELECT job FROM letters WHERE original = $1");
const STATE: Statement = Statement::same(
    "SELECT l.state, l.address, m.expired_at FROM letters l
     LEFT JOIN messages m ON m.enterprise = l.enterprise AND m.id = l.message WHERE l.job = $1",
);

/// What is ordered of letters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order<'a> {
    pub(super) source: &'a Source,
    pub(super) kind: Event,
    /// What is to stand on their envelopes.
    pub(super) address: Option<&'a AddressBlock>,
}

/// How a letter stands that an order was refused for.
struct Standing {
    state: LetterState,
    is_addressed: bool,
    is_expired: bool,
}

/// What became of letters that were to move.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reassigned {
    pub(super) moved: usize,
    pub(super) cancelled: usize,
}

impl Ledger {
    /// Takes one step for each letter whose state allows it; answers which.
    pub(super) async fn order(
        &self,
        jobs: &[Uuid],
        Order { source, kind, address }: Order<'_>,
        now: Timestamp,
    ) -> Result<Vec<Uuid>, LedgerError> {
        let mut tx = self.store.begin().await?;
        let mut letters = locked::lock(&mut tx, jobs).await?;
        let steps: Vec<Step> =
            jobs.iter().map(|job| Step::ours(*job, source.clone(), kind, now)).collect();
        let steps: Vec<Step> = steps.into_iter().filter(|it| may(&letters, it)).collect();
        let mut taken = steps::take(&mut tx, &mut letters, &steps, now).await?;
        let is_done = |verdict: &Verdict| *verdict == Verdict::Applied;
        let done = steps.iter().zip(&taken.verdicts).filter(|(_, verdict)| is_done(verdict));
        let done: Vec<Uuid> = done.map(|(step, _)| step.job).collect();
        if matches!(kind, Event::Released | Event::Moved) {
            tx.execute(FREE, vec![ids(&done)]).await?;
        }
        if let Some(address) = address {
            let address = json(address)?;
            for job in &done {
                tx.execute(ADDRESS, vec![(*job).into(), address.as_str().into()]).await?;
            }
        }
        journal::append(&mut tx, &mut taken.journal, micros(now)).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Lets a held letter go on, with another address where one is given.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn release_letter(
        &self,
        job: Uuid,
        address: Option<&AddressBlock>,
        actor: &str,
        now: Timestamp,
    ) -> Result<Result<Ordered, Refusal>, LedgerError> {
        let source = Source::Operator(actor.to_owned());
        let order = Order { source: &source, kind: Event::Released, address };
        let done = self.order(&[job], order, now).await?;
        if done.is_empty() { self.refused(job).await.map(Err) } else { Ok(Ok(Ordered::Done)) }
    }

    /// Gives a letter to another printer, from a day on. One that is claimed
    /// moves as well: whoever orders it answers for its being printed once.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn move_letter(
        &self,
        job: Uuid,
        printer: &str,
        day: i64,
        actor: &str,
        now: Timestamp,
    ) -> Result<Result<Ordered, Refusal>, LedgerError> {
        let source = Source::Operator(actor.to_owned());
        match self.reassign(&[job], printer, day, &source, now).await? {
            Reassigned { moved: 1.., .. } => Ok(Ok(Ordered::Done)),
            Reassigned { cancelled: 1.., .. } => Ok(Ok(Ordered::Cancelled)),
            Reassigned { .. } => self.refused(job).await.map(Err),
        }
    }

    /// Moves letters to a printer; those that are wanted back end instead.
    pub(super) async fn reassign(
        &self,
        jobs: &[Uuid],
        printer: &str,
        day: i64,
        source: &Source,
        now: Timestamp,
    ) -> Result<Reassigned, LedgerError> {
        let mut tx = self.store.begin().await?;
        let mut letters = locked::lock(&mut tx, jobs).await?;
        let step = |job: &Uuid| {
            let letter = letters.get(job).filter(|letter| may_move(letter, source))?;
            let step = |kind| Step::ours(*job, source.clone(), kind, now);
            // Whoever prints it next would print what nobody wants.
            Some(if letter.is_recall_asked() {
                step(Event::Cancelled).because("recalled")
            } else {
                step(Event::Moved).because(printer)
            })
        };
        let steps: Vec<Step> = jobs.iter().filter_map(step).collect();
        let steps: Vec<Step> = steps.into_iter().filter(|it| may(&letters, it)).collect();
        let mut taken = steps::take(&mut tx, &mut letters, &steps, now).await?;
        let moved = steps.iter().filter(|step| step.kind == Event::Moved);
        let moved: Vec<Uuid> = moved.map(|step| step.job).collect();
        tx.execute(FREE, vec![ids(&moved)]).await?;
        let why = format!("moved by {}", source.name());
        let values = vec![ids(&moved), printer.into(), day.into(), why.into()];
        tx.execute(ASSIGN, values).await?;
        journal::append(&mut tx, &mut taken.journal, micros(now)).await?;
        tx.commit().await?;
        Ok(Reassigned { moved: moved.len(), cancelled: steps.len() - moved.len() })
    }

    /// Calls letters back: what nobody claimed is cancelled, of what a printer
    /// has it is asked. One answer for each.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn recall_letters(
        &self,
        jobs: &[Uuid],
        actor: &str,
        now: Timestamp,
    ) -> Result<Vec<Result<Ordered, Refusal>>, LedgerError> {
        let source = Source::Operator(actor.to_owned());
        let mut tx = self.store.begin().await?;
        let mut letters = locked::lock(&mut tx, jobs).await?;
        let (mut answers, mut steps, mut asked) = (Vec::new(), Vec::new(), Vec::new());
        for job in jobs {
            let state = letters.get(job).map(|letter| letter.state);
            answers.push(match state {
                None => Err(Refusal::Unknown),
                Some(state) if state.is_unclaimed() => {
                    steps.push(Step::ours(*job, source.clone(), Event::Cancelled, now));
                    Ok(Ordered::Done)
                }
                Some(LetterState::Claimed | LetterState::Printed) => {
                    steps.push(Step::ours(*job, source.clone(), Event::RecallAsked, now));
                    asked.push(*job);
                    Ok(Ordered::Asked)
                }
                Some(state) => Err(Refusal::State(state)),
            });
        }
        let mut taken = steps::take(&mut tx, &mut letters, &steps, now).await?;
        tx.execute(ASK, vec![ids(&asked), micros(now).into()]).await?;
        journal::append(&mut tx, &mut taken.journal, micros(now)).await?;
        tx.commit().await?;
        Ok(answers)
    }

    /// Makes a new letter of one that failed or came back, once.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn send_letter_again(
        &self,
        job: Uuid,
        address: Option<&AddressBlock>,
        now: Timestamp,
    ) -> Result<Result<Ordered, Refusal>, LedgerError> {
        let made = Uuid::now_v7();
        let address = Value::Text(address.map(json).transpose()?);
        let values = vec![job.into(), made.into(), address, micros(now).into()];
        let mut tx = self.store.begin().await?;
        if tx.execute(AGAIN, values).await? == 1 {
            let letters = locked::lock(&mut tx, &[made]).await?;
            let mut told = letters.get(&made).map(|it| written::made(it, made, "sent_again", now));
            journal::append(&mut tx, told.as_mut_slice(), micros(now)).await?;
            tx.commit().await?;
            return Ok(Ok(Ordered::Made(made)));
        }
        drop(tx);
        let mut rows = self.store.rows(MADE_OF, vec![job.into()]).await?;
        if let Some(row) = rows.first_mut() {
            return Ok(Err(Refusal::SentAgain(row.id()?)));
        }
        let standing = self.standing(job).await?;
        let failed =
            |it: &Standing| matches!(it.state, LetterState::Failed | LetterState::Returned);
        if standing.as_ref().is_some_and(|it| it.is_expired && failed(it)) {
            return Ok(Err(Refusal::Expired));
        }
        Ok(Err(standing.map_or(Refusal::Unknown, |it| Refusal::State(it.state))))
    }

    /// Why nothing was done.
    async fn refused(&self, job: Uuid) -> Result<Refusal, LedgerError> {
        Ok(match self.standing(job).await? {
            None => Refusal::Unknown,
            Some(it) if it.state == LetterState::Queued && !it.is_addressed => Refusal::Unaddressed,
            Some(it) => Refusal::State(it.state),
        })
    }

    async fn standing(&self, job: Uuid) -> Result<Option<Standing>, LedgerError> {
        let mut rows = self.store.rows(STATE, vec![job.into()]).await?;
        let standing = |row: &mut Row| {
            Ok(Standing {
                state: row.parsed()?,
                is_addressed: row.opt_text()?.is_some(),
                is_expired: row.opt_int()?.is_some(),
            })
        };
        rows.first_mut().map(standing).transpose()
    }
}

/// Without an address a letter can be printed nowhere: release it first. An
/// engine leaves what is claimed.
fn may_move(letter: &Locked, source: &Source) -> bool {
    let is_theirs = *source != Source::Engine || letter.state == LetterState::Queued;
    letter.state != LetterState::Held && letter.is_addressed && is_theirs
}

/// What cannot be is refused here and not recorded: orders are no reports.
fn may(letters: &std::collections::HashMap<Uuid, Locked>, step: &Step) -> bool {
    use crate::paper::letter::{Outcome, apply};
    let state = letters.get(&step.job).map(|letter| letter.state);
    state.is_some_and(|state| matches!(apply(state, step.kind), Outcome::Becomes(_)))
}
