//! A printer that operators pause while an engine runs: its letters wait, and go
//! on when it does.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::lanes::{publish, registered};
use crate::support::program::Program;
use crate::support::wait::until_worked_off;
use crate::support::world::{Company, TAX, notice};

/// The day of the test is one of its days.
const PRINTERS: &str = r#"
[[printer]]
name = "overflow"
working_days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
works_on_holidays = true
"#;

#[tokio::test]
async fn a_running_engine_gives_a_paused_printer_nothing() -> Result<()> {
    let program = Program::new()?;
    let printers = program.file("printers.toml", PRINTERS)?;
    let program = program.with("PAPER__PRINTERS", &printers);
    registered(&program).await?;
    let engine = program.serve().await;
    let pause = ["letters", "pause", "overflow", "--reason", "no toner"];
    ensure!(program.ask(&pause).await?["paused"] == true);
    let mut publication = notice(Company::Boxless);
    publication["postal"] = json!({
        "address": { "lines": ["Rue Haute 7"], "postalCode": "4000", "town": "Ville" },
    });
    publish(&program, TAX, &publication).await?;
    until_worked_off("the letter waits for its printer", async || {
        is_only(&program, |letter| letter["heldFor"] == "printer_paused").await
    })
    .await;

    let resume = ["letters", "pause", "overflow", "--resume"];
    ensure!(program.ask(&resume).await?["paused"] == false);
    until_worked_off("its ticket is out", async || {
        is_only(&program, |letter| {
            letter["printer"] == "overflow" && letter["releasedAt"].is_string()
        })
        .await
    })
    .await;
    engine.stop().await;
    let account = program.ask(&["verify"]).await?;
    ensure!(account["letters"]["queued"] == 1 && account["difference"] == 0, "{account}");
    Ok(())
}

/// Whether there is one letter, and it is such a one.
async fn is_only(program: &Program, holds: impl Fn(&Value) -> bool) -> bool {
    let Ok(letters) = program.ask(&["letters", "list"]).await else { return false };
    letters.as_array().is_some_and(|letters| letters.len() == 1 && letters.iter().all(holds))
}
