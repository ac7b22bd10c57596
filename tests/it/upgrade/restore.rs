//! The manual's way to copy a ledger and to bring it back, typed as it stands
//! there.

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use regex::Regex;
use serde_json::json;

use crate::shipped::text;
use crate::support::ledgers::{self, TestLedger};
use crate::support::program::Program;
use crate::support::vhost::VirtualHost;
use crate::support::wait::until;
use crate::support::world::{self, TAX, attachment, notice_with};

/// The commands behind a mark in the manual: `<!-- executed: backup -->`.
fn commands(name: &str) -> Result<String> {
    let manual = text("docs/operations.md")?;
    let block = Regex::new(&format!(r"(?s)<!-- executed: {name} -->\s*```sh\n(?<block>.*?)```"))?;
    let found = block.captures(&manual).with_context(|| format!("no commands for {name}"))?;
    Ok(found["block"].to_owned())
}

async fn typed(program: &Program, name: &str) -> Result<()> {
    let ended = program.shell(&commands(name)?).await?;
    ensure!(ended.code == Some(0), "{name}: {}\n{}", ended.err, ended.out);
    Ok(())
}

async fn publish(program: &Program, names: &[&str]) -> Result<()> {
    for name in names {
        let content = json!([attachment(name, &base64_of(name))]);
        let file = program.file(&format!("{name}.json"), &notice_with(content).to_string())?;
        let publish = ["publish", "--application", TAX, "--key", name, &file];
        ensure!(program.ask(&publish).await?["published"] == 1);
    }
    Ok(())
}

fn base64_of(name: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(name)
}

/// Runs an engine until so many are accepted and found, and so many are repeats.
async fn work(program: &Program, ledger: &TestLedger, accepted: i64, repeats: i64) -> Result<()> {
    let engine = program.serve().await;
    until(&format!("{accepted} accepted, {repeats} repeats"), async || {
        let total = ledger.account().await.map(|account| account.total);
        total.is_ok_and(|it| it.accepted == accepted && it.repeats == repeats)
    })
    .await;
    until("all are found", async || {
        let found = program.ask(&["search", "query"]).await;
        found.is_ok_and(|found| found["totalItems"] == accepted)
    })
    .await;
    engine.stop().await;
    Ok(())
}

/// The database is there, and empty; the documents are gone.
async fn disaster(program: &Program, ledger: &TestLedger) -> Result<()> {
    ledger.execute("DROP SCHEMA public CASCADE".to_owned()).await?;
    ledger.execute("CREATE SCHEMA public".to_owned()).await?;
    std::fs::remove_dir_all(program.folder.path().join("documents"))?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_ledger_is_copied_and_brought_back_as_the_manual_says() -> Result<()> {
    let (host, ledger) = (VirtualHost::new(), ledgers::postgres().await?);
    let program = Program::new()?;
    let place = |name: &str| program.folder.path().join(name).display().to_string();
    let (documents, search, backup) = (place("documents"), place("search"), place("backup"));
    let program = program
        .with("LEDGER__URL", &ledger.url)
        .with("QUEUE__URL", host.url())
        .set("DOCUMENTS", &documents)
        .set("SEARCH", &search)
        .set("BACKUP", &backup);
    let registry = program.file("registry.jsonl", &world::registry(SystemClock.now())?)?;
    program.ask(&["registry", "import", &registry]).await?;
    program.ask(&["topology", "declare"]).await?;

    publish(&program, &["first", "second"]).await?;
    work(&program, &ledger, 2, 0).await?;
    let epoch = ledger.epoch().await?;
    typed(&program, "backup").await?;
    publish(&program, &["third"]).await?;
    work(&program, &ledger, 3, 0).await?;

    // The next backup breaks off: the last good one stays.
    let broken = format!("DOCUMENTS=/no/such/folder\n{}", commands("backup")?);
    let ended = program.shell(&broken).await?;
    ensure!(ended.code != Some(0), "{ended:?}");

    disaster(&program, &ledger).await?;
    typed(&program, "restore").await?;
    ensure!(ledger.epoch().await? != epoch, "receivers would take new positions for old ones");
    let account = program.ask(&["verify"]).await?;
    ensure!(account["accepted"] == 2 && account["documents"] == 2, "{account}");
    let found = program.ask(&["search", "query"]).await?;
    ensure!(found["totalItems"] == 2, "{found}");

    // The agencies publish again what they published since: what is known is a
    // repeat, the rest is accepted.
    publish(&program, &["second", "third"]).await?;
    work(&program, &ledger, 3, 1).await?;
    let account = program.ask(&["verify", "--quiesced"]).await?;
    ensure!(account["difference"] == 0 && account["documents"] == 3, "{account}");
    Ok(())
}
