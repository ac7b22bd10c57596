//! Gives deliveries back to their queue, or gives them up.

use sqlx::types::Json;

use super::route;
use super::store::{Store, Write};
use crate::queue::Settled;

const DELIVERY_LIMIT: &str = "delivery_limit";

/// Gives back some of what a consumer holds. `Gone` when it does not hold all
/// of them any more.
pub(super) async fn give_back(store: &Store, consumer: i64, ids: &[i64]) -> sqlx::Result<Settled> {
    let mut tx = store.write().await?;
    let queues = requeue(&mut tx, consumer, ids).await?;
    tx.commit().await?;
    wake(store, &queues);
    Ok(if queues.len() == ids.len() { Settled::Yes } else { Settled::Gone })
}

/// Ends a consumer and gives back all that it holds.
pub(super) async fn release(store: &Store, consumer: i64) -> sqlx::Result<()> {
    let mut tx = store.write().await?;
    let held: Vec<i64> = sqlx::query_scalar("SELECT id FROM delivery WHERE consumer = ?")
        .bind(consumer)
        .fetch_all(&mut *tx)
        .await?;
    let queues = requeue(&mut tx, consumer, &held).await?;
    let end = sqlx::query("DELETE FROM consumer WHERE id = ?").bind(consumer);
    end.execute(&mut *tx).await?;
    tx.commit().await?;
    wake(store, &queues);
    Ok(())
}

/// Answers the queue of each that went back.
async fn requeue(tx: &mut Write, consumer: i64, ids: &[i64]) -> sqlx::Result<Vec<i64>> {
    let queues = sqlx::query_scalar(
        "UPDATE delivery SET consumer = NULL
         WHERE consumer = ?1 AND id IN (SELECT value FROM json_each(?2))
         RETURNING queue",
    )
    .bind(consumer)
    .bind(Json(ids))
    .fetch_all(&mut **tx)
    .await?;
    give_up_poison(tx, ids).await?;
    Ok(queues)
}

/// Of what went back: that which came back too often.
async fn give_up_poison(tx: &mut Write, ids: &[i64]) -> sqlx::Result<()> {
    let poison: Vec<(i64, String, Option<String>)> = sqlx::query_as(
        "SELECT d.id, m.routing_key, q.dead_letters
         FROM delivery d
         JOIN queue q ON q.id = d.queue AND d.deliveries > q.delivery_limit
         JOIN message m ON m.id = d.id
         WHERE d.id IN (SELECT value FROM json_each(?)) AND d.consumer IS NULL",
    )
    .bind(Json(ids))
    .fetch_all(&mut **tx)
    .await?;
    for (id, routing_key, dead_letters) in poison {
        match dead_letters {
            Some(exchange) => bury(tx, id, &exchange, &routing_key).await?,
            None => forget(tx, id).await?,
        }
    }
    Ok(())
}

/// Moves a message to where its queue's dead letters lead. With nowhere to go
/// it stays, and is delivered again: never lost. A bound of the new queue
/// holds publishers, not the dead.
async fn bury(tx: &mut Write, id: i64, exchange: &str, routing_key: &str) -> sqlx::Result<()> {
    let targets = route::targets(tx, exchange, routing_key).await?;
    for target in &targets {
        copy_dead(tx, id, target.queue).await?;
    }
    match targets.is_empty() {
        true => Ok(()),
        false => forget(tx, id).await,
    }
}

async fn copy_dead(tx: &mut Write, id: i64, queue: i64) -> sqlx::Result<()> {
    let copy = sqlx::query(
        "INSERT INTO message (queue, routing_key, body, message_id, app_id, user_id,
                              content_type, published_us, death_queue, death_reason)
         SELECT ?2, m.routing_key, m.body, m.message_id, m.app_id, m.user_id,
                m.content_type, m.published_us,
                coalesce(m.death_queue, q.name), coalesce(m.death_reason, ?3)
         FROM message m JOIN queue q ON q.id = m.queue WHERE m.id = ?1",
    );
    copy.bind(id).bind(queue).bind(DELIVERY_LIMIT).execute(&mut **tx).await.map(drop)
}

async fn forget(tx: &mut Write, id: i64) -> sqlx::Result<()> {
    let forget = sqlx::query("DELETE FROM message WHERE id = ?").bind(id);
    forget.execute(&mut **tx).await.map(drop)
}

fn wake(store: &Store, queues: &[i64]) {
    let mut queues = queues.to_vec();
    queues.sort_unstable();
    queues.dedup();
    for queue in queues {
        store.wake(queue);
    }
}
