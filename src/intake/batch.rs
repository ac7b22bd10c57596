//! One batch, from decoded documents to settled deliveries.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder;
use bytes::Bytes;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::Settings;
use super::arrival::{Arrival, Candidate};
use super::count;
use super::decode::decode;
use super::judge::{Judged, Rulebook, judge, wanted};
use super::pace::Paces;
use super::place::Claims;
use super::ready::Ready;
use super::source::Source;
use super::steps::{Hold, Step, Steps};
use super::whose::{WhoseError, are_ours};
use crate::clock::Clock;
use crate::documents::{DocumentError, DocumentStore};
use crate::domain::{Code, Refusal};
use crate::failpoint::fail_point;
use crate::ledger::{Batch, Claimed, Class, DocumentKey, Ledger, LedgerError};
use crate::paper::hatch::{Hatch, Passage};
use crate::queue::{Settled, Tag};
use crate::telemetry::log::chain;

/// What a batch needs.
pub struct Intake {
    ledger: Arc<Ledger>,
    documents: DocumentStore,
    rulebook: watch::Receiver<Rulebook>,
    settings: Settings,
    clock: Arc<dyn Clock>,
    ready: Arc<Ready>,
    paces: Arc<Paces>,
    steps: Steps,
    claims: Arc<Claims>,
    hatch: Arc<Hatch>,
}

