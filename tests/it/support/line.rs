//! A small line with names of its own, so that tests that share a broker do
//! not meet.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use bytes::Bytes;
use facteur::queue::topology::{Binding, Exchange, QueueDefinition};
use facteur::queue::{
    Consumer, ExchangeKind, Inbound, Outbound, Properties, Publisher, Queue, Topology,
};
use uuid::Uuid;

use super::wait::soon;

/// How often a message of the line may come back.
pub(crate) const DELIVERY_LIMIT: u32 = 2;
/// How many messages the bounded queue takes.
pub(crate) const MAX_LENGTH: u32 = 5;

/// Exchange `entry` (direct) leads to `lane` and `bounded` by their keys, and
/// to `others` with any other; exchange `bare` leads to `lane` alone; `lane`
/// gives up to `dead`.
pub(crate) struct Line {
    prefix: String,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self { prefix: format!("test-{}", Uuid::now_v7()) }
    }

    pub(crate) fn name(&self, what: &str) -> String {
        format!("{}.{what}", self.prefix)
    }

    pub(crate) fn topology(&self) -> Topology {
        Topology {
            exchanges: vec![
                self.exchange("others", ExchangeKind::Fanout, None),
                self.exchange("dead", ExchangeKind::Fanout, None),
                self.exchange("entry", ExchangeKind::Direct, Some("others")),
                self.exchange("bare", ExchangeKind::Direct, None),
            ],
            queues: ["lane", "bounded", "others", "dead"].map(|name| self.queue(name)).into(),
            bindings: vec![
                self.binding("entry", "lane", "lane"),
                self.binding("entry", "bounded", "bounded"),
                self.binding("bare", "lane", "lane"),
                self.binding("others", "", "others"),
                self.binding("dead", "", "dead"),
            ],
        }
    }

    fn exchange(&self, name: &str, kind: ExchangeKind, alternate: Option<&str>) -> Exchange {
        let alternate = alternate.map(|name| self.name(name));
        Exchange { name: self.name(name), kind, alternate }
    }

    fn queue(&self, name: &str) -> QueueDefinition {
        QueueDefinition {
            name: self.name(name),
            delivery_limit: DELIVERY_LIMIT,
            dead_letters: (name == "lane").then(|| self.name("dead")),
            max_length: (name == "bounded").then_some(MAX_LENGTH),
        }
    }

    fn binding(&self, exchange: &str, routing_key: &str, queue: &str) -> Binding {
        Binding {
            exchange: self.name(exchange),
            routing_key: routing_key.into(),
            queue: self.name(queue),
        }
    }

    pub(crate) fn queues(&self) -> Vec<String> {
        self.topology().queues.into_iter().map(|queue| queue.name).collect()
    }

    /// A message whose body is also its id.
    pub(crate) fn message(&self, exchange: &str, routing_key: &str, body: &str) -> Outbound {
        Outbound {
            exchange: self.name(exchange),
            routing_key: routing_key.into(),
            body: Bytes::from(body.to_owned()),
            properties: Properties { message_id: Some(body.to_owned()), ..Properties::default() },
        }
    }

    /// Puts messages `0`, `1`, … into the lane.
    pub(crate) async fn fill(&self, queue: &dyn Queue, count: usize) {
        let mut publisher = queue.publisher().await.unwrap();
        let messages = (0..count).map(|n| self.message("entry", "lane", &n.to_string())).collect();
        publish_all(&mut *publisher, messages).await;
    }

    pub(crate) async fn consume(&self, queue: &dyn Queue, prefetch: u16) -> Box<dyn Consumer> {
        queue.consume(&self.name("lane"), prefetch).await.unwrap()
    }
}

/// Every message must be taken.
pub(crate) async fn publish_all(publisher: &mut dyn Publisher, messages: Vec<Outbound>) {
    for outcome in soon(publisher.publish(messages)).await {
        outcome.unwrap();
    }
}

/// The next deliveries, which must come.
pub(crate) async fn take(consumer: &mut dyn Consumer, count: usize) -> Vec<Inbound> {
    let mut taken = Vec::new();
    while taken.len() < count {
        taken.push(soon(consumer.next()).await.unwrap());
    }
    taken
}

pub(crate) fn bodies(deliveries: &[Inbound]) -> Vec<String> {
    deliveries.iter().map(body).collect()
}

pub(crate) fn body(delivery: &Inbound) -> String {
    String::from_utf8(delivery.body.to_vec()).unwrap()
}
