//! Publishes: one transaction for each call.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::QueryBuilder;

use super::route::{self, Target};
use super::store::{Store, Write};
use crate::queue::{Outbound, Publisher, QueueError};

/// Rows of one INSERT. Few enough for SQLite's 32,766 parameters, and beyond
/// this the statement's overhead is no longer felt.
const ROWS_MAX: usize = 200;

pub(super) struct EmbeddedPublisher {
    store: Arc<Store>,
}

impl EmbeddedPublisher {
    pub(super) fn new(store: Arc<Store>) -> Self {
        Self { store }
    }

    async fn store(&self, messages: &[Outbound]) -> sqlx::Result<Vec<Result<(), QueueError>>> {
        let mut tx = self.store.write().await?;
        let mut sorter = Sorter::default();
        let mut outcomes = Vec::with_capacity(messages.len());
        for message in messages {
            outcomes.push(sorter.sort(&mut tx, message).await?);
        }
        insert(&mut tx, &sorter.accepted).await?;
        tx.commit().await?;
        for &queue in sorter.rooms.keys() {
            self.store.wake(queue);
        }
        Ok(outcomes)
    }
}

#[async_trait]
impl Publisher for EmbeddedPublisher {
    async fn publish(&mut self, messages: Vec<Outbound>) -> Vec<Result<(), QueueError>> {
        match self.store(&messages).await {
            Ok(outcomes) => outcomes,
            Err(error) => failed(error, messages.len()),
        }
    }
}

/// The transaction failed, and with it every message.
fn failed(error: sqlx::Error, count: usize) -> Vec<Result<(), QueueError>> {
    let error = Arc::new(error);
    let each = || Err(QueueError::Unavailable(Box::new(Arc::clone(&error))));
    std::iter::repeat_with(each).take(count).collect()
}

/// Finds the queues of each message, asking the file once for each routing key
/// and once for each queue's room.
#[derive(Default)]
struct Sorter<'a> {
    routes: HashMap<(&'a str, &'a str), Arc<[Target]>>,
    rooms: HashMap<i64, i64>,
    accepted: Vec<(i64, &'a Outbound)>,
}

impl<'a> Sorter<'a> {
    async fn sort(
        &mut self,
        tx: &mut Write,
        message: &'a Outbound,
    ) -> sqlx::Result<Result<(), QueueError>> {
        let targets = self.targets(tx, message).await?;
        if targets.is_empty() {
            return Ok(Err(unroutable(message)));
        }
        for target in &*targets {
            if self.room(tx, target).await? == 0 {
                return Ok(Err(QueueError::Refused));
            }
        }
        self.accept(&targets, message);
        Ok(Ok(()))
    }

    async fn targets(
        &mut self,
        tx: &mut Write,
        message: &'a Outbound,
    ) -> sqlx::Result<Arc<[Target]>> {
        let route = (message.exchange.as_str(), message.routing_key.as_str());
        if let Some(known) = self.routes.get(&route) {
            return Ok(Arc::clone(known));
        }
        let targets: Arc<[Target]> = route::targets(tx, route.0, route.1).await?.into();
        self.routes.insert(route, Arc::clone(&targets));
        Ok(targets)
    }

    async fn room(&mut self, tx: &mut Write, target: &Target) -> sqlx::Result<i64> {
        if let Some(&room) = self.rooms.get(&target.queue) {
            return Ok(room);
        }
        let room = room(tx, target).await?;
        self.rooms.insert(target.queue, room);
        Ok(room)
    }

    fn accept(&mut self, targets: &[Target], message: &'a Outbound) {
        for target in targets {
            if let Some(room) = self.rooms.get_mut(&target.queue) {
                *room -= 1;
            }
            self.accepted.push((target.queue, message));
        }
    }
}

/// How many more messages may wait in a queue.
async fn room(tx: &mut Write, target: &Target) -> sqlx::Result<i64> {
    let Some(max_length) = target.max_length else { return Ok(i64::MAX) };
    let waiting: i64 =
        sqlx::query_scalar("SELECT count(*) FROM delivery WHERE queue = ? AND consumer IS NULL")
            .bind(target.queue)
            .fetch_one(&mut **tx)
            .await?;
    Ok((max_length - waiting).max(0))
}

async fn insert(tx: &mut Write, accepted: &[(i64, &Outbound)]) -> sqlx::Result<()> {
    for rows in accepted.chunks(ROWS_MAX) {
        let mut insert = QueryBuilder::new(
            "INSERT INTO message (queue, routing_key, body, message_id, app_id, user_id, \
             content_type, published_us) ",
        );
        insert.push_values(rows, |mut row, (queue, message)| {
            let properties = &message.properties;
            row.push_bind(queue)
                .push_bind(&message.routing_key)
                .push_bind(&*message.body)
                .push_bind(&properties.message_id)
                .push_bind(&properties.app_id)
                .push_bind(&properties.user_id)
                .push_bind(&properties.content_type)
                .push_bind(properties.published_us);
        });
        insert.build().execute(&mut **tx).await?;
    }
    Ok(())
}

fn unroutable(message: &Outbound) -> QueueError {
    QueueError::Unroutable {
        exchange: message.exchange.clone(),
        routing_key: message.routing_key.clone(),
    }
}
