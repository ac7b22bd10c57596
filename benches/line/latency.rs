//! Publish → committed at a steady load, by this process's clock.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use facteur::queue::Outbound;
use serde::Serialize;

use crate::engine::Stack;
use crate::{broker, mail};

/// So long the load stands before it is the steady one: what an engine keeps of
/// boxes in memory is empty when it starts.
const STARTING: Duration = Duration::from_secs(5);
const SECONDS: u64 = 10;
/// Documents before the clock runs.
const WARM: i64 = 500;
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// A tick of the publisher.
const TICK: Duration = Duration::from_millis(10);

/// Milliseconds from handing a document to the broker.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Latency {
    /// Median until it was committed.
    pub(crate) p50_ms: f64,
    /// 99th percentile until it was committed.
    pub(crate) p99_ms: f64,
    /// The same of the first seconds after the engine's start, which are not
    /// counted above.
    pub(crate) starting_p99_ms: f64,
    /// Median until the broker had it safely: the part that is not ours.
    pub(crate) confirm_p50_ms: f64,
    /// 99th percentile until the broker had it safely.
    pub(crate) confirm_p99_ms: f64,
}

/// When a document was published, and when that was confirmed.
type Sent = (Instant, Instant);

/// A document counts as committed when the journal is seen to have come so far;
/// it is asked every few milliseconds, so the figures err on the long side.
pub(crate) async fn at(stack: Stack<'_>, per_s: u64) -> Result<Latency> {
    let documents = usize::try_from(per_s * (STARTING.as_secs() + SECONDS))?;
    let warm = mail(stack.world, &stack.lanes, usize::try_from(WARM)?);
    broker::publish(stack.queue.as_ref(), &stack.lanes, warm).await?;
    let engine = stack.start(&[])?;
    stack.reach(WARM).await?;
    let mail = mail(stack.world, &stack.lanes, documents);
    let agencies = by_lane(&stack.lanes, &mail);
    let keys = mail.iter().filter_map(|it| it.properties.message_id.clone()).collect();
    let pace = per_s / agencies.len() as u64;
    let publishing = agencies.into_iter().map(|mail| publish(&stack, mail, pace));
    let (published, committed) =
        tokio::join!(futures_util::future::try_join_all(publishing), watch(&stack, &keys));
    let published: HashMap<String, Sent> = published?.into_iter().flatten().collect();
    drop(engine);
    stack.queue.close().await;
    figures(&published, &committed?)
}

fn figures(
    published: &HashMap<String, Sent>,
    committed: &HashMap<String, Instant>,
) -> Result<Latency> {
    let documents = published.len();
    let seen = published.iter().filter_map(|(key, (sent, _))| Some((*sent, *committed.get(key)?)));
    let seen: Vec<(Instant, Instant)> = seen.collect();
    ensure!(seen.len() == documents, "{} of {documents} seen", seen.len());
    let first = seen.iter().map(|(sent, _)| *sent).min();
    let is_starting = |(sent, _): &Sent| first.is_some_and(|first| *sent - first < STARTING);
    let (starting, steady): (Vec<Sent>, Vec<Sent>) = seen.into_iter().partition(is_starting);
    let (starting, times) = (sorted(starting.into_iter()), sorted(steady.into_iter()));
    let confirms = sorted(published.values().copied().filter(|sent| !is_starting(sent)));
    Ok(Latency {
        p50_ms: at_share(&times, 50),
        p99_ms: at_share(&times, 99),
        starting_p99_ms: at_share(&starting, 99),
        confirm_p50_ms: at_share(&confirms, 50),
        confirm_p99_ms: at_share(&confirms, 99),
    })
}

fn sorted(spans: impl Iterator<Item = (Instant, Instant)>) -> Vec<f64> {
    let mut times: Vec<f64> =
        spans.map(|(from, to)| to.duration_since(from).as_secs_f64() * 1000.0).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn at_share(times: &[f64], share: usize) -> f64 {
    (times[(times.len() - 1) * share / 100] * 10.0).round() / 10.0
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
) -> Result<HashMap<String, Sent>> {
    let documents = mail.len();
    let mut published = HashMap::with_capacity(documents);
    let mut publisher = stack.queue.publisher().await?;
    let (mut mail, started) = (mail.into_iter(), Instant::now());
    let mut ticks = tokio::time::interval(TICK);
    while mail.len() > 0 {
        ticks.tick().await;
        let due = usize::try_from(started.elapsed().as_millis() * u128::from(per_s) / 1000)?;
        let sent = documents - mail.len();
        let piece: Vec<Outbound> = mail.by_ref().take(due.saturating_sub(sent)).collect();
        let now = Instant::now();
        let keys: Vec<String> =
            piece.iter().filter_map(|message| message.properties.message_id.clone()).collect();
        for result in publisher.publish(piece).await {
            result?;
        }
        let confirmed = Instant::now();
        published.extend(keys.into_iter().map(|key| (key, (now, confirmed))));
    }
    Ok(published)
}

/// When the journal was seen to have come so far. Only its length is asked
/// meanwhile: reading it would take from the line what is measured.
async fn watch(stack: &Stack<'_>, keys: &HashSet<String>) -> Result<HashMap<String, Instant>> {
    let documents = keys.len();
    let (mut seen, mut position) = (Vec::new(), WARM);
    let last = WARM + i64::try_from(documents)?;
    let deadline = Instant::now() + STARTING + Duration::from_secs(SECONDS * 6);
    while position < last {
        position = stack.ledger.position().await?;
        seen.push((position, Instant::now()));
        ensure!(Instant::now() < deadline, "the engine stands still");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let mut committed = HashMap::with_capacity(documents);
    let mut after = WARM;
    // The journal holds more than these arrivals: letters, and what came before.
    while committed.len() < documents {
        let entries = stack.ledger.journal_after(after, 5_000).await?;
        after = entries.last().map_or(after, |entry| entry.position);
        let now = Instant::now();
        let at = |position| first(&seen, position).unwrap_or(now);
        let ours = entries.iter().filter(|it| keys.contains(&it.key));
        for entry in ours {
            committed.entry(entry.key.clone()).or_insert_with(|| at(entry.position));
        }
        ensure!(now < deadline, "{} of {documents} were recorded", committed.len());
    }
    Ok(committed)
}

fn first(seen: &[(i64, Instant)], position: i64) -> Option<Instant> {
    seen.get(seen.partition_point(|(reached, _)| *reached < position)).map(|(_, at)| *at)
}
