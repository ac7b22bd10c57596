//! The port over AMQP 0-9-1: RabbitMQ through lapin.
//!
//! One connection for each [`AmqpQueue`], a channel for each consumer and
//! publisher. lapin's own recovery stays off: it would go on with the same
//! channels and tags, while every holder of a delivery has to learn that the
//! delivery is void. Here a lost connection is dropped, every consumer and
//! publisher on it fails with [`QueueError::Unavailable`], and the next call
//! that needs a connection opens one. Callers retry with
//! [`reconnection`](super::reconnection).

mod answer;
mod consumer;
mod declare;
mod fault;
mod link;
mod patience;
mod publisher;
mod settler;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use lapin::ExchangeKind;
use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::FieldTable;

use self::consumer::AmqpConsumer;
use self::fault::Fault;
use self::link::Link;
use self::patience::answered;
use self::publisher::AmqpPublisher;
use super::{Consumer, Door, Publisher, Queue, QueueError, Topology};

/// What a broker that answers did not let us through, if that is the fault.
pub(super) fn door(error: &(dyn std::error::Error + 'static)) -> Option<Door> {
    error.downcast_ref().and_then(fault::door)
}

/// RabbitMQ, as one role of the engine sees it.
pub struct AmqpQueue {
    link: Arc<Link>,
}

impl AmqpQueue {
    /// Reads the address and connects to nothing yet.
    ///
    /// # Errors
    /// `Address` when it is not an AMQP address. The text does not repeat it,
    /// since it holds a password.
    pub fn new(address: &str) -> Result<Self, QueueError> {
        Ok(Self { link: Arc::new(Link::new(address)?) })
    }
}

#[async_trait]
impl Queue for AmqpQueue {
    async fn declare(&self, topology: &Topology) -> Result<(), QueueError> {
        declare::declare(&self.link, topology).await
    }

    async fn consume(&self, queue: &str, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        let channel = self.link.channel().await.map_err(fault::unavailable)?;
        Ok(Box::new(AmqpConsumer::start(channel, queue, prefetch).await?))
    }

    async fn publisher(&self) -> Result<Box<dyn Publisher>, QueueError> {
        let publisher = AmqpPublisher::open(Arc::clone(&self.link)).await;
        Ok(Box::new(publisher.map_err(fault::unavailable)?))
    }

    async fn depth(&self, queue: &str) -> Result<u64, QueueError> {
        self.asked(queue).await.map(|state| state.message_count().into())
    }

    async fn has_exchange(&self, name: &str) -> Result<bool, QueueError> {
        let channel = self.link.channel().await.map_err(fault::unavailable)?;
        let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
        // Asked so, the broker compares nothing but the name.
        let (name, kind) = (wire::name(name)?, ExchangeKind::Direct);
        let asked = channel.exchange_declare(name, kind, passive, FieldTable::default());
        match answered(&channel, asked).await.map_err(Fault::of) {
            Ok(()) => Ok(true),
            Err(Fault::NotFound(_)) => Ok(false),
            Err(fault) => Err(fault.into()),
        }
    }

    async fn consumers(&self, queue: &str) -> Result<Option<u32>, QueueError> {
        self.asked(queue).await.map(|state| Some(state.consumer_count()))
    }

    async fn ping(&self) -> Result<(), QueueError> {
        // Opening a channel is a question that the broker has to answer.
        self.link.channel().await.map(drop).map_err(fault::unavailable)
    }

    async fn close(&self) {
        self.link.close().await;
    }
}

impl AmqpQueue {
    /// A queue as the broker has it.
    async fn asked(&self, queue: &str) -> Result<lapin::Queue, QueueError> {
        let channel = self.link.channel().await.map_err(fault::unavailable)?;
        let name = wire::name(queue)?;
        let passive = QueueDeclareOptions::durable().passive();
        let asked = channel.queue_declare(name, passive, FieldTable::default());
        answered(&channel, asked).await.map_err(|error| match Fault::of(error) {
            Fault::NotFound(_) => QueueError::Cancelled(queue.to_owned()),
            fault => fault.into(),
        })
    }
}
