//! Hands out the messages of one queue.

use std::sync::Arc;

use async_trait::async_trait;
use facteur::queue::{Consumer, Inbound, QueueError, Settled, Settler, Tag};

use super::Shared;

pub(super) struct MemoryConsumer {
    lease: Arc<Lease>,
}

/// What was handed out: gone when nobody is left to settle it.
struct Lease {
    shared: Arc<Shared>,
    consumer: u64,
}

impl MemoryConsumer {
    pub(super) fn new(shared: Arc<Shared>, consumer: u64) -> Self {
        Self { lease: Arc::new(Lease { shared, consumer }) }
    }
}

#[async_trait]
impl Consumer for MemoryConsumer {
    async fn next(&mut self) -> Result<Inbound, QueueError> {
        let shared = Arc::clone(&self.lease.shared);
        loop {
            // Listens before it looks, so that nothing happens in between.
            let changed = shared.changed.notified();
            if let Some(inbound) = shared.lock().next(self.lease.consumer)? {
                return Ok(inbound);
            }
            changed.await;
        }
    }

    fn settler(&self) -> Arc<dyn Settler> {
        Arc::clone(&self.lease) as Arc<dyn Settler>
    }

    async fn stop(self: Box<Self>) -> Result<(), QueueError> {
        self.lease.shared.lock().check(self.lease.consumer)
    }
}

#[async_trait]
impl Settler for Lease {
    async fn settle_through(&self, tag: Tag) -> Result<Settled, QueueError> {
        let settled = self.shared.lock().settle_through(self.consumer, tag);
        self.shared.changed.notify_waiters();
        Ok(settled)
    }

    async fn give_back(&self, tags: &[Tag]) -> Result<Settled, QueueError> {
        let settled = self.shared.lock().give_back(self.consumer, tags);
        self.shared.changed.notify_waiters();
        Ok(settled)
    }

    async fn still_holds(&self) -> Result<Settled, QueueError> {
        let is_alive = self.shared.lock().check(self.consumer).is_ok();
        Ok(if is_alive { Settled::Yes } else { Settled::Gone })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.shared.lock().forget(self.consumer);
        self.shared.changed.notify_waiters();
    }
}
