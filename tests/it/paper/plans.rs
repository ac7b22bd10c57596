//! Where letters go, from which day on, and what keeps them.

use anyhow::{Result, ensure};
use facteur::clock::{Clock as _, SystemClock};
use facteur::intake::Judged;
use facteur::paper::address::{self, AddressBlock};
use facteur::paper::days;
use facteur::paper::letter::LetterState;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{House, PRINTERS, paper, paper_to};
use crate::support::desk::{by, posted};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::office;
use crate::support::world::Company;

on_both_ledgers! {
    lanes: sqlite_letters_go_by_lane_and_room, postgres_letters_go_by_lane_and_room;
    room: sqlite_what_is_cancelled_or_moved_leaves_room, postgres_what_is_cancelled_or_moved_leaves_room;
    held: sqlite_what_cannot_be_addressed_is_held_and_told, postgres_what_cannot_be_addressed_is_held_and_told;
    rolled: sqlite_what_rolled_over_takes_the_room_of_today, postgres_what_rolled_over_takes_the_room_of_today;
    behind: sqlite_letters_behind_others_that_wait_go_on, postgres_letters_behind_others_that_wait_go_on;
    withdrawn: sqlite_what_is_planned_for_a_printer_waits_when_it_is_paused, postgres_what_is_planned_for_a_printer_waits_when_it_is_paused;
    paused: sqlite_letters_of_a_paused_printer_wait_for_it, postgres_letters_of_a_paused_printer_wait_for_it;
}

async fn lanes(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let mut jobs = Vec::new();
    for code in ["4000", "4500", "4999", "5000", "4001"] {
        jobs.push(house.made(&paper_to(code)).await?);
    }
    ensure!(house.office.plan_all().await? == 5);
    let today = days::today(house.now());
    let expected = [
        ("liege", today),
        ("liege", today),
        ("liege", today + 1),
        ("overflow", today),
        ("liege", today + 1),
    ];
    for (job, (printer, day)) in jobs.iter().zip(expected) {
        let (letter, _) = house.told(*job).await?;
        ensure!(letter.printer == printer && letter.day == Some(day), "{letter:?}");
        ensure!(letter.plan.is_some_and(|why| why.contains(printer)), "no reason");
    }
    ensure!(house.releasable("liege").await? == jobs[..2]);
    // A second page of the plan counts on what the first gave away.
    let later = house.letter(&paper_to("4002")).await?;
    ensure!(house.told(later).await?.0.day == Some(today + 2));
    house.balances().await
}

async fn room(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let (letters, now) = (house.office.ledger(), house.now());
    // Each counts for itself what printers have, as another engine does.
    let planned = async || {
        let job = house.made(&paper_to("4000")).await?;
        let printers = PRINTERS.replace("key_digest = \"KEY\"\n", "");
        let documents = &house.desk.documents;
        let other = office::at(&ledger.ledger, documents, &printers, house.clock.clone())?;
        ensure!(other.plan_all().await? == 1);
        let (letter, _) = house.told(job).await?;
        ensure!(letter.printer == "liege", "{letter:?}");
        Ok((job, letter.day.unwrap_or_default() - days::today(now)))
    };
    let (cancelled, moved) = (planned().await?, planned().await?);
    ensure!((cancelled.1, moved.1) == (0, 0));
    ensure!(letters.recall_letters(&[cancelled.0], "anne", now).await?[0].is_ok());
    ensure!(letters.move_letter(moved.0, "overflow", days::today(now), "anne", now).await?.is_ok());
    let (claimed, released, full) = (planned().await?, planned().await?, planned().await?);
    ensure!((claimed.1, released.1, full.1) == (0, 0, 1));
    // What it was given today keeps its room, claimed or not.
    house.claim(claimed.0, "one").await?;
    letters.release_letters("liege", vec![released.0], now).await?;
    ensure!(planned().await?.1 == 1 && planned().await?.1 == 2);
    // Called back before it was claimed: its room is there again.
    ensure!(letters.recall_letters(&[released.0], "anne", now).await?[0].is_ok());
    ensure!(planned().await?.1 == 0 && planned().await?.1 == 2);
    house.balances().await
}

/// Nobody gave out what was planned for yesterday: it is in the way of today.
async fn rolled(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let old = [house.letter(&paper_to("4000")).await?, house.letter(&paper_to("4001")).await?];
    house.clock.advance(SignedDuration::from_hours(24));
    let today = days::today(house.now());
    let new = house.letter(&paper_to("4002")).await?;
    ensure!(house.told(new).await?.0.day == Some(today + 1), "two a day, and two are overdue");
    ensure!(house.releasable("liege").await? == old);
    house.balances().await
}

