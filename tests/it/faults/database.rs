//! PostgreSQL goes away while documents flow.

use std::sync::Arc;

use super::agencies::Agencies;
use super::oracle::judge;
use super::site::Site;
use crate::support::engine::Engine;
use crate::support::relay::Relay;
use crate::support::wait::{until, until_worked_off};

/// Under load, with a relay between the engine and its database.
struct Line {
    site: Site,
    relay: Relay,
    engine: Engine,
    agencies: Agencies,
}

/// What PostgreSQL answers to a commit: the tag of a CommandComplete message.
const COMMITTED: &[u8] = b"COMMIT\0";

/// Attempts of the intake after which it waits for seconds between two.
const IN_VAIN: f64 = 6.0;

impl Line {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let site = Site::with_services().await;
        let relay = site.relay_to_ledger().await;
        let url = site.ledger_through(&relay);
        let mut all = vec![("FACTEUR__LEDGER__URL", url.as_str())];
        all.extend_from_slice(settings);
        let engine = site.engine_with(&all).await;
        site.upload(&engine).await;
        let agencies = Agencies::start(Arc::clone(&site.queue), 0);
        Self { site, relay, engine, agencies }
    }

    /// Waits until documents are recorded that were not recorded yet.
    async fn flows(&self) {
        let before = self.site.ledger.position().await.unwrap();
        until_worked_off("documents flow", async || {
            self.site.ledger.position().await.unwrap() > before
        })
        .await;
    }

    /// Waits until the intake has met the fault.
    async fn meets_it(&self, before: f64) {
        until("the intake meets it", async || self.failures().await > before).await;
    }

    async fn failures(&self) -> f64 {
        self.engine.metric("facteur_errors_total", &["stage=\"record\""]).await
    }

    async fn ends_well(mut self) {
        self.flows().await;
        assert!(self.engine.is_running());
        let log = self.agencies.stop().await;
        judge(&self.site, vec![self.engine], &log).await;
    }
}

#[tokio::test]
async fn postgres_that_refuses_or_is_silent_is_waited_for() {
    let line = Line::start(&[]).await;
    for fault in [Relay::refuse, Relay::stall] {
        line.flows().await;
        let failures = line.failures().await;
        fault(&line.relay);
        line.engine.misses("ledger").await;
        if line.relay.connections() == 0 {
            line.meets_it(failures).await;
        }
        line.relay.restore();
        until("the engine is ready again", async || line.engine.readiness().await.status == 200)
            .await;
    }
    line.ends_well().await;
}

#[tokio::test]
async fn postgres_that_is_gone_for_long_is_waited_for() {
    let line = Line::start(&[]).await;
    line.flows().await;
    let before = line.failures().await;
    line.relay.refuse();
    line.engine.misses("ledger").await;
    until_worked_off("it was tried often, in vain", async || {
        line.failures().await >= before + IN_VAIN
    })
    .await;
    line.engine.misses("ledger").await;
    line.relay.restore();
    line.ends_well().await;
}

#[tokio::test]
async fn postgres_that_is_cut_off_at_any_moment_costs_nothing() {
    // Most batches rest before their commit: that is where most cuts fall.
    let line = Line::start(&[("FAILPOINTS", "recorded=70%sleep(30)")]).await;
    for _ in 0..20 {
        line.flows().await;
        line.relay.cut();
    }
    assert!(line.failures().await > 0.0, "no batch was hit");
    line.ends_well().await;
}

#[tokio::test]
async fn postgres_that_is_cut_off_while_the_engine_comes_back_costs_nothing() {
    let line = Line::start(&[]).await;
    for _ in 0..5 {
        line.relay.refuse();
        until("connections are cut", async || line.relay.connections() == 0).await;
        line.relay.restore();
        until("it comes back", async || line.relay.connections() > 0).await;
    }
    line.ends_well().await;
}

#[tokio::test]
async fn postgres_whose_answer_to_a_commit_is_lost_is_not_told_twice() {
    let line = Line::start(&[]).await;
    // The broker is not disturbed: what comes again is the engine's own work.
    until_worked_off("a batch finds its own work", async || {
        let failures = line.failures().await;
        line.relay.lose_answer(COMMITTED);
        line.meets_it(failures).await;
        line.relay.restore();
        line.flows().await;
        line.engine.metric("facteur_received_total", &["outcome=\"redelivered\""]).await > 0.0
    })
    .await;
    line.ends_well().await;
}

/// A server that the network lost closes nothing: only the clock tells.
#[tokio::test]
async fn postgres_that_vanishes_without_a_word_is_found_out() {
    let line = Line::start(&[]).await;
    line.flows().await;
    let failures = line.failures().await;
    line.relay.abandon();
    until_worked_off("the silence is noticed", async || line.failures().await > failures).await;
    line.ends_well().await;
}

#[tokio::test]
async fn postgres_that_is_away_at_the_start_is_waited_for() {
    let site = Site::with_services().await;
    let relay = site.relay_to_ledger().await;
    relay.refuse();
    let url = site.ledger_through(&relay);
    let mut engine = site.spawn(&[("FACTEUR__LEDGER__URL", &url)]);
    until("the engine waits", async || engine.logged(&["the ledger is away"]) > 0).await;
    relay.restore();
    engine.ready().await;
    engine.stop().await;
}
