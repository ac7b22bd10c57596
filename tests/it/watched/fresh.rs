//! An engine before its first document: nothing is missing from the page.

use anyhow::Result;
use facteur::clock::{Clock, SystemClock};
use facteur::telemetry::names;

use crate::support::program::Program;
use crate::support::wait::until_done;
use crate::support::world::registry;

#[tokio::test]
async fn every_metric_is_there_before_its_first_event() -> Result<()> {
    let program = Program::new()?;
    let file = program.file("registry.jsonl", &registry(SystemClock.now())?)?;
    program.ask(&["registry", "import", &file]).await?;
    let engine = program.serve().await;
    until_done("every metric is on the page", async || {
        let page = engine.metrics().await;
        let is_missing = |name: &&str| !page.lines().any(|line| line.starts_with(*name));
        let missing = names::ALL.iter().map(|metric| metric.name).filter(is_missing);
        let missing: Vec<_> = missing.collect();
        (!missing.is_empty()).then_some(missing)
    })
    .await;
    engine.stop().await;
    Ok(())
}
