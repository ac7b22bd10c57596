//! Printers that fall silent.

use anyhow::{Context, Result, ensure};
use facteur::paper::letter::LetterState;
use jiff::SignedDuration;
use serde_json::json;

use super::{House, fetched, paper_to};
use crate::support::ledgers::{TestLedger, on_both_ledgers};

on_both_ledgers! {
    silent: sqlite_a_silent_printer_loses_what_it_has_not_claimed, postgres_a_silent_printer_loses_what_it_has_not_claimed;
}

async fn silent(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let letters = house.office.ledger();
    let claimed = house.letter(&paper_to("4000")).await?;
    house.claim(claimed, "one").await?;
    let unclaimed = house.letter(&paper_to("4000")).await?;
    let old_link = house.link(unclaimed).await?;
    letters.release_letters(vec![unclaimed], house.now()).await?;
    house.office.look_after_printers().await?;
    ensure!(house.told(unclaimed).await?.0.printer == "liege", "it is not silent yet");
    house.clock.advance(SignedDuration::from_mins(16));
    house.office.look_after_printers().await?;
    let (letter, events) = house.told(unclaimed).await?;
    ensure!(letter.printer == "overflow" && letter.state == LetterState::Queued, "{letter:?}");
    ensure!(events.len() == 1 && events[0].kind == "moved", "{events:?}");
    let (letter, _) = house.told(claimed).await?;
    ensure!(letter.printer == "liege" && letter.state == LetterState::Claimed, "{letter:?}");
    // What is planned for it meanwhile goes the same way.
    let newcomer = house.letter(&paper_to("4000")).await?;
    house.office.look_after_printers().await?;
    ensure!(house.told(newcomer).await?.0.printer == "overflow");
    // It comes back with the old ticket: nothing is printed twice.
    ensure!(fetched(&house.office, unclaimed, &old_link, "one").await.is_err());
    ensure!(!house.claim(unclaimed, "other").await?.is_empty());
    let beat = json!({
        "specversion": "1.0", "id": "1", "source": "urn:printer", "time": house.now(),
        "type": "facteur.printer.heartbeat", "datacontenttype": "application/json",
        "data": { "printer": "liege", "at": house.now() },
    });
    ensure!(house.report("liege", &beat).await? == "heartbeat");
    let standings = letters.printer_standings().await?;
    let liege = standings.iter().find(|it| it.name == "liege").context("not listed")?;
    ensure!(liege.silent_since.is_none() && liege.seen_at.is_some(), "{liege:?}");
    let fresh = house.letter(&paper_to("4000")).await?;
    house.office.look_after_printers().await?;
    ensure!(house.told(fresh).await?.0.printer == "liege", "it is heard again");
    ensure!(house.says("liege", claimed, "printed").await? == "applied");
    house.balances().await
}
