//! The commands that publish, run and look after documents.

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::support::program::Program;
use crate::support::vhost::VirtualHost;
use crate::support::wait::until;
use crate::support::world::{self, Company, TAX, notice};

async fn registered() -> Result<Program> {
    let program = Program::new()?;
    let registry = program.file("registry.jsonl", &world::registry(SystemClock.now())?)?;
    let imported = program.ask(&["registry", "import", &registry]).await?;
    ensure!(imported["tally"]["added"].as_u64() > Some(20), "{imported}");
    Ok(program)
}

async fn account(program: &Program) -> Result<Value> {
    // The exit code says whether it balances; a caller that waits looks again.
    program.run(&["verify", "--json"]).await?.json()
}

async fn through(program: &Program, received: u64, repeats: u64) {
    until(&format!("{received} received, {repeats} repeats"), async || {
        account(program)
            .await
            .is_ok_and(|it| it["received"] == received && it["repeats"] == repeats)
    })
    .await;
}

#[tokio::test]
async fn published_twice_is_a_repeat() -> Result<()> {
    let program = registered().await?;
    let good = program.file("good.json", &notice(Company::Active).to_string())?;
    let mut lines = [Company::Boxless, Company::Closed].map(|to| notice(to).to_string()).join("\n");
    lines.push('\n');
    let lines = program.file("many.jsonl", &lines)?;
    let publish = ["publish", "--application", TAX, &good, &lines];
    for _ in 0..2 {
        ensure!(program.ask(&publish).await?["published"] == 3);
    }
    let engine = program.serve().await;
    through(&program, 3, 3).await;
    until("both messages are indexed", async || {
        let found = program.ask(&["search", "query"]).await;
        found.is_ok_and(|found| found["totalItems"] == 2)
    })
    .await;
    engine.stop().await;
    let account = program.ask(&["verify", "--quiesced"]).await?;
    for (name, count) in [("accepted", 2), ("digital", 1), ("paper", 1), ("quarantined", 1)] {
        ensure!(account[name] == count, "{name}: {account}");
    }
    let checked = program.run(&["topology", "check"]).await?;
    ensure!(checked.code == Some(0) && !checked.out.contains("MISSING"), "{checked:?}");
    messages_are_explained(&program).await?;
    entries_are_looked_after(&program).await
}

/// The broker is left in order: an error in the log is an error.
#[tokio::test]
async fn amqp_published_is_said_without_an_error() -> Result<()> {
    let host = VirtualHost::new();
    let program = registered().await?.with("QUEUE__URL", host.url());
    let good = program.file("good.json", &notice(Company::Active).to_string())?;
    for _ in 0..3 {
        let published = program.run(&["publish", "--application", TAX, &good]).await?;
        ensure!(published.code == Some(0) && published.err.is_empty(), "{published:?}");
    }
    Ok(())
}

async fn messages_are_explained(program: &Program) -> Result<()> {
    let found = program.ask(&["search", "query", "--text", "PAIEMENT", "--language", "fr"]).await?;
    ensure!(found["totalItems"] == 2, "{found}");
    let number = Company::Active.number().to_string();
    let found = program.ask(&["search", "query", "--enterprise", &number]).await?;
    let id = found["items"][0].as_str().context("nothing found")?;
    let explained = program.ask(&["explain", id]).await?;
    let decision = &explained["decision"];
    ensure!(decision["medium"] == "digital" && decision["reason"] == "BOX_IN_USE", "{decision}");
    ensure!(decision["decidedAgainAlike"] == true, "{decision}");
    ensure!(explained["publication"]["subject"]["fr"] == "Avis de paiement", "{explained}");
    let words = program.run(&["explain", id]).await?;
    ensure!(words.code == Some(0) && words.out.contains("BOX_IN_USE"), "{words:?}");
    let rebuilt = program.ask(&["search", "rebuild"]).await?;
    ensure!(rebuilt["messages"] == 2, "{rebuilt}");
    Ok(())
}

