//! Lets what the pause of a message type held go on when the type does.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::batch::{Intake, Outcome};
use super::count;
use crate::clock::Clock;
use crate::ledger::LedgerError;
use crate::telemetry::log::chain;

const LOOK_AGAIN: Duration = Duration::from_secs(1);
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// Entries replayed in one transaction.
const PAGE: u32 = 200;
/// One that an operator discards meanwhile keeps the others no longer: the
/// next look finds it gone.
const PAGE_MAX: Duration = Duration::from_secs(20);
/// Who replays, as the record names it.
const ACTOR: &str = "engine";

/// Looks each second whether something held may go on; one engine at a time.
pub(super) async fn run(
    intake: Arc<Intake>,
    clock: Arc<dyn Clock>,
    engine: Uuid,
    stop: CancellationToken,
) -> Result<(), Infallible> {
    while !stop.is_cancelled() {
        match resume(&intake, &*clock, engine, &stop).await {
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

/// Replays a page of each type that goes on again; answers how many entries.
async fn resume(
    intake: &Intake,
    clock: &dyn Clock,
    engine: Uuid,
    stop: &CancellationToken,
) -> Result<usize, LedgerError> {
    let ledger = intake.ledger();
    let held = ledger.held_types().await?;
    let reference = ledger.reference().await?;
    let mut replayed = 0;
    for kind in held.iter().filter(|kind| !reference.controls.is_type_paused(kind)) {
        if !ledger.lease("resume", engine, clock.now(), LEASE).await? {
            return Ok(0);
        }
        let entries = ledger.held_of_type(kind, PAGE).await?;
        let page = intake.replay_all(&entries, ACTOR, stop);
        match tokio::time::timeout(PAGE_MAX, page).await {
            Ok(Ok(Outcome::Recorded(judged))) => replayed += judged.len(),
            Ok(Ok(Outcome::Stopped)) => return Ok(replayed),
            Ok(Err(error)) => return Err(error),
            Err(_) => warn!(%kind, "a page of held documents took too long; it is tried again"),
        }
    }
    Ok(replayed)
}