/// More than a page of letters waits for one printer, and one behind them for
/// another, which goes on.
async fn behind(ledger: &TestLedger) -> Result<()> {
    let namur = "[[printer]]\nname = \"namur\"\n[[printer.lane]]\npostal_codes = [\"5000\", \"5999\"]\n\
                 [[printer]]\nname = \"mons\"\npaused = true\n[[printer.lane]]\npostal_codes = [\"7000\", \"7999\"]\n";
    let house = House::with(ledger, &format!("{}\n{namur}", super::PRINTERS)).await?;
    let letters = house.office.ledger();
    letters.pause_printer("namur", true, by("anne", SystemClock.now())).await?;
    let arrivals = (0..1_010).map(|_| posted(&paper_to("7000"))).collect::<Result<Vec<_>>>()?;
    house.desk.deliver(arrivals).await?;
    let job = house.letter(&paper_to("5000")).await?;
    ensure!(house.told(job).await?.0.held_for.as_deref() == Some("printer_paused"));
    letters.pause_printer("namur", false, by("anne", SystemClock.now())).await?;
    ensure!(house.office.retry_held().await? == 1 && house.office.plan_all().await? == 1);
    let (letter, _) = house.told(job).await?;
    ensure!(letter.state == LetterState::Queued && letter.printer == "namur", "{letter:?}");
    Ok(())
}

async fn withdrawn(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let letters = house.office.ledger();
    let job = house.letter(&paper_to("4000")).await?;
    let released = house.letter(&paper_to("4001")).await?;
    letters.release_letters("liege", vec![released], house.now()).await?;
    ensure!(house.office.relieve_paused().await? == 0, "it works");
    letters.pause_printer("liege", true, by("anne", SystemClock.now())).await?;
    ensure!(house.office.relieve_paused().await? == 1 && house.office.plan_all().await? == 1);
    let (letter, _) = house.told(job).await?;
    ensure!(letter.held_for.as_deref() == Some("printer_paused"), "{letter:?}");
    ensure!(house.receipts(job).await? == ["facteur.letter.held"]);
    ensure!(house.told(released).await?.0.printer == "liege", "its ticket is out");
    letters.pause_printer("liege", false, by("anne", SystemClock.now())).await?;
    ensure!(house.office.retry_held().await? == 1 && house.office.plan_all().await? == 1);
    ensure!(house.told(job).await?.0.printer == "liege");
    house.balances().await
}

fn with_address(address: &Value) -> Value {
    let mut publication = paper(Company::Active);
    publication["postal"] = json!({ "address": address });
    publication
}

async fn held(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let street = |country: &str| {
        with_address(&json!({ "lines": ["Kerkstraat 1"], "town": "Gent", "country": country }))
    };
    let x = with_address(&json!({ "lines": ["x"], "town": "y" }));
    for (publication, why) in [
        (paper(Company::Unknown), "no_address"),
        (street("XX"), "address_unknown_country"),
        (x, "address_incomplete"),
    ] {
        let job = house.letter(&publication).await?;
        let (letter, events) = house.told(job).await?;
        ensure!(letter.state == LetterState::Held, "{letter:?}");
        ensure!(letter.held_for.as_deref() == Some(why), "{letter:?}");
        ensure!(events.len() == 1 && events[0].cause.as_deref() == Some(why), "{events:?}");
        ensure!(house.receipts(job).await? == ["facteur.letter.held"]);
        // An operator writes the envelope.
        let given = serde_json::from_value(json!({ "lines": ["Kerkstraat 1"], "town": "Gent" }))?;
        let block: AddressBlock = address::block("Firma", &given)?;
        let now = house.now();
        let letters = house.office.ledger();
        ensure!(letters.release_letter(job, Some(&block), "tester", now).await?.is_ok());
        ensure!(house.office.plan_all().await? == 1);
        let (letter, _) = house.told(job).await?;
        ensure!(letter.address == Some(block) && letter.state == LetterState::Queued, "{letter:?}");
        ensure!(!house.claim(job, "one").await?.is_empty());
    }
    // Of twelve lines: refused before it is a letter.
    let lines: Vec<String> = (1..=12).map(|n| format!("line {n}")).collect();
    let twelve = with_address(&json!({ "lines": lines, "town": "Gent" }));
    let judged = house.desk.deliver_one(posted(&twelve)?).await?;
    ensure!(matches!(judged, Judged::Quarantined(_)), "{judged:?}");
    // In Cyrillic: as it was written.
    let sofia = json!({ "lines": ["бул. Витоша 1"], "town": "София", "country": "BG" });
    let job = house.letter(&with_address(&sofia)).await?;
    let block = house.told(job).await?.0.address;
    let expected = ["Active", "бул. Витоша 1", "София", "BULGARIA"];
    ensure!(block.as_ref().is_some_and(|block| block.lines == expected), "{block:?}");
    house.balances().await
}

async fn paused(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let letters = house.office.ledger();
    letters.pause_printer("liege", true, by("anne", SystemClock.now())).await?;
    let job = house.letter(&paper_to("4000")).await?;
    let (letter, _) = house.told(job).await?;
    ensure!(letter.held_for.as_deref() == Some("printer_paused"), "{letter:?}");
    for _ in 0..3 {
        ensure!(house.office.retry_held().await? == 0 && house.office.plan_all().await? == 0);
    }
    let (letter, events) = house.told(job).await?;
    ensure!(
        letter.state == LetterState::Held && events.len() == 1,
        "it is paused still: {events:?}"
    );
    ensure!(house.receipts(job).await? == ["facteur.letter.held"]);
    letters.pause_printer("liege", false, by("anne", SystemClock.now())).await?;
    ensure!(house.office.retry_held().await? == 1 && house.office.plan_all().await? == 1);
    let (letter, _) = house.told(job).await?;
    ensure!(letter.state == LetterState::Queued && letter.printer == "liege", "{letter:?}");
    house.balances().await
}
