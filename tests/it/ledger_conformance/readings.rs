//! Reference data that many ask for at once: they share what is read, and nobody
//! is told what was no longer true when he asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::{Result, ensure};
use facteur::ledger::Ledger;
use tokio::task::JoinSet;

use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::wait::given_up_at;

on_both_ledgers! {
    todays: sqlite_who_asks_after_a_change_is_told_of_it, postgres_who_asks_after_a_change_is_told_of_it;
}

const CHANGES: i64 = 60;
const ASKERS: usize = 8;

/// Asks until the last change is seen; now and then somebody gives up while he
/// waits, or while others wait for him.
async fn ask(ledger: Arc<Ledger>, committed: Arc<AtomicI64>, asker: usize) -> Result<()> {
    for turn in asker.. {
        let at_least = committed.load(Ordering::SeqCst);
        if turn % 5 == 0 && Box::pin(given_up_at(1, ledger.reference())).await.is_none() {
            continue;
        }
        let version = ledger.reference().await?.version;
        ensure!(version >= at_least, "{version} was read, {at_least} was true before");
        if version == CHANGES {
            break;
        }
    }
    Ok(())
}

async fn todays(ledger: &TestLedger) -> Result<()> {
    let committed = Arc::new(AtomicI64::new(0));
    let mut askers = JoinSet::new();
    for asker in 0..ASKERS {
        askers.spawn(ask(Arc::clone(&ledger.ledger), Arc::clone(&committed), asker));
    }
    for version in 2..=CHANGES {
        ledger.execute(format!("UPDATE clock SET reference_version = {version}")).await?;
        committed.store(version, Ordering::SeqCst);
    }
    while let Some(asked) = askers.join_next().await {
        asked??;
    }
    Ok(())
}
