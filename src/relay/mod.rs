//! Relay: what leaves the house, derived from the ledger.
//!
//! - `receipts` follows the journal with a cursor and tells every agency what
//!   became of each of its documents;
//! - `letters` releases tickets to the printers' queues, in small windows.
//!
//! One engine at a time does each, by lease. Everything carries an id by which
//! the receiver drops a repeat, so a relay that is killed between publishing
//! and moving its cursor does no harm.

mod cloud_event;
mod letters;
mod receipts;

pub use cloud_event::CloudEvent;
pub use letters::{DocumentRef, LetterOptions, Ticket};
pub use receipts::{Receipt, receipt};

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use crate::clock::Clock;
use crate::ledger::{Ledger, LedgerError};
use crate::lifecycle::Lifecycle;
use crate::queue::{Publisher, Queue, QueueError};
use crate::telemetry::log::chain;
use crate::telemetry::measure;

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
    clock: Arc<dyn Clock>,
    engine: Uuid,
    settings: Settings,
}

/// A lease is renewed long before it ends.
const LEASE: SignedDuration = SignedDuration::from_secs(10);

impl Relay {
    /// A relay over these parts.
    #[must_use]
    pub fn new(
        ledger: Arc<Ledger>,
        queue: Arc<dyn Queue>,
        clock: Arc<dyn Clock>,
        engine: Uuid,
        settings: Settings,
    ) -> Self {
        Self { ledger, queue, clock, engine, settings }
    }

    /// Runs both relays until the lifecycle's soft stop.
    pub fn run(self, lifecycle: &Lifecycle) {
        let stop = lifecycle.soft().clone();
        lifecycle.spawn("receipts", self.clone().repeat("receipts", stop.clone()));
        lifecycle.spawn("letters", self.repeat("letters", stop));
    }

    async fn repeat(
        self,
        task: &'static str,
        stop: CancellationToken,
    ) -> Result<(), std::convert::Infallible> {
        let mut publisher: Option<Box<dyn Publisher>> = None;
        while !stop.is_cancelled() {
            // What there is little of is let gather: a turn costs two commits.
            let is_more = match self.turn(task, &mut publisher).await {
                Ok(is_more) => is_more,
                Err(error) => {
                    // A publisher's channel may be gone: a new one next time.
                    publisher = None;
                    measure::error(task, error.kind());
                    warn!(task, error = %chain(&error), "the relay waits");
                    false
                }
            };
            if !is_more {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(self.settings.interval) => {}
                }
            }
        }
        Ok(())
    }

    /// Does one piece of a task; answers whether there is more at once.
    async fn turn(
        &self,
        task: &'static str,
        publisher: &mut Option<Box<dyn Publisher>>,
    ) -> Result<bool, RelayError> {
        if !self.ledger.lease(task, self.engine, self.clock.now(), LEASE).await? {
            return Ok(false);
        }
        let publisher = match publisher {
            Some(publisher) => publisher,
            None => publisher.insert(self.queue.publisher().await?),
        };
        match task {
            "receipts" => self.send_receipts(publisher.as_mut()).await,
            _ => self.release_letters(publisher.as_mut()).await,
        }
    }
}
