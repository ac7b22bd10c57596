//! Ending in order, and at once.

use std::sync::Arc;
use std::time::Duration;

use facteur::clock::Stopwatch;

use super::agencies::{Agencies, publish};
use super::oracle::judge;
use super::site::Site;
use crate::support::wait::{until, until_worked_off};

#[tokio::test]
async fn postgres_and_rabbitmq_balance_after_ends_under_load() {
    let site = Site::with_services().await;
    let mut engine = site.engine().await;
    site.upload(&engine).await;
    let agencies = Agencies::start(Arc::clone(&site.queue), 0);
    for _ in 0..3 {
        let before = site.ledger.position().await.unwrap();
        until_worked_off("documents flow", async || {
            site.ledger.position().await.unwrap() > before + 100
        })
        .await;
        engine.stop().await;
        engine = site.engine().await;
    }
    let log = agencies.stop().await;
    let truth = judge(&site, vec![engine], &log).await;
    assert_eq!(truth.redelivered, 0, "an end in order settles what it recorded");
}

/// So long that a test which waited for it would fail.
const GRACE: &str = "600";
/// "At once" on a loaded machine: what runs gives a database five seconds.
const SOON: Duration = Duration::from_secs(15);

#[tokio::test]
async fn postgres_that_is_silent_keeps_an_engine_until_the_second_signal() {
    let site = Site::with_services().await;
    let relay = site.relay_to_ledger().await;
    let url = site.ledger_through(&relay);
    let settings = [("FACTEUR__LEDGER__URL", &*url), ("FACTEUR__SHUTDOWN__GRACE_SECS", GRACE)];
    let mut engine = site.engine_with(&settings).await;
    site.upload(&engine).await;
    relay.stall();
    let log = publish(&*site.queue, 0, 40).await;
    engine.misses("ledger").await;
    engine.terminate();
    until("the first signal is heard", async || engine.logged(&["a second signal stops"]) > 0)
        .await;
    assert!(engine.is_running());
    let clock = Stopwatch::start();
    engine.terminate();
    let status = engine.ended().await;
    assert!(status.success(), "{status}");
    assert!(clock.elapsed() < SOON, "{:?}", clock.elapsed());
    judge(&site, vec![site.engine().await], &log).await;
}

#[tokio::test]
async fn postgres_that_is_away_does_not_keep_an_engine_that_is_told_to_end() {
    let site = Site::with_services().await;
    let relay = site.relay_to_ledger().await;
    let url = site.ledger_through(&relay);
    let settings = [("FACTEUR__LEDGER__URL", &*url), ("FACTEUR__SHUTDOWN__GRACE_SECS", GRACE)];
    let mut engine = site.engine_with(&settings).await;
    site.upload(&engine).await;
    relay.refuse();
    let log = publish(&*site.queue, 0, 40).await;
    engine.misses("ledger").await;
    let clock = Stopwatch::start();
    engine.terminate();
    let status = engine.ended().await;
    assert!(status.success(), "{status}");
    assert!(clock.elapsed() < SOON, "{:?}", clock.elapsed());
    judge(&site, vec![site.engine().await], &log).await;
}
