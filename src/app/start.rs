//! An engine starts: the ledger first, then the roles.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use backon::BackoffBuilder;
use tokio::net::TcpListener;
use tracing::{info, warn};

use super::serve::bind;
use super::{App, Role, machine};
use crate::domain::Code;
use crate::intake::{self, Intake};
use crate::ledger::{Class, LedgerError};
use crate::lifecycle::Lifecycle;
use crate::paper::office::Office;
use crate::policy_file::decided;
use crate::search::Search;
use crate::telemetry;
use crate::telemetry::log::chain;

/// Where a started engine listens, and what can be asked of it.
pub struct Started {
    /// Pages and REST, in the role `web`.
    pub web: Option<SocketAddr>,
    /// `/metrics`.
    pub metrics: SocketAddr,
    /// The search index, in the roles `search` and `web`.
    pub search: Option<Search>,
    /// Letters, as they are planned, claimed and reported of.
    pub office: Arc<Office>,
    /// Since when.
    pub at: jiff::Timestamp,
}

impl App {
    /// Migrates the ledger and starts the roles; they run until the
    /// lifecycle's soft stop.
    ///
    /// # Errors
    /// When the ledger cannot be migrated or an address cannot be bound.
    pub async fn start(
        &self,
        roles: &BTreeSet<Role>,
        lifecycle: &Lifecycle,
        telemetry: &telemetry::Handle,
    ) -> anyhow::Result<Started> {
        self.prepare().await.context("failed to prepare the ledger")?;
        self.start_roles(roles, lifecycle, telemetry).await
    }

    /// Starts as [`App::start`] does, and waits for a ledger that is away.
    ///
    /// # Errors
    /// As [`App::start`], except for a ledger that is away.
    pub async fn start_patiently(
        &self,
        roles: &BTreeSet<Role>,
        lifecycle: &Lifecycle,
        telemetry: &telemetry::Handle,
    ) -> anyhow::Result<Started> {
        let mut waits = crate::queue::reconnection().build();
        while let Err(error) = self.prepare().await {
            if error.class() != Class::Transient {
                return Err(error).context("failed to prepare the ledger");
            }
            warn!(error = %chain(&error), "the ledger is away; waiting for it");
            tokio::time::sleep(waits.next().unwrap_or_default()).await;
        }
        self.start_roles(roles, lifecycle, telemetry).await
    }

    /// Brings the ledger up to date, and the counters to 0.
    async fn prepare(&self) -> Result<(), LedgerError> {
        self.migrate().await?;
        self.start_counters().await
    }

    async fn start_counters(&self) -> Result<(), LedgerError> {
        let reference = self.ledger.reference().await?;
        let policy = self.rulebook().policy;
        telemetry::start_at_zero(reference.applications.keys(), decided(&policy), Code::ALL);
        Ok(())
    }

    async fn start_roles(
        &self,
        roles: &BTreeSet<Role>,
        lifecycle: &Lifecycle,
        telemetry: &telemetry::Handle,
    ) -> anyhow::Result<Started> {
        if self.fast.is_some() {
            let day_in_secs = self.config.sandbox.day_in_secs;
            warn!(day_in_secs, "A SANDBOX: TIME RUNS FAST; NOT FIT FOR REAL COMPANIES");
        }
        let has = |role| roles.contains(&role);
        let intake = self.start_intake(roles, lifecycle);
        let search = if has(Role::Search) || has(Role::Web) {
            Some(self.start_search(lifecycle).await?)
        } else {
            None
        };
        // Before the tickets: their links lead here.
        let listener = match has(Role::Web) {
            true => Some(bind("web.listen", self.config.web.listen).await?),
            false => None,
        };
        let web = listener.as_ref().map(TcpListener::local_addr).transpose()?;
        let office = self.office(web).await.context("failed to open the post office")?;
        if let Some(listener) = listener {
            self.serve_web(listener, (Arc::clone(&office), intake), search.clone(), lifecycle)?;
        }
        if has(Role::Relay) {
            self.start_relay(&office, lifecycle).await?;
        }
        self.start_telling(lifecycle, telemetry);
        let metrics = self.serve_metrics(lifecycle, telemetry).await?;
        info!(?roles, engine = %self.engine, ledger = self.ledger.backend(), "engine started");
        Ok(Started { web, metrics, search, office, at: self.clock.now() })
    }

    /// Takes documents from the lanes, or only from senders that wait.
    fn start_intake(&self, roles: &BTreeSet<Role>, lifecycle: &Lifecycle) -> Arc<Intake> {
        let intake = Arc::new(self.intake());
        if roles.contains(&Role::Intake) {
            let queue = Arc::clone(&self.queue);
            intake::run(lifecycle, Arc::clone(&intake), queue, machine(), self.engine);
        } else if roles.contains(&Role::Web) {
            intake::run_direct(lifecycle, Arc::clone(&intake), machine(), self.engine);
        }
        intake
    }
}
