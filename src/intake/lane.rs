//! One lane: a consumer that is started again for ever, and a pace.

use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::arrival::{Arrival, Lane};
use super::count;
use super::pace::Pace;
use super::ready::Ready;
use super::source::Source;
use crate::queue::{Consumer, Queue, QueueError, Topology};
use crate::telemetry::log::chain;

/// Everything a lane's task needs.
pub(super) struct LaneTask {
    pub(super) lane: Lane,
    pub(super) queue_name: String,
    pub(super) queue: Arc<dyn Queue>,
    pub(super) topology: Arc<Topology>,
    pub(super) ready: Arc<Ready>,
    pub(super) prefetch: u16,
    pub(super) pace: Option<Pace>,
    pub(super) stop: CancellationToken,
}

/// Why consuming ended.
enum End {
    Stopped,
    /// The pace asks for a longer rest than a lane may sit on deliveries.
    Resting(Duration),
}

/// A lane that must wait longer gives its deliveries back meanwhile.
const SITTING_MAX: Duration = Duration::from_secs(1);

impl LaneTask {
    /// Hands deliveries over until it is stopped; comes back from everything
    /// else.
    pub(super) async fn run(self) {
        let mut waits = crate::queue::reconnection().build();
        while !self.stop.is_cancelled() {
            let error = match self.consume().await {
                Ok(End::Stopped) => return,
                Ok(End::Resting(rest)) => {
                    self.pause(rest).await;
                    continue;
                }
                Err(Broken { error, was_consuming }) => {
                    if was_consuming {
                        waits = crate::queue::reconnection().build();
                    }
                    error
                }
            };
            count::error("consume", error.kind());
            warn!(queue = self.queue_name, error = %chain(&error), "lane broken");
            self.pause(waits.next().unwrap_or(SITTING_MAX)).await;
            self.declare_again(&error).await;
        }
    }

    async fn pause(&self, length: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(length) => {}
        }
    }

    /// A queue that somebody deleted is declared again, without what was in it.
    async fn declare_again(&self, error: &QueueError) {
        if let QueueError::Cancelled(queue) = error {
            warn!(queue, "the queue is gone; it is declared again");
            if let Err(error) = self.queue.declare(&self.topology).await {
                count::error("declare", error.kind());
            }
        }
    }

    fn prefetch(&self) -> u16 {
        self.pace.as_ref().map_or(self.prefetch, |pace| pace.prefetch().min(self.prefetch))
    }

    async fn consume(&self) -> Result<End, Broken> {
        let started = tokio::select! {
            () = self.stop.cancelled() => return Ok(End::Stopped),
            started = self.queue.consume(&self.queue_name, self.prefetch()) => started,
        };
        let mut consumer = started.map_err(|error| Broken { error, was_consuming: false })?;
        info!(queue = self.queue_name, "lane open");
        let source = Source::new(consumer.settler());
        let end = self.hand_over(consumer.as_mut(), &source).await;
        match end {
            Ok(end) => {
                // What was handed over is still recorded and settled.
                if let Err(error) = consumer.stop().await {
                    count::error("consume", error.kind());
                }
                Ok(end)
            }
            Err(error) => {
                source.is_gone();
                self.ready.purge(&self.lane);
                Err(Broken { error, was_consuming: true })
            }
        }
    }

    async fn hand_over(
        &self,
        consumer: &mut dyn Consumer,
        source: &Arc<Source>,
    ) -> Result<End, QueueError> {
        loop {
            let inbound = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(End::Stopped),
                inbound = consumer.next() => inbound?,
            };
            if let Some(rest) = self.wait_for_turn().await {
                let _gone_or_given_back = source.give_back(inbound.tag).await?;
                return Ok(rest);
            }
            source.take(inbound.tag).await;
            self.ready.push(Arrival::taken(self.lane.clone(), inbound, source));
        }
    }

    /// Waits a short time for the pace; answers why not when it would be long.
    async fn wait_for_turn(&self) -> Option<End> {
        let pace = self.pace.as_ref()?;
        while let Err(wait) = pace.turn() {
            count::throttled(&self.lane);
            if wait > SITTING_MAX {
                return Some(End::Resting(wait));
            }
            self.pause(wait).await;
            if self.stop.is_cancelled() {
                return Some(End::Stopped);
            }
        }
        None
    }
}

struct Broken {
    error: QueueError,
    was_consuming: bool,
}
