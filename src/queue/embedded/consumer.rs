//! Hands out the messages of one queue.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::JoinSet;

use super::lease::Lease;
use super::refill::{Leased, Refill, refill};
use super::release;
use super::store::{Store, unavailable};
use crate::queue::{Consumer, Inbound, QueueError, Settler};

pub(super) struct EmbeddedConsumer {
    queue: String,
    prefetch: usize,
    lease: Arc<Lease>,
    /// Leased and not yet handed out.
    buffer: VecDeque<Leased>,
    /// A refill under way. A task, so that a call of `next` that is given up
    /// cannot lose what was leased meanwhile.
    refill: JoinSet<sqlx::Result<Refill>>,
}

impl EmbeddedConsumer {
    pub(super) async fn start(
        store: Arc<Store>,
        queue: &str,
        prefetch: u16,
    ) -> Result<Self, QueueError> {
        let registered = register(&store, queue).await.map_err(unavailable)?;
        let (consumer, id) = registered.ok_or_else(|| QueueError::Cancelled(queue.to_owned()))?;
        Ok(Self {
            queue: queue.to_owned(),
            prefetch: usize::from(prefetch.max(1)),
            lease: Arc::new(Lease::new(store, consumer, id)),
            buffer: VecDeque::new(),
            refill: JoinSet::new(),
        })
    }

    /// Fills the buffer, or waits until there is a reason to try again.
    async fn fill(&mut self) -> Result<(), QueueError> {
        if self.refill.is_empty() {
            let room = self.prefetch.saturating_sub(self.lease.held_count());
            if room == 0 {
                self.lease.wake.notified().await;
                return Ok(());
            }
            self.refill.spawn(refill(Arc::clone(&self.lease), room));
        }
        if !self.finish_refill().await? {
            self.lease.wake.notified().await;
        }
        Ok(())
    }

    /// Whether the refill under way, if any, brought something.
    async fn finish_refill(&mut self) -> Result<bool, QueueError> {
        let Some(outcome) = self.refill.join_next().await else { return Ok(false) };
        let outcome = outcome.map_err(|died| QueueError::Unavailable(Box::new(died)))?;
        match outcome.map_err(unavailable)? {
            Refill::Leased(leased) => self.buffer.extend(leased),
            Refill::NoQueue => return Err(QueueError::Cancelled(self.queue.clone())),
            Refill::NoLease => return Err(QueueError::Unavailable(Box::new(LeaseRanOut))),
        }
        Ok(!self.buffer.is_empty())
    }
}

#[async_trait]
impl Consumer for EmbeddedConsumer {
    async fn next(&mut self) -> Result<Inbound, QueueError> {
        loop {
            if let Some(Leased { id, mut inbound }) = self.buffer.pop_front() {
                inbound.tag = self.lease.hand_out(id);
                return Ok(inbound);
            }
            self.fill().await?;
        }
    }

    fn settler(&self) -> Arc<dyn Settler> {
        Arc::clone(&self.lease) as Arc<dyn Settler>
    }

    async fn stop(mut self: Box<Self>) -> Result<(), QueueError> {
        self.finish_refill().await?;
        let unread: Vec<i64> = self.buffer.iter().map(|leased| leased.id).collect();
        let lease = &self.lease;
        let given_back = release::give_back(&lease.store, lease.consumer, &unread).await;
        given_back.map(drop).map_err(unavailable)
    }
}

/// Why a consumer that lives has nothing any more.
#[derive(Debug, thiserror::Error)]
#[error("the lease ran out: this process was silent for too long")]
struct LeaseRanOut;

/// Answers the new consumer's id and its queue's, unless there is no such queue.
async fn register(store: &Store, queue: &str) -> sqlx::Result<Option<(i64, i64)>> {
    let insert = sqlx::query_as(
        "INSERT INTO consumer (queue, lease_until_ms)
         SELECT id, CAST(unixepoch('subsec') * 1000 AS INTEGER) + ?2 FROM queue WHERE name = ?1
         RETURNING id, queue",
    );
    let mut tx = store.write().await?;
    let insert = insert.bind(queue).bind(store.lease_ms());
    let registered = insert.fetch_optional(&mut *tx).await?;
    tx.commit().await?;
    Ok(registered)
}
