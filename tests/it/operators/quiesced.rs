//! `facteur verify --quiesced` finds what lies in a queue, and what index and
//! ledger do not both hold.

use anyhow::{Result, ensure};
use facteur::clock::{Clock, SystemClock};

use crate::support::ledgers::{self, TestLedger};
use crate::support::program::Program;
use crate::support::wait::until;
use crate::support::world::{Company, TAX, notice, registry};

#[tokio::test]
async fn what_is_on_no_way_and_in_no_index_is_found() -> Result<()> {
    let ledger = ledgers::sqlite().await?;
    let program = Program::new()?.with("LEDGER__URL", &ledger.url);
    let file = program.file("registry.jsonl", &registry(SystemClock.now())?)?;
    program.ask(&["registry", "import", &file]).await?;
    publish(&program, "one.json").await?;
    taken_in(&program, &ledger, 1).await;
    publish(&program, "other.json").await?;
    let waiting = findings(&program).await?;
    ensure!(waiting == ["documents that were not taken in"], "{waiting:?}");
    taken_in(&program, &ledger, 2).await;
    // As many as before, and yet another one.
    let other = "UPDATE messages SET id = randomblob(16) WHERE id = (SELECT min(id) FROM messages)";
    ledger.execute(other.to_owned()).await?;
    let differing = findings(&program).await?;
    for what in
        ["a message is not in the search index", "the search index holds what is no message"]
    {
        ensure!(differing.iter().any(|it| it == what), "{differing:?}");
    }
    Ok(())
}

/// Runs an engine until so many are recorded and indexed.
async fn taken_in(program: &Program, ledger: &TestLedger, count: i64) {
    let engine = program.serve().await;
    until("all are recorded and indexed", async || {
        ledger.account().await.is_ok_and(|it| it.total.accepted == count)
            && findings(program).await.is_ok_and(|it| it.is_empty())
    })
    .await;
    engine.stop().await;
}

async fn publish(program: &Program, name: &str) -> Result<()> {
    let mut publication = notice(Company::Active);
    publication["subject"]["fr"] = name.into();
    let file = program.file(name, &publication.to_string())?;
    program.ask(&["publish", "--application", TAX, &file]).await.map(drop)
}

/// What is wrong, in words; none where it balances, as the exit code says too.
async fn findings(program: &Program) -> Result<Vec<String>> {
    let ended = program.run(&["verify", "--quiesced", "--json"]).await?;
    ensure!(!ended.out.is_empty(), "{ended:?}");
    let said = ended.json()?;
    let found = said["findings"].as_array().into_iter().flatten();
    let found: Vec<String> =
        found.filter_map(|it| it["what"].as_str()).map(str::to_owned).collect();
    ensure!(ended.code == Some(i32::from(!found.is_empty())), "{ended:?}");
    ensure!(said["difference"] == found.len(), "{said}");
    Ok(found)
}
