//! Takes leases on what is ready in a queue.

use std::sync::Arc;

use bytes::Bytes;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::lease::Lease;
use super::store::Write;
use crate::queue::{Death, Inbound, Properties, Tag};

/// A message in this consumer's hands.
pub(super) struct Leased {
    pub(super) id: i64,
    /// Without its tag: that is given when it is handed out.
    pub(super) inbound: Inbound,
}

pub(super) enum Refill {
    /// What was ready, up to the room there was.
    Leased(Vec<Leased>),
    /// The queue was deleted.
    NoQueue,
    /// The lease ran out: this process was silent for too long.
    NoLease,
}

/// Leases up to `room` messages in one transaction.
pub(super) async fn refill(lease: Arc<Lease>, room: usize) -> sqlx::Result<Refill> {
    let mut tx = lease.store.write().await?;
    if !is_alive(&mut tx, lease.consumer).await? {
        return Ok(if has_queue(&mut tx, lease.queue).await? {
            Refill::NoLease
        } else {
            Refill::NoQueue
        });
    }
    let leased = ready(&mut tx, lease.queue, room).await?;
    if let Some(last) = leased.last() {
        take(&mut tx, &lease, last.id).await?;
        tx.commit().await?;
    }
    Ok(Refill::Leased(leased))
}

async fn is_alive(tx: &mut Write, consumer: i64) -> sqlx::Result<bool> {
    let row = sqlx::query("SELECT 1 FROM consumer WHERE id = ?").bind(consumer);
    Ok(row.fetch_optional(&mut **tx).await?.is_some())
}

async fn has_queue(tx: &mut Write, queue: i64) -> sqlx::Result<bool> {
    let row = sqlx::query("SELECT 1 FROM queue WHERE id = ?").bind(queue);
    Ok(row.fetch_optional(&mut **tx).await?.is_some())
}

async fn ready(tx: &mut Write, queue: i64, room: usize) -> sqlx::Result<Vec<Leased>> {
    sqlx::query(
        "SELECT d.id, d.deliveries, m.*
         FROM delivery d JOIN message m ON m.id = d.id
         WHERE d.queue = ? AND d.consumer IS NULL ORDER BY d.id LIMIT ?",
    )
    .bind(queue)
    .bind(i64::try_from(room).unwrap_or(i64::MAX))
    .try_map(|row| leased(&row))
    .fetch_all(&mut **tx)
    .await
}

/// Takes all that [`ready`] saw: under the write lock nothing came between.
async fn take(tx: &mut Write, lease: &Lease, last: i64) -> sqlx::Result<()> {
    let take = sqlx::query(
        "UPDATE delivery SET consumer = ?1, deliveries = deliveries + 1
         WHERE queue = ?2 AND consumer IS NULL AND id <= ?3",
    );
    take.bind(lease.consumer).bind(lease.queue).bind(last).execute(&mut **tx).await.map(drop)
}

fn leased(row: &SqliteRow) -> sqlx::Result<Leased> {
    let deliveries: i64 = row.try_get("deliveries")?;
    let inbound = Inbound {
        body: Bytes::from(row.try_get::<Vec<u8>, _>("body")?),
        properties: properties(row)?,
        routing_key: row.try_get("routing_key")?,
        redelivered: deliveries > 0,
        death: death(row)?,
        tag: Tag(0),
    };
    Ok(Leased { id: row.try_get("id")?, inbound })
}

fn properties(row: &SqliteRow) -> sqlx::Result<Properties> {
    Ok(Properties {
        message_id: row.try_get("message_id")?,
        app_id: row.try_get("app_id")?,
        user_id: row.try_get("user_id")?,
        content_type: row.try_get("content_type")?,
        published_us: row.try_get("published_us")?,
    })
}

fn death(row: &SqliteRow) -> sqlx::Result<Option<Death>> {
    let queue: Option<String> = row.try_get("death_queue")?;
    let reason: Option<String> = row.try_get("death_reason")?;
    Ok(queue.zip(reason).map(|(queue, reason)| Death { queue, reason }))
}
