//! Letters leave as tickets, in small windows, registered ones first.

use anyhow::{Context, Result, ensure};
use facteur::ledger::{Ledger, Releasable};
use facteur::paper::days;
use facteur::queue::topology;
use serde_json::{Value, json};

use super::{Line, Settings, next, settings, stop};
use crate::support::desk::{Desk, posted_as};
use crate::support::ledgers::{TestLedger, on_both_ledgers};
use crate::support::office;
use crate::support::wait::{stays_quiet, until};
use crate::support::world::{Company, LETTER, TAX, attachment, notice_with};

on_both_ledgers! {
    capped: sqlite_a_printer_gets_no_more_than_its_cap_a_day, postgres_a_printer_gets_no_more_than_its_cap_a_day;
    killed: sqlite_a_relay_that_was_killed_loses_no_ticket, postgres_a_relay_that_was_killed_loses_no_ticket;
    windows: sqlite_tickets_leave_in_windows, postgres_tickets_leave_in_windows;
}

pub(super) fn letter(to: Company, is_registered: bool) -> Value {
    let mut publication = notice_with(json!([attachment("letter", "YQ==")]));
    publication["recipient"]["enterpriseNumber"] = json!(to.number());
    publication["messageTypeId"] = json!(LETTER);
    publication["registered"] = json!(is_registered);
    publication
}

pub(super) async fn waiting(ledger: &Ledger) -> i64 {
    ledger.unreleased_letters().await.unwrap_or(-1)
}

async fn windows(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let mut own_address = letter(Company::Unknown, true);
    own_address["postal"] = json!({
        "address": { "lines": ["Firma Peeters", "Kerkstraat 2"], "town": "Gent" },
        "duplex": true, "priority": "prior",
    });
    let batch = vec![
        posted_as("plain-1", &letter(Company::Active, false))?,
        posted_as("plain-2", &letter(Company::Active, false))?,
        posted_as("registered", &own_address)?,
        posted_as("plain-3", &letter(Company::Boxless, false))?,
    ];
    desk.deliver(batch).await?;
    let line = Line::new(100, Settings { letters_window: 2, ..settings() }).await?;
    let relay = line.relay(&ledger.ledger);
    until("the window is full", async || waiting(ledger).await == 2).await;
    let more = until("the window is overrun", async || waiting(ledger).await != 2);
    ensure!(stays_quiet(more).await);
    ensure!(line.queue.depth(topology::QUEUE_PRINT_OVERFLOW).await? == 2);

    let mut printer = line.consume(topology::QUEUE_PRINT_OVERFLOW).await?;
    let mut tickets = Vec::new();
    while tickets.len() < 4 {
        tickets.push(next(&mut *printer, "ticket").await?);
    }
    ensure!(stays_quiet(printer.next()).await, "a fifth ticket");
    stop(relay).await;
    are_right(&tickets)?;
    ensure!(ledger.unreleased_letters().await? == 0);
    let jobs: Vec<&str> = tickets.iter().filter_map(|ticket| ticket["id"].as_str()).collect();
    for (job, ticket) in jobs.iter().zip(&tickets) {
        let message = ticket["data"]["messageId"].as_str().context("no message")?.parse()?;
        let stored = ledger.explain(message).await?.context("gone")?;
        let letters: Vec<String> = stored.letters.iter().map(|(id, _)| id.to_string()).collect();
        ensure!(letters == [*job], "{letters:?}");
    }
    Ok(())
}

