//! What printers report: in order, out of order, twice, in contradiction, and
//! what is not theirs to say.

use std::sync::Arc;

use anyhow::{Result, ensure};
use facteur::clock::Clock;
use facteur::mailbox::{Happened, Mailbox};
use facteur::paper::letter::LetterState;
use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{House, event, paper};
use crate::mailbox::reader;
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::world::Company;

on_both_ledgers! {
    ends: sqlite_letters_come_to_their_end, postgres_letters_come_to_their_end;
    way: sqlite_a_letters_way_is_told_step_by_step, postgres_a_letters_way_is_told_step_by_step;
    early: sqlite_reports_of_the_future_wait_for_their_time, postgres_reports_of_the_future_wait_for_their_time;
    forgotten: sqlite_a_report_that_an_old_engine_took_is_found, postgres_a_report_that_an_old_engine_took_is_found;
    wrong: sqlite_what_cannot_be_is_recorded_and_changes_nothing, postgres_what_cannot_be_is_recorded_and_changes_nothing;
    strays: sqlite_what_names_no_letter_is_kept_aside, postgres_what_names_no_letter_is_kept_aside;
}

/// A letter that a machine has claimed.
async fn claimed(house: &House) -> Result<Uuid> {
    let job = house.letter(&paper(Company::Active)).await?;
    house.claim(job, "one").await?;
    Ok(job)
}

async fn ends(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    for (steps, end, told) in [
        (
            &["taken", "printed", "posted", "delivered"][..],
            LetterState::Delivered,
            &["printed", "posted", "delivered"][..],
        ),
        (&["posted", "printed", "delivered"], LetterState::Delivered, &["posted", "delivered"]),
        // The post's date is told however late it comes.
        (&["delivered", "posted"], LetterState::Delivered, &["delivered", "posted"]),
        (
            &["printed", "posted", "not_delivered", "returned"],
            LetterState::Returned,
            &["printed", "posted", "failed", "returned"],
        ),
        (&["not_delivered", "posted"], LetterState::Failed, &["failed", "posted"]),
        (&["rejected", "posted"], LetterState::Failed, &["failed"]),
        (&["printed", "damaged"], LetterState::Failed, &["printed", "failed"]),
    ] {
        let job = claimed(&house).await?;
        for step in steps {
            house.says("overflow", job, step).await?;
        }
        ensure!(house.state(job).await? == end, "{steps:?}");
        let expected = ["claimed"].iter().chain(told).map(|it| format!("facteur.letter.{it}"));
        let receipts = house.receipts(job).await?;
        ensure!(expected.eq(receipts.iter().cloned()), "{steps:?}: {receipts:?}");
    }
    house.balances().await
}

/// What the reader of the message is shown: each place with its own time.
async fn way(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let job = house.letter(&paper(Company::Active)).await?;
    let (letter, _) = house.told(job).await?;
    let mut expected = vec![("queued".to_owned(), letter.created_at)];
    house.clock.advance(SignedDuration::from_hours(1));
    house.claim(job, "one").await?;
    expected.push(("claimed".to_owned(), house.now()));
    for step in ["taken", "printed", "printed", "posted"] {
        house.clock.advance(SignedDuration::from_hours(1));
        house.says("overflow", job, step).await?;
        if expected.iter().all(|(state, _)| state != step) && step != "taken" {
            expected.push((step.to_owned(), house.now()));
        }
    }
    expected.reverse();
    let (ledger, documents) = (Arc::clone(&ledger.ledger), house.desk.documents.clone());
    let clock: Arc<dyn Clock> = house.clock.clone();
    let mailbox = Mailbox::new(ledger, None, documents, clock);
    let chief = reader(&format!("person-{}", Company::Active.number()))?;
    let history = mailbox.open(&chief, letter.message_id).await?.history;
    let way = history.into_iter().filter_map(|event| match event.happened {
        Happened::Letter(state) => Some((state, event.at)),
        Happened::Arrived | Happened::Deed(..) => None,
    });
    let way: Vec<_> = way.collect();
    ensure!(way == expected, "{way:?}");
    Ok(())
}

