//! The real program and two real print rooms, on RabbitMQ and PostgreSQL. One
//! of the rooms is killed midway and started again.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::ledger::LetterCounts;
use facteur::queue::{Outbound, Properties, topology};
use serde_json::{Value, json};

use super::paper_to;
use super::whole::PRINTERS;
use crate::support::desk::account;
use crate::support::engine::Engine;
use crate::support::ledgers::{self, TestLedger};
use crate::support::program::Program;
use crate::support::vhost::VirtualHost;
use crate::support::wait::{until, until_done};
use crate::support::world::{self, TAX};

const LETTERS: usize = 160;
/// Faults of a print room, in the proportions of a bad day.
const FAULTS: [&str; 6] = ["--fail", "5%", "--repeat", "2%", "--contradict", "1%"];

#[tokio::test]
async fn postgres_and_rabbitmq_serve_two_print_rooms_one_of_which_is_killed() -> Result<()> {
    let (vhost, ledger) = (VirtualHost::new(), ledgers::postgres().await?);
    let program = Program::new()?;
    let printers = program.file("printers.toml", PRINTERS)?;
    let program = program
        .with("LEDGER__URL", &ledger.url)
        .with("QUEUE__URL", vhost.url())
        .with("PAPER__PRINTERS", &printers)
        .with("RELAY__LETTERS_WINDOW", "20");
    let registry = program.file("registry.jsonl", &world::registry(SystemClock.now())?)?;
    program.ask(&["registry", "import", &registry]).await?;
    let engine = program.serve().await;
    until("the printers' queues are there", async || is_open(vhost.url()).await).await;
    publish(vhost.url()).await?;

    for name in ["overflow", "liege"] {
        clutter(&program.folder.path().join(name))?;
    }
    let mut overflow = room(&program, "overflow", "overflow.log");
    let mut liege = room(&program, "liege", "liege-1.log");
    until_done("both rooms print", async || {
        assert!(overflow.is_running() && liege.is_running(), "a room ended");
        let folder = |name| sheets(&program.folder.path().join(name)).map_or(0, |it| it.len());
        let printed = (folder("overflow"), folder("liege"));
        Some(printed).filter(|(one, other)| *one.min(other) <= 10)
    })
    .await;
    liege.kill().await;
    let mut liege = room(&program, "liege", "liege-2.log");
    until_done("every letter has its end", async || {
        assert!(overflow.is_running() && liege.is_running(), "a room ended");
        under_way(&ledger).await
    })
    .await;
    overflow.stop().await;
    liege.stop().await;
    engine.stop().await;

    let [one, other] = ["overflow", "liege"].map(|name| sheets(&program.folder.path().join(name)));
    let (one, other) = (one?, other?);
    let jobs: BTreeSet<&String> = one.iter().chain(&other).collect();
    ensure!(jobs.len() == one.len() + other.len(), "{} jobs in {one:?} {other:?}", jobs.len());
    let account = program.ask(&["verify"]).await?;
    ensure!(account["difference"] == 0, "{account}");
    let counted = |state: &str| account["letters"][state].as_u64().unwrap_or_default();
    let ends = counted("delivered") + counted("failed") + counted("returned");
    ensure!(ends == LETTERS as u64, "{account}");
    let unprinted = program.ask(&["letters", "list", "--state", "delivered", "--limit", "1000"]);
    for letter in unprinted.await?.as_array().context("no list")? {
        let job = letter["jobId"].as_str().context("no job")?.to_owned();
        ensure!(jobs.contains(&job), "{job} was delivered and not printed");
    }
    Ok(())
}

fn room(program: &Program, name: &str, log: &str) -> Engine {
    let out = program.folder.path().join(name).display().to_string();
    let arguments = [&["printer", "--name", name, "--out", &out][..], &FAULTS].concat();
    program.start(&arguments, log)
}

async fn is_open(url: &str) -> bool {
    let Ok(queue) = facteur::queue::open(url).await else { return false };
    let is_there = queue.depth("facteur.print.liege").await.is_ok()
        && queue.depth("facteur.intake.tax:assessment").await.is_ok();
    queue.close().await;
    is_there
}

/// How the letters stand, until each has its end.
async fn under_way(ledger: &TestLedger) -> Option<LetterCounts> {
    let letters = ledger.account().await.map(|it| it.total.letters).unwrap_or_default();
    let is_ended =
        letters.total() == i64::try_from(LETTERS).unwrap_or(0) && letters.under_way() == 0;
    (!is_ended).then_some(letters)
}

async fn publish(url: &str) -> Result<()> {
    let queue = facteur::queue::open(url).await?;
    let mut publisher = queue.publisher().await?;
    for taken in publisher.publish((0..LETTERS).map(letter).collect()).await {
        taken?;
    }
    Ok(())
}

/// A text, which every room can print, for each lane in turn.
fn letter(n: usize) -> Outbound {
    let mut publication = paper_to(if n.is_multiple_of(2) { "4000" } else { "1000" });
    publication["attachments"][0]["mediaType"] = json!("text/plain");
    publication["attachments"][0]["fileName"] = json!("letter.txt");
    publication["attachments"][0]["content"] = json!({ "inline": "Qm9uam91cgo=" });
    Outbound {
        exchange: topology::EXCHANGE_DOCUMENTS.into(),
        routing_key: TAX.into(),
        body: Value::to_string(&publication).into(),
        properties: Properties {
            message_id: Some(format!("letter-{n}")),
            app_id: Some(TAX.into()),
            user_id: Some(account(TAX).into()),
            content_type: Some("application/json".into()),
            published_us: None,
        },
    }
}

/// What others put into the folder is counted by nobody.
fn clutter(folder: &Path) -> Result<()> {
    let copy = folder.join("batches/old copy");
    std::fs::create_dir_all(&copy)?;
    std::fs::write(copy.join("01a20797-faa2-769d-9ab7-5fddcb458d03.pdf"), "%PDF")?;
    std::fs::write(folder.join("batches/notes.txt"), "paper is low")?;
    Ok(())
}

/// The jobs that a room has printed, as the manifests of its batches name them;
/// each as often as it is there, and each with its set.
fn sheets(folder: &Path) -> Result<Vec<String>> {
    let mut sheets = Vec::new();
    for batch in std::fs::read_dir(folder.join("batches"))? {
        let batch = batch?;
        let is_draft = batch.file_name().to_string_lossy().starts_with('.');
        let manifest = batch.path().join("manifest.json");
        if is_draft || !manifest.is_file() {
            continue;
        }
        let manifest: Value = serde_json::from_slice(&std::fs::read(manifest)?)?;
        for letter in manifest["letters"].as_array().context("no letters")? {
            let file = batch.path().join(letter["file"].as_str().context("no file")?);
            ensure!(file.is_file(), "{} is missing", file.display());
            sheets.push(letter["jobId"].as_str().context("no job")?.to_owned());
        }
    }
    Ok(sheets)
}
