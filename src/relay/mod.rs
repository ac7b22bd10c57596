//! Relay: what leaves the house, derived from the ledger.
//!
//! - `receipts` follows the journal with a cursor and tells every agency what
//!   became of each of its documents;
//! - `letters` plans letters and releases tickets to the printers' queues, in
//!   small windows, beside those that came through the hatch with their record;
//!   `keeper` does what nobody asks for.
//!
//! And what comes back: `reports` hears the printers.
//!
//! One engine at a time does each, by lease. Everything carries an id by which
//! the receiver drops a repeat, so a relay that is killed between publishing
//! and moving its cursor does no harm.

mod cloud_event;
mod given;
mod letters;
mod receipts;
mod reports;
mod rooms;
mod task;
mod tickets;

pub use cloud_event::CloudEvent;
pub use receipts::{Receipt, has_receipt, receipt};

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use crate::clock::Clock;
use crate::ledger::{Ledger, LedgerError};
use crate::lifecycle::{Lifecycle, rest};
use crate::paper::hatch::Hatch;
use crate::paper::office::Office;
use crate::paper::printer::TakesFrom;
use crate::queue::{Queue, QueueError};
use crate::telemetry::log::chain;
use crate::telemetry::measure;
use task::Task;

/// How the relay works; see `config/facteur.toml`.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Receipts in one message, at most.
    pub receipts_per_message_max: usize,
    /// Tickets that may lie in a printer's queue.
    pub letters_window: u64,
    /// How long to rest while there is little to do.
    pub interval: Duration,
}

/// Why the relay could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The ledger did not answer.
    #[error("the ledger did not answer")]
    Ledger(#[from] LedgerError),
    /// The broker did not take a message.
    #[error("the broker did not take a message")]
    Queue(#[from] QueueError),
    /// Something cannot be written as JSON: a defect.
    #[error("an event cannot be written")]
    Encode(#[from] serde_json::Error),
}

impl RelayError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Ledger(error) => error.kind(),
            Self::Queue(error) => error.kind(),
            Self::Encode(_) => "encode",
        }
    }
}

/// What both relays need.
#[derive(Clone)]
pub struct Relay {
    ledger: Arc<Ledger>,
    queue: Arc<dyn Queue>,
    /// For leases: the machine's, also where the office's runs faster.
    clock: Arc<dyn Clock>,
    engine: Uuid,
    settings: Settings,
    office: Arc<Office>,
    hatch: Arc<Hatch>,
}

/// A lease is renewed long before it ends.
const LEASE: SignedDuration = SignedDuration::from_secs(10);
/// How often printers are looked after.
const KEEP_EVERY: Duration = Duration::from_secs(5);

impl Relay {
    /// A relay over these parts.
    #[must_use]
    pub fn new(
        ledger: Arc<Ledger>,
        queue: Arc<dyn Queue>,
        clock: Arc<dyn Clock>,
        engine: Uuid,
        settings: Settings,
        office: Arc<Office>,
    ) -> Self {
        let hatch = Arc::default();
        Self { ledger, queue, clock, engine, settings, office, hatch }
    }

    /// Has letters of an intake pass through this.
    #[must_use]
    pub fn through(self, hatch: Arc<Hatch>) -> Self {
        Self { hatch, ..self }
    }

    /// Runs all of them until the lifecycle's soft stop.
    pub fn run(self, lifecycle: &Lifecycle) {
        let stop = lifecycle.soft().clone();
        for task in Task::all() {
            lifecycle.spawn(task.name(), self.clone().repeat(task, stop.clone()));
        }
        lifecycle.spawn("reports", self.hear_printers(stop));
    }

    async fn repeat(
        self,
        mut task: Task,
        stop: CancellationToken,
    ) -> Result<(), std::convert::Infallible> {
        while !stop.is_cancelled() {
            // What there is little of is let gather: a turn costs two commits.
            let is_more = match self.turn(&mut task).await {
                Ok(is_more) => is_more,
                Err(error) => {
                    task.begin_anew(&self.hatch);
                    measure::error(task.name(), error.kind());
                    warn!(task = task.name(), error = %chain(&error), "the relay waits");
                    false
                }
            };
            if !is_more {
                rest(&stop, self.settings.interval).await;
            }
        }
        task.forget(&self.hatch);
        Ok(())
    }

    /// Does one piece of a task; answers whether there is more at once.
    async fn turn(&self, task: &mut Task) -> Result<bool, RelayError> {
        if !self.ledger.lease(task.name(), self.engine, self.clock.now(), LEASE).await? {
            task.forget(&self.hatch);
            return Ok(false);
        }
        match task {
            Task::Keeper(kept) => self.keep(kept).await,
            Task::Receipts(line) => self.send_receipts(line.open(&*self.queue).await?).await,
            Task::Letters(line, out) => {
                self.send_letters(line.open(&*self.queue).await?, out).await
            }
        }
    }

    /// What is due at once, and now and then what is not.
    async fn keep(&self, kept: &mut Option<tokio::time::Instant>) -> Result<bool, RelayError> {
        let did = self.office.make_unread().await?;
        if kept.is_some_and(|at| at.elapsed() < KEEP_EVERY) {
            return Ok(did);
        }
        *kept = Some(tokio::time::Instant::now());
        self.office.look_after_printers().await?;
        self.office.relieve_paused().await?;
        self.office.retry_held().await?;
        self.office.judge_early().await?;
        let now = self.office.now();
        for printer in &self.office.printers().all {
            // Who asks over REST is offered what was released, when it still had a queue.
            let lies_for = match printer.takes_from {
                TakesFrom::Queue => self.office.link_lifetime(),
                TakesFrom::Rest => SignedDuration::ZERO,
            };
            self.ledger.release_again(&printer.name, now - lies_for).await?;
        }
        Ok(did)
    }
}