async fn wrong(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let job = claimed(&house).await?;
    let printed = event("overflow", job, "printed", house.now());
    ensure!(house.report("overflow", &printed).await? == "applied");
    ensure!(house.report("overflow", &printed).await? == "repeat");
    ensure!(house.says("overflow", job, "printed").await? == "noted");
    ensure!(house.says("overflow", job, "rejected").await? == "contradiction");
    ensure!(house.says("overflow", job, "taken").await? == "late");
    // Nobody wants it back.
    ensure!(house.says("overflow", job, "cancelled").await? == "contradiction");
    let future = house.now() + SignedDuration::from_hours(1);
    let posted = event("overflow", job, "posted", future);
    ensure!(house.report("overflow", &posted).await? == "future");
    // Before it was made: a clock that stopped.
    let long_ago = event("overflow", job, "posted", "1970-01-01T00:00:00Z".parse()?);
    ensure!(house.report("overflow", &long_ago).await? == "contradiction");
    let before = house.told(job).await?.0.created_at - SignedDuration::from_hours(2);
    let returned = event("overflow", job, "returned", before);
    ensure!(house.report("overflow", &returned).await? == "contradiction");
    // Another printer's job.
    ensure!(house.says("liege", job, "posted").await? == "stranger");
    let (letter, events) = house.told(job).await?;
    ensure!(letter.state == LetterState::Printed, "{letter:?}");
    // Everything is there but what was there before.
    let verdicts: Vec<&str> = events.iter().map(|event| event.verdict.as_str()).collect();
    let expected = [
        "applied",
        "applied",
        "noted",
        "contradiction",
        "late",
        "contradiction",
        "future",
        "contradiction",
        "contradiction",
        "stranger",
    ];
    ensure!(verdicts == expected, "{verdicts:?}");
    // Nobody has fetched this one.
    let unclaimed = house.letter(&paper(Company::Active)).await?;
    ensure!(house.says("overflow", unclaimed, "printed").await? == "contradiction");
    ensure!(house.says("overflow", unclaimed, "taken").await? == "contradiction");
    ensure!(house.says("overflow", unclaimed, "cancelled").await? == "contradiction");
    ensure!(house.state(unclaimed).await? == LetterState::Queued);
    house.balances().await
}

/// An engine of the release before records it, and does not see that it waits.
async fn forgotten(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (job, hour) = (claimed(&house).await?, SignedDuration::from_hours(1));
    let printed = event("overflow", job, "printed", house.now() + hour);
    ensure!(house.report("overflow", &printed).await? == "future");
    ledger.execute("DELETE FROM early_reports".into()).await?;
    let (engine, now) = (Uuid::now_v7(), house.now());
    ensure!(ledger.settle_needs(engine, 10, now, now).await?);
    house.clock.advance(hour);
    ensure!(house.office.judge_early().await? == 1);
    ensure!(house.state(job).await? == LetterState::Printed);
    ledger.execute("DELETE FROM cursors WHERE name = 'needs'".into()).await?;
    ensure!(ledger.settle_needs(engine, 10, now, now).await?);
    ensure!(house.office.judge_early().await? == 0, "once");
    house.balances().await
}

