//! Settles deliveries through their own handles.
//!
//! A delivery tag counts from 1 on each channel, and a channel number is used
//! again: acknowledging a bare tag may hit another message. lapin's `Acker`
//! dies with its channel, so each delivery's is kept until it is settled.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::future::join_all;
use lapin::options::{BasicAckOptions, BasicNackOptions, BasicQosOptions};
use lapin::{Acker, Channel};

use super::fault;
use super::patience::while_open;
use crate::queue::{QueueError, Settled, Settler, Tag};

pub(super) struct AmqpSettler {
    /// Closes with its last holder: what is unsettled then goes back.
    channel: Channel,
    unsettled: Mutex<BTreeMap<Tag, Acker>>,
    prefetch: u16,
}

impl AmqpSettler {
    pub(super) fn new(channel: Channel, prefetch: u16) -> Self {
        Self { channel, unsettled: Mutex::default(), prefetch }
    }

    pub(super) fn hold(&self, tag: Tag, acker: Acker) {
        self.unsettled().insert(tag, acker);
    }

    fn unsettled(&self) -> MutexGuard<'_, BTreeMap<Tag, Acker>> {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes everything up to `tag` out, and of it the last: its
    /// acknowledgement stands for all.
    fn take_through(&self, tag: Tag) -> Option<Acker> {
        let mut unsettled = self.unsettled();
        let later = unsettled.split_off(&Tag(tag.0.saturating_add(1)));
        let mut settled = std::mem::replace(&mut *unsettled, later);
        settled.pop_last().map(|(_, acker)| acker)
    }

    fn take(&self, tags: &[Tag]) -> Vec<Acker> {
        let mut unsettled = self.unsettled();
        tags.iter().filter_map(|tag| unsettled.remove(tag)).collect()
    }

    /// The answer where nothing was left to do.
    fn nothing_to_settle(&self) -> Settled {
        if self.channel.status().connected() { Settled::Yes } else { Settled::Gone }
    }
}

#[async_trait]
impl Settler for AmqpSettler {
    async fn settle_through(&self, tag: Tag) -> Result<Settled, QueueError> {
        match self.take_through(tag) {
            Some(last) => {
                let sent = last.ack(BasicAckOptions { multiple: true });
                Ok(outcome(&while_open(&self.channel, sent).await))
            }
            None => Ok(self.nothing_to_settle()),
        }
    }

    async fn give_back(&self, tags: &[Tag]) -> Result<Settled, QueueError> {
        let requeue = BasicNackOptions { requeue: true, multiple: false };
        let ackers = self.take(tags);
        let sent = ackers.iter().map(|acker| while_open(&self.channel, acker.nack(requeue)));
        let outcomes = join_all(sent).await;
        let is_gone = outcomes.iter().any(|sent| outcome(sent) == Settled::Gone);
        Ok(if is_gone { Settled::Gone } else { self.nothing_to_settle() })
    }

    /// By a question on the channel itself that changes nothing: the bound is
    /// that of the consumers to come, and none will.
    async fn still_holds(&self) -> Result<Settled, QueueError> {
        let asked = self.channel.basic_qos(self.prefetch, BasicQosOptions::default());
        match while_open(&self.channel, asked).await {
            Ok(()) => Ok(Settled::Yes),
            Err(_) if !self.channel.status().connected() => Ok(Settled::Gone),
            Err(error) => Err(fault::unavailable(error)),
        }
    }
}

/// lapin fails to send an acknowledgement only when the channel has ended.
fn outcome(sent: &lapin::Result<bool>) -> Settled {
    match sent {
        Ok(true) => Settled::Yes,
        Ok(false) | Err(_) => Settled::Gone,
    }
}
