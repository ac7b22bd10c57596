//! The policy is read again while the engine runs.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, SystemClock};

use crate::support::engine::Engine;
use crate::support::program::Program;
use crate::support::wait::until;
use crate::support::world::{Company, TAX, notice, registry};

const POLICY: &str = "[default]\nruling = \"digital\"\nreason = \"FIRST\"\n";

#[tokio::test]
async fn a_policy_is_read_again_and_a_faulty_one_refused_with_its_line() -> Result<()> {
    let program = Program::new()?;
    let path = program.file("policy.toml", POLICY)?;
    let program = program.with("POLICY__PATH", &path);
    let file = program.file("registry.jsonl", &registry(SystemClock.now())?)?;
    program.ask(&["registry", "import", &file]).await?;
    let engine = program.serve().await;
    ensure!(decided(&program, 1).await? == "FIRST");

    program.file("policy.toml", &format!("{POLICY}sometimes = true\n"))?;
    hang_up(&engine);
    until("it is refused", async || engine.logged(&["the policy in force stays", "line 4"]) == 1)
        .await;
    // Commands refuse the faulty file as well.
    program.file("policy.toml", POLICY)?;
    ensure!(decided(&program, 2).await? == "FIRST", "the old one stays");
    until("the engine tells of it", async || {
        // The answer is no, with exit code 1, while a file is refused.
        let status = program.run(&["policy", "status", "--json"]).await;
        status.is_ok_and(|it| it.code == Some(1) && it.out.contains("line 4"))
    })
    .await;

    program.file("policy.toml", &POLICY.replace("FIRST", "SECOND"))?;
    hang_up(&engine);
    until("it is taken", async || engine.logged(&["the policy was read again"]) == 1).await;
    ensure!(decided(&program, 3).await? == "SECOND");

    program.file("policy.toml", &POLICY.replace("FIRST", "THIRD"))?;
    ensure!(program.ask(&["policy", "reload", "--reason", "new law"]).await?["asked"] == true);
    until("every engine reads", async || engine.logged(&["the policy was read again"]) == 2).await;
    ensure!(decided(&program, 4).await? == "THIRD");

    // An id that the registry does not know is said, and the policy taken.
    let slip = "[[rule]]\nname = \"slip\"\nwhen = { message_types = [\"TAX-NOTISE\"] }
ruling = \"paper\"\nreason = \"SLIP\"\n\n";
    ensure!(program.ask(&["policy", "check"]).await?["rules"] == 0);
    program.file("policy.toml", &format!("{slip}{}", POLICY.replace("FIRST", "FOURTH")))?;
    let words = "line 1: rule \"slip\" names the message type TAX-NOTISE";
    let checked = program.run(&["policy", "check"]).await?;
    ensure!(checked.code == Some(1) && checked.out.contains(words), "{checked:?}");
    let asked = program.ask(&["policy", "reload"]).await?;
    ensure!(asked["unknown"][0].as_str().is_some_and(|it| it.starts_with(words)), "{asked}");
    until("the engine warns", async || engine.logged(&["line 1", "TAX-NOTISE"]) == 1).await;
    ensure!(decided(&program, 5).await? == "FOURTH");
    engine.stop().await;
    Ok(())
}

fn hang_up(engine: &Engine) {
    let line = format!("kill -HUP {}", engine.pid());
    assert!(Command::new("sh").args(["-c", &line]).status().is_ok_and(|it| it.success()));
}

/// Publishes the n-th document; the reason of its decision, decided again
/// alike from the text that was kept.
async fn decided(program: &Program, n: u64) -> Result<String> {
    let name = format!("{n}.json");
    let mut publication = notice(Company::Active);
    publication["subject"]["fr"] = format!("Avis {n}").into();
    let file = program.file(&name, &publication.to_string())?;
    program.ask(&["publish", "--application", TAX, &file]).await?;
    until("it is found", async || {
        let found = program.ask(&["search", "query"]).await;
        found.is_ok_and(|found| found["totalItems"] == n)
    })
    .await;
    let found = program.ask(&["search", "query"]).await?;
    let ids = found["items"].as_array().context("no items")?;
    let newest = ids.iter().filter_map(|id| id.as_str()).max().context("nothing is found")?;
    let explained = program.ask(&["explain", newest]).await?;
    ensure!(explained["decision"]["decidedAgainAlike"] == true, "{explained}");
    Ok(explained["decision"]["reason"].as_str().unwrap_or_default().to_owned())
}
