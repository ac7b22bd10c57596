//! The port to the broker.
//!
//! Two implementations stand behind it: [`amqp`] (RabbitMQ through lapin) and
//! [`embedded`] (one SQLite file that several processes share). One suite of
//! tests holds both to the same promises:
//!
//! - a publication is accepted only once it is durable *and* has reached a queue;
//! - a delivery comes again until it is settled, marked `redelivered`;
//! - settling through a tag settles everything the consumer was given up to it;
//! - settling with a tag of a lost connection settles nothing and says so.
//!
//! This module knows neither publications nor letters: bytes and properties.

pub mod amqp;
pub mod embedded;
pub mod topology;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

pub use topology::{ExchangeKind, Topology};

/// What travels with a body. A subset of the AMQP 0-9-1 basic properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    /// The sender's idempotency key, or the id of a CloudEvent.
    pub message_id: Option<String>,
    /// The application that says it sends.
    pub app_id: Option<String>,
    /// The account that sends, checked by the broker when it is set.
    pub user_id: Option<String>,
    /// Media type of the body.
    pub content_type: Option<String>,
    /// Microseconds since 1970 at which it was published
    /// (header `facteur-published-us`).
    pub published_us: Option<i64>,
}

/// Names a delivery to its consumer. Tags of one consumer only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u64);

/// A delivery, as the broker hands it over.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// The body.
    pub body: Bytes,
    /// What came with it.
    pub properties: Properties,
    /// The routing key it was first published with.
    pub routing_key: String,
    /// Whether it was handed out before.
    pub redelivered: bool,
    /// The queue it died in, and why, when the broker gave it up
    /// (`x-first-death-queue`, `x-first-death-reason`). To be believed only of
    /// what comes from a queue of dead letters: elsewhere a sender may have
    /// written these headers itself.
    pub death: Option<Death>,
    /// Its tag.
    pub tag: Tag,
}

/// Why the broker gave a message up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// The queue it was in.
    pub queue: String,
    /// `delivery_limit`, `expired`, `maxlen` or `rejected`.
    pub reason: String,
}

/// A message to publish.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// To which exchange.
    pub exchange: String,
    /// With which routing key.
    pub routing_key: String,
    /// The body.
    pub body: Bytes,
    /// Its properties. Always persistent.
    pub properties: Properties,
}

/// What became of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Settled {
    /// The broker forgets the deliveries.
    Yes,
    /// The connection they came on is gone: they come again.
    Gone,
}

/// Why a queue did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The broker cannot be reached or the connection was lost; try again.
    #[error("the broker is not reachable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The consumer was cancelled by the broker: its queue was deleted, or
    /// moved. Declare the topology again, then consume again.
    #[error("the queue {0} was deleted or its consumer cancelled")]
    Cancelled(String),
    /// No queue is bound for this exchange and routing key, or the exchange
    /// does not exist.
    #[error("nothing is bound to {exchange} for {routing_key:?}")]
    Unroutable {
        /// The exchange.
        exchange: String,
        /// The routing key.
        routing_key: String,
    },
    /// The broker refused the message: the queue is full (`reject-publish`)
    /// or it failed to store it. Try again later.
    #[error("the broker did not take the message")]
    Refused,
    /// The broker takes no such message, or does not let this account do this:
    /// the properties are not admissible, or permissions are missing.
    #[error("the broker forbids it: {0}")]
    Forbidden(String),
    /// An exchange or queue exists with other properties than the topology's.
    #[error("the broker's topology is not ours: {0}")]
    Topology(String),
    /// The address cannot be read.
    #[error("not a queue address: {0}")]
    Address(String),
}

/// What a broker that answers did not let us through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// It does not know the account, or not with this password.
    Account,
    /// There is no such virtual host, or the account may not use it.
    VirtualHost,
}

impl QueueError {
    /// Where the broker answered and did not let us in.
    #[must_use]
    pub fn door(&self) -> Option<Door> {
        match self {
            Self::Unavailable(error) => amqp::door(&**error),
            _ => None,
        }
    }

    /// Whether the same call may succeed later without anybody's help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Cancelled(_) | Self::Refused => true,
            Self::Unroutable { .. } | Self::Forbidden(_) | Self::Topology(_) | Self::Address(_) => {
                false
            }
        }
    }

    /// A bounded name for the metric of errors.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::Cancelled(_) => "cancelled",
            Self::Unroutable { .. } => "unroutable",
            Self::Refused => "refused",
            Self::Forbidden(_) => "forbidden",
            Self::Topology(_) => "topology",
            Self::Address(_) => "address",
        }
    }
}

