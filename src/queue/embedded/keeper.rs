//! Keeps a process's leases, ends those of dead processes, and notices what
//! other processes did.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::types::Json;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::release;
use super::store::Store;

/// The longest that a message of another process lies unseen. Publishers of
/// this process wake consumers at once.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Renewals in one lease: a few may fail.
const RENEWALS: u32 = 4;

/// Runs as long as the queue is open.
pub(super) async fn keep(store: Weak<Store>) {
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut renewed_at = Instant::now();
    loop {
        look.tick().await;
        let Some(store) = store.upgrade().filter(|store| !store.writer().is_closed()) else {
            return;
        };
        let is_renewal = renewed_at.elapsed() >= store.lease() / RENEWALS;
        if is_renewal {
            renewed_at = Instant::now();
        }
        if let Err(error) = look_after(&store, is_renewal).await {
            tracing::debug!(%error, "the queue file could not be looked after");
        }
    }
}

async fn look_after(store: &Arc<Store>, is_renewal: bool) -> sqlx::Result<()> {
    if is_renewal {
        renew(store).await?;
        end_expired(store).await?;
    }
    wake(store).await
}

async fn renew(store: &Store) -> sqlx::Result<()> {
    let alive = alive(store);
    if alive.is_empty() {
        return Ok(());
    }
    let renew = sqlx::query(
        "UPDATE consumer SET lease_until_ms = CAST(unixepoch('subsec') * 1000 AS INTEGER) + ?1
         WHERE id IN (SELECT value FROM json_each(?2))",
    );
    let mut tx = store.write().await?;
    renew.bind(store.lease_ms()).bind(Json(alive)).execute(&mut *tx).await?;
    tx.commit().await
}

async fn end_expired(store: &Store) -> sqlx::Result<()> {
    let expired: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM consumer
         WHERE lease_until_ms < CAST(unixepoch('subsec') * 1000 AS INTEGER)",
    )
    .fetch_all(store.reader())
    .await?;
    for consumer in expired {
        tracing::warn!(consumer, "a consumer's lease ran out: what it held is delivered again");
        release::release(store, consumer).await?;
    }
    Ok(())
}

/// Wakes the consumers whose queue has something ready, and those that were
/// ended, so that they find out.
async fn wake(store: &Store) -> sqlx::Result<()> {
    let alive = alive(store);
    if alive.is_empty() {
        return Ok(());
    }
    let to_wake: Vec<i64> = sqlx::query_scalar(
        "SELECT j.value FROM json_each(?) j LEFT JOIN consumer c ON c.id = j.value
         WHERE c.id IS NULL OR EXISTS (
             SELECT 1 FROM delivery d WHERE d.queue = c.queue AND d.consumer IS NULL)",
    )
    .bind(Json(alive))
    .fetch_all(store.reader())
    .await?;
    let waiters = store.waiters();
    for waiter in to_wake.iter().filter_map(|consumer| waiters.get(consumer)) {
        waiter.wake.notify_one();
    }
    Ok(())
}

fn alive(store: &Store) -> Vec<i64> {
    store.waiters().keys().copied().collect()
}
