//! What would become of a publication, before its large documents are stored:
//! what is refused, or was there before, must not leave megabytes behind.

use super::batch::Intake;
use super::decode::decode;
use super::direct::{Direct, NotTaken, Waiter, arrival};
use super::judge::{Judged, judge, wanted};
use crate::domain::{Digest, Refusal};
use crate::ledger::{KnownDocument, LedgerError};

/// What a publication looks like before it is recorded.
#[derive(Debug)]
pub enum Foreseen {
    /// It would be taken: its documents are worth storing.
    Good,
    /// Its key was used before; recording it again only counts it.
    Repeat,
    /// It would not be taken, and is answered so.
    Refused(Refusal),
}

/// Why nothing can be foreseen.
#[derive(Debug, thiserror::Error)]
pub enum ForeseeError {
    /// Its application is not registered.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    /// The ledger did not answer.
    #[error("the ledger did not say what would become of it")]
    Ledger(#[from] LedgerError),
}

impl Intake {
    /// Judges a publication as its batch will, as if these documents were
    /// stored; changes nothing, and binds nobody: it is judged anew.
    ///
    /// # Errors
    /// While the database is away.
    pub async fn foresee(
        &self,
        direct: &Direct,
        coming: &[(Digest, u64)],
    ) -> Result<Foreseen, ForeseeError> {
        let (limits, bytes_max) = self.bounds();
        let arrival = arrival(direct.clone(), Waiter::new().0)?;
        let candidates = [decode(arrival, limits, bytes_max)];
        let now = self.now();
        let mut batch = self.ledger().begin_few().await?;
        let mut snapshot = batch.snapshot(|reference| wanted(&candidates, reference, now)).await?;
        // Nothing was written: this only lets go of what was looked up.
        drop(batch);
        for (digest, size) in coming {
            let key = (direct.application.clone(), *digest);
            let known = KnownDocument { size: *size, needed_through: 0 };
            snapshot.documents.entry(key).or_insert(known);
        }
        let (_, judged) = judge(&candidates, &snapshot, &self.rulebook(), now);
        Ok(match judged.into_iter().next() {
            Some(Judged::Repeat { .. }) => Foreseen::Repeat,
            Some(Judged::Refused(refusal)) => Foreseen::Refused(refusal),
            _ => Foreseen::Good,
        })
    }
}
