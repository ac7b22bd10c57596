//! What printers report on the broker: taken in batches, recorded, settled.
//!
//! Every engine consumes: what two of them record of one letter meets at the
//! letter's lock, and the transition table knows every order.

use std::time::Duration;

use backon::BackoffBuilder;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Relay, RelayError};
use crate::failpoint::fail_point;
use crate::ledger::Class;
use crate::lifecycle::rest;
use crate::paper::inbox::Letterbox;
use crate::queue::{Consumer, Inbound, QueueError, Topology, topology};
use crate::telemetry::log::chain;
use crate::telemetry::measure;

/// Messages recorded in one transaction, and handed out unsettled at most.
const BATCH: u16 = 500;
/// How long a batch waits for its next message.
const WAIT: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(5);

impl Relay {
    /// Hears what printers report until `stop`; comes back from everything.
    pub(super) async fn hear_printers(
        self,
        stop: CancellationToken,
    ) -> Result<(), std::convert::Infallible> {
        let mut waits = crate::queue::reconnection().build();
        while !stop.is_cancelled() {
            let Err(error) = self.consume(&stop, &mut waits).await else { return Ok(()) };
            measure::error("reports", error.kind());
            warn!(error = %chain(&error), "the printers' reports wait");
            rest(&stop, waits.next().unwrap_or(PAUSE_MAX)).await;
        }
        Ok(())
    }

    async fn consume(
        &self,
        stop: &CancellationToken,
        waits: &mut backon::ExponentialBackoff,
    ) -> Result<(), RelayError> {
        self.declare().await?;
        let mut consumer = self.queue.consume(topology::QUEUE_PRINT_EVENTS, BATCH).await?;
        info!(queue = topology::QUEUE_PRINT_EVENTS, "printers are heard");
        let settler = consumer.settler();
        loop {
            let batch = tokio::select! {
                biased;
                () = stop.cancelled() => {
                    consumer.stop().await?;
                    return Ok(());
                }
                batch = batch(consumer.as_mut()) => batch?,
            };
            let Some(last) = batch.last().map(|inbound| inbound.tag) else { continue };
            let messages: Vec<Letterbox> = batch.into_iter().map(letterbox).collect();
            self.until_recorded(&messages, stop).await?;
            fail_point!("reports-recorded");
            // Gone means that they come again, and are repeats.
            let _settled = settler.settle_through(last).await?;
            *waits = crate::queue::reconnection().build();
        }
    }

    /// A ledger that is away is waited for, with the batch in hand.
    async fn until_recorded(
        &self,
        messages: &[Letterbox],
        stop: &CancellationToken,
    ) -> Result<(), RelayError> {
        let mut waits = crate::queue::reconnection().build();
        loop {
            let error = match self.office.hear(messages).await {
                Ok(_) => return Ok(()),
                Err(error) if error.class() == Class::Transient => error,
                Err(error) => return Err(error.into()),
            };
            measure::error("reports", error.kind());
            tokio::select! {
                () = stop.cancelled() => return Err(error.into()),
                () = tokio::time::sleep(waits.next().unwrap_or(PAUSE_MAX)) => {}
            }
        }
    }

    /// Declares what the printers of this installation need; one whose queue
    /// is otherwise is for an operator, and the others are heard.
    async fn declare(&self) -> Result<(), QueueError> {
        let names = self.office.printers().all.iter().map(|it| it.name.as_str());
        match self.queue.declare(&Topology::for_printers(names)).await {
            Err(error) if !error.is_transient() => {
                measure::error("declare", error.kind());
                warn!(error = %chain(&error), "not every printer's queue is ours");
                Ok(())
            }
            declared => declared,
        }
    }

    /// A printer whose queue takes nothing keeps no other from its letters. One
    /// whose queue or binding is gone gets it again.
    ///
    /// # Errors
    /// What is no printer's own: ledger or broker are away, or a defect.
    pub(super) async fn broken(&self, printer: &str, error: RelayError) -> Result<(), RelayError> {
        let RelayError::Queue(fault) = &error else { return Err(error) };
        if matches!(fault, QueueError::Unavailable(_)) {
            return Err(error);
        }
        measure::error("letters", fault.kind());
        warn!(printer, error = %chain(&error), "a printer's letters wait");
        if matches!(fault, QueueError::Unroutable { .. }) {
            let names = std::iter::once(printer);
            self.queue.declare(&Topology::for_printers(names)).await?;
        }
        Ok(())
    }
}

/// At least one message, and what else comes at once.
async fn batch(consumer: &mut dyn Consumer) -> Result<Vec<Inbound>, QueueError> {
    let mut batch = vec![consumer.next().await?];
    while batch.len() < usize::from(BATCH) {
        match tokio::time::timeout(WAIT, consumer.next()).await {
            Ok(inbound) => batch.push(inbound?),
            Err(_) => break,
        }
    }
    Ok(batch)
}

fn letterbox(inbound: Inbound) -> Letterbox {
    Letterbox {
        printer: inbound.routing_key,
        account: inbound.properties.user_id,
        body: inbound.body.to_vec(),
    }
}
