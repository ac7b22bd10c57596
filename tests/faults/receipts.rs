//! What the agencies are told: their receipts, as they take them from their
//! queues.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use facteur::queue::{Queue, QueueError, topology};
use facteur::relay::CloudEvent;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::world::AGENCIES;

/// What one agency was told, by the id of the event; a repeat must say the same.
#[derive(Clone, Default)]
pub(crate) struct Told {
    events: Arc<Mutex<BTreeMap<i64, CloudEvent<Value>>>>,
}

const PREFETCH: u16 = 200;
const REST: Duration = Duration::from_millis(300);
/// Taken together when they come together.
const PIECE: usize = 50;
const PIECE_WAIT: Duration = Duration::from_millis(100);

impl Told {
    /// Takes receipts of all agencies until `stop`.
    pub(crate) fn hear(
        &self,
        queue: &Arc<dyn Queue>,
        stop: &CancellationToken,
    ) -> JoinSet<Result<()>> {
        let mut work = JoinSet::new();
        for agency in &AGENCIES {
            let told = self.clone();
            let (queue, stop) = (Arc::clone(queue), stop.clone());
            work.spawn(async move {
                let stopped = stop.cancelled_owned();
                tokio::select! {
                    () = stopped => Ok(()),
                    ended = told.hear_one(queue, agency.application) => ended,
                }
            });
        }
        work
    }

    async fn hear_one(&self, queue: Arc<dyn Queue>, application: &str) -> Result<()> {
        let name = topology::receipts_queue(&application.parse()?);
        loop {
            match self.consume(&*queue, &name).await {
                Err(error) if is_passing(&error) => sleep(REST).await,
                Err(error) => return Err(error),
                Ok(()) => {}
            }
        }
    }

    async fn consume(&self, queue: &dyn Queue, name: &str) -> Result<()> {
        let mut consumer = queue.consume(name, PREFETCH).await?;
        let settler = consumer.settler();
        loop {
            let mut last = self.note(&consumer.next().await?)?;
            for _ in 1..PIECE {
                match timeout(PIECE_WAIT, consumer.next()).await {
                    Ok(inbound) => last = self.note(&inbound?)?,
                    Err(_) => break,
                }
            }
            // Gone means that they come again.
            let _settled = settler.settle_through(last).await?;
        }
    }

    /// Nothing but that the first receipt is missing.
    pub(crate) fn without_one(&self) -> Self {
        let events = self.events().into_iter().skip(1).collect();
        Self { events: Arc::new(Mutex::new(events)) }
    }

    fn note(&self, inbound: &facteur::queue::Inbound) -> Result<facteur::queue::Tag> {
        let events: Vec<CloudEvent<Value>> = serde_json::from_slice(&inbound.body)?;
        let mut told = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            let id: i64 = event.id.parse()?;
            let known = told.entry(id).or_insert_with(|| event.clone());
            ensure!(*known == event, "the same id, another receipt: {known:?} {event:?}");
        }
        Ok(inbound.tag)
    }

    pub(crate) fn events(&self) -> BTreeMap<i64, CloudEvent<Value>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn is_passing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<QueueError>().is_some_and(QueueError::is_transient)
}
