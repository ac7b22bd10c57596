//! Agencies whose client is not ours (Python's pika) publish 10,000 documents,
//! good and bad, through RabbitMQ to the real program over PostgreSQL; their
//! own log says what must have become of each.

mod examples;
mod found;
mod house;

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::queue::{Queue, topology};
use serde_json::{Value, json};

use crate::support::ledgers::{self, TestLedger};
use crate::support::program::{self, Program};
use crate::support::wait::{soon, until, until_done};
use crate::support::world::{self, TAX, WORK};
use found::Found;
use house::House;

const DOCUMENTS: u32 = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_foreign_documents_are_found_where_they_belong() -> Result<()> {
    let (house, ledger) = (House::new(), ledgers::postgres().await?);
    let program = Program::new()?
        .with("LEDGER__URL", &ledger.url)
        .with("QUEUE__URL", house.url())
        .with("RELAY__LETTERS_WINDOW", "100000");
    let registry = house.accounts_in(&world::registry(SystemClock.now())?);
    let registry = program.file("registry.jsonl", &registry)?;
    program.ask(&["registry", "import", &registry]).await?;
    let engine = program.serve().await;
    let queue = house.queue()?;
    until("lanes are open", async || queue.depth("facteur.intake.work:attest").await.is_ok()).await;

    let web = engine.listens_on("web.listen").context("it listens")?;
    let mut task = house.task(DOCUMENTS)?;
    task["web"] = json!(format!("http://{web}"));
    let log = program::python("publish.py", &task).await?;
    let confirmed = log.iter().filter(|line| line["fate"] != "refused").count();
    all_are_through(&ledger, confirmed).await?;
    Found::read(&ledger).await?.agrees_with(&log)?;
    receipts_are_one_each(&house, &log).await?;
    tickets_are_the_letters(&ledger, &queue).await?;
    until("the index has caught up", async || is_indexed(&program, &ledger).await.unwrap_or(false))
        .await;
    engine.stop().await;
    search_finds(&program, &log).await?;

    let account = program.ask(&["verify", "--quiesced"]).await?;
    ensure!(account["difference"] == 0, "{account}");
    let count = |name: &str| account[name].as_u64().unwrap_or_default();
    ensure!(count("received") + count("repeats") == confirmed as u64, "{account}");
    queue.close().await;
    Ok(())
}

async fn all_are_through(ledger: &TestLedger, confirmed: usize) -> Result<()> {
    let confirmed = i64::try_from(confirmed)?;
    until_done("all are through", async || {
        let total = ledger.account().await.map(|account| account.total);
        let known = total.map_or(0, |total| total.received + total.repeats);
        (known < confirmed).then_some(known)
    })
    .await;
    Ok(())
}

async fn is_indexed(program: &Program, ledger: &TestLedger) -> Result<bool> {
    let found = program.ask(&["search", "query"]).await?;
    Ok(found["totalItems"] == ledger.account().await?.total.accepted)
}

/// One receipt for each document, told to whoever published it; of the kind
/// that belongs to its fate.
async fn receipts_are_one_each(house: &House, log: &[Value]) -> Result<()> {
    for application in [TAX, WORK] {
        let mut expected: BTreeMap<String, usize> = BTreeMap::new();
        for line in log.iter().filter(|line| line["told"] == application) {
            let kind = match line["fate"].as_str() {
                Some("refused") => continue,
                Some("quarantined") => "refused",
                other => other.context("no fate")?,
            };
            let key = line["key"].as_str().unwrap_or_default();
            *expected.entry(format!("facteur.document.{kind} {key}")).or_default() += 1;
        }
        let mut task = house.task(0)?;
        task["application"] = json!(application);
        task["count"] = json!(expected.values().sum::<usize>());
        let mut told: BTreeMap<String, usize> = BTreeMap::new();
        for event in program::python("receipts.py", &task).await? {
            let words = [&event["type"], &event["data"]["idempotencyKey"]].map(Value::as_str);
            *told.entry(words.map(Option::unwrap_or_default).join(" ")).or_default() += 1;
        }
        let differs = |(word, count): &(&String, &usize)| told.get(*word) != Some(*count);
        let wrong: Vec<_> = expected.iter().filter(differs).take(5).collect();
        ensure!(wrong.is_empty() && told.len() == expected.len(), "{application}: {wrong:?}");
    }
    Ok(())
}

/// Every letter has its ticket, and no ticket is there twice.
async fn tickets_are_the_letters(ledger: &TestLedger, queue: &impl Queue) -> Result<()> {
    until("letters are released", async || ledger.unreleased_letters().await.is_ok_and(|n| n == 0))
        .await;
    // Those to companies that nobody has an address of wait for a person.
    let letters = ledger.account().await?.total.letters;
    let count = usize::try_from(letters.total() - letters.held)?;
    let mut printer = queue.consume(topology::QUEUE_PRINT_OVERFLOW, u16::MAX).await?;
    let mut jobs: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..count {
        let ticket = soon(printer.next()).await?;
        let ticket: Value = serde_json::from_slice(&ticket.body)?;
        *jobs.entry(ticket["id"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    ensure!(count > 0 && jobs.len() == count, "{count} letters, {} jobs", jobs.len());
    ensure!(queue.depth(topology::QUEUE_PRINT_OVERFLOW).await? == 0, "more tickets than letters");
    Ok(printer.stop().await?)
}

/// By sender, by type, and by a part of the subject without its accent.
async fn search_finds(program: &Program, log: &[Value]) -> Result<()> {
    let accepted: Vec<&Value> = log.iter().filter(|line| line["fate"] == "accepted").collect();
    let of = |kind: &str| accepted.iter().filter(|line| line["type"] == kind).count();
    for (criteria, count) in [
        (vec![], accepted.len()),
        (vec!["--application", TAX], of(world::NOTICE)),
        (vec!["--type", world::ATTEST], of(world::ATTEST)),
        (vec!["--text", "d'EPINARD", "--language", "fr"], accepted.len()),
        (vec!["--text", "pinards numero", "--type", world::NOTICE], of(world::NOTICE)),
        (vec!["--text", "epinards", "--language", "nl"], 0),
    ] {
        let arguments = [&["search", "query"][..], &criteria].concat();
        let found = program.ask(&arguments).await?;
        ensure!(
            found["totalItems"] == count,
            "{} by {criteria:?}, not {count}",
            found["totalItems"]
        );
    }
    Ok(())
}