/// Why a batch could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The ledger did not take it.
    #[error("the ledger did not record the batch")]
    Ledger(#[from] LedgerError),
    /// Inline content could not be stored.
    #[error("the batch's content could not be stored")]
    Documents(#[from] DocumentError),
    /// The broker did not say that the batch is still ours.
    #[error("it is unknown whether the batch is still ours")]
    Whose(#[from] WhoseError),
}

impl IntakeError {
    /// Only a row that the database will never take justifies splitting; all
    /// else is tried again until it passes or somebody mends it.
    fn is_a_row_refused(&self) -> bool {
        matches!(self, Self::Ledger(error) if error.class() == Class::Refused)
    }

    fn is_conflict(&self) -> bool {
        matches!(self, Self::Ledger(LedgerError::Conflict))
    }

    fn stage_and_kind(&self) -> (&'static str, &'static str) {
        match self {
            Self::Ledger(error) => ("record", error.kind()),
            Self::Documents(error) => ("documents", error.kind()),
            Self::Whose(error) => ("record", error.kind()),
        }
    }
}

/// How a batch ended.
#[derive(Debug)]
pub enum Outcome {
    /// Everything is recorded; one verdict for each document, in order.
    Recorded(Vec<Judged>),
    /// The engine stops; nothing of the rest is recorded, all of it comes
    /// again.
    Stopped,
}

/// A quarantine entry that was to be replayed may not wait any more: nothing
/// of the rest is recorded; look at the entries again.
#[derive(Debug)]
pub(super) struct Overtaken;

impl Intake {
    /// An intake over these parts.
    #[must_use]
    pub fn new(
        ledger: Arc<Ledger>,
        documents: DocumentStore,
        rulebook: Rulebook,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let rulebook = watch::channel(rulebook).1;
        let (ready, paces) = (Arc::default(), Arc::default());
        let (steps, claims, hatch) = (Steps::default(), Arc::default(), Arc::default());
        Self { ledger, documents, rulebook, settings, clock, ready, paces, steps, claims, hatch }
    }

    /// What waits for a batch, from lanes and from senders.
    pub(super) fn ready(&self) -> &Arc<Ready> {
        &self.ready
    }

    pub(super) fn paces(&self) -> &Arc<Paces> {
        &self.paces
    }

    /// The bounds of a publication, and of its JSON in bytes.
    #[must_use]
    pub fn bounds(&self) -> (crate::domain::Limits, usize) {
        (self.settings.limits(), self.settings.body_bytes_max)
    }

    /// The same intake, held at its steps as a simulation says.
    #[must_use]
    pub fn held_by(self, hold: Hold) -> Self {
        Self { steps: Steps::held_by(hold), ..self }
    }

    /// Judges by what this says from now on.
    #[must_use]
    pub fn following(self, rulebook: watch::Receiver<Rulebook>) -> Self {
        Self { rulebook, ..self }
    }

    /// Has letters pass through this to the relay.
    #[must_use]
    pub fn through(self, hatch: Arc<Hatch>) -> Self {
        Self { hatch, ..self }
    }

    /// What it judges by now.
    #[must_use]
    pub fn rulebook(&self) -> Rulebook {
        self.rulebook.borrow().clone()
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn documents(&self) -> &DocumentStore {
        &self.documents
    }

    pub(super) fn claims(&self) -> &Claims {
        &self.claims
    }

    pub(super) fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    pub(super) fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Decodes, records and settles a batch. Tries again for ever, until
    /// `stop`.
    pub async fn deliver(&self, arrivals: Vec<Arrival>, stop: &CancellationToken) -> Outcome {
        fail_point!("taken");
        let (limits, bytes_max) = (self.settings.limits(), self.settings.body_bytes_max);
        let candidates =
            arrivals.into_iter().map(|arrival| decode(arrival, limits, bytes_max)).collect();
        fail_point!("decoded");
        // Nothing of it is a replay.
        self.deliver_candidates(candidates, stop).await.unwrap_or(Outcome::Stopped)
    }

    pub(super) async fn deliver_candidates(
        &self,
        candidates: Vec<Candidate>,
        stop: &CancellationToken,
    ) -> Result<Outcome, Overtaken> {
        let mut pieces = vec![candidates];
        let mut verdicts = Vec::new();
        while let Some(piece) = pieces.pop() {
            match self.until_recorded(piece, stop).await {
                Attempt::Recorded(piece, judged) => {
                    self.finish(&piece, &judged).await;
                    verdicts.extend(judged);
                }
                Attempt::Refused(piece) => pieces.extend(split(piece)),
                Attempt::Stopped => return Ok(Outcome::Stopped),
                Attempt::Overtaken => return Err(Overtaken),
            }
        }
        Ok(Outcome::Recorded(verdicts))
    }

    async fn until_recorded(&self, mut piece: Vec<Candidate>, stop: &CancellationToken) -> Attempt {
        let mut waits = patience();
        loop {
            let error = match self.attempt(&mut piece).await {
                Ok(judged) => return Attempt::Recorded(piece, judged),
                Err(error) if error.is_a_row_refused() && !is_condemned(&piece) => {
                    return Attempt::Refused(piece);
                }
                Err(error) if error.is_conflict() && piece.iter().any(|it| it.replay.is_some()) => {
                    return Attempt::Overtaken;
                }
                Err(error) => error,
            };
            // By the next try a claim may be old, and its content swept.
            piece.iter_mut().for_each(|candidate| candidate.arrival.is_placed = false);
            let (stage, kind) = error.stage_and_kind();
            count::error(stage, kind);
            let wait = waits.next().unwrap_or(WAIT_MAX);
            warn!(
                documents = piece.len(),
                wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                error = %chain(&error),
                "failed to record a batch; it is tried again"
            );
            tokio::select! {
                () = stop.cancelled() => return Attempt::Stopped,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// One try: content first, then the transaction.
    async fn attempt(&self, piece: &mut [Candidate]) -> Result<Vec<Judged>, IntakeError> {
        self.store_inline(piece).await?;
        self.steps.at(Step::InlineStored).await?;
        let now = self.clock.now();
        let mut batch = self.begin(piece).await?;
        let snapshot = batch.snapshot(|reference| wanted(piece, reference, now)).await?;
        self.steps.at(Step::LookedUp).await?;
        are_ours(piece, &snapshot).await?;
        let rulebook = self.rulebook();
        let (mut records, judged) = judge(piece, &snapshot, &rulebook, now);
        fail_point!("judged");
        let passage = self.hatch.pass(&mut records, now);
        batch.record(records, &rulebook.policy, now).await?;
        if let Err(error) = self.commit(batch, passage).await {
            // It may have committed: what the next attempt finds recorded is
            // this batch's own work, and no repeat by the agency.
            piece.iter_mut().for_each(|candidate| candidate.arrival.is_redelivered = true);
            return Err(error.into());
        }
        Ok(judged)
    }

    /// Few documents are recorded otherwise than many where somebody waits.
    async fn begin(&self, piece: &[Candidate]) -> Result<Batch<'_>, LedgerError> {
        let is_awaited = piece.iter().any(|candidate| candidate.arrival.is_direct());
        match is_awaited && piece.len() <= FEW {
            true => self.ledger.begin_few().await,
            false => self.ledger.begin().await,
        }
    }

    async fn commit(&self, batch: Batch<'_>, passage: Option<Passage>) -> Result<(), LedgerError> {
        self.steps.at(Step::Recorded).await?;
        let under_way = batch.commit().await?;
        if let (Some(passage), Some(under_way)) = (passage, under_way) {
            passage.is_through(under_way);
        }
        self.steps.at(Step::Committed).await
    }

    /// Writes inline content, claimed first so that no sweep takes it, before
    /// the transaction that names it.
    async fn store_inline(&self, piece: &[Candidate]) -> Result<(), IntakeError> {
        let mut contents: BTreeMap<DocumentKey, Bytes> = BTreeMap::new();
        let not_placed = piece.iter().filter(|candidate| !candidate.arrival.is_placed);
        for parsed in not_placed.filter_map(|candidate| candidate.parsed.as_ref().ok()) {
            for (digest, content) in &parsed.valid.inline {
                let key = (parsed.valid.application.clone(), *digest);
                contents.entry(key).or_insert_with(|| content.clone());
            }
        }
        if contents.is_empty() {
            return Ok(());
        }
        let claim = |(key, content): (&DocumentKey, &Bytes)| Claimed {
            key: key.clone(),
            size: content.len() as u64,
            media_type: None,
        };
        let claims: Vec<Claimed> = contents.iter().map(claim).collect();
        self.ledger.claim_documents(&claims, self.clock.now()).await?;
        self.documents.put_many(contents.into_iter().collect()).await?;
        Ok(())
    }

    /// Counts, and tells the broker.
    async fn finish(&self, piece: &[Candidate], judged: &[Judged]) {
        count::recorded(piece, judged, self.clock.now());
        answer(piece, judged);
        for (source, tags) in by_source(piece, judged) {
            match source.settle(&tags).await {
                Ok(Settled::Yes) => {}
                Ok(Settled::Gone) => count::error("settle", "gone"),
                Err(error) => {
                    count::error("settle", error.kind());
                    warn!(
                        error = %chain(&error),
                        "failed to settle what is recorded; it comes again"
                    );
                }
            }
        }
        // What is settled cannot fail any more.
        drop(self.steps.at(Step::Settled).await);
    }
}

/// Tells the senders that wait what is committed.
fn answer(piece: &[Candidate], judged: &[Judged]) {
    for (candidate, judged) in piece.iter().zip(judged) {
        if let Some(waiter) = &candidate.arrival.waiter {
            waiter.answer(candidate.id, judged.clone());
        }
    }
}

enum Attempt {
    Recorded(Vec<Candidate>, Vec<Judged>),
    Refused(Vec<Candidate>),
    Stopped,
    Overtaken,
}

const WAIT_MAX: Duration = Duration::from_secs(10);
/// So many documents at most are looked up one by one.
const FEW: usize = 100;

pub(super) fn patience() -> backon::ExponentialBackoff {
    backon::ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(WAIT_MAX)
        .with_jitter()
        .without_max_times()
        .build()
}

/// Halves a batch that the database refuses; a document that is refused alone
/// is condemned.
fn split(mut piece: Vec<Candidate>) -> Vec<Vec<Candidate>> {
    if piece.len() > 1 {
        let second = piece.split_off(piece.len() / 2);
        // The last is taken first: keep the order of arrival.
        return vec![second, piece];
    }
    for candidate in &mut piece {
        error!(lane = candidate.arrival.lane_name(), "the ledger will never take this document");
        let message = "the ledger refuses this publication";
        candidate.parsed = Err(Refusal::new(Code::Unstorable, "", message));
    }
    vec![piece]
}

/// Refused even as an entry of the quarantine, a document waits for somebody
/// who mends the database.
fn is_condemned(piece: &[Candidate]) -> bool {
    let code = |candidate: &Candidate| candidate.parsed.as_ref().err().map(|refusal| refusal.code);
    matches!(piece, [alone] if code(alone) == Some(Code::Unstorable))
}

type Settlements = Vec<(Arc<Source>, Vec<Tag>)>;

/// What is to be settled on each consumer. What was stale when it was judged
/// is not recorded and must not be settled.
fn by_source(piece: &[Candidate], judged: &[Judged]) -> Settlements {
    let mut settlements = Settlements::new();
    for (candidate, judged) in piece.iter().zip(judged) {
        let Some((source, tag)) = &candidate.arrival.settle else { continue };
        if *judged == Judged::Stale {
            continue;
        }
        match settlements.iter_mut().find(|(known, _)| Arc::ptr_eq(known, source)) {
            Some((_, tags)) => tags.push(*tag),
            None => settlements.push((Arc::clone(source), vec![*tag])),
        }
    }
    settlements
}
