//! Lets what the pause of a message type held go on when the type does.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::batch::{Intake, Outcome};
use super::count;
use super::judge::Judged;
use crate::clock::Clock;
use crate::domain::MessageTypeId;
use crate::ledger::LedgerError;
use crate::telemetry::log::chain;

const LOOK_AGAIN: Duration = Duration::from_secs(1);
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// Entries replayed in one transaction.
const PAGE: u32 = 200;
/// One that an operator discards meanwhile keeps the others no longer: the
/// next look finds it gone.
const PAGE_MAX: Duration = Duration::from_secs(20);
/// What is still held at the end of a round is judged again after so long, with
/// what a batch that saw the type paused brought late.
const ROUND_REST: Duration = Duration::from_secs(10);
/// Who replays, as the record names it.
const ACTOR: &str = "engine";

/// Looks each second whether something held may go on; one engine at a time.
pub(super) async fn run(
    intake: Arc<Intake>,
    clock: Arc<dyn Clock>,
    engine: Uuid,
    stop: CancellationToken,
) -> Result<(), Infallible> {
    let mut rounds = BTreeMap::new();
    while !stop.is_cancelled() {
        match resume(&intake, &*clock, engine, &mut rounds, &stop).await {
            Ok(0) => {}
            Ok(count) => info!(count, "held documents of resumed message types went on"),
            Err(error) => {
                count::error("resume", error.kind());
                warn!(error = %chain(&error), "failed to let held documents go on");
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
    Ok(())
}

/// How far the entries of a type were judged: each once in a round, so that one
/// that stays does not keep those behind it.
#[derive(Clone, Copy, Default)]
struct Round {
    after: Uuid,
    ended_at: Option<Instant>,
}

impl Round {
    /// Where to go on; nowhere, while it rests.
    fn goes_on(&mut self) -> Option<Uuid> {
        if self.ended_at.is_some_and(|at| at.elapsed() >= ROUND_REST) {
            *self = Self::default();
        }
        self.ended_at.is_none().then_some(self.after)
    }

    fn judged(&mut self, page: &[Uuid]) {
        self.after = page.last().copied().unwrap_or(self.after);
        if page.len() < PAGE as usize {
            self.ended_at = Some(Instant::now());
        }
    }
}

/// Replays a page of each type that goes on again; answers how many entries
/// were accepted.
async fn resume(
    intake: &Intake,
    clock: &dyn Clock,
    engine: Uuid,
    rounds: &mut BTreeMap<MessageTypeId, Round>,
    stop: &CancellationToken,
) -> Result<usize, LedgerError> {
    let ledger = intake.ledger();
    let mut held = ledger.held_types().await?;
    let reference = ledger.reference().await?;
    held.retain(|kind| !reference.controls.is_type_paused(kind));
    rounds.retain(|kind, _| held.contains(kind));
    let mut accepted = 0;
    for kind in held {
        let round = rounds.entry(kind.clone()).or_default();
        let Some(after) = round.goes_on() else { continue };
        if !ledger.lease("resume", engine, clock.now(), LEASE).await? {
            break;
        }
        let entries = ledger.held_of_type(&kind, after, PAGE).await?;
        let page = intake.replay_all(&entries, ACTOR, stop);
        match tokio::time::timeout(PAGE_MAX, page).await {
            Ok(Ok(Outcome::Recorded(judged))) => accepted += count_accepted(&judged),
            Ok(Ok(Outcome::Stopped)) => break,
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                warn!(%kind, "a page of held documents took too long; it is tried again");
                continue;
            }
        }
        round.judged(&entries);
    }
    Ok(accepted)
}

fn count_accepted(judged: &[Judged]) -> usize {
    judged.iter().filter(|judged| matches!(judged, Judged::Accepted { .. })).count()
}
