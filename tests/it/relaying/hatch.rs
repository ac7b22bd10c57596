//! Letters that pass from the intake to the relay with the commit of their
//! record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail, ensure};
use facteur::intake::{Arrival, Hold, Intake, Outcome, Step};
use facteur::ledger::LedgerError;
use facteur::paper::hatch::Hatch;
use facteur::paper::printer::Printers;
use facteur::queue::topology;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::tickets::{EVERY_DAY, letter, waiting};
use super::{Line, next, settings, stop};
use crate::support::desk::{Desk, posted_as};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::wait::{stays_quiet, until};
use crate::support::world::Company;

on_both_ledgers! {
    released: sqlite_what_passes_is_released_by_its_record, postgres_what_passes_is_released_by_its_record;
    bounded: sqlite_only_what_has_one_printer_with_room_passes, postgres_only_what_has_one_printer_with_room_passes;
    failed: sqlite_what_was_not_recorded_has_not_passed, postgres_what_was_not_recorded_has_not_passed;
    doubtful: sqlite_what_passed_with_a_lost_answer_is_found, postgres_what_passed_with_a_lost_answer_is_found;
    published: sqlite_what_passes_is_published_once, postgres_what_passes_is_published_once;
}

/// More than pass at least.
const LETTERS: usize = 40;

/// Letters that their sender addressed, every fourth registered; and one whose
/// address the register has.
fn letters() -> Result<Vec<Arrival>> {
    let addressed = (0..LETTERS).map(|number| {
        let mut publication = letter(Company::Active, number % 4 == 3);
        publication["postal"] =
            json!({ "address": { "lines": ["Kerkstraat 2"], "postalCode": "9000", "town": "Gent" } });
        posted_as(&format!("addressed-{number}"), &publication)
    });
    let other = [posted_as("other", &letter(Company::Active, false))];
    addressed.chain(other).collect()
}

fn printers(text: &str) -> Result<Arc<Printers>> {
    Ok(Arc::new(toml::from_str(text)?))
}

fn room(letters: u64) -> BTreeMap<String, u64> {
    [("overflow".to_owned(), letters)].into()
}

async fn deliver(intake: &Intake, arrivals: Vec<Arrival>) -> Result<()> {
    match intake.deliver(arrivals, &CancellationToken::new()).await {
        Outcome::Recorded(_) => Ok(()),
        Outcome::Stopped => bail!("nobody stopped it"),
    }
}

async fn through(ledger: &TestLedger) -> Result<(Desk, Intake, Arc<Hatch>)> {
    let (desk, hatch) = (Desk::open(ledger).await?, Arc::new(Hatch::default()));
    let intake = desk.intake_beside(ledger)?.through(Arc::clone(&hatch));
    Ok((desk, intake, hatch))
}

async fn released(ledger: &TestLedger) -> Result<()> {
    let (_desk, intake, hatch) = through(ledger).await?;
    hatch.open(printers(EVERY_DAY)?, room(100));
    deliver(&intake, letters()?).await?;
    ensure!(waiting(ledger).await == 1, "the one without an address is planned in its turn");
    ensure!(hatch.letters_for("overflow") == 40);
    ensure!(ledger.put_back_tickets(|id| hatch.knows(id)).await? == 0, "they are known");
    let passed = hatch.take_passed();
    let [under_way] = &passed[..] else { bail!("{passed:?}") };
    let tickets = ledger.tickets_of(under_way).await?;
    ensure!(tickets.len() == LETTERS);
    let registered: Vec<bool> = tickets.iter().map(|ticket| ticket.registered).collect();
    ensure!(registered.is_sorted_by(|one, next| one >= next), "registered ones go first");
    ensure!(tickets.iter().all(|ticket| ticket.printer == "overflow"));
    let (found, _) = ledger.letter(under_way.jobs[0]).await?.context("no letter")?;
    let plan = found.plan.context("no plan")?;
    ensure!(plan.ends_with("no other printer's lane matches, the only one"), "{plan}");
    // Whoever comes next finds what a killed relay did not publish.
    ensure!(hatch.letters_for("overflow") == 0 && hatch.take_passed().is_empty());
    ensure!(ledger.put_back_tickets(|id| hatch.knows(id)).await? == LETTERS);
    ensure!(waiting(ledger).await == 41);
    Ok(())
}

