//! Companies that live: they open their boxes and change their minds.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::world::company;
use super::{COMPANIES, SEED};
use crate::clock::Clock;
use crate::ledger::{Ledger, LedgerError};
use crate::telemetry::log::chain;

const EVERY: Duration = Duration::from_millis(100);

/// Opens boxes and changes preferences until `stop`.
///
/// # Errors
/// Never: a change that fails is left out.
pub async fn live(
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) -> Result<(), std::convert::Infallible> {
    let mut random = StdRng::seed_from_u64(SEED);
    while !stop.is_cancelled() {
        if let Err(error) = act(&ledger, clock.as_ref(), &mut random).await {
            warn!(error = %chain(&error), "a company could not act");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    Ok(())
}

async fn act(ledger: &Ledger, clock: &dyn Clock, random: &mut StdRng) -> Result<(), LedgerError> {
    let number = company(random.random_range(0..COMPANIES));
    let (dice, now) = (random.random_range(0..10), clock.now());
    if dice < 9 {
        ledger.touch_connection(number, now).await.map(drop)
    } else {
        let wish = random.random_range(0..2) == 1;
        ledger.change_preference(number, wish, "demo", now).await.map(drop)
    }
}
