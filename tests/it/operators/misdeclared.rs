//! A queue of one application or printer that exists with other properties: it
//! is that one's trouble alone.

use anyhow::{Result, ensure};
use facteur::domain::ApplicationId;
use facteur::queue::{Topology, topology};

use super::lanes::{closed, lane, publish, received, registered};
use crate::support::brokers::{Broker as _, RabbitMq};
use crate::support::program::Program;
use crate::support::vhost::VirtualHost;
use crate::support::wait::until;
use crate::support::world::{Company, LETTER, TAX, WORK, attest, notice};

/// Declares one queue bounded, as somebody with the wrong script would.
async fn misdeclare(host: &VirtualHost, ours: Topology, name: &str) -> Result<()> {
    let queue = RabbitMq { url: host.url().to_owned() }.connect().await;
    let mut theirs = ours;
    theirs.queues.retain(|queue| queue.name == name);
    theirs.queues.iter_mut().for_each(|queue| queue.max_length = Some(7));
    theirs.exchanges.clear();
    theirs.bindings.clear();
    queue.declare(&theirs).await?;
    queue.close().await;
    Ok(())
}

#[tokio::test]
async fn rabbit_a_misdeclared_queue_stops_no_other_lane_and_no_order() -> Result<()> {
    let host = VirtualHost::new();
    let program = Program::new()?.with("QUEUE__URL", host.url());
    registered(&program).await?;
    let tax = ApplicationId::new(TAX)?;
    let ours = Topology::for_applications(std::slice::from_ref(&tax));
    misdeclare(&host, ours, &topology::receipts_queue(&tax)).await?;
    let engine = program.serve().await;
    until("it is said", async || engine.logged(&["failed to declare all", "facteur.receipts"]) > 0)
        .await;
    publish(&program, WORK, &attest(Company::Active)).await?;
    received(&program, WORK, 1).await;
    ensure!(lane(&program, WORK).await?["consumers"] == 1);

    // And what an operator orders is done.
    program.ask(&["lanes", "pause", TAX]).await?;
    closed(&engine).await;
    until("nobody takes from it", async || {
        lane(&program, TAX).await.is_ok_and(|tax| tax["paused"] == true && tax["consumers"] == 0)
    })
    .await;
    engine.stop().await;
    Ok(())
}

const TWO: &str = r#"
[[printer]]
name = "namur"
[[printer.lane]]
countries = ["FR"]

[[printer]]
name = "overflow"
working_days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
works_on_holidays = true
"#;

#[tokio::test]
async fn rabbit_a_printer_whose_queue_is_otherwise_keeps_no_other_from_its_letters() -> Result<()> {
    let host = VirtualHost::new();
    let program = Program::new()?.with("QUEUE__URL", host.url());
    let printers = program.file("printers.toml", TWO)?;
    let program = program.with("PAPER__PRINTERS", &printers);
    registered(&program).await?;
    let namur = topology::print_queue("namur");
    let ours = Topology::for_printers(["namur"].into_iter());
    misdeclare(&host, ours, &namur).await?;
    let engine = program.serve().await;
    until("printers are heard", async || engine.logged(&["printers are heard"]) == 1).await;
    ensure!(engine.logged(&["not every printer's queue is ours", "namur"]) > 0);
    let mut letter = notice(Company::Active);
    letter["messageTypeId"] = LETTER.into();
    publish(&program, TAX, &letter).await?;
    let queue = RabbitMq { url: host.url().to_owned() }.connect().await;
    until("its ticket lies there", async || {
        queue.depth(topology::QUEUE_PRINT_OVERFLOW).await.is_ok_and(|depth| depth == 1)
    })
    .await;
    queue.close().await;
    engine.stop().await;
    Ok(())
}
