//! `facteur topology`

use serde_json::json;

use super::{Answer, Output, open};
use crate::app::App;
use crate::config::Config;
use crate::queue::{QueueError, Topology};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Declare what the line needs for the registered applications and the printers
    Declare,
    /// Ask for each queue whether it is there, changing nothing
    Check,
}

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    let app = open(config).await?;
    let reference = app.ledger.reference().await?;
    let ids: Vec<_> = reference.applications.keys().cloned().collect();
    let printers = app.printers.all.iter().map(|printer| printer.name.as_str());
    let topology = Topology::for_applications(&ids).with_printers(printers);
    let answer = match args {
        Args::Declare => declare(&app, &topology, output).await,
        Args::Check => check(&app, &topology, output).await,
    };
    app.close().await;
    answer
}

async fn declare(app: &App, topology: &Topology, output: Output) -> anyhow::Result<Answer> {
    app.queue.declare(topology).await?;
    let (exchanges, queues) = (topology.exchanges.len(), topology.queues.len());
    output.show(&json!({ "exchanges": exchanges, "queues": queues }), |_| {
        vec![format!("declared {exchanges} exchanges and {queues} queues")]
    })?;
    Ok(Answer::Yes)
}

async fn check(app: &App, topology: &Topology, output: Output) -> anyhow::Result<Answer> {
    let mut rows = Vec::new();
    for queue in &topology.queues {
        let depth = match app.queue.depth(&queue.name).await {
            Ok(depth) => Some(depth),
            Err(QueueError::Cancelled(_) | QueueError::Unroutable { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        rows.push((queue.name.clone(), depth));
    }
    let is_whole = rows.iter().all(|(_, depth)| depth.is_some());
    let value: Vec<_> =
        rows.iter().map(|(queue, depth)| json!({ "queue": queue, "ready": depth })).collect();
    output.show(&value, |_| {
        let line = |(queue, depth): &(String, Option<u64>)| match depth {
            Some(depth) => format!("{queue}  {depth} ready"),
            None => format!("{queue}  MISSING"),
        };
        rows.iter().map(line).collect()
    })?;
    Ok(is_whole.into())
}