async fn bounded(ledger: &TestLedger) -> Result<()> {
    let (_desk, intake, hatch) = through(ledger).await?;
    // Nobody knows which of two before their loads are known.
    let two = format!("{EVERY_DAY}{}", EVERY_DAY.replace("overflow", "other"));
    let two = two.replace("\"overflow\"", "\"one\"");
    let rooms = [("one".to_owned(), 100), ("other".to_owned(), 100)];
    hatch.open(printers(&two)?, rooms.into());
    deliver(&intake, letters()?).await?;
    ensure!(hatch.take_passed().is_empty() && waiting(ledger).await == 41);
    let renamed = |text: &str| -> Result<Vec<Arrival>> {
        let mut letters = letters()?;
        for arrival in &mut letters {
            let key = arrival.properties.message_id.take();
            arrival.properties.message_id = key.map(|key| format!("{text}-{key}"));
        }
        Ok(letters)
    };
    // Nor may a printer be given what it has no room for, or does not print today.
    hatch.open(printers(EVERY_DAY)?, room(35));
    deliver(&intake, renamed("second")?).await?;
    let passed = hatch.take_passed();
    ensure!(passed.len() == 1 && passed[0].jobs.len() == 35, "{passed:?}");
    let tickets = ledger.tickets_of(&passed[0]).await?;
    let registered = tickets.iter().filter(|ticket| ticket.registered).count();
    ensure!(registered == LETTERS / 4, "{registered}: ordinary ones overtook registered ones");
    let never = EVERY_DAY.replace("\"monday\", \"tuesday\", \"wednesday\", \"thursday\", ", "");
    let never = never.replace("\"friday\", \"saturday\", \"sunday\"", "");
    hatch.open(printers(&never)?, room(100));
    deliver(&intake, renamed("third")?).await?;
    ensure!(hatch.take_passed().is_empty());
    // Few are let gather.
    hatch.open(printers(EVERY_DAY)?, room(100));
    deliver(&intake, renamed("fourth")?.split_off(20)).await?;
    ensure!(hatch.take_passed().is_empty());
    hatch.close();
    deliver(&intake, renamed("fifth")?).await?;
    ensure!(hatch.take_passed().is_empty() && hatch.letters_for("overflow") == 0);
    Ok(())
}

/// Fails once, at this step.
fn failing(at: Step) -> Hold {
    let is_left = Arc::new(AtomicBool::new(true));
    Arc::new(move |step| {
        let fails = step == at && is_left.swap(false, Ordering::SeqCst);
        Box::pin(async move { if fails { Err(LedgerError::Conflict) } else { Ok(()) } })
    })
}

async fn failed(ledger: &TestLedger) -> Result<()> {
    let (_desk, intake, hatch) = through(ledger).await?;
    let intake = intake.held_by(failing(Step::Recorded));
    hatch.open(printers(EVERY_DAY)?, room(2 * 40));
    deliver(&intake, letters()?).await?;
    let passed = hatch.take_passed();
    ensure!(passed.len() == 1 && passed[0].jobs.len() == LETTERS, "{passed:?}");
    ensure!(hatch.letters_for("overflow") == 0, "what failed is forgotten");
    ensure!(ledger.put_back_tickets(|_| false).await? == LETTERS);
    Ok(())
}

async fn doubtful(ledger: &TestLedger) -> Result<()> {
    let (_desk, intake, hatch) = through(ledger).await?;
    let intake = intake.held_by(failing(Step::Committed));
    hatch.open(printers(EVERY_DAY)?, room(2 * 40));
    deliver(&intake, letters()?).await?;
    let mut jobs = BTreeSet::new();
    for under_way in hatch.take_passed() {
        jobs.extend(under_way.jobs);
    }
    ensure!(jobs.len() == LETTERS && waiting(ledger).await == 1);
    ensure!(ledger.put_back_tickets(|id| hatch.knows(id)).await? == LETTERS);
    ensure!(waiting(ledger).await == 41, "made twice, or lost");
    Ok(())
}

/// By a relay that opens the hatch itself.
async fn published(ledger: &TestLedger) -> Result<()> {
    let (_desk, intake, hatch) = through(ledger).await?;
    let line = Line::new(100, settings()).await?;
    let mut printer = line.consume(topology::QUEUE_PRINT_OVERFLOW).await?;
    let relay = line.relay_through(&ledger.ledger, EVERY_DAY, &hatch);
    until("the hatch is open", async || hatch.is_open()).await;
    deliver(&intake, letters()?).await?;
    let mut jobs = BTreeSet::new();
    for _ in 0..=LETTERS {
        let ticket = next(&mut *printer, "ticket").await?;
        jobs.insert(ticket["id"].as_str().context("no id")?.parse::<Uuid>()?);
    }
    ensure!(stays_quiet(printer.next()).await, "a ticket came twice");
    ensure!(jobs.len() == LETTERS + 1);
    stop(relay).await;
    ensure!(!hatch.is_open(), "who has stopped gives nothing out");
    ensure!(waiting(ledger).await == 0 && ledger.put_back_tickets(|_| false).await? == 0);
    Ok(())
}
