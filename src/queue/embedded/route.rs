//! Which queues a message reaches.

use std::collections::HashSet;

use super::store::Write;

/// A queue that a message reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) queue: i64,
    pub(super) max_length: Option<i64>,
}

/// The queues bound for a routing key, or else those of the alternate
/// exchange, of its alternate, and so on. None where the exchange is missing.
pub(super) async fn targets(
    tx: &mut Write,
    exchange: &str,
    key: &str,
) -> sqlx::Result<Vec<Target>> {
    let mut seen = HashSet::new();
    let mut next = Some(exchange.to_owned());
    while let Some(exchange) = next.filter(|name| seen.insert(name.clone())) {
        let bound = bound(tx, &exchange, key).await?;
        if !bound.is_empty() {
            return Ok(bound);
        }
        next = alternate(tx, &exchange).await?;
    }
    Ok(Vec::new())
}

async fn bound(tx: &mut Write, exchange: &str, key: &str) -> sqlx::Result<Vec<Target>> {
    let rows: Vec<(i64, Option<i64>)> = sqlx::query_as(
        "SELECT DISTINCT q.id, q.max_length
         FROM exchange e
         JOIN binding b ON b.exchange = e.name AND (e.kind = 'fanout' OR b.routing_key = ?2)
         JOIN queue q ON q.id = b.queue
         WHERE e.name = ?1",
    )
    .bind(exchange)
    .bind(key)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|(queue, max_length)| Target { queue, max_length }).collect())
}

async fn alternate(tx: &mut Write, exchange: &str) -> sqlx::Result<Option<String>> {
    let alternate = sqlx::query_scalar("SELECT alternate FROM exchange WHERE name = ?")
        .bind(exchange)
        .fetch_optional(&mut **tx);
    Ok(alternate.await?.flatten())
}
