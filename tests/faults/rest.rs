//! When nothing is under way any more.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::{sleep, timeout};

use crate::agencies::Log;
use crate::receipts::Told;
use crate::rows;
use crate::site::Site;
use crate::strike::found;

const REST_MAX: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Waits until everything that was confirmed is recorded, every letter has its
/// end, every receipt is taken, and both indexes hold every message.
pub(crate) async fn at_rest(site: &Site, log: &Log, told: &Told) -> Result<()> {
    let (mut missing, expected) = (String::new(), log.len());
    let rest = async {
        loop {
            missing = match missing_of(site, expected, told).await {
                Ok(None) => return,
                Ok(Some(what)) => what,
                Err(error) => error.to_string(),
            };
            sleep(LOOK_EVERY).await;
        }
    };
    let ended = timeout(REST_MAX, rest).await;
    ended.with_context(|| format!("not at rest after {REST_MAX:?}: {missing}"))
}

async fn missing_of(site: &Site, expected: usize, told: &Told) -> Result<Option<String>> {
    let total = site.ledger.account().await?.total;
    if total.received < i64::try_from(expected)? {
        return Ok(Some(format!("{} of {expected} recorded", total.received)));
    }
    if total.letters.under_way() > 0 {
        return Ok(Some(format!("{} letters under way", total.letters.under_way())));
    }
    for engine in &site.engines {
        let found = found(&engine.index).await;
        if found < u64::try_from(total.accepted)? {
            return Ok(Some(format!(
                "{} finds {found} of {}",
                engine.process.name, total.accepted
            )));
        }
    }
    let entries = "SELECT CAST(count(*) AS TEXT) FROM journal
        WHERE kind IN ('accepted', 'refused', 'repeat', 'held', 'discarded', 'letter')
        AND application IN (SELECT id FROM applications)";
    let entries = rows::texts(&site.services.postgres, entries).await?;
    let entries: usize = entries.first().and_then(|row| row.first()).context("a count")?.parse()?;
    let heard = told.events().len();
    Ok((heard < entries).then(|| format!("{heard} receipts of {entries}")))
}
