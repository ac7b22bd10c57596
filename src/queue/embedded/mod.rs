//! The port on one SQLite file that several processes share.
//!
//! For machines without a broker: the same promises, one file. A consumer
//! holds a lease; when its process dies, the lease runs out and what it held
//! is delivered again. Nothing here checks `user_id`: a local file trusts the
//! processes that may open it, so it is whatever the publisher states.

mod consumer;
mod declare;
mod keeper;
mod lease;
mod publisher;
mod refill;
mod release;
mod route;
mod store;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use self::consumer::EmbeddedConsumer;
use self::publisher::EmbeddedPublisher;
use self::store::{Store, unavailable};
use super::{Consumer, Publisher, Queue, QueueError, Topology};

/// How long a process may be silent before what it holds is delivered again.
const LEASE: Duration = Duration::from_secs(10);

/// A queue file, as one process sees it.
pub struct EmbeddedQueue {
    store: Arc<Store>,
}

impl EmbeddedQueue {
    /// Opens the file, and creates it and its folder where there is none.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be opened or is not a queue file.
    pub async fn open(path: &str) -> Result<Self, QueueError> {
        Self::open_with_lease(path, LEASE).await
    }

    /// As [`open`](Self::open), with another time after which a silent process
    /// counts as dead.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with_lease(path: &str, lease: Duration) -> Result<Self, QueueError> {
        let store = Store::open(path, lease).await?;
        store.keep_with(keeper::keep(Arc::downgrade(&store)));
        Ok(Self { store })
    }

    /// Deletes a queue and what is in it; consumers of it are cancelled.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be written.
    pub async fn delete_queue(&self, queue: &str) -> Result<(), QueueError> {
        let delete = sqlx::query("DELETE FROM queue WHERE name = ?").bind(queue);
        delete.execute(self.store.writer()).await.map(drop).map_err(unavailable)
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    async fn declare(&self, topology: &Topology) -> Result<(), QueueError> {
        declare::declare(&self.store, topology).await
    }

    async fn consume(&self, queue: &str, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        let consumer = EmbeddedConsumer::start(Arc::clone(&self.store), queue, prefetch).await?;
        Ok(Box::new(consumer))
    }

    async fn publisher(&self) -> Result<Box<dyn Publisher>, QueueError> {
        Ok(Box::new(EmbeddedPublisher::new(Arc::clone(&self.store))))
    }

    async fn depth(&self, queue: &str) -> Result<u64, QueueError> {
        let depth = self.store.depth(queue).await.map_err(unavailable)?;
        depth.ok_or_else(|| QueueError::Cancelled(queue.to_owned()))
    }

    async fn has_exchange(&self, _name: &str) -> Result<bool, QueueError> {
        Ok(true) // They are made with what needs them.
    }

    async fn ping(&self) -> Result<(), QueueError> {
        let ping = sqlx::query("SELECT 1 FROM queue LIMIT 1");
        ping.execute(self.store.reader()).await.map(drop).map_err(unavailable)
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
