//! Recounting the account: all that was received against all that became of it.
//!
//! It reads the whole ledger, for as long as that takes, so it has a task of its
//! own: gauges, lease and seals do not wait for it. What it found is exported by
//! the engine that watches, which is the one that counts.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::ledger::Ledger;
use crate::telemetry::log::chain;
use crate::telemetry::measure;

const EVERY: Duration = Duration::from_secs(5);
/// Of a hundred seconds it counts for one. Meanwhile what was counted last is
/// said.
const REST_FACTOR: u32 = 99;

/// What the account's difference is, as far as this engine counts it.
#[derive(Default)]
pub struct Standing {
    is_watching: AtomicBool,
    difference: Mutex<Option<i64>>,
}

impl Standing {
    /// Says whether this engine watches; what an engine counted while it did is
    /// not said once another does.
    pub(crate) fn watches(&self, is_watching: bool) {
        self.is_watching.store(is_watching, Ordering::Relaxed);
        if !is_watching {
            self.set(None);
        }
    }

    /// The difference, where it was counted.
    pub(crate) fn difference(&self) -> Option<i64> {
        *self.difference.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, difference: Option<i64>) {
        *self.difference.lock().unwrap_or_else(PoisonError::into_inner) = difference;
    }
}

/// Counts again and again, while this engine watches, until `stop`.
///
/// # Errors
/// Never: what cannot be counted is counted as an error, and again.
pub async fn run(
    ledger: Arc<Ledger>,
    standing: Arc<Standing>,
    stop: CancellationToken,
) -> Result<(), Infallible> {
    let mut rest = Duration::ZERO;
    while stop.run_until_cancelled(tokio::time::sleep(rest)).await.is_some() {
        rest = EVERY;
        if !standing.is_watching.load(Ordering::Relaxed) {
            continue;
        }
        let started = Instant::now();
        let Some(counted) = stop.run_until_cancelled(Box::pin(ledger.account())).await else {
            break;
        };
        match counted {
            Ok(account) => {
                if account.difference != 0 {
                    error!(difference = account.difference, "the account does not balance");
                }
                standing.set(Some(account.difference));
            }
            Err(error) => {
                measure::error("account", error.kind());
                warn!(error = %chain(&error), "failed to recount the account");
            }
        }
        rest = EVERY.max(started.elapsed() * REST_FACTOR);
    }
    Ok(())
}
