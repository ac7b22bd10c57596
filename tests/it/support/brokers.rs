//! The two implementations of the queue, as a test sees them.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::sync::Arc;

use async_trait::async_trait;
use facteur::queue::Queue;
use facteur::queue::amqp::AmqpQueue;
use facteur::queue::embedded::EmbeddedQueue;
use lapin::options::QueueDeleteOptions;
use lapin::{Connection, ConnectionProperties};
use tempfile::TempDir;

/// A broker that lives as long as the test.
#[async_trait]
pub(crate) trait Broker: Send + Sync {
    /// A connection of its own, as another process would have.
    async fn connect(&self) -> Arc<dyn Queue>;

    /// Deletes queues behind the engine's back.
    async fn delete_queues(&self, names: &[String]);
}

/// The RabbitMQ that the environment names.
pub(crate) struct RabbitMq {
    pub(crate) url: String,
}

impl RabbitMq {
    pub(crate) fn from_environment() -> Self {
        let variable = "FACTEUR_TEST_AMQP_URL";
        let url = std::env::var(variable).unwrap_or_else(|_| {
            panic!("{variable} does not name a RabbitMQ; `./dev services up` starts one")
        });
        Self { url }
    }

    pub(crate) fn host_and_port(&self) -> String {
        let url = url::Url::parse(&self.url).unwrap();
        format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5672))
    }

    /// The same account and virtual host, through another port of this machine.
    pub(crate) fn through(&self, port: u16) -> Self {
        let mut url = url::Url::parse(&self.url).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(port)).unwrap();
        Self { url: url.into() }
    }
}

#[async_trait]
impl Broker for RabbitMq {
    async fn connect(&self) -> Arc<dyn Queue> {
        Arc::new(AmqpQueue::new(&self.url).unwrap())
    }

    async fn delete_queues(&self, names: &[String]) {
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(&self.url, properties).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        for name in names {
            let options = QueueDeleteOptions::default();
            channel.queue_delete(name.as_str().into(), options).await.unwrap();
        }
    }
}

impl RabbitMq {
    pub(crate) async fn delete_exchange(&self, name: &str) {
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(&self.url, properties).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.exchange_delete(name.into(), Default::default()).await.unwrap();
    }
}

/// A queue file of the test's own.
pub(crate) struct File {
    folder: TempDir,
}

impl File {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> String {
        self.folder.path().join("queue.db").to_str().unwrap().to_owned()
    }
}

#[async_trait]
impl Broker for File {
    async fn connect(&self) -> Arc<dyn Queue> {
        Arc::new(EmbeddedQueue::open(&self.path()).await.unwrap())
    }

    async fn delete_queues(&self, names: &[String]) {
        let queue = EmbeddedQueue::open(&self.path()).await.unwrap();
        for name in names {
            queue.delete_queue(name).await.unwrap();
        }
    }
}
