//! What engines tell the ledger is what Prometheus scrapes from them.

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::ledger::Ledger;
use facteur::telemetry::{figures, names};

use crate::support::program::Program;
use crate::support::wait::until;
use crate::support::world::{Company, TAX, notice, registry};
use crate::web::client::Request;

#[tokio::test]
async fn what_is_told_is_what_is_scraped() -> Result<()> {
    let program = Program::new()?;
    let file = program.file("registry.jsonl", &registry(SystemClock.now())?)?;
    program.ask(&["registry", "import", &file]).await?;
    let engine = program.serve().await;
    let good = program.file("good.json", &notice(Company::Active).to_string())?;
    program.ask(&["publish", "--application", TAX, &good]).await?;

    let url = format!("sqlite://{}/facteur.db", program.folder.path().display());
    let ledger = Ledger::open(&url, 1).await?;
    until("the engine told of the document", async || {
        let told = ledger.figures(SystemClock.now()).await.ok();
        let engines = told.map(|(engines, _)| engines).unwrap_or_default();
        engines.iter().map(|it| figures::sum(&it.series, &names::RECEIVED, |_| true)).sum::<f64>()
            == 1.0
    })
    .await;
    let (engines, _) = ledger.figures(SystemClock.now()).await?;
    let told = &engines.first().context("nobody told")?.series;
    let address = engine.listens_on("metrics.listen").context("it listens")?;
    let page = Request::new(address, "GET", "/metrics").send().await;
    let scraped = figures::read(&String::from_utf8(page.body)?);
    for metric in [names::RECEIVED, names::DECISIONS, names::ROUTED, names::THROTTLED] {
        let of = |series: &figures::Series| -> Vec<(String, u64)> {
            let own = series.iter().filter(|(name, _)| name.starts_with(metric.name));
            own.map(|(name, value)| (name.clone(), value.to_bits())).collect()
        };
        ensure!(of(told) == of(&scraped), "{}: {told:?}", metric.name);
        ensure!(!of(told).is_empty(), "{} is not told", metric.name);
    }
    ledger.close().await;
    engine.stop().await;
    Ok(())
}
