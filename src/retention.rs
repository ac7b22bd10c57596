//! Retention: what becomes of messages, documents and the record when their
//! time is over.
//!
//! The order matters: messages expire first, documents of those that a letter
//! holds up are kept, and only then are documents released that no message
//! names any longer; the sweep deletes them. An engine that dies in between
//! leaves work, not damage, and any number of engines may do it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use crate::clock::{Clock, belgian_day};
use crate::documents::DocumentStore;
use crate::documents::upload::{self, UploadError};
use crate::failpoint::fail_point;
use crate::ledger::Ledger;
use crate::lifecycle::rest;
use crate::telemetry::log::chain;
use crate::telemetry::measure;

/// Messages or documents in one transaction.
const PAGE: i64 = 200;
/// Messages asked at once what they name.
const NEEDS_PAGE: i64 = 1_000;
const EVERY: Duration = Duration::from_secs(600);
const LEASE: SignedDuration = SignedDuration::from_mins(30);

/// What looks after time.
pub struct Retention {
    /// The truth.
    pub ledger: Arc<Ledger>,
    /// Whose content is deleted.
    pub documents: DocumentStore,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// This engine.
    pub engine: Uuid,
    /// Age at which content that no message names is deleted.
    pub unreferenced: SignedDuration,
    /// How long a session of the pages may be left alone.
    pub session_idle: SignedDuration,
    /// How long the record of deeds is kept, from the next 1 January on.
    pub record_years: u16,
}

/// What one round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Messages whose content was given up.
    pub expired: usize,
    /// Messages whose letter has not left yet.
    pub held_up: usize,
    /// Documents that no message names any longer.
    pub released: u64,
    /// Contents that were deleted.
    pub swept: usize,
    /// Deeds of long ago that left the record.
    pub forgotten: u64,
    /// Replies whose time is over.
    pub replies: u64,
    /// Sessions of the pages that are over.
    pub sessions: u64,
}

impl Retention {
    /// Goes round until `stop`.
    ///
    /// # Errors
    /// Never: what fails is counted, and done the next time.
    pub async fn run(self, stop: CancellationToken) -> Result<(), std::convert::Infallible> {
        while !stop.is_cancelled() {
            match self.round().await {
                Ok(round) if round == Round::default() => {}
                Ok(round) => info!(?round, "what is over was given up"),
                Err(error) => {
                    measure::error("retention", error.kind());
                    warn!(error = %chain(&error), "retention waits");
                }
            }
            rest(&stop, EVERY).await;
        }
        Ok(())
    }

    /// Does everything that is due now. One engine at a time, by lease, so that
    /// they do not wait for each other; two at once do no harm.
    ///
    /// # Errors
    /// When ledger or store are away; what is left is done the next time.
    pub async fn round(&self) -> Result<Round, UploadError> {
        let now = self.clock.now();
        if !self.ledger.lease("retention", self.engine, now, LEASE).await? {
            return Ok(Round::default());
        }
        let mut round = Round::default();
        loop {
            let expired = self.ledger.expire_messages(PAGE, now).await?;
            round.expired += expired;
            fail_point!("expired");
            if expired == 0 {
                break;
            }
        }
        round.held_up = self.ledger.keep_for_letters(PAGE, now).await?;
        let before = now - self.unreferenced;
        // An engine of the release before may be at work still.
        self.ledger.plan_forgotten_notices().await?;
        if self.ledger.settle_needs(self.engine, NEEDS_PAGE, before, now).await? {
            round.released = self.release(before, now).await?;
        }
        round.swept = upload::sweep(&self.ledger, &self.documents, self.unreferenced, now).await?;
        // A deed of 2026 is kept for whole years from 1 January 2027 on.
        let first = i64::from(belgian_day(now).year()) - i64::from(self.record_years);
        while let Some(forgotten) = self.ledger.forget_record(first).await? {
            round.forgotten += forgotten;
        }
        round.replies = self.forget_replies(now).await?;
        round.sessions = self.ledger.forget_sessions(now, self.session_idle).await?;
        Ok(round)
    }

    async fn forget_replies(&self, now: Timestamp) -> Result<u64, UploadError> {
        let mut total = 0;
        loop {
            let forgotten = self.ledger.forget_replies(PAGE, now).await?;
            total += forgotten;
            if forgotten == 0 {
                return Ok(total);
            }
        }
    }

    async fn release(&self, before: Timestamp, now: Timestamp) -> Result<u64, UploadError> {
        let mut total = 0;
        loop {
            let released = self.ledger.release_documents(before, PAGE, now).await?;
            total += released;
            fail_point!("released");
            if released == 0 {
                return Ok(total);
            }
        }
    }
}
