//! Printers that fall silent.

use anyhow::{Context, Result, ensure};
use facteur::paper::letter::LetterState;
use jiff::SignedDuration;
use serde_json::json;

use facteur::paper::inbox::Letterbox;

use super::{House, event, fetched, paper_to};
use crate::support::ledgers::{TestLedger, on_both_ledgers};

on_both_ledgers! {
    silent: sqlite_a_silent_printer_loses_what_it_has_not_claimed, postgres_a_silent_printer_loses_what_it_has_not_claimed;
    resting: sqlite_a_printer_that_asks_is_silent_when_it_does_not, postgres_a_printer_that_asks_is_silent_when_it_does_not;
    dead: sqlite_a_printer_that_took_all_and_died_is_silent, postgres_a_printer_that_took_all_and_died_is_silent;
    chain: sqlite_letters_move_to_a_printer_that_works, postgres_letters_move_to_a_printer_that_works;
    forged: sqlite_who_speaks_in_anothers_name_is_no_sign_of_life, postgres_who_speaks_in_anothers_name_is_no_sign_of_life;
}

const MINUTES: SignedDuration = SignedDuration::from_mins(16);

/// The printers of the house, with a word of one of them changed.
fn printers(from: &str, to: &str) -> String {
    super::PRINTERS.replace(from, to)
}

/// Since when Liège counts as silent.
async fn silent_since(house: &House, name: &str) -> Result<Option<jiff::Timestamp>> {
    let standings = house.office.ledger().printer_standings().await?;
    Ok(standings.iter().find(|it| it.name == name).context("not listed")?.silent_since)
}

/// Nothing is ever released to it, so nothing of it lies unclaimed.
async fn resting(ledger: &TestLedger) -> Result<()> {
    let rest = printers("cap_per_day = 2", "cap_per_day = 2\ntakes_from = \"rest\"");
    let house = House::with(ledger, &rest).await?;
    let job = house.letter(&paper_to("4000")).await?;
    house.office.look_after_printers().await?;
    ensure!(silent_since(&house, "liege").await?.is_none(), "it was given it just now");
    house.clock.advance(MINUTES);
    house.office.look_after_printers().await?;
    ensure!(silent_since(&house, "liege").await?.is_some());
    ensure!(house.told(job).await?.0.printer == "overflow");
    house.balances().await
}

async fn dead(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let job = house.letter(&paper_to("4000")).await?;
    house.claim(job, "one").await?;
    house.clock.advance(MINUTES);
    ensure!(house.office.ledger().oldest_claimed().await?.len() == 1);
    house.office.look_after_printers().await?;
    ensure!(silent_since(&house, "liege").await?.is_some());
    let (letter, _) = house.told(job).await?;
    ensure!(letter.printer == "liege" && letter.state == LetterState::Claimed, "{letter:?}");
    // What is at the post is no more in its hands.
    house.says("liege", job, "posted").await?;
    house.clock.advance(MINUTES);
    house.office.look_after_printers().await?;
    ensure!(silent_since(&house, "liege").await?.is_none());
    ensure!(house.office.ledger().oldest_claimed().await?.is_empty());
    house.balances().await
}

/// Liège, then Namur, then the default printer: whoever works.
async fn chain(ledger: &TestLedger) -> Result<()> {
    let text = printers("fallback = \"overflow\"", "fallback = \"namur\"");
    let namur = "[[printer]]\nname = \"namur\"\nfallback = \"overflow\"\npaused = true\n\
                 [[printer.lane]]\ncountries = [\"LU\"]\n";
    let house = House::with(ledger, &format!("{text}\n{namur}")).await?;
    let letters = house.office.ledger();
    let job = house.letter(&paper_to("4000")).await?;
    letters.release_letters("liege", vec![job], house.now()).await?;
    letters.printer_is_silent("overflow", house.now()).await?;
    house.clock.advance(MINUTES);
    house.office.look_after_printers().await?;
    ensure!(silent_since(&house, "liege").await?.is_some());
    let (letter, events) = house.told(job).await?;
    ensure!(letter.printer == "liege" && events.is_empty(), "nobody else works: {letter:?}");
    house.office.heard("overflow").await?;
    house.office.look_after_printers().await?;
    let (letter, events) = house.told(job).await?;
    ensure!(letter.printer == "overflow" && events.len() == 1, "{letter:?} {events:?}");
    house.balances().await
}

async fn forged(ledger: &TestLedger) -> Result<()> {
    let house =
        House::with(ledger, &printers("key_digest", "account = \"liege\"\nkey_digest")).await?;
    let job = house.letter(&paper_to("4000")).await?;
    house.claim(job, "one").await?;
    let seen = house.office.ledger().printer_standings().await?;
    house.clock.advance(MINUTES);
    let word = async |account: &str, printer: &str| {
        let body = event(printer, job, "printed", house.now()).to_string().into_bytes();
        let account = Some(account.to_owned());
        let message = Letterbox { printer: "liege".into(), account, body };
        let heard = house.office.hear(&[message]).await?;
        anyhow::Ok(super::word(heard.first().context("nothing heard")?))
    };
    ensure!(word("other", "liege").await? == "FORGED");
    ensure!(word("liege", "overflow").await? == "FORGED");
    let standings = house.office.ledger().printer_standings().await?;
    ensure!(standings == seen, "{standings:?}");
    ensure!(word("liege", "liege").await? == "applied");
    ensure!(house.office.ledger().printer_standings().await? != seen);
    house.balances().await
}

async fn silent(ledger: &TestLedger) -> Result<()> {
    let house = House::open(ledger).await?;
    let letters = house.office.ledger();
    let claimed = house.letter(&paper_to("4000")).await?;
    house.claim(claimed, "one").await?;
    let unclaimed = house.letter(&paper_to("4000")).await?;
    let old_link = house.link(unclaimed).await?;
    letters.release_letters("liege", vec![unclaimed], house.now()).await?;
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
