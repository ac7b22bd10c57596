//! A slip in the policy takes no command away that does not judge.

use anyhow::{Result, ensure};

use super::lanes::{received, registered};
use crate::support::program::Program;
use crate::support::wait::until;
use crate::support::world::{NOTICE, TAX};

const FAULTY: &str = "[default]\nruling = \"digital\"\nreason = \"ONE\"\nsometimes = true\n";

#[tokio::test]
async fn a_faulty_policy_takes_no_emergency_command_away() -> Result<()> {
    let program = Program::new()?;
    registered(&program).await?;
    let entry = program.file("bad.json", "[]")?;
    let engine = program.serve().await;
    program.ask(&["publish", "--application", TAX, &entry]).await?;
    received(&program, TAX, 1).await;
    until("there is an index", async || {
        program.run(&["search", "query"]).await.is_ok_and(|ended| ended.code == Some(0))
    })
    .await;
    let policy = program.file("policy.toml", FAULTY)?;
    let program = program.with("POLICY__PATH", &policy);
    for command in [
        &["lanes", "list"][..],
        &["lanes", "pause", TAX],
        &["lanes", "resume", TAX],
        &["types", "pause", NOTICE],
        &["types", "resume", NOTICE],
        &["letters", "printers"],
        &["letters", "pause", "overflow"],
        &["letters", "pause", "overflow", "--resume"],
        &["letters", "list"],
        &["quarantine", "list"],
        &["policy", "status"],
        &["verify"],
        &["topology", "check"],
        &["search", "query"],
    ] {
        let ended = program.run(command).await?;
        ensure!(ended.code == Some(0), "{command:?}: {ended:?}");
    }
    let entries = program.ask(&["quarantine", "list"]).await?;
    let id = entries[0]["id"].as_str().unwrap_or_default();
    // What judges, or has engines judge, is refused with the line.
    for command in [&["quarantine", "replay", id][..], &["policy", "reload"], &["serve"]] {
        let ended = program.run(command).await?;
        ensure!(ended.code == Some(3) && ended.err.contains("line 4"), "{command:?}: {ended:?}");
    }
    program.ask(&["quarantine", "discard", id]).await?;
    engine.stop().await;
    Ok(())
}
