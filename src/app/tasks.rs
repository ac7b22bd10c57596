//! What runs beside the line: the relay and what keeps house with it, and the
//! engine's word on how it is.

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::Context;
use jiff::SignedDuration;

use super::{App, machine};
use crate::lifecycle::Lifecycle;
use crate::notices::Notices;
use crate::paper::office::Office;
use crate::pulse::Pulse;
use crate::recount;
use crate::relay::{self, Relay};
use crate::retention::Retention;
use crate::telemetry;
use crate::watch::Watch;

impl App {
    /// Sends what is to be sent, and clears away what has had its time.
    pub(super) async fn start_relay(
        &self,
        office: &Arc<Office>,
        lifecycle: &Lifecycle,
    ) -> anyhow::Result<()> {
        let stop = lifecycle.soft();
        self.relay(Arc::clone(office)).run(lifecycle);
        let account = Arc::new(recount::Standing::default());
        let counting = recount::run(Arc::clone(&self.ledger), Arc::clone(&account), stop.clone());
        lifecycle.spawn("recount", counting);
        lifecycle.spawn("watch", self.watch(account).run(stop.clone()));
        lifecycle.spawn("retention", self.retention().run(stop.clone()));
        if let Some(notices) = self.notices().await? {
            lifecycle.spawn("notices", notices.run(stop.clone()));
        }
        Ok(())
    }

    /// Tells its figures, and reads the policy again when that is asked.
    pub(super) fn start_telling(&self, lifecycle: &Lifecycle, telemetry: &telemetry::Handle) {
        let pulse = Pulse {
            ledger: Arc::clone(&self.ledger),
            clock: machine(),
            engine: self.engine,
            started_at: machine().now(),
            telemetry: telemetry.clone(),
            policy: Arc::clone(&self.policy),
        };
        let stop = lifecycle.soft();
        lifecycle.spawn("pulse", pulse.run(stop.clone()));
        let (policy, ledger) = (Arc::clone(&self.policy), Arc::clone(&self.ledger));
        lifecycle.spawn("policy", policy.run(ledger, stop.clone()));
        let upkeep = telemetry.clone().upkeep(stop.clone());
        lifecycle.spawn("telemetry", async move {
            upkeep.await;
            Ok::<(), Infallible>(())
        });
    }

    fn relay(&self, office: Arc<Office>) -> Relay {
        let settings = relay::Settings {
            receipts_per_message_max: self.config.relay.receipts_per_message_max,
            letters_window: u64::from(self.config.relay.letters_window),
            interval: self.config.relay.interval(),
        };
        let (ledger, queue) = (Arc::clone(&self.ledger), Arc::clone(&self.queue));
        Relay::new(ledger, queue, machine(), self.engine, settings, office)
            .through(Arc::clone(&self.hatch))
    }

    /// Where there is a mail server.
    async fn notices(&self) -> anyhow::Result<Option<Notices>> {
        let (ledger, clock) = (Arc::clone(&self.ledger), Arc::clone(&self.clock));
        let notices = Notices::open(&self.config, ledger, clock, self.engine).await;
        notices.context("failed to prepare the notices by mail")
    }

    fn watch(&self, account: Arc<recount::Standing>) -> Watch {
        Watch {
            ledger: Arc::clone(&self.ledger),
            queue: Arc::clone(&self.queue),
            clock: Arc::clone(&self.clock),
            machine: machine(),
            engine: self.engine,
            printers: Arc::clone(&self.printers),
            account,
        }
    }

    fn retention(&self) -> Retention {
        let days = i64::from(self.config.documents.unreferenced_days);
        Retention {
            ledger: Arc::clone(&self.ledger),
            documents: self.documents.clone(),
            clock: Arc::clone(&self.clock),
            engine: self.engine,
            unreferenced: SignedDuration::from_hours(days * 24),
            session_idle: SignedDuration::from_mins(self.config.sign_in.idle_minutes.into()),
            record_years: self.config.record.years,
        }
    }
}
