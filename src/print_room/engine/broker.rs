//! Over the broker: `facteur.print.<printer>` and `facteur.print-events`.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff};
use tracing::{info, warn};

use super::{EngineError, GATHER, Given, Said, read};
use crate::queue::{
    self, Consumer, Outbound, Properties, Publisher, Queue, QueueError, Settled, Settler, Tag,
    topology,
};
use crate::telemetry::log::chain;

/// A printer's queue, and the exchange of reports.
pub struct Broker {
    queue: Arc<dyn Queue>,
    printer: String,
    /// The broker account, where there is one: the broker checks it.
    account: Option<String>,
    prefetch: u16,
    consumer: Option<Box<dyn Consumer>>,
    /// Of the consumer whose deliveries were given last.
    settler: Option<Arc<dyn Settler>>,
    publisher: Option<Box<dyn Publisher>>,
    waiting: Vec<Given>,
    waits: ExponentialBackoff,
}

impl Broker {
    /// The way over a broker. A queue that is not there yet is waited for.
    #[must_use]
    pub fn new(
        queue: Arc<dyn Queue>,
        printer: &str,
        account: Option<String>,
        prefetch: u16,
    ) -> Self {
        Self {
            queue,
            printer: printer.to_owned(),
            account,
            prefetch,
            consumer: None,
            settler: None,
            publisher: None,
            waiting: Vec::new(),
            waits: queue::reconnection().build(),
        }
    }

    pub(super) async fn wait(&mut self) {
        while self.waiting.is_empty() {
            if let Err(error) = self.receive().await {
                self.lose(&error);
                tokio::time::sleep(self.waits.next().unwrap_or(Duration::from_secs(5))).await;
            }
        }
    }

    pub(super) async fn take(&mut self, max: usize) -> Vec<Given> {
        while !self.waiting.is_empty() && self.waiting.len() < max {
            match tokio::time::timeout(GATHER, self.receive()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.lose(&error),
                Err(_) => break,
            }
        }
        let count = self.waiting.len().min(max);
        self.waiting.drain(..count).collect()
    }

    async fn receive(&mut self) -> Result<(), QueueError> {
        if self.consumer.is_none() {
            let name = topology::print_queue(&self.printer);
            let consumer = self.queue.consume(&name, self.prefetch).await?;
            info!(queue = name, "taking tickets");
            self.settler = Some(consumer.settler());
            self.consumer = Some(consumer);
            self.waits = queue::reconnection().build();
        }
        let Some(consumer) = &mut self.consumer else { return Ok(()) };
        let inbound = consumer.next().await?;
        self.waiting.push(Given { word: read(&inbound.body), tag: Some(inbound.tag) });
        Ok(())
    }

    /// What came on a lost connection comes again.
    fn lose(&mut self, error: &QueueError) {
        warn!(error = %chain(error), "no tickets; trying again");
        self.consumer = None;
        self.waiting.clear();
    }

    pub(super) async fn settle(&mut self, back: &[Tag], last: Option<Tag>) {
        let Some(settler) = self.settler.clone() else { return };
        let mut settled = Ok(Settled::Yes);
        if !back.is_empty() {
            settled = settler.give_back(back).await;
        }
        if let (Ok(_), Some(last)) = (&settled, last) {
            settled = settler.settle_through(last).await;
        }
        match settled {
            Ok(Settled::Yes) => {}
            // It comes again, and is known.
            Ok(Settled::Gone) => info!("the connection went before tickets were acknowledged"),
            Err(error) => self.lose(&error),
        }
    }

    pub(super) async fn say(&mut self, said: &[Said]) -> Result<(), EngineError> {
        let messages: Result<Vec<Outbound>, _> = said.iter().map(|it| self.message(it)).collect();
        let mut publisher = match self.publisher.take() {
            Some(publisher) => publisher,
            None => self.queue.publisher().await?,
        };
        let results = publisher.publish(messages?).await;
        results.into_iter().collect::<Result<Vec<()>, QueueError>>()?;
        self.publisher = Some(publisher);
        Ok(())
    }

    fn message(&self, said: &Said) -> Result<Outbound, EngineError> {
        let (id, body) = match said {
            Said::Report(event) => (&event.id, serde_json::to_vec(event)?),
            Said::Heartbeat(event) => (&event.id, serde_json::to_vec(event)?),
        };
        Ok(Outbound {
            exchange: topology::EXCHANGE_PRINT_EVENTS.into(),
            routing_key: self.printer.clone(),
            body: body.into(),
            properties: Properties {
                message_id: Some(id.clone()),
                user_id: self.account.clone(),
                content_type: Some("application/cloudevents+json".into()),
                ..Properties::default()
            },
        })
    }
}
