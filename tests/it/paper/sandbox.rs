//! A sandbox: days pass in seconds, for every engine of the ledger alike.

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::support::program::Program;
use crate::support::wait::until_worked_off;
use crate::support::world::{self, Company, TAX, notice};

/// The type of a notice that becomes a letter when nobody read it for so many
/// working hours.
const IN_TIME: &str = r#""id":"TAX-NOTICE","unreadToPaperHours":16"#;

#[tokio::test]
async fn what_nobody_reads_for_days_is_a_letter_in_seconds() -> Result<()> {
    let program = Program::new()?.with("SANDBOX__DAY_IN_SECS", "1");
    let registry = world::registry(SystemClock.now())?;
    let registry = registry.replace(r#""id":"TAX-NOTICE""#, IN_TIME);
    ensure!(registry.contains(IN_TIME), "no such type");
    let registry = program.file("registry.jsonl", &registry)?;
    program.ask(&["registry", "import", &registry]).await?;
    let engine = program.serve().await;
    let file = program.file("notice.json", &notice(Company::Active).to_string())?;
    program.ask(&["publish", "--application", TAX, &file]).await?;
    until_worked_off("the message is a letter", async || {
        let letters = program.ask(&["letters", "list"]).await.unwrap_or_default();
        letters.as_array().is_some_and(|letters| letters.len() == 1)
    })
    .await;
    let letters = program.ask(&["letters", "list"]).await?;
    ensure!(letters[0]["cause"] == json!("unread"), "{letters}");
    let made: Timestamp = letters[0]["createdAt"].as_str().context("no date")?.parse()?;
    ensure!(made > SystemClock.now() + SignedDuration::from_hours(12), "{made}: time ran as usual");
    engine.stop().await;
    let log = std::fs::read_to_string(program.folder.path().join("engine.log"))?;
    ensure!(log.contains("A SANDBOX"), "it does not say so");
    let account = program.ask(&["verify"]).await?;
    ensure!(account["difference"] == 0, "{account}");
    Ok(())
}
