//! What leaves the house: receipts and tickets, over both ledgers and the
//! embedded queue.

mod hatch;
mod receipts;
mod tickets;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use facteur::clock::SystemClock;
use facteur::documents::DocumentStore;
use facteur::domain::ApplicationId;
use facteur::ledger::Ledger;
use facteur::lifecycle::Lifecycle;
use facteur::paper::hatch::Hatch;
use facteur::queue::embedded::EmbeddedQueue;
use facteur::queue::{Consumer, Queue, Topology};
use facteur::relay::{Relay, Settings};
use facteur::schema::SCHEMAS;
use serde_json::Value;
use uuid::Uuid;

use crate::support::brokers::File;
use crate::support::office;
use crate::support::wait::soon;
use crate::support::world::{TAX, WORK};

/// A broker, and the relays that publish to it.
struct Line {
    file: File,
    queue: Arc<dyn Queue>,
    settings: Settings,
    documents: DocumentStore,
    _folder: tempfile::TempDir,
}

impl Line {
    /// With receipts queues that take so many messages.
    async fn new(receipts_max: u32, settings: Settings) -> Result<Self> {
        let file = File::new();
        let queue: Arc<dyn Queue> = Arc::new(EmbeddedQueue::open(&file.path()).await?);
        let ids = [ApplicationId::new(TAX)?, ApplicationId::new(WORK)?];
        let mut topology = Topology::for_applications(&ids);
        for definition in topology.queues.iter_mut().filter(|it| it.max_length.is_some()) {
            definition.max_length = Some(receipts_max);
        }
        queue.declare(&topology).await?;
        let folder = tempfile::tempdir()?;
        let documents = DocumentStore::open(&format!("file://{}", folder.path().display()))?;
        Ok(Self { file, queue, settings, documents, _folder: folder })
    }

    /// Another engine's relay, until it is stopped.
    fn relay(&self, ledger: &Arc<Ledger>) -> Lifecycle {
        self.relay_to(ledger, office::PRINTERS)
    }

    /// The same, to other printers.
    fn relay_to(&self, ledger: &Arc<Ledger>, printers: &str) -> Lifecycle {
        self.relay_through(ledger, printers, &Arc::default())
    }

    /// The same, with letters that pass through a hatch.
    #[expect(clippy::unwrap_used, reason = "the printers of the tests can be read")]
    fn relay_through(&self, ledger: &Arc<Ledger>, printers: &str, hatch: &Arc<Hatch>) -> Lifecycle {
        let lifecycle = Lifecycle::new();
        let (ledger, queue) = (Arc::clone(ledger), Arc::clone(&self.queue));
        let clock = Arc::new(SystemClock);
        let office = office::over(&ledger, &self.documents, printers).unwrap();
        let relay = Relay::new(ledger, queue, clock, Uuid::now_v7(), self.settings, office);
        relay.through(Arc::clone(hatch)).run(&lifecycle);
        lifecycle
    }

    /// As an agency or a printer reads it, from a connection of its own.
    async fn consume(&self, queue: &str) -> Result<Box<dyn Consumer>> {
        let other = EmbeddedQueue::open(&self.file.path()).await?;
        Ok(other.consume(queue, 1).await?)
    }
}

fn settings() -> Settings {
    Settings {
        receipts_per_message_max: 500,
        letters_window: 100,
        interval: Duration::from_millis(10),
    }
}

/// The next message, checked against its JSON schema and settled.
async fn next(consumer: &mut dyn Consumer, schema: &str) -> Result<Value> {
    let inbound = soon(consumer.next()).await?;
    let body: Value = serde_json::from_slice(&inbound.body)?;
    let schema = SCHEMAS.iter().find(|it| it.name == schema).context("no such schema")?;
    let schema: Value = serde_json::from_str(&schema.text())?;
    let validator = jsonschema::validator_for(&schema)?;
    let faults: Vec<String> = validator.iter_errors(&body).map(|it| it.to_string()).collect();
    ensure!(faults.is_empty(), "{faults:?}: {body}");
    let kind = inbound.properties.content_type.as_deref().unwrap_or_default();
    let expected = if body.is_array() { "cloudevents-batch+json" } else { "cloudevents+json" };
    ensure!(kind == format!("application/{expected}"), "{kind}");
    let settled = consumer.settler().settle_through(inbound.tag).await?;
    ensure!(settled == facteur::queue::Settled::Yes);
    Ok(body)
}

async fn stop(relay: Lifecycle) {
    relay.soft().cancel();
    let outcome = relay.finish(Duration::from_secs(5)).await;
    assert!(outcome.is_success() && outcome.unfinished.is_empty(), "{outcome:?}");
}
