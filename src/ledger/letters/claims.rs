//! The claim: one conditional update, by which one machine of one printer gets
//! a letter, once.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::locked::{self, Locked};
use super::steps::{self, Source, Step, Verdict};
use crate::ledger::error::LedgerError;
use crate::ledger::journal;
use crate::ledger::store::Statement;
use crate::ledger::{Ledger, micros};
use crate::paper::letter::{Event, LetterState};

/// A machine of a printer asks for a letter.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Which letter.
    pub job: Uuid,
    /// Which printer.
    pub printer: String,
    /// Which machine of it; the printer's name where it has one only.
    pub claimant: String,
}

/// What a claim comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimAnswer {
    /// It is the claimant's.
    Claimed,
    /// It was the claimant's already, and no report followed yet.
    Again,
    /// There is no such letter.
    Unknown,
    /// It is another printer's now.
    Moved,
    /// It waits for an operator.
    Held,
    /// It was recalled.
    Cancelled,
    /// Another machine has it, or it is printed already.
    Taken,
}

/// The condition of the update says again what was read under the lock.
const CLAIM: Statement = Statement::same(
    "UPDATE letters SET claimant = $3, claimed_at = $4, leased_until = NULL
     WHERE job = $1 AND printer = $2 AND claimed_at IS NULL",
);

impl Ledger {
    /// Claims letters; one answer for each, in order.
    ///
    /// # Errors
    /// `Transient` while the database is away: whether it was claimed is then
    /// unknown, and the same claimant asks again.
    pub async fn claim(
        &self,
        claims: &[Claim],
        now: Timestamp,
    ) -> Result<Vec<ClaimAnswer>, LedgerError> {
        let mut tx = self.store.begin().await?;
        let jobs: Vec<Uuid> = claims.iter().map(|claim| claim.job).collect();
        let mut letters = locked::lock(&mut tx, &jobs).await?;
        let (mut answers, mut granted) = (Vec::new(), Vec::new());
        let mut winners: HashMap<Uuid, &str> = HashMap::new();
        for claim in claims {
            let mut answer = answer(letters.get(&claim.job), claim, now);
            if answer == ClaimAnswer::Claimed {
                let values = vec![
                    claim.job.into(),
                    claim.printer.as_str().into(),
                    claim.claimant.as_str().into(),
                    micros(now).into(),
                ];
                if tx.execute(CLAIM, values).await? == 1 {
                    let step = Step::ours(claim.job, Source::Engine, Event::Claimed, now);
                    granted.push(step);
                    winners.insert(claim.job, claim.claimant.as_str());
                } else {
                    // An earlier claim of this very batch.
                    let is_ours = winners.get(&claim.job) == Some(&claim.claimant.as_str());
                    answer = if is_ours { ClaimAnswer::Again } else { ClaimAnswer::Taken };
                }
            }
            answers.push(answer);
        }
        let mut taken = steps::take(&mut tx, &mut letters, &granted, now).await?;
        if taken.verdicts.iter().any(|verdict| *verdict != Verdict::Applied) {
            return Err(LedgerError::Shape("a claim was granted that the table forbids".into()));
        }
        journal::append(&mut tx, &mut taken.journal, micros(now)).await?;
        tx.commit().await?;
        Ok(answers)
    }
}

fn answer(letter: Option<&Locked>, claim: &Claim, now: Timestamp) -> ClaimAnswer {
    let Some(letter) = letter else { return ClaimAnswer::Unknown };
    if letter.state == LetterState::Cancelled {
        return ClaimAnswer::Cancelled;
    }
    if letter.printer != claim.printer {
        return ClaimAnswer::Moved;
    }
    let is_ours = letter.claimant.as_ref() == Some(&claim.claimant);
    match letter.state {
        LetterState::Queued if !is_ours && letter.is_leased(now) => ClaimAnswer::Taken,
        LetterState::Queued => ClaimAnswer::Claimed,
        LetterState::Held => ClaimAnswer::Held,
        LetterState::Claimed if is_ours => ClaimAnswer::Again,
        _ => ClaimAnswer::Taken,
    }
}
