//! `facteur topology`

use serde_json::json;

use super::{Answer, Output, open};
use crate::app::Tools;
use crate::config::Config;
use crate::queue::{QueueError, Topology};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Args {
    /// Declare what the line needs for the registered applications and the printers
    Declare,
    /// Ask for each exchange and queue whether it is there, changing nothing
    Check,
}

pub(super) async fn run(args: Args, config: Config, output: Output) -> anyhow::Result<Answer> {
    let tools = open(config).await?;
    let reference = tools.ledger.reference().await?;
    let printers = tools.printers()?;
    let printers = printers.all.iter().map(|printer| printer.name.as_str());
    let topology = Topology::whole(reference.applications.keys(), printers);
    let answer = match args {
        Args::Declare => declare(&tools, &topology, output).await,
        Args::Check => check(&tools, &topology, output).await,
    };
    tools.close().await;
    answer
}

async fn declare(tools: &Tools, topology: &Topology, output: Output) -> anyhow::Result<Answer> {
    tools.queue().await?.declare(topology).await?;
    let (exchanges, queues) = (topology.exchanges.len(), topology.queues.len());
    output.show(&json!({ "exchanges": exchanges, "queues": queues }), |_| {
        vec![format!("declared {exchanges} exchanges and {queues} queues")]
    })?;
    Ok(Answer::Yes)
}

async fn check(tools: &Tools, topology: &Topology, output: Output) -> anyhow::Result<Answer> {
    let mut missing = Vec::new();
    for exchange in &topology.exchanges {
        if !tools.queue().await?.has_exchange(&exchange.name).await? {
            missing.push(exchange.name.clone());
        }
    }
    let mut rows = Vec::new();
    for queue in &topology.queues {
        let depth = match tools.queue().await?.depth(&queue.name).await {
            Ok(depth) => Some(depth),
            Err(QueueError::Cancelled(_) | QueueError::Unroutable { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        rows.push((queue.name.clone(), depth));
    }
    let is_whole = missing.is_empty() && rows.iter().all(|(_, depth)| depth.is_some());
    let exchanges = missing.iter().map(|name| json!({ "exchange": name, "missing": true }));
    let queues = rows.iter().map(|(queue, depth)| json!({ "queue": queue, "ready": depth }));
    let value: Vec<_> = exchanges.chain(queues).collect();
    output.show(&value, |_| {
        let line = |(queue, depth): &(String, Option<u64>)| match depth {
            Some(depth) => format!("{queue}  {depth} ready"),
            None => format!("{queue}  MISSING"),
        };
        let exchanges = missing.iter().map(|name| format!("{name}  EXCHANGE MISSING"));
        exchanges.chain(rows.iter().map(line)).collect()
    })?;
    Ok(is_whole.into())
}
