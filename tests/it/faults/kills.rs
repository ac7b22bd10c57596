//! The engine is killed at every point of a batch and at any other moment.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::agencies::{Agencies, Log, backlog, publish};
use super::oracle::{Truth, judge};
use super::printer::gets_each_letter_once;
use super::site::Site;
use super::world::addressed;
use crate::support::engine::{Engine, SIGABRT};
use crate::support::wait::{until, until_worked_off};

/// The points that a batch passes, in order, and its receipts after it.
const POINTS: [&str; 9] = [
    "taken",
    "decoded",
    "inline-stored",
    "looked-up",
    "judged",
    "recorded",
    "committed",
    "settled",
    "receipts-published",
];
/// Those that letters pass on their way to a printer.
const TICKET_POINTS: [&str; 2] = ["tickets-marked", "tickets-published"];
/// Published before each of them: what came before is on its way already.
const TICKETED: u32 = 60;
/// Far from what the agencies send by themselves.
const TICKETED_FROM: u32 = 1_000_000;
/// At which passage the engine dies.
const PASSAGES: [u32; 2] = [1, 4];

/// One kill.
struct Kill {
    at: String,
    recorded_before: i64,
    waiting_after: u64,
}

/// A series of kills under load.
struct Series<'a> {
    site: &'a Site,
    kills: Vec<Kill>,
    random: StdRng,
}

impl<'a> Series<'a> {
    fn new(site: &'a Site) -> Self {
        let has_points = cfg!(feature = "failpoints");
        assert!(has_points, "built without fail points; `./dev test` has them");
        Self { site, kills: Vec::new(), random: StdRng::seed_from_u64(0xFAC7) }
    }

    /// Dies at a point of a batch, as by SIGKILL: without any tidying up.
    async fn at_point(&mut self, point: &str, passage: u32) {
        let action = format!("{point}={}*off->return", passage - 1);
        let mut engine = self.site.spawn(&[("FAILPOINTS", &action)]);
        let status = engine.ended().await;
        assert_eq!(status.signal(), Some(SIGABRT), "{status}: {}", engine.log());
        self.note(format!("{point}, passage {passage}")).await;
    }

    /// Dies after some more documents, wherever its batches are then.
    async fn at_random(&mut self) {
        let more = self.random.random_range(1..150);
        let target = self.site.ledger.position().await.unwrap() + more;
        let mut engine = self.site.spawn(&[]);
        until("documents are recorded", async || {
            self.site.ledger.position().await.unwrap() >= target
        })
        .await;
        engine.kill().await;
        self.note(format!("after {more} documents more")).await;
    }

    /// Dies with tickets marked, and with tickets published, of some letters more;
    /// the second time also of those that it died with before. What was
    /// published, for the agencies' log.
    async fn with_tickets(&mut self) -> Log {
        let (mut log, mut from) = (Log::new(), TICKETED_FROM);
        for point in TICKET_POINTS {
            for _ in 0..2 {
                log.extend(publish(&*self.site.queue, from, TICKETED).await);
                from += TICKETED;
                self.at_point(point, 1).await;
            }
        }
        log
    }

    async fn note(&mut self, at: String) {
        let recorded_before = self.site.ledger.position().await.unwrap();
        let waiting_after = backlog(&*self.site.queue).await;
        self.kills.push(Kill { at, recorded_before, waiting_after });
    }

    #[expect(clippy::print_stderr, reason = "what a person who runs this test wants to see")]
    fn show(&self, truth: &Truth) {
        eprintln!("{:28} {:>9} {:>8}", "killed at", "recorded", "waiting");
        for kill in &self.kills {
            eprintln!("{:28} {:>9} {:>8}", kill.at, kill.recorded_before, kill.waiting_after);
        }
        eprintln!("{} kills: {truth:?}", self.kills.len());
    }
}

/// Uploads what the agencies refer to, and ends in order. Letters can be sent,
/// so there are tickets.
async fn prepare(site: &Site) {
    site.import(&addressed());
    let engine = site.engine().await;
    site.upload(&engine).await;
    engine.stop().await;
}

async fn is_redelivering(engine: &Engine) -> bool {
    engine.metric("facteur_received_total", &["outcome=\"redelivered\""]).await > 0.0
}

/// What was committed and not yet settled comes again, and is recognised.
async fn recognises_what_comes_again(series: &mut Series<'_>) -> Engine {
    series.at_point("committed", 4).await;
    let engine = series.site.engine().await;
    // On embedded parts the dead process's lease has to run out before.
    until_worked_off("what was recorded comes again", async || is_redelivering(&engine).await)
        .await;
    engine
}

#[tokio::test]
async fn postgres_and_rabbitmq_lose_and_double_nothing_over_thirty_kills() {
    let site = Site::with_services().await;
    prepare(&site).await;
    let agencies = Agencies::start(Arc::clone(&site.queue), 0);
    let mut series = Series::new(&site);
    for passage in PASSAGES {
        for point in POINTS {
            series.at_point(point, passage).await;
            series.at_random().await;
        }
    }
    recognises_what_comes_again(&mut series).await.stop().await;
    let mut log = agencies.stop().await;
    log.extend(series.with_tickets().await);
    let engine = site.engine().await;
    let ticketed_again = gets_each_letter_once(&site, &engine, &log).await;
    let truth = judge(&site, vec![engine], &log).await;
    series.show(&truth);
    assert!(ticketed_again > 0, "no ticket came again");
    assert!(series.kills.len() >= 30 && truth.redelivered > 0 && truth.repeats > 0, "{truth:?}");
}

#[tokio::test]
async fn embedded_parts_lose_and_double_nothing_over_kills() {
    let site = Site::embedded().await;
    prepare(&site).await;
    let agencies = Agencies::start(Arc::clone(&site.queue), 0);
    let mut series = Series::new(&site);
    for point in POINTS {
        series.at_point(point, 2).await;
    }
    for _ in 0..3 {
        series.at_random().await;
    }
    recognises_what_comes_again(&mut series).await.stop().await;
    let mut log = agencies.stop().await;
    log.extend(series.with_tickets().await);
    let engine = site.engine().await;
    let ticketed_again = gets_each_letter_once(&site, &engine, &log).await;
    let truth = judge(&site, vec![engine], &log).await;
    series.show(&truth);
    assert!(ticketed_again > 0, "no ticket came again");
    assert!(truth.redelivered > 0 && truth.repeats > 0, "{truth:?}");
}
