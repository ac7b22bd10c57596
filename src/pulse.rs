//! Each engine tells the ledger how it is: its figures, as its own `/metrics`
//! has them, and the policy that it decides by.
//!
//! The console of any engine adds up what all of them told, so it shows what
//! Prometheus shows and counts nothing itself.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::debug;
use uuid::Uuid;

use crate::clock::Clock;
use crate::ledger::{Ledger, LedgerError, TOLD_EVERY, Told};
use crate::lifecycle::rest;
use crate::policy_file::PolicyFile;
use crate::telemetry::log::chain;
use crate::telemetry::{self, figures, measure};

/// What telling needs.
pub struct Pulse {
    /// Whom it is told to.
    pub ledger: Arc<Ledger>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// This engine.
    pub engine: Uuid,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// Its figures.
    pub telemetry: telemetry::Handle,
    /// What it decides by.
    pub policy: Arc<PolicyFile>,
}

impl Pulse {
    /// Tells until `stop`.
    ///
    /// # Errors
    /// Never: a ledger that is away is told the next time.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Infallible> {
        let every = Duration::try_from(TOLD_EVERY).unwrap_or_default();
        while !stop.is_cancelled() {
            if let Err(error) = self.tell().await {
                measure::error("pulse", error.kind());
                debug!(error = %chain(&error), "failed to tell the figures");
            }
            rest(&stop, every).await;
        }
        Ok(())
    }

    async fn tell(&self) -> Result<(), LedgerError> {
        let series = figures::read(&self.telemetry.render());
        let (policy, fault) = self.policy.standing();
        let told = Told {
            engine: self.engine,
            started_at: self.started_at,
            series: &series,
            totals: &figures::totals(&series),
            policy,
            policy_fault: fault.as_deref(),
        };
        self.ledger.tell_figures(&told, self.clock.now()).await
    }
}
