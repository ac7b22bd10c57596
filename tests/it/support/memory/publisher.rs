//! Publishes, and tells the truth about it unless it is told not to.

use std::sync::Arc;

use async_trait::async_trait;
use facteur::queue::{Outbound, Publisher, QueueError};

use super::{Confirm, Shared, closed};

pub(super) struct MemoryPublisher {
    shared: Arc<Shared>,
}

impl MemoryPublisher {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    fn publish_one(&self, message: &Outbound) -> Result<(), QueueError> {
        let mut broker = self.shared.lock();
        match broker.confirms.pop_front().unwrap_or(Confirm::Told) {
            Confirm::Told => broker.publish(message),
            Confirm::Lost => broker.publish(message).and(Err(closed())),
            Confirm::NeverArrived => Err(closed()),
        }
    }
}

#[async_trait]
impl Publisher for MemoryPublisher {
    async fn publish(&mut self, messages: Vec<Outbound>) -> Vec<Result<(), QueueError>> {
        let outcomes = messages.iter().map(|message| self.publish_one(message)).collect();
        self.shared.changed.notify_waiters();
        outcomes
    }
}
