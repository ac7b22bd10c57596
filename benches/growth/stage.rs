//! The engine at one size of the ledger.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use facteur::domain::Digest;
use facteur::search::{Query, Search};
use serde::Serialize;

use crate::cost::{Cost, Meter};
use crate::engine::{Stack, rate};
use crate::{broker, mail, say};

/// Drained before anything is measured: the pages of an installation that runs
/// lie in memory as far as they fit, and were written whole to the log since the
/// last checkpoint, which comes once in a quarter of an hour. Those of tables just
/// filled are neither, and keys in no order fall on all of them.
const WARM: usize = 6;
/// Measured so often; the middle one counts.
const ROUNDS: usize = 3;
/// The index follows in processes of its own: `search` is measured beside.
const ROLES: [&str; 2] = ["--roles", "intake,relay"];
const INDEX_MAX: Duration = Duration::from_secs(3_600);

/// What the engine did at this size.
#[derive(Debug, Serialize)]
pub(crate) struct Stage {
    messages: u64,
    /// Documents of all rounds.
    pub(crate) drained: u64,
    pub(crate) per_s: u64,
    /// The rates of all rounds.
    rounds_per_s: Vec<u64>,
    rss_mb: u64,
    /// Processor time a document, in the middle round.
    engine_cpu_us: u64,
    database_cpu_us: u64,
    broker_cpu_us: u64,
}

/// What the index costs.
#[derive(Debug, Serialize)]
pub(crate) struct Index {
    messages: u64,
    /// Made anew from the ledger, on a machine that does nothing else.
    index_per_s: u64,
    /// On the disk, a message.
    index_bytes: u64,
    rss_mb: u64,
}

/// Drains so many documents, some times.
pub(crate) async fn measure(stack: &Stack<'_>, messages: u64, documents: usize) -> Result<Stage> {
    for _ in 0..WARM {
        drain(stack, documents).await?;
    }
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(drain(stack, documents).await?);
    }
    let rounds_per_s = rounds.iter().map(|(per_s, ..)| *per_s).collect();
    rounds.sort_by_key(|(per_s, ..)| *per_s);
    let (per_s, rss_mb, cost) = rounds.swap_remove(ROUNDS / 2);
    Ok(Stage {
        messages,
        drained: u64::try_from(documents * (WARM + ROUNDS))?,
        per_s,
        rounds_per_s,
        rss_mb,
        engine_cpu_us: cost.engine_us,
        database_cpu_us: cost.database_us,
        broker_cpu_us: cost.broker_us,
    })
}

async fn drain(stack: &Stack<'_>, documents: usize) -> Result<(u64, u64, Cost)> {
    let mut mail = mail(stack.world, &stack.lanes, documents);
    for document in &mut mail {
        // In no order, as agencies may draw their keys.
        let key = document.properties.message_id.take().context("a key")?;
        document.properties.message_id = Some(Digest::of(key.as_bytes()).to_string());
    }
    broker::publish(stack.queue.as_ref(), &stack.lanes, mail).await?;
    let (postmaster, broker) = stack.parts().await?.context("processes to measure")?;
    let before = stack.ledger.position().await?;
    let engine = stack.start(&ROLES)?;
    let meter = Meter::new(engine.id(), postmaster, broker);
    let first = stack.reach(before + 1).await?;
    let begun = meter.read()?;
    let target = before + i64::try_from(documents)?;
    let last = stack.reach(target).await?;
    let counted = u64::try_from(last.position - first.position)?;
    let cost = meter.read()?.since(begun, counted);
    let (per_s, rss_mb) = (rate(&first, &last), engine.peak_rss_mb()?);
    say(&format!("  {per_s} a second, {rss_mb} MiB, {cost:?}"));
    engine.stop()?;
    let position = stack.ledger.position().await?;
    ensure!(position == target, "documents are counted by {position} events, not {target}");
    Ok((per_s, rss_mb, cost))
}

/// Makes the index anew.
pub(crate) async fn index(stack: &Stack<'_>, messages: u64) -> Result<Index> {
    let started = Instant::now();
    let engine = stack.start(&["--roles", "search"])?;
    while found(&engine.search).await < messages {
        ensure!(started.elapsed() < INDEX_MAX, "the index stands still");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let seconds = started.elapsed().as_secs().max(1);
    let rss_mb = engine.peak_rss_mb()?;
    let index_bytes = size(&engine.search)? / messages.max(1);
    engine.stop()?;
    Ok(Index { messages, index_per_s: messages / seconds, index_bytes, rss_mb })
}

async fn found(index: &Path) -> u64 {
    let query = Query { size: 1, ..Query::everywhere() };
    match Search::open(index) {
        Ok(search) => search.find(query).await.map_or(0, |found| found.total),
        Err(_) => 0,
    }
}

fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { size(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}
