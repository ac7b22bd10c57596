//! Watching: figures of the whole installation, the sweep, and the seals of the
//! record.
//!
//! Gauges taken from the ledger and the broker would be summed if every engine
//! exported them; so one engine, by lease, counts and exports for all.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use uuid::Uuid;

use crate::clock::Clock;
use crate::documents::{DocumentStore, upload};
use crate::domain::Code;
use crate::ledger::{Ledger, LedgerError};
use crate::queue::{Queue, topology};
use crate::telemetry::log::chain;
use crate::telemetry::measure;

/// What watching needs.
pub struct Watch {
    /// The truth.
    pub ledger: Arc<Ledger>,
    /// Whose depths are exported.
    pub queue: Arc<dyn Queue>,
    /// What is swept.
    pub documents: DocumentStore,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// This engine.
    pub engine: Uuid,
    /// Age at which an upload that no message names is deleted.
    pub unreferenced: SignedDuration,
}

const LEASE: SignedDuration = SignedDuration::from_secs(90);
const EVERY: Duration = Duration::from_secs(5);
/// Counting everything takes its time in a large ledger: it rests ten times
/// as long as it took, but not so long that the gauges leave the page.
const REST_FACTOR: u32 = 10;
const REST_MAX: Duration = Duration::from_secs(30);
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

impl Watch {
    /// Watches until `stop`.
    ///
    /// # Errors
    /// Never: what cannot be read is counted as an error and read again.
    pub async fn run(self, stop: CancellationToken) -> Result<(), std::convert::Infallible> {
        let mut swept: Option<tokio::time::Instant> = None;
        while !stop.is_cancelled() {
            let started = tokio::time::Instant::now();
            if let Err(error) = self.look().await {
                measure::error("watch", error.kind());
                warn!(error = %chain(&error), "failed to count");
            }
            if swept.is_none_or(|at| at.elapsed() >= SWEEP_EVERY) {
                self.sweep().await;
                swept = Some(tokio::time::Instant::now());
            }
            let rest = (started.elapsed() * REST_FACTOR).clamp(EVERY, REST_MAX);
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
        Ok(())
    }

    async fn look(&self) -> Result<(), LedgerError> {
        if !self.ledger.lease("watch", self.engine, self.clock.now(), LEASE).await? {
            return Ok(());
        }
        while self.ledger.seal_record(self.clock.now()).await? > 0 {}
        self.depths().await?;
        let by_code = self.ledger.quarantined_by_code().await?;
        for code in Code::ALL {
            let found = by_code.iter().find(|(found, _)| found == code);
            measure::quarantined(*code, found.map_or(0, |(_, count)| *count));
        }
        let account = self.ledger.account().await?;
        for (state, count) in account.total.letters.by_state() {
            measure::letters(state, topology::LANE_OVERFLOW, count);
        }
        measure::account_difference(account.difference);
        if account.difference != 0 {
            error!(difference = account.difference, "the account does not balance");
        }
        let oldest = self.ledger.oldest_unreleased_letter().await?;
        let age = oldest.map(|at| self.clock.now().duration_since(at));
        let age = age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default();
        measure::oldest_letter_seconds(topology::LANE_OVERFLOW, age);
        Ok(())
    }

    async fn depths(&self) -> Result<(), LedgerError> {
        let reference = self.ledger.reference().await?;
        let lanes = reference.applications.keys().map(topology::intake_queue);
        let own = [
            topology::QUEUE_UNROUTABLE.to_owned(),
            topology::QUEUE_DEAD.to_owned(),
            topology::QUEUE_PRINT_OVERFLOW.to_owned(),
        ];
        for name in lanes.chain(own) {
            match self.queue.depth(&name).await {
                Ok(depth) => measure::queue_depth(&name, depth),
                Err(error) => measure::error("watch", error.kind()),
            }
        }
        Ok(())
    }

    async fn sweep(&self) {
        let (now, age) = (self.clock.now(), self.unreferenced);
        match upload::sweep(&self.ledger, &self.documents, age, now).await {
            Ok(0) => {}
            Ok(count) => info!(count, "swept uploads that no message names"),
            Err(error) => {
                measure::error("sweep", error.kind());
                warn!(error = %chain(&error), "failed to sweep");
            }
        }
    }
}