/// Killed after it marked its letters, and before it published any.
async fn killed(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let batch: Result<Vec<_>> = (0..3)
        .map(|number| posted_as(&format!("letter-{number}"), &letter(Company::Active, false)))
        .collect();
    desk.deliver(batch?).await?;
    let office = office::over(&ledger.ledger, &desk.documents, EVERY_DAY)?;
    office.plan_all().await?;
    let today = days::today(office.now());
    let which = Releasable { printer: "overflow", today, limit: 10 };
    let jobs = ledger.letters_to_release(which).await?;
    ensure!(ledger.release_letters("overflow", jobs.clone(), office.now()).await?.is_some());
    ensure!(waiting(ledger).await == 0);

    let line = Line::new(100, settings()).await?;
    let mut printer = line.consume(topology::QUEUE_PRINT_OVERFLOW).await?;
    let relay = line.relay_to(&ledger.ledger, EVERY_DAY);
    let mut found: Vec<uuid::Uuid> = Vec::new();
    for _ in &jobs {
        let ticket = next(&mut *printer, "ticket").await?;
        found.push(ticket["id"].as_str().context("no id")?.parse()?);
    }
    ensure!(found == jobs, "{found:?}");
    ensure!(stays_quiet(printer.next()).await, "a ticket came twice");
    stop(relay).await;
    ensure!(waiting(ledger).await == 0 && ledger.put_back_tickets(|_| false).await? == 0);
    Ok(())
}

/// However much was planned for today: by another engine, or before the cap
/// was lowered.
async fn capped(ledger: &TestLedger) -> Result<()> {
    let desk = Desk::open(ledger).await?;
    let batch: Result<Vec<_>> = (0..5)
        .map(|number| posted_as(&format!("letter-{number}"), &letter(Company::Active, false)))
        .collect();
    desk.deliver(batch?).await?;
    let line = Line::new(100, Settings { letters_window: 1, ..settings() }).await?;
    office::over(&ledger.ledger, &desk.documents, EVERY_DAY)?.plan_all().await?;
    let mut printer = line.consume(topology::QUEUE_PRINT_OVERFLOW).await?;
    let capped = format!("{EVERY_DAY}cap_per_day = 3\n");
    // Each engine knows what the one before it gave.
    for (engine, tickets) in [(1, 2), (2, 1), (3, 0)] {
        let relay = line.relay_to(&ledger.ledger, &capped);
        for _ in 0..tickets {
            next(&mut *printer, "ticket").await?;
        }
        if engine > 1 {
            ensure!(stays_quiet(printer.next()).await, "one too many of engine {engine}");
        }
        stop(relay).await;
    }
    ensure!(waiting(ledger).await == 2);
    Ok(())
}

pub(super) const EVERY_DAY: &str = r#"
[[printer]]
name = "overflow"
working_days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
works_on_holidays = true
"#;

fn are_right(tickets: &[Value]) -> Result<()> {
    let data: Vec<&Value> = tickets.iter().map(|ticket| &ticket["data"]).collect();
    let registered: Vec<&Value> = data.iter().map(|data| &data["options"]["registered"]).collect();
    ensure!(registered == [true, false, false, false], "{registered:?}");
    ensure!(tickets.iter().all(|ticket| ticket["type"] == "facteur.letter.ticket"));
    ensure!(tickets.iter().all(|ticket| ticket["id"] == ticket["data"]["jobId"]));
    // The publication's address, or the register's.
    let lines: Vec<&Value> = data.iter().map(|data| &data["address"]["lines"]).collect();
    let registers = |name: &str| json!([name, "Rue Haute 1", "1000 Bruxelles"]);
    ensure!(*lines[0] == json!(["Firma Peeters", "Kerkstraat 2", "Gent"]), "{lines:?}");
    ensure!(*lines[1] == registers("Active") && *lines[2] == registers("Active"), "{lines:?}");
    ensure!(*lines[3] == registers("Boxless"), "{lines:?}");
    ensure!(data.iter().all(|data| data["printer"] == "overflow" && data["attempt"] == 1));
    let options = &data[0]["options"];
    ensure!(options["duplex"] == true && options["priority"] == "prior", "{options}");
    let sender = &data[0]["senderApplicationId"];
    ensure!(*sender == TAX && data[0]["messageTypeId"] == LETTER);
    let document = &data[1]["documents"][0];
    ensure!(document["size"] == 1 && document["fileName"] == "letter.pdf", "{document}");
    Ok(())
}
