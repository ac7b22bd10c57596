//! Two engines on one database and one broker.

use std::sync::Arc;
use std::time::Duration;

use facteur::clock::Stopwatch;

use super::agencies::{Agencies, publish};
use super::oracle::{judge, recorded};
use super::site::Site;
use super::world::registry;
use crate::support::engine::Engine;
use crate::support::wait::{until, until_worked_off};

/// Two engines that know of each other.
async fn two(site: &Site) -> [Engine; 2] {
    let first = site.engine().await;
    let path = site.folder.path().join("search-2").display().to_string();
    let second = site.engine_with(&[("FACTEUR__SEARCH__PATH", &path)]).await;
    for engine in [&first, &second] {
        until("they know of each other", async || {
            engine.logged(&["lanes are open", "\"engines\":2"]) > 0
        })
        .await;
    }
    [first, second]
}

async fn taken(engine: &Engine) -> f64 {
    engine.metric("facteur_received_total", &[]).await
}

#[tokio::test]
async fn postgres_and_rabbitmq_serve_two_engines_one_of_which_is_killed() {
    let site = Site::with_services().await;
    let [first, mut second] = two(&site).await;
    site.upload(&first).await;
    let agencies = Agencies::start(Arc::clone(&site.queue), 0);
    until_worked_off("both take their part", async || {
        taken(&first).await > 200.0 && taken(&second).await > 200.0
    })
    .await;
    second.kill().await;
    let before = taken(&first).await;
    until_worked_off("the other goes on", async || taken(&first).await > before + 200.0).await;
    let log = agencies.stop().await;
    judge(&site, vec![first], &log).await;
}

#[tokio::test]
async fn amqp_lanes_keep_to_their_pace_over_two_engines() {
    const PER_SECOND: u32 = 20;
    const LETTERS: u32 = 480;
    let site = Site::with_services().await;
    let [first, second] = two(&site).await;
    site.upload(&first).await;
    site.import(&registry(Some(PER_SECOND)));
    for engine in [&first, &second] {
        until("the pace is known", async || {
            engine.logged(&["lanes are open", "\"engines\":2"]) > 1
        })
        .await;
    }
    let clock = Stopwatch::start();
    let log = publish(&*site.queue, 0, LETTERS).await;
    recorded(&site, &log).await;
    // Three lanes at this pace. An engine that did not share it would take
    // half the time; a slow machine takes longer.
    let at_pace = Duration::from_secs(u64::from(LETTERS / 3 / PER_SECOND));
    assert!(clock.elapsed() > at_pace * 7 / 10, "{:?} of {at_pace:?}", clock.elapsed());
    for engine in [&first, &second] {
        assert!(taken(engine).await > 0.0);
        assert!(engine.metric("facteur_throttled_total", &[]).await > 0.0);
    }
    judge(&site, vec![first, second], &log).await;
}