/// Listed, shown with its bytes, replayed in vain, thrown away.
async fn entries_are_looked_after(program: &Program) -> Result<()> {
    let list = ["quarantine", "list", "--state", "open", "--application", TAX];
    let entries = program.ask(&list).await?;
    let id = entries[0]["id"].as_str().context("no entry")?;
    ensure!(entries[0]["code"] == "ENTERPRISE_NOT_ACTIVE", "{entries}");
    let shown = program.ask(&["quarantine", "show", id]).await?;
    let body: Value = serde_json::from_str(shown["body"].as_str().context("no body")?)?;
    ensure!(body == notice(Company::Closed), "{shown}");
    let in_vain = program.run(&["quarantine", "replay", id]).await?;
    ensure!(in_vain.code == Some(1) && in_vain.out.contains("still refused"), "{in_vain:?}");
    let mut enterprise = json!({ "kind": "enterprise", "name": "Open again", "language": "fr" });
    enterprise["number"] = json!(Company::Closed.number());
    let opened = program.file("opened.jsonl", &enterprise.to_string())?;
    program.ask(&["registry", "import", &opened]).await?;
    ensure!(program.ask(&["quarantine", "replay", id]).await?["outcome"] == "accepted");
    ensure!(account(program).await?["accepted"] == 3);
    let again = program.run(&["quarantine", "discard", id]).await?;
    ensure!(again.code == Some(1), "{again:?}");
    let list = program.ask(&["quarantine", "list", "--state", "replayed"]).await?;
    let actor = list[0]["resolvedBy"].as_str().unwrap_or_default();
    ensure!(list.as_array().is_some_and(|it| it.len() == 1) && actor.starts_with("cli:"), "{list}");
    Ok(())
}

#[tokio::test]
async fn refused_entries_can_be_thrown_away() -> Result<()> {
    let program = registered().await?;
    let bad = program.file("bad.json", "{")?;
    program.ask(&["publish", "--application", TAX, "--key", "bad", &bad]).await?;
    let engine = program.serve().await;
    through(&program, 1, 0).await;
    engine.stop().await;
    let entries = program.ask(&["quarantine", "list", "--code", "MALFORMED"]).await?;
    let id = entries[0]["id"].as_str().context("no entry")?;
    ensure!(program.ask(&["quarantine", "discard", id]).await?["discarded"] == true);
    let account = program.ask(&["verify"]).await?;
    ensure!((&account["discarded"], &account["quarantined"]) == (&json!(1), &json!(0)));
    Ok(())
}

#[tokio::test]
async fn exported_registry_is_as_imported() -> Result<()> {
    let program = registered().await?;
    let exported = program.run(&["registry", "export"]).await?;
    ensure!(exported.code == Some(0), "{exported:?}");
    let other = Program::new()?;
    let file = other.file("registry.jsonl", &exported.out)?;
    ensure!(other.run(&["registry", "check", &file]).await?.code == Some(0));
    other.ask(&["registry", "import", &file]).await?;
    let again = other.ask(&["registry", "import", &file]).await?;
    ensure!(again["tally"]["added"] == 0 && again["tally"]["changed"] == 0, "{again}");
    ensure!(other.run(&["registry", "export"]).await?.out == exported.out);
    Ok(())
}

/// The last line is the account, it balances, and so it does when somebody
/// looks later; a document removed by hand is missed.
#[tokio::test]
async fn demo_leaves_a_folder_that_balances() -> Result<()> {
    let program = Program::new()?;
    let folder = program.folder.path().join("demo");
    let place = folder.display().to_string();
    let demo = ["demo", "--documents", "500", "--exit", "--folder", &place];
    let account = program.ask(&demo).await?;
    let count = |name: &str| account[name].as_u64().unwrap_or_default();
    ensure!(account["difference"] == 0, "{account}");
    ensure!(count("received") + count("repeats") == 500, "{account}");
    ensure!(account["indexed"] == account["accepted"], "{account}");

    let later = Program::new()?
        .with("LEDGER__URL", &format!("sqlite://{place}/facteur.db"))
        .with("QUEUE__URL", &format!("embedded://{place}/queue.db"))
        .with("DOCUMENTS__URL", &format!("file://{place}/documents"))
        .with("SEARCH__PATH", &format!("{place}/search"));
    let verified = later.ask(&["verify", "--quiesced"]).await?;
    for name in ["received", "accepted", "quarantined", "repeats", "letters", "documents"] {
        ensure!(verified[name] == account[name], "{name}: {verified} and {account}");
    }
    std::fs::remove_dir_all(folder.join("documents"))?;
    let missed = later.run(&["verify"]).await?;
    ensure!(missed.code == Some(1) && missed.out.contains("a document is missing"), "{missed:?}");
    Ok(())
}
