//! A broker in memory, for simulations: the same promises as the other two,
//! and faults on demand. Nothing of it survives the process.

mod broker;
mod consumer;
mod publisher;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use facteur::queue::{Consumer, Publisher, Queue, QueueError, Topology};
use tokio::sync::Notify;

use self::broker::Broker;
use super::brokers;

/// The broker; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    broker: Mutex<Broker>,
    /// Something changed: whoever waits looks again.
    changed: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Broker> {
        self.broker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a publisher is told of what it published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirm {
    /// The truth.
    Told,
    /// Nothing, though the broker has it.
    Lost,
    /// Nothing, and the broker does not have it.
    NeverArrived,
}

/// A connection, as one process has it.
pub(crate) struct Connection {
    shared: Arc<Shared>,
    is_closed: AtomicBool,
    /// Goes up with every cut: what was opened before is dead.
    incarnation: Arc<AtomicU64>,
}

impl Memory {
    pub(crate) fn connect(&self) -> Arc<Connection> {
        Arc::new(Connection {
            shared: Arc::clone(&self.shared),
            is_closed: AtomicBool::new(false),
            incarnation: Arc::default(),
        })
    }

    /// What the next publications are told, in order; then the truth again.
    pub(crate) fn confirm_next(&self, confirms: impl IntoIterator<Item = Confirm>) {
        self.shared.lock().confirms.extend(confirms);
    }

    /// How many messages it holds, handed out ones included.
    pub(crate) fn held(&self) -> usize {
        self.shared.lock().held()
    }
}

impl Connection {
    /// Loses the connection: everything unsettled comes again, to whoever asks.
    pub(crate) fn cut(&self) {
        self.incarnation.fetch_add(1, Ordering::SeqCst);
        self.shared.lock().give_back_dead();
        self.shared.changed.notify_waiters();
    }

    fn check(&self) -> Result<(), QueueError> {
        match self.is_closed.load(Ordering::SeqCst) {
            true => Err(closed()),
            false => Ok(()),
        }
    }
}

fn closed() -> QueueError {
    QueueError::Unavailable("the connection is gone".into())
}

#[async_trait]
impl Queue for Connection {
    async fn declare(&self, topology: &Topology) -> Result<(), QueueError> {
        self.check()?;
        self.shared.lock().declare(topology)
    }

    async fn consume(&self, queue: &str, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        self.check()?;
        let life = broker::Life::of(&self.incarnation);
        let id = self.shared.lock().consume(queue, prefetch, life)?;
        Ok(Box::new(consumer::MemoryConsumer::new(Arc::clone(&self.shared), id)))
    }

    async fn publisher(&self) -> Result<Box<dyn Publisher>, QueueError> {
        self.check()?;
        Ok(Box::new(publisher::MemoryPublisher::new(Arc::clone(&self.shared))))
    }

    async fn depth(&self, queue: &str) -> Result<u64, QueueError> {
        self.check()?;
        self.shared.lock().depth(queue)
    }

    async fn has_exchange(&self, _name: &str) -> Result<bool, QueueError> {
        Ok(true) // They are made with what needs them.
    }

    async fn ping(&self) -> Result<(), QueueError> {
        self.check()
    }

    async fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.cut();
    }
}

impl Drop for Connection {
    /// As a process's end closes its sockets.
    fn drop(&mut self) {
        self.cut();
    }
}

#[async_trait]
impl brokers::Broker for Memory {
    async fn connect(&self) -> Arc<dyn Queue> {
        Memory::connect(self)
    }

    async fn delete_queues(&self, names: &[String]) {
        self.shared.lock().delete(names);
        self.shared.changed.notify_waiters();
    }
}
