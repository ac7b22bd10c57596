//! What one consumer holds, and its settlement.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sqlx::types::Json;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::release;
use super::store::{Store, Waiter, unavailable};
use crate::queue::{QueueError, Settled, Settler, Tag};

/// A consumer's row in the file, renewed while this value lives.
pub(super) struct Lease {
    pub(super) store: Arc<Store>,
    pub(super) consumer: i64,
    pub(super) queue: i64,
    /// Something is ready, something was settled, or the consumer was ended.
    pub(super) wake: Arc<Notify>,
    held: Mutex<Held>,
}

/// What was handed out and not settled. Tags count hand-outs, since the id of
/// a message that comes again is lower than others before it.
#[derive(Default)]
struct Held {
    last: u64,
    ids: BTreeMap<Tag, i64>,
}

impl Lease {
    pub(super) fn new(store: Arc<Store>, consumer: i64, queue: i64) -> Self {
        let wake = Arc::new(Notify::new());
        store.waiters().insert(consumer, Waiter { queue, wake: Arc::clone(&wake) });
        Self { store, consumer, queue, wake, held: Mutex::default() }
    }

    pub(super) fn hand_out(&self, id: i64) -> Tag {
        let mut held = self.held();
        held.last += 1;
        let tag = Tag(held.last);
        held.ids.insert(tag, id);
        tag
    }

    pub(super) fn held_count(&self) -> usize {
        self.held().ids.len()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn through(&self, tag: Tag) -> Vec<i64> {
        self.held().ids.range(..=tag).map(|(_, id)| *id).collect()
    }

    fn among(&self, tags: &[Tag]) -> Vec<i64> {
        let held = self.held();
        tags.iter().filter_map(|tag| held.ids.get(tag).copied()).collect()
    }

    /// Only after the commit, so that a failed settlement can be tried again.
    fn let_go(&self, is_settled: impl Fn(Tag) -> bool) {
        self.held().ids.retain(|tag, _| !is_settled(*tag));
        self.wake.notify_one();
    }

    async fn delete(&self, ids: &[i64]) -> sqlx::Result<Settled> {
        let delete = sqlx::query(
            "DELETE FROM message WHERE id IN (
                 SELECT id FROM delivery
                 WHERE consumer = ?1 AND id IN (SELECT value FROM json_each(?2)))",
        );
        let mut tx = self.store.write().await?;
        let deleted = delete.bind(self.consumer).bind(Json(ids)).execute(&mut *tx).await?;
        tx.commit().await?;
        let is_all = usize::try_from(deleted.rows_affected()) == Ok(ids.len());
        Ok(if is_all { Settled::Yes } else { Settled::Gone })
    }

    /// The answer where nothing is to be done: whether the lease lives.
    async fn nothing_to_settle(&self) -> sqlx::Result<Settled> {
        let alive: Option<i64> = sqlx::query_scalar("SELECT id FROM consumer WHERE id = ?")
            .bind(self.consumer)
            .fetch_optional(self.store.reader())
            .await?;
        Ok(if alive.is_some() { Settled::Yes } else { Settled::Gone })
    }
}

#[async_trait]
impl Settler for Lease {
    async fn settle_through(&self, tag: Tag) -> Result<Settled, QueueError> {
        let ids = self.through(tag);
        let settled = match ids.is_empty() {
            true => self.nothing_to_settle().await,
            false => self.delete(&ids).await,
        };
        let settled = settled.map_err(unavailable)?;
        self.let_go(|held| held <= tag);
        Ok(settled)
    }

    async fn give_back(&self, tags: &[Tag]) -> Result<Settled, QueueError> {
        let ids = self.among(tags);
        let settled = match ids.is_empty() {
            true => self.nothing_to_settle().await,
            false => release::give_back(&self.store, self.consumer, &ids).await,
        };
        let settled = settled.map_err(unavailable)?;
        self.let_go(|held| tags.contains(&held));
        Ok(settled)
    }

    async fn still_holds(&self) -> Result<Settled, QueueError> {
        self.nothing_to_settle().await.map_err(unavailable)
    }
}

impl Drop for Lease {
    /// Gives everything back at once where that is possible; else the lease is
    /// no longer renewed and runs out.
    fn drop(&mut self) {
        let was_alive = self.store.waiters().remove(&self.consumer).is_some();
        if was_alive && Handle::try_current().is_ok() {
            let store = Arc::clone(&self.store);
            self.store.releases.spawn(give_all_back(store, self.consumer));
        }
    }
}

async fn give_all_back(store: Arc<Store>, consumer: i64) {
    if let Err(error) = release::release(&store, consumer).await {
        tracing::warn!(%error, "deliveries come back only when their lease runs out");
    }
}
