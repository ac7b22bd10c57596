//! Publish → committed at a steady load, by this process's clock.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use facteur::queue::Outbound;

use crate::engine::Stack;
use crate::{broker, mail};

const SECONDS: u64 = 10;
/// A tick of the publisher.
const TICK: Duration = Duration::from_millis(10);

/// Median and 99th percentile in milliseconds. A document counts as committed
/// when the journal shows it; it is asked every few milliseconds, so the
/// figures err on the long side.
pub(crate) async fn at(stack: Stack<'_>, per_s: u64) -> Result<(f64, f64)> {
    let documents = usize::try_from(per_s * SECONDS)?;
    let warm = mail(stack.world, &stack.lanes, 500);
    broker::publish(stack.queue.as_ref(), &stack.lanes, warm).await?;
    let engine = stack.start(&[])?;
    stack.reach(500).await?;
    let mail = mail(stack.world, &stack.lanes, documents);
    let agencies = by_lane(&stack.lanes, &mail);
    let pace = per_s / agencies.len() as u64;
    let publishing = agencies.into_iter().map(|mail| publish(&stack, mail, pace));
    let (published, committed) =
        tokio::join!(futures_util::future::try_join_all(publishing), watch(&stack, documents));
    let published: HashMap<String, Instant> = published?.into_iter().flatten().collect();
    let committed = committed?;
    let mut times: Vec<f64> = published
        .iter()
        .filter_map(|(key, sent)| Some(committed.get(key)?.duration_since(*sent)))
        .map(|time| time.as_secs_f64() * 1000.0)
        .collect();
    ensure!(times.len() == documents, "{} of {documents} seen", times.len());
    times.sort_by(f64::total_cmp);
    drop(engine);
    stack.queue.close().await;
    let at = |share: usize| (times[(times.len() - 1) * share / 100] * 10.0).round() / 10.0;
    Ok((at(50), at(99)))
}

/// Each agency publishes for itself: one publisher for all would be measured
/// instead of the line.
fn by_lane(lanes: &[String], mail: &[Outbound]) -> Vec<Vec<Outbound>> {
    let of = |lane: &String| mail.iter().filter(|it| it.routing_key == *lane).cloned().collect();
    lanes.iter().map(of).collect()
}

/// Hands documents to the broker at a steady pace.
async fn publish(
    stack: &Stack<'_>,
    mail: Vec<Outbound>,
    per_s: u64,
) -> Result<HashMap<String, Instant>> {
    let mut published = HashMap::with_capacity(mail.len());
    let mut publisher = stack.queue.publisher().await?;
    let (started, mut sent) = (Instant::now(), 0);
    let mut ticks = tokio::time::interval(TICK);
    while sent < mail.len() {
        ticks.tick().await;
        let due = usize::try_from(started.elapsed().as_millis() * u128::from(per_s) / 1000)?;
        let piece = mail[sent..due.clamp(sent, mail.len())].to_vec();
        let now = Instant::now();
        let keys = piece.iter().filter_map(|message| message.properties.message_id.clone());
        published.extend(keys.map(|key| (key, now)));
        sent += piece.len();
        for result in publisher.publish(piece).await {
            result?;
        }
    }
    Ok(published)
}

async fn watch(stack: &Stack<'_>, documents: usize) -> Result<HashMap<String, Instant>> {
    let mut committed = HashMap::with_capacity(documents);
    let mut position = 500;
    let deadline = Instant::now() + Duration::from_secs(SECONDS * 6);
    while committed.len() < documents {
        let entries = stack.ledger.journal_after(position, 5_000).await?;
        let now = Instant::now();
        position = entries.last().map_or(position, |entry| entry.position);
        committed.extend(entries.into_iter().map(|entry| (entry.key, now)));
        ensure!(now < deadline, "the engine stands still");
        tokio::time::sleep(Duration::from_millis(8)).await;
    }
    Ok(committed)
}
