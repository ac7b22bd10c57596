//! Watching: figures of the whole installation, and the seals of the record.
//!
//! Gauges taken from the ledger and the broker would be summed if every engine
//! exported them; so one engine, by lease, counts and exports for all.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use crate::clock::Clock;
use crate::domain::Code;
use crate::ledger::{Ledger, LedgerError};
use crate::lifecycle::rest;
use crate::paper::letter::LetterState;
use crate::paper::printer::Printers;
use crate::queue::{Queue, Topology};
use crate::recount::Standing;
use crate::telemetry::log::chain;
use crate::telemetry::measure;

/// What watching needs.
pub struct Watch {
    /// The truth.
    pub ledger: Arc<Ledger>,
    /// Whose depths are exported.
    pub queue: Arc<dyn Queue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The machine's, for leases and uploads.
    pub machine: Arc<dyn Clock>,
    /// This engine.
    pub engine: Uuid,
    /// Whose letters are counted.
    pub printers: Arc<Printers>,
    /// What the recount found.
    pub account: Arc<Standing>,
}

const LEASE: SignedDuration = SignedDuration::from_secs(90);
const EVERY: Duration = Duration::from_secs(5);
/// Looking takes its time where there is much: it rests ten times as long as
/// it took, but not so long that the gauges leave the page.
const REST_FACTOR: u32 = 10;
const REST_MAX: Duration = Duration::from_secs(30);
/// A binding that somebody removed is missed by nobody who could tell: all is
/// declared again now and then.
const DECLARE_EVERY: Duration = Duration::from_secs(60);
/// The label of letters that have no printer yet.
const UNPLANNED: &str = "unplanned";

/// What one look leaves to the next.
#[derive(Default)]
struct Seen {
    /// Version of the reference data whose queues are known to be there, and
    /// since when.
    declared: Option<(i64, tokio::time::Instant)>,
}

impl Watch {
    /// Watches until `stop`.
    ///
    /// # Errors
    /// Never: what cannot be read is counted as an error and read again.
    pub async fn run(self, stop: CancellationToken) -> Result<(), std::convert::Infallible> {
        let mut seen = Seen::default();
        while !stop.is_cancelled() {
            let started = tokio::time::Instant::now();
            if let Err(error) = self.look(&mut seen).await {
                say(&error);
            }
            let long = (started.elapsed() * REST_FACTOR).clamp(EVERY, REST_MAX);
            rest(&stop, long).await;
        }
        Ok(())
    }

    /// What cannot be read keeps no other figure from being said.
    async fn look(&self, seen: &mut Seen) -> Result<(), LedgerError> {
        let is_ours = self.ledger.lease("watch", self.engine, self.machine.now(), LEASE).await?;
        self.account.watches(is_ours);
        if !is_ours {
            return Ok(());
        }
        if let Some(difference) = self.account.difference() {
            measure::account_difference(difference);
        }
        let (quarantine, letters) = (self.quarantine().await, self.letters().await);
        let (printers, depths) = (self.silent().await, self.depths(seen).await);
        [quarantine, letters, printers, depths, self.seal().await]
            .iter()
            .filter_map(|it| it.as_ref().err())
            .for_each(say);
        Ok(())
    }

    async fn seal(&self) -> Result<(), LedgerError> {
        while self.ledger.seal_record(self.clock.now()).await? > 0 {}
        Ok(())
    }

    async fn quarantine(&self) -> Result<(), LedgerError> {
        let by_code = self.ledger.quarantined_by_code().await?;
        for code in Code::ALL {
            let found = by_code.iter().find(|(found, _)| found == code);
            measure::quarantined(*code, found.map_or(0, |(_, count)| *count));
        }
        Ok(())
    }

    /// For as long as it lasts: an event would be forgotten before it is over.
    async fn silent(&self) -> Result<(), LedgerError> {
        let standings = self.ledger.printer_standings().await?;
        for printer in &self.printers.all {
            let standing = standings.iter().find(|it| it.name == printer.name);
            let is_silent = standing.is_some_and(|it| it.silent_since.is_some());
            measure::printer_silent(&printer.name, is_silent);
        }
        Ok(())
    }

    /// Letters by printer and state; every printer and state has its figure,
    /// so that one that falls to 0 says so.
    async fn letters(&self) -> Result<(), LedgerError> {
        let counts = self.ledger.letters_by_printer().await?;
        let oldest = self.ledger.oldest_letters().await?;
        let claimed = self.ledger.oldest_claimed().await?;
        let configured = self.printers.all.iter().map(|printer| printer.name.as_str());
        let found = counts.iter().map(|(printer, ..)| printer.as_str());
        let printers: BTreeSet<&str> = configured.chain(found).collect();
        for printer in printers {
            for state in LetterState::ALL {
                let count = counts.iter().find(|(name, of, _)| name == printer && of == state);
                let label = if printer.is_empty() { UNPLANNED } else { printer };
                measure::letters(state.as_str(), label, count.map_or(0, |(.., count)| *count));
            }
            let age = |since: &[(String, Timestamp)]| {
                let since = since.iter().find(|(name, _)| name == printer).map(|(_, at)| *at);
                let age = since.map(|at| self.clock.now().duration_since(at));
                age.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default()
            };
            let label = if printer.is_empty() { UNPLANNED } else { printer };
            measure::oldest_letter_seconds(label, age(&oldest));
            measure::oldest_claimed_seconds(label, age(&claimed));
        }
        Ok(())
    }

    async fn depths(&self, seen: &mut Seen) -> Result<(), LedgerError> {
        let reference = self.ledger.reference().await?;
        let is_known = seen.declared.is_some_and(|(version, at)| {
            version == reference.version && at.elapsed() < DECLARE_EVERY
        });
        let printers = self.printers.all.iter().map(|printer| printer.name.as_str());
        let topology = Topology::whole(reference.applications.keys(), printers);
        if !is_known && self.declare(&topology).await {
            seen.declared = Some((reference.version, tokio::time::Instant::now()));
        }
        for id in reference.applications.keys() {
            measure::lane_paused(id.as_str(), reference.controls.is_lane_paused(id));
        }
        for queue in &topology.queues {
            match self.queue.depth(&queue.name).await {
                Ok(depth) => measure::queue_depth(&queue.name, depth),
                Err(error) => measure::error("watch", error.kind()),
            }
        }
        Ok(())
    }

    /// A broker answers the question after a queue that is not there by closing
    /// the channel, whose number the client may have given to somebody else by
    /// then: so none is asked after before it is declared.
    async fn declare(&self, topology: &Topology) -> bool {
        let declared = self.queue.declare(topology).await;
        let declared = declared.inspect_err(|error| measure::error("declare", error.kind()));
        // What exists otherwise does so until an operator mends it.
        declared.is_ok() || declared.is_err_and(|error| !error.is_transient())
    }
}

fn say(error: &LedgerError) {
    measure::error("watch", error.kind());
    warn!(error = %chain(error), "failed to count");
}