/// A broker.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Declares exchanges, queues and bindings; idempotent. Where one of them
    /// exists otherwise the others are declared all the same.
    async fn declare(&self, topology: &Topology) -> Result<(), QueueError>;

    /// Starts to consume a queue. At most `prefetch` deliveries (and at least
    /// one) are handed out unsettled. `Cancelled` when there is no such queue.
    async fn consume(&self, queue: &str, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError>;

    /// A publisher on a channel of its own, with confirms.
    async fn publisher(&self) -> Result<Box<dyn Publisher>, QueueError>;

    /// How many messages lie ready in a queue.
    async fn depth(&self, queue: &str) -> Result<u64, QueueError>;

    /// Whether there is an exchange of that name, whatever it is like.
    async fn has_exchange(&self, name: &str) -> Result<bool, QueueError>;

    /// How many consumers a queue has; none where the broker does not count them.
    async fn consumers(&self, _queue: &str) -> Result<Option<u32>, QueueError> {
        Ok(None)
    }

    /// Whether the broker answers.
    async fn ping(&self) -> Result<(), QueueError>;

    /// Ends every connection in order. What is unsettled goes back, and
    /// consumers that wait are told.
    async fn close(&self);
}

/// The deliveries of one queue, on a channel of their own.
///
/// After an error the consumer is dead: drop it and everything it handed out
/// that is not settled (it comes again), and consume anew.
#[async_trait]
pub trait Consumer: Send {
    /// The next delivery; waits for it. Cancel-safe.
    async fn next(&mut self) -> Result<Inbound, QueueError>;

    /// Settles from any task, also after the consumer was stopped.
    fn settler(&self) -> Arc<dyn Settler>;

    /// Stops deliveries; what was handed out can still be settled. Deliveries
    /// that were prefetched but not yet returned by `next` go back to the
    /// queue. Dropping the last settler gives everything unsettled back.
    async fn stop(self: Box<Self>) -> Result<(), QueueError>;
}

/// Settles the deliveries of one consumer.
#[async_trait]
pub trait Settler: Send + Sync {
    /// Settles every delivery up to and including `tag`.
    async fn settle_through(&self, tag: Tag) -> Result<Settled, QueueError>;

    /// Gives single deliveries back, to be delivered again.
    async fn give_back(&self, tags: &[Tag]) -> Result<Settled, QueueError>;

    /// Asks the broker whether what was handed out is still ours: `Yes` means
    /// that until now it was given to nobody else.
    async fn still_holds(&self) -> Result<Settled, QueueError>;
}

/// Publishes with confirms.
#[async_trait]
pub trait Publisher: Send {
    /// Publishes all, waits for every confirm, and says of each whether it is
    /// durable in a queue. `Unavailable` leaves it open whether it arrived:
    /// publish it again with the same `message_id`.
    async fn publish(&mut self, messages: Vec<Outbound>) -> Vec<Result<(), QueueError>>;
}

/// Opens the queue that an address names: `amqp://`, `amqps://` or
/// `embedded://path`.
///
/// # Errors
/// `Address` when the scheme is none of these, `Unavailable` when an embedded
/// file cannot be opened. A RabbitMQ that is away is not an error: calls
/// connect when they need to.
pub async fn open(address: &str) -> Result<Arc<dyn Queue>, QueueError> {
    match address.split_once("://") {
        Some(("amqp" | "amqps", _)) => Ok(Arc::new(amqp::AmqpQueue::new(address)?)),
        // SQLite takes an empty name for a file that nobody shares.
        Some(("embedded", path)) if !path.is_empty() => {
            Ok(Arc::new(embedded::EmbeddedQueue::open(path).await?))
        }
        _ => Err(QueueError::Address("amqp://, amqps:// or embedded://path is expected".into())),
    }
}

/// How long a reconnection waits before its next attempt: doubling, with
/// jitter, for ever.
#[must_use]
pub fn reconnection() -> backon::ExponentialBuilder {
    backon::ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(5))
        .with_jitter()
        .without_max_times()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_names_no_broker_is_an_error() {
        for address in ["", "data/queue.db", "embedded://", "http://localhost", "amqp://[::1"] {
            let opened = open(address).await.map(drop);
            assert!(matches!(opened, Err(QueueError::Address(_))), "{address:?}: {opened:?}");
        }
    }
}
