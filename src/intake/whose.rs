//! Whether what looks like a repeat is one.
//!
//! An engine that was stopped, or cut off, may go on with a batch that the
//! broker has given to another meanwhile. What the other recorded would look
//! like a repeat by the agency, which sent it once. So whoever finds a known
//! document that did not come marked as redelivered asks the broker, after the
//! look-up: if the delivery is still ours now, nobody else had it then.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;

use super::arrival::Candidate;
use super::judge::looks_repeated;
use super::source::Source;
use crate::ledger::Snapshot;
use crate::queue::{QueueError, Settled};

/// A transaction is open meanwhile.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// The broker did not say that it is.
#[derive(Debug, thiserror::Error)]
pub enum WhoseError {
    /// The connection is gone. Its lane will know in a moment, and what came
    /// on it is stale then.
    #[error("its connection is gone")]
    Gone,
    /// It did not answer in time.
    #[error("the broker is silent")]
    Silent,
    /// It cannot be asked.
    #[error("the broker cannot be asked")]
    Queue(#[from] QueueError),
}

impl WhoseError {
    /// A bounded name for the metric of errors.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Silent => "silent",
            Self::Queue(error) => error.kind(),
        }
    }
}

/// Fails unless every document of the batch that looks like a repeat is ours.
pub(super) async fn are_ours(piece: &[Candidate], snapshot: &Snapshot) -> Result<(), WhoseError> {
    let mut sources: Vec<&Arc<Source>> = Vec::new();
    for candidate in piece.iter().filter(|candidate| looks_repeated(candidate, snapshot)) {
        let Some((source, _)) = &candidate.arrival.settle else { continue };
        // What is known to be stale is not judged.
        if source.is_alive() && !sources.iter().any(|known| Arc::ptr_eq(known, source)) {
            sources.push(source);
        }
    }
    if sources.is_empty() {
        return Ok(());
    }
    let asked = try_join_all(sources.into_iter().map(|source| is_ours(source)));
    tokio::time::timeout(ANSWER_MAX, asked).await.map_err(|_| WhoseError::Silent)?.map(drop)
}

async fn is_ours(source: &Source) -> Result<(), WhoseError> {
    match source.still_holds().await? {
        Settled::Yes => Ok(()),
        Settled::Gone => Err(WhoseError::Gone),
    }
}
