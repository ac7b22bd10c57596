//! What the line bears while its documents are being published: a full queue
//! is drained faster, since nobody publishes meanwhile.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::Result;
use facteur::queue::Outbound;

use crate::engine::{Stack, rate};
use crate::{broker, mail};

/// Documents between publisher and commit at most: what four lanes prefetch.
const UNDER_WAY_MAX: i64 = 4_000;
/// Documents of one call of a publisher.
const PIECE: usize = 50;
/// How long a publisher waits where too many are under way.
const PAUSE: Duration = Duration::from_millis(2);
/// Part of the documents that pass before the clock runs.
const STARTING_PART: usize = 3;

/// Documents a second, where each agency publishes as fast as the engine
/// records.
pub(crate) async fn per_s(stack: Stack<'_>, documents: usize) -> Result<u64> {
    broker::publish(stack.queue.as_ref(), &stack.lanes, Vec::new()).await?;
    let engine = stack.start(&[])?;
    let mail = mail(stack.world, &stack.lanes, documents);
    let under_way = AtomicI64::new(0);
    let publishing = stack.lanes.iter().map(|lane| {
        publish(&stack, mail.iter().filter(|it| it.routing_key == *lane).cloned(), &under_way)
    });
    let watching = async {
        let first = i64::try_from(documents / STARTING_PART)?;
        let first = count(&stack, 0, first, &under_way).await?;
        let last = i64::try_from(documents)?;
        anyhow::Ok(rate(&first, &count(&stack, first.position, last, &under_way).await?))
    };
    let (_, per_s) = tokio::try_join!(futures_util::future::try_join_all(publishing), watching)?;
    drop(engine);
    stack.queue.close().await;
    Ok(per_s)
}

async fn publish(
    stack: &Stack<'_>,
    mail: impl Iterator<Item = Outbound>,
    under_way: &AtomicI64,
) -> Result<()> {
    let mut publisher = stack.queue.publisher().await?;
    let mut mail = mail.peekable();
    while mail.peek().is_some() {
        while under_way.load(Ordering::Relaxed) >= UNDER_WAY_MAX {
            tokio::time::sleep(PAUSE).await;
        }
        let piece: Vec<Outbound> = mail.by_ref().take(PIECE).collect();
        under_way.fetch_add(i64::try_from(piece.len())?, Ordering::Relaxed);
        for result in publisher.publish(piece).await {
            result?;
        }
    }
    Ok(())
}

/// Waits until the journal has come so far, and tells the publishers meanwhile.
async fn count(
    stack: &Stack<'_>,
    mut seen: i64,
    target: i64,
    under_way: &AtomicI64,
) -> Result<crate::engine::Mark> {
    loop {
        let mark = stack.reach(seen + 1).await?;
        under_way.fetch_sub(mark.position - seen, Ordering::Relaxed);
        seen = mark.position;
        if seen >= target {
            return Ok(mark);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