/// Whose clock is wrong nobody knows: the printer's may be fast, or that of the
/// engine that heard it slow. Either way the letter goes on.
async fn early(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let job = claimed(&house).await?;
    let (fast, quarter) = (house.now() + SignedDuration::from_hours(1), QUARTER);
    // Out of order, as the queue may bring them.
    for (kind, at) in [("delivered", fast + quarter), ("printed", fast), ("posted", fast)] {
        ensure!(house.report("overflow", &event("overflow", job, kind, at)).await? == "future");
    }
    ensure!(house.office.judge_early().await? == 0, "their time has not come");
    house.clock.advance(SignedDuration::from_hours(1));
    ensure!(house.office.judge_early().await? == 2);
    ensure!(house.state(job).await? == LetterState::Posted);
    ensure!(house.office.judge_early().await? == 0, "once each");
    house.clock.advance(quarter);
    ensure!(house.office.judge_early().await? == 1);
    let (letter, events) = house.told(job).await?;
    ensure!(letter.state == LetterState::Delivered, "{letter:?}");
    let verdicts: Vec<&str> = events.iter().skip(1).map(|event| event.verdict.as_str()).collect();
    ensure!(verdicts == ["future", "future", "future", "applied", "applied", "applied"]);
    ensure!(events.iter().rev().take(3).all(|event| event.at >= fast), "the printer's dates stand");
    let told = ["claimed", "printed", "posted", "delivered"];
    let told = told.map(|step| format!("facteur.letter.{step}"));
    ensure!(house.receipts(job).await? == told);
    // What the printer says again, under its old ids, is a repeat.
    let moved = house.letter(&paper(Company::Active)).await?;
    house.claim(moved, "one").await?;
    let rejected = event("overflow", moved, "rejected", house.now() + quarter);
    ensure!(house.report("overflow", &rejected).await? == "future");
    ensure!(house.report("overflow", &rejected).await? == "repeat");
    // What became true meanwhile is weighed when the time has come.
    ensure!(house.says("overflow", moved, "printed").await? == "applied");
    house.clock.advance(quarter);
    ensure!(house.office.judge_early().await? == 1);
    let (letter, events) = house.told(moved).await?;
    ensure!(letter.state == LetterState::Printed, "{letter:?}");
    ensure!(events.last().is_some_and(|event| event.verdict == "contradiction"), "{events:?}");
    house.balances().await
}

const QUARTER: SignedDuration = SignedDuration::from_mins(15);

async fn strays(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let job = claimed(&house).await?;
    let good = event("overflow", job, "printed", house.now());
    let spoilt = |pointer: &str, value: Value| {
        let mut event = good.clone();
        if let Some(place) = event.pointer_mut(pointer) {
            *place = value;
        }
        event
    };
    for (printer, event, code) in [
        ("overflow", event("overflow", Uuid::now_v7(), "printed", house.now()), "UNKNOWN_JOB"),
        ("overflow", spoilt("/data/kind", json!("vanished")), "MALFORMED"),
        ("overflow", spoilt("/data/jobId", json!("17")), "MALFORMED"),
        ("overflow", spoilt("/data/at", json!("yesterday")), "MALFORMED"),
        ("overflow", spoilt("/specversion", json!("0.3")), "MALFORMED"),
        ("overflow", spoilt("/id", json!("")), "MALFORMED"),
        ("overflow", spoilt("/type", json!("facteur.letter.lost")), "MALFORMED"),
        ("overflow", json!("no event"), "MALFORMED"),
        ("liege", good.clone(), "FORGED"),
        ("nobody", good.clone(), "UNKNOWN_PRINTER"),
    ] {
        for _ in 0..2 {
            ensure!(house.report(printer, &event).await? == code, "{event}");
        }
    }
    let strays = house.office.ledger().strays(100).await?;
    ensure!(strays.len() == 10, "kept once each: {strays:?}");
    // Whole, as they came: with words that nobody asked for.
    let unknown = event("overflow", Uuid::now_v7(), "posted", house.now());
    let unknown = unknown.to_string().replacen('{', "{ \"zone\": \"B\",", 1);
    let good_beside = event("overflow", job, "taken", house.now());
    let body = format!("[{good_beside}, {unknown} ]").into_bytes();
    let message =
        facteur::paper::inbox::Letterbox { printer: "overflow".into(), account: None, body };
    house.office.hear(&[message]).await?;
    let strays = house.office.ledger().strays(100).await?;
    ensure!(strays.iter().any(|stray| stray.3 == unknown.as_bytes()), "{strays:?}");
    // A batch with one of them: the others are heard.
    let body = json!([spoilt("/data/kind", json!("gone")), good, { "a": "b\u{0}" }]);
    let body = body.to_string().into_bytes();
    let message =
        facteur::paper::inbox::Letterbox { printer: "overflow".into(), account: None, body };
    let heard = house.office.hear(&[message]).await?;
    let words: Vec<String> = heard.iter().map(super::word).collect();
    ensure!(words == ["MALFORMED", "applied", "MALFORMED"], "{words:?}");
    let mut text = event("overflow", job, "posted", house.now());
    text["data"]["detail"] = json!("a\u{0}b".repeat(400));
    ensure!(house.report("overflow", &text).await? == "applied");
    ensure!(house.state(job).await? == LetterState::Posted);
    house.balances().await
}
