//! Declares a topology. What exists with the same properties stays as it is.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::store::{Store, Write, unavailable};
use crate::queue::topology::{Binding, Exchange, QueueDefinition};
use crate::queue::{ExchangeKind, QueueError, Topology};

pub(super) async fn declare(store: &Store, topology: &Topology) -> Result<(), QueueError> {
    let mut tx = store.write().await.map_err(unavailable)?;
    for exchange in &topology.exchanges {
        declare_exchange(&mut tx, exchange).await?;
    }
    for queue in &topology.queues {
        declare_queue(&mut tx, queue).await?;
    }
    for binding in &topology.bindings {
        bind(&mut tx, binding).await?;
    }
    tx.commit().await.map_err(unavailable)
}

async fn declare_exchange(tx: &mut Write, exchange: &Exchange) -> Result<(), QueueError> {
    let existing = sqlx::query("SELECT name, kind, alternate FROM exchange WHERE name = ?")
        .bind(&exchange.name)
        .try_map(|row| exchange_row(&row))
        .fetch_optional(&mut **tx);
    if is_same(existing.await, &exchange.name, exchange)? {
        return Ok(());
    }
    let insert = sqlx::query("INSERT INTO exchange (name, kind, alternate) VALUES (?, ?, ?)")
        .bind(&exchange.name)
        .bind(kind_name(exchange.kind))
        .bind(&exchange.alternate);
    insert.execute(&mut **tx).await.map(drop).map_err(unavailable)
}

async fn declare_queue(tx: &mut Write, queue: &QueueDefinition) -> Result<(), QueueError> {
    let existing = sqlx::query(
        "SELECT name, delivery_limit, dead_letters, max_length FROM queue WHERE name = ?",
    )
    .bind(&queue.name)
    .try_map(|row| queue_row(&row))
    .fetch_optional(&mut **tx);
    if is_same(existing.await, &queue.name, queue)? {
        return Ok(());
    }
    let insert = sqlx::query(
        "INSERT INTO queue (name, delivery_limit, dead_letters, max_length) VALUES (?, ?, ?, ?)",
    )
    .bind(&queue.name)
    .bind(queue.delivery_limit)
    .bind(&queue.dead_letters)
    .bind(queue.max_length);
    insert.execute(&mut **tx).await.map(drop).map_err(unavailable)
}

async fn bind(tx: &mut Write, binding: &Binding) -> Result<(), QueueError> {
    let bound = sqlx::query(
        "INSERT INTO binding (exchange, routing_key, queue)
         SELECT e.name, ?2, q.id FROM exchange e, queue q WHERE e.name = ?1 AND q.name = ?3
         ON CONFLICT DO UPDATE SET routing_key = excluded.routing_key",
    )
    .bind(&binding.exchange)
    .bind(&binding.routing_key)
    .bind(&binding.queue)
    .execute(&mut **tx);
    match bound.await.map_err(unavailable)?.rows_affected() {
        0 => Err(mismatch(&binding.queue, "it or the exchange it is bound to does not exist")),
        _ => Ok(()),
    }
}

/// Whether it exists already, and is what it should be.
fn is_same<T: PartialEq>(
    existing: sqlx::Result<Option<T>>,
    name: &str,
    wanted: &T,
) -> Result<bool, QueueError> {
    match existing.map_err(unavailable)? {
        None => Ok(false),
        Some(existing) if existing == *wanted => Ok(true),
        Some(_) => Err(mismatch(name, "it exists with other properties")),
    }
}

fn mismatch(name: &str, text: &str) -> QueueError {
    QueueError::Topology(format!("{name}: {text}"))
}

fn kind_name(kind: ExchangeKind) -> &'static str {
    match kind {
        ExchangeKind::Direct => "direct",
        ExchangeKind::Fanout => "fanout",
    }
}

fn exchange_row(row: &SqliteRow) -> sqlx::Result<Exchange> {
    let kind = match row.try_get("kind")? {
        "fanout" => ExchangeKind::Fanout,
        _ => ExchangeKind::Direct,
    };
    Ok(Exchange { name: row.try_get("name")?, kind, alternate: row.try_get("alternate")? })
}

fn queue_row(row: &SqliteRow) -> sqlx::Result<QueueDefinition> {
    Ok(QueueDefinition {
        name: row.try_get("name")?,
        delivery_limit: row.try_get("delivery_limit")?,
        dead_letters: row.try_get("dead_letters")?,
        max_length: row.try_get("max_length")?,
    })
}
