//! Pausing with real engines: on the embedded queue and on RabbitMQ.

use anyhow::{Result, ensure};
use facteur::clock::{Clock, SystemClock};
use serde_json::Value;

use crate::support::engine::Engine;
use crate::support::program::Program;
use crate::support::vhost::VirtualHost;
use crate::support::wait::until;
use crate::support::world::{Company, NOTICE, TAX, WORK, attest, notice, registry};

#[tokio::test]
async fn embedded_a_paused_lane_keeps_its_documents_and_others_go_on() -> Result<()> {
    paused_lane(Program::new()?).await
}

#[tokio::test]
async fn rabbit_a_paused_lane_keeps_its_documents_and_others_go_on() -> Result<()> {
    let host = VirtualHost::new();
    paused_lane(Program::new()?.with("QUEUE__URL", host.url())).await
}

pub(super) async fn registered(program: &Program) -> Result<()> {
    let file = program.file("registry.jsonl", &registry(SystemClock.now())?)?;
    program.ask(&["registry", "import", &file]).await.map(drop)
}

pub(super) async fn publish(
    program: &Program,
    application: &str,
    publication: &Value,
) -> Result<()> {
    let name = format!("{}.json", uuid::Uuid::now_v7());
    let file = program.file(&name, &publication.to_string())?;
    program.ask(&["publish", "--application", application, &file]).await.map(drop)
}

pub(super) async fn received(program: &Program, application: &str, count: u64) {
    until(&format!("{count} of {application}"), async || {
        let Ok(ended) = program.run(&["verify", "--json"]).await else { return false };
        let Ok(account) = ended.json() else { return false };
        account["applications"][application]["received"].as_u64().unwrap_or_default() == count
    })
    .await;
}

pub(super) async fn lane(program: &Program, application: &str) -> Result<Value> {
    let lanes = program.ask(&["lanes", "list"]).await?;
    let mut lanes = lanes.as_array().into_iter().flatten();
    Ok(lanes.find(|it| it["application"] == application).cloned().unwrap_or_default())
}

async fn paused_lane(program: Program) -> Result<()> {
    registered(&program).await?;
    let engine = program.serve().await;
    let order = ["lanes", "pause", TAX, "--reason", "a flood"];
    ensure!(program.ask(&order).await?["outcome"] == "done");
    closed(&engine).await;
    publish(&program, TAX, &notice(Company::Active)).await?;
    publish(&program, WORK, &attest(Company::Active)).await?;
    received(&program, WORK, 1).await;
    let tax = lane(&program, TAX).await?;
    ensure!(tax["paused"] == true && tax["waiting"] == 1, "{tax}");
    ensure!(tax["ordered"]["reason"] == "a flood", "{tax}");
    received(&program, TAX, 0).await;

    let slowly = ["lanes", "pace", TAX, "--per-second", "7"];
    ensure!(program.ask(&slowly).await?["outcome"] == "done");
    ensure!(program.ask(&["lanes", "resume", TAX]).await?["outcome"] == "done");
    received(&program, TAX, 1).await;
    let tax = lane(&program, TAX).await?;
    ensure!(tax["paused"] == false && tax["pacePerSecond"] == 7, "{tax}");
    ensure!(tax["paceOf"] == "operator" && tax["waiting"] == 0, "{tax}");
    let unknown = program.run(&["lanes", "pause", "nobody:at:all"]).await?;
    ensure!(unknown.code == Some(1), "{unknown:?}");
    engine.stop().await;
    let account = program.ask(&["verify", "--quiesced"]).await?;
    ensure!(account["received"] == 2 && account["difference"] == 0, "{account}");
    Ok(())
}

/// Each of so many is another.
pub(super) async fn publish_many(
    program: &Program,
    application: &str,
    one: &Value,
    count: u64,
) -> Result<()> {
    let line = |n| {
        let mut publication = one.clone();
        publication["subject"]["fr"] = format!("Avis {n}").into();
        format!("{publication}\n")
    };
    let file = program.file(
        &format!("{}.jsonl", uuid::Uuid::now_v7()),
        &(0..count).map(line).collect::<String>(),
    )?;
    program.ask(&["publish", "--application", application, &file]).await.map(drop)
}

#[tokio::test]
async fn a_paced_lane_keeps_waiting_and_slows_no_other() -> Result<()> {
    const COUNT: u64 = 100;
    let program = Program::new()?;
    registered(&program).await?;
    let order = ["lanes", "pace", TAX, "--per-second", "1"];
    ensure!(program.ask(&order).await?["outcome"] == "done");
    let engine = program.serve().await;
    publish_many(&program, TAX, &notice(Company::Active), COUNT).await?;
    publish_many(&program, WORK, &attest(Company::Active), COUNT).await?;
    received(&program, WORK, COUNT).await;
    let account = program.run(&["verify", "--json"]).await?.json()?;
    let paced = account["applications"][TAX]["received"].as_u64().unwrap_or_default();
    ensure!(paced < COUNT, "{paced} of the paced lane before the other was through");
    let order = ["lanes", "pace", TAX, "--per-second", "1000"];
    ensure!(program.ask(&order).await?["outcome"] == "done");
    received(&program, TAX, COUNT).await;
    engine.stop().await;
    let account = program.ask(&["verify", "--quiesced"]).await?;
    ensure!(account["received"] == 2 * COUNT && account["difference"] == 0, "{account}");
    Ok(())
}

/// The supervisor looks each second; from then on nothing is taken.
pub(super) async fn closed(engine: &Engine) {
    until("the lane is closed", async || engine.logged(&["lanes are open", "\"paused\":1"]) == 1)
        .await;
}

#[tokio::test]
async fn what_a_paused_type_held_goes_on_by_itself() -> Result<()> {
    let program = Program::new()?;
    registered(&program).await?;
    let engine = program.serve().await;
    let order = ["types", "pause", NOTICE, "--reason", "a mistake in it"];
    ensure!(program.ask(&order).await?["outcome"] == "done");
    for n in 0..3 {
        let mut publication = notice(Company::Active);
        publication["subject"]["fr"] = format!("Avis {n}").into();
        publish(&program, TAX, &publication).await?;
    }
    publish(&program, WORK, &attest(Company::Active)).await?;
    received(&program, TAX, 3).await;
    received(&program, WORK, 1).await;
    let account = program.run(&["verify", "--json"]).await?.json()?;
    ensure!(account["held"] == 3 && account["accepted"] == 1, "{account}");
    ensure!(program.ask(&["types", "resume", NOTICE]).await?["outcome"] == "done");
    until("nothing is held", async || {
        let Ok(ended) = program.run(&["verify", "--json"]).await else { return false };
        ended.json().is_ok_and(|it| it["held"] == 0 && it["accepted"] == 4)
    })
    .await;
    engine.stop().await;
    let account = program.ask(&["verify", "--quiesced"]).await?;
    ensure!(account["received"] == 4 && account["difference"] == 0, "{account}");
    Ok(())
}
