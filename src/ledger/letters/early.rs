//! Reports of the future: a printer's clock was ahead of ours, or ours slow.
//! Which of the two nobody can tell, so they are kept, and judged again when
//! their time has come by the clock of whichever engine looks.

use jiff::Timestamp;
use uuid::Uuid;

use super::locked;
use super::steps::{self, AHEAD_MAX, Source, Step, Verdict};
use crate::ledger::error::LedgerError;
use crate::ledger::journal;
use crate::ledger::store::{Bulk, Column, Row, Statement, Table, Transaction};
use crate::ledger::{Ledger, micros, time};
use crate::paper::letter::LetterState;

const EARLY: Table =
    Table { name: "early_reports", columns: &["job", "source", "event", "at"], conflict: "" };

const DUE: Statement = Statement::same(
    "SELECT e.job, e.source, e.event, e.kind, e.cause, e.detail, e.at
     FROM early_reports w
     JOIN letter_events e ON e.job = w.job AND e.source = w.source AND e.event = w.event
     WHERE w.at <= $1 ORDER BY w.at, e.id LIMIT $2",
);

/// Of two engines that read the same, one finds it here.
const TAKE: Statement =
    Statement::same("DELETE FROM early_reports WHERE job = $1 AND source = $2 AND event = $3");

/// Keeps those of some recorded reports whose date lies in the future.
pub(super) async fn keep(
    tx: &mut Transaction,
    recorded: &[(&Step, Verdict, LetterState)],
) -> Result<(), LedgerError> {
    let is_early = |(_, verdict, _): &&(&Step, Verdict, LetterState)| *verdict == Verdict::Future;
    let early: Vec<&Step> = recorded.iter().filter(is_early).map(|(step, ..)| *step).collect();
    if early.is_empty() {
        return Ok(());
    }
    let columns = vec![
        Column::Ids(early.iter().map(|step| step.job).collect()),
        Column::Texts(early.iter().map(|step| step.source.name().to_owned()).collect()),
        Column::Texts(early.iter().map(|step| step.event.clone()).collect()),
        Column::Ints(early.iter().map(|step| micros(step.at)).collect()),
    ];
    tx.insert(Bulk::new(&EARLY, columns)).await.map(drop)
}

fn early(mut row: Row) -> Result<Step, LedgerError> {
    Ok(Step {
        job: row.id()?,
        // Nobody else dates a step by a clock that is not ours.
        source: Source::Printer(row.text()?),
        event: row.text()?,
        kind: row.parsed()?,
        cause: row.opt_text()?,
        detail: row.opt_text()?,
        at: time(row.int()?)?,
    })
}

impl Ledger {
    /// Judges reports again whose date lay in the future and does no more, in
    /// the order of their dates; answers how many. What was recorded of them
    /// stays, and the new verdict is recorded under an id of its own.
    ///
    /// # Errors
    /// `Transient` while the database is away: do it again.
    pub async fn judge_early_reports(
        &self,
        limit: i64,
        now: Timestamp,
    ) -> Result<usize, LedgerError> {
        let mut tx = self.store.begin().await?;
        let due = tx.rows(DUE, vec![micros(now + AHEAD_MAX).into(), limit.into()]).await?;
        let due: Vec<Step> = due.into_iter().map(early).collect::<Result<_, _>>()?;
        if due.is_empty() {
            return Ok(0);
        }
        let jobs: Vec<Uuid> = due.iter().map(|step| step.job).collect();
        let mut letters = locked::lock(&mut tx, &jobs).await?;
        let mut again = Vec::new();
        for step in due {
            let which =
                vec![step.job.into(), step.source.name().into(), step.event.as_str().into()];
            if tx.execute(TAKE, which).await? == 1 {
                again.push(Step { event: Uuid::now_v7().to_string(), ..step });
            }
        }
        let mut taken = steps::take(&mut tx, &mut letters, &again, now).await?;
        journal::append(&mut tx, &mut taken.journal, micros(now)).await?;
        tx.commit().await?;
        Ok(again.len())
    }
}
