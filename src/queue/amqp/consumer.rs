//! The deliveries of one queue, on a channel of their own.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::future::join_all;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Acker, Channel};

use super::fault::{self, Fault};
use super::link::{GOODBYE_TIMEOUT, REPLY_SUCCESS};
use super::patience::{answered, in_time, while_open};
use super::settler::AmqpSettler;
use super::wire;
use crate::queue::{Consumer, Inbound, QueueError, Settler};

pub(super) struct AmqpConsumer {
    queue: String,
    deliveries: lapin::Consumer,
    channel: Channel,
    settler: Arc<AmqpSettler>,
}

impl AmqpConsumer {
    /// Starts on its own, whatever becomes of the caller: a consumer that was
    /// granted to nobody would be dropped by nobody. lapin (4.12.3) keeps it,
    /// and what the broker gives it, until the connection ends.
    pub(super) async fn start(
        channel: Channel,
        queue: &str,
        prefetch: u16,
    ) -> Result<Self, QueueError> {
        let start = Self::start_or_close(channel, queue.to_owned(), prefetch);
        #[expect(clippy::disallowed_methods, reason = "it ends with the broker's answer")]
        let started = tokio::spawn(start).await;
        started.unwrap_or_else(|died| Err(fault::unavailable(io::Error::other(died).into())))
    }

    async fn start_or_close(
        channel: Channel,
        queue: String,
        prefetch: u16,
    ) -> Result<Self, QueueError> {
        match subscribe(&channel, &queue, prefetch).await {
            Ok(deliveries) => {
                let settler = Arc::new(AmqpSettler::new(channel.clone(), prefetch.max(1)));
                Ok(Self { queue, deliveries, channel, settler })
            }
            Err(error) => {
                // An answer that came too late must not leave one behind either.
                let goodbye = channel.close(REPLY_SUCCESS, "bye".into());
                let _closed_already = in_time(GOODBYE_TIMEOUT, goodbye).await;
                Err(error)
            }
        }
    }

    /// Waits for the broker's word that no more comes, and takes out what came
    /// until then.
    async fn cancel(&mut self) -> Result<Vec<Acker>, QueueError> {
        let (tag, options) = (self.deliveries.tag(), BasicCancelOptions::default());
        let cancelled = self.channel.basic_cancel(tag, options);
        answered(&self.channel, cancelled).await.map_err(fault::unavailable)?;
        let mut unread = Vec::new();
        while let Some(Ok(delivery)) = self.deliveries.next().await {
            unread.push(delivery.acker);
        }
        Ok(unread)
    }
}

#[async_trait]
impl Consumer for AmqpConsumer {
    async fn next(&mut self) -> Result<Inbound, QueueError> {
        match self.deliveries.next().await {
            Some(Ok(mut delivery)) => {
                let inbound = wire::incoming(&mut delivery);
                self.settler.hold(inbound.tag, delivery.acker);
                Ok(inbound)
            }
            Some(Err(error)) => Err(fault::unavailable(error)),
            None => Err(QueueError::Cancelled(self.queue.clone())),
        }
    }

    fn settler(&self) -> Arc<dyn Settler> {
        Arc::clone(&self.settler) as Arc<dyn Settler>
    }

    async fn stop(mut self: Box<Self>) -> Result<(), QueueError> {
        let unread = self.cancel().await?;
        let requeue = BasicNackOptions { requeue: true, multiple: false };
        // Where the channel is gone by now they are back in the queue anyway.
        join_all(unread.iter().map(|acker| while_open(&self.channel, acker.nack(requeue)))).await;
        Ok(())
    }
}

async fn subscribe(
    channel: &Channel,
    queue: &str,
    prefetch: u16,
) -> Result<lapin::Consumer, QueueError> {
    let name = wire::name(queue)?;
    let for_this_consumer = BasicQosOptions::default();
    // To AMQP, 0 is no bound at all.
    let bounded = channel.basic_qos(prefetch.max(1), for_this_consumer);
    answered(channel, bounded).await.map_err(fault::unavailable)?;
    let (tag, options) = ("".into(), BasicConsumeOptions::default());
    let deliveries = channel.basic_consume(name, tag, options, FieldTable::default());
    answered(channel, deliveries).await.map_err(|error| match Fault::of(error) {
        Fault::NotFound(_) => QueueError::Cancelled(queue.to_owned()),
        fault => fault.into(),
    })
}
