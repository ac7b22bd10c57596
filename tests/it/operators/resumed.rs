//! What a paused type held, when not all of it can go on.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::lanes::{publish_many, received, registered};
use crate::support::program::Program;
use crate::support::wait::until;
use crate::support::world::{Company, NOTICE, TAX, notice};

/// More than are judged in one transaction.
const REFUSED: u64 = 210;
const GOOD: u64 = 3;

#[tokio::test]
async fn what_is_refused_when_its_type_goes_on_keeps_nothing_behind_it() -> Result<()> {
    let program = Program::new()?;
    registered(&program).await?;
    let engine = program.serve().await;
    program.ask(&["types", "pause", NOTICE]).await?;
    publish_many(&program, TAX, &notice(Company::Active), REFUSED).await?;
    received(&program, TAX, REFUSED).await;
    publish_many(&program, TAX, &notice(Company::Occasional), GOOD).await?;
    received(&program, TAX, REFUSED + GOOD).await;
    close(&program, Company::Active).await?;

    program.ask(&["types", "resume", NOTICE]).await?;
    until("each is accepted or refused", async || {
        let Ok(account) = account(&program).await else { return false };
        account["accepted"] == GOOD && account["quarantined"] == REFUSED
    })
    .await;
    let account = account(&program).await?;
    ensure!(account["held"] == 0 && account["difference"] == 0, "{account}");
    let open = ["quarantine", "list", "--state", "open", "--limit", "1000"];
    let open = program.ask(&open).await?;
    let open = open.as_array().map_or(&[] as &[Value], Vec::as_slice);
    ensure!(open.len() as u64 == REFUSED, "{} are open", open.len());
    ensure!(open.iter().all(|it| it["code"] == "ENTERPRISE_NOT_ACTIVE"), "{open:?}");
    // Judged again they were received once all the same, and nobody accepted more.
    let counted = engine.metric("facteur_received_total", &[]).await;
    ensure!(counted == (REFUSED + GOOD) as f64, "{counted} were received");
    let counted = engine.metric("facteur_record_seconds_count", &[]).await;
    ensure!(counted == (REFUSED + GOOD) as f64, "{counted} were recorded");
    let said = engine.logged(&["held documents", "went on", &format!("\"count\":{GOOD}")]);
    ensure!(said == 1 && engine.logged(&["went on"]) == 1, "{}", engine.log());
    engine.stop().await;
    Ok(())
}

async fn account(program: &Program) -> Result<Value> {
    program.run(&["verify", "--json"]).await?.json()
}

async fn close(program: &Program, company: Company) -> Result<()> {
    let line = json!({ "kind": "enterprise", "number": company.number(), "name": "Gone",
        "language": "fr", "state": "closed" });
    let file = program.file("closed.jsonl", &format!("{line}\n"))?;
    program.ask(&["registry", "import", &file]).await.map(drop)
}
