//! The examples of agencies that publish through RabbitMQ are run.

use anyhow::{Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::queue::Queue as _;

use super::house::House;
use crate::support::ledgers;
use crate::support::program::{Program, example};
use crate::support::wait::until;
use crate::support::world::{self, Company, NOTICE, ONSS, TAX};

#[tokio::test(flavor = "multi_thread")]
async fn amqp_examples_publish_and_read_their_receipts() -> Result<()> {
    let (house, ledger) = (House::new(), ledgers::postgres().await?);
    let program = Program::new()?.with("LEDGER__URL", &ledger.url).with("QUEUE__URL", house.url());
    let registry = house.accounts_in(&world::registry(SystemClock.now())?);
    let registry = program.file("registry.jsonl", &registry)?;
    program.ask(&["registry", "import", &registry]).await?;
    let engine = program.serve().await;
    let queue = house.queue()?;
    until("lanes are open", async || queue.depth("facteur.intake.tax:assessment").await.is_ok())
        .await;
    let agency = house.agency()?;
    let number = Company::Active.number().to_string();
    let arguments = [&*agency, TAX, ONSS, &number, NOTICE];
    for (interpreter, path) in example("queue")? {
        let whole: Vec<&str> = path.iter().map(String::as_str).chain(arguments).collect();
        let ended = program.foreign(&interpreter, &whole).await?;
        ensure!(ended.code == Some(0), "{interpreter}: {ended:?}");
        ensure!(ended.out == "facteur.document.accepted\n", "{interpreter}: {}", ended.out);
    }
    ensure!(ledger.account().await?.total.accepted == 2);
    engine.stop().await;
    queue.close().await;
    Ok(())
}
