//! The steps of a batch, where a simulation can hold it or let the step fail,
//! and where, with the feature `failpoints`, a test can end the process.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::failpoint::fail_point;
use crate::ledger::LedgerError;

/// What a batch has just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Its inline content is stored.
    InlineStored,
    /// What decides it was looked up, in the transaction that will record it.
    LookedUp,
    /// Its rows are written, and not committed.
    Recorded,
    /// They are committed. To fail here is to lose the answer.
    Committed,
    /// The broker was told.
    Settled,
}

/// Is asked at each step; the batch goes on when it has answered, and fails
/// with its error.
pub type Hold = Arc<dyn Fn(Step) -> BoxFuture<'static, Result<(), LedgerError>> + Send + Sync>;

/// Where the steps are announced: to nobody, but in a simulation.
#[derive(Clone, Default)]
pub(super) struct Steps {
    hold: Option<Hold>,
}

impl Steps {
    pub(super) fn held_by(hold: Hold) -> Self {
        Self { hold: Some(hold) }
    }

    pub(super) async fn at(&self, step: Step) -> Result<(), LedgerError> {
        match step {
            Step::InlineStored => fail_point!("inline-stored"),
            Step::LookedUp => fail_point!("looked-up"),
            Step::Recorded => fail_point!("recorded"),
            Step::Committed => fail_point!("committed"),
            Step::Settled => fail_point!("settled"),
        }
        match &self.hold {
            Some(hold) => hold(step).await,
            None => Ok(()),
        }
    }
}
