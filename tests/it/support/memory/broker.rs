//! Exchanges, queues, and what is handed out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use facteur::queue::topology::{Binding, Exchange, QueueDefinition};
use facteur::queue::{Death, ExchangeKind, Inbound, Outbound, QueueError, Settled, Tag, Topology};

use super::Confirm;

/// Everything that the broker knows.
#[derive(Default)]
pub(super) struct Broker {
    exchanges: BTreeMap<String, Exchange>,
    bindings: Vec<Binding>,
    queues: BTreeMap<String, Waiting>,
    consumers: BTreeMap<u64, Handed>,
    started: u64,
    published: u64,
    pub(super) confirms: VecDeque<Confirm>,
}

/// One queue.
struct Waiting {
    definition: QueueDefinition,
    ready: VecDeque<Stored>,
}

/// One message in a queue.
#[derive(Clone)]
struct Stored {
    /// The order of publication, to which what comes back returns.
    number: u64,
    message: Outbound,
    /// How often it came back.
    returned: u32,
    death: Option<Death>,
}

/// Whether a connection is still the one that it was.
#[derive(Clone)]
pub(super) struct Life {
    incarnation: Arc<AtomicU64>,
    at: u64,
}

impl Life {
    pub(super) fn of(incarnation: &Arc<AtomicU64>) -> Self {
        Self { incarnation: Arc::clone(incarnation), at: incarnation.load(Ordering::SeqCst) }
    }

    fn is_over(&self) -> bool {
        self.incarnation.load(Ordering::SeqCst) != self.at
    }
}

/// What a consumer was given and has not settled.
struct Handed {
    queue: String,
    prefetch: usize,
    life: Life,
    last: u64,
    unsettled: BTreeMap<Tag, Stored>,
    is_cancelled: bool,
}

impl Broker {
    pub(super) fn declare(&mut self, topology: &Topology) -> Result<(), QueueError> {
        for exchange in &topology.exchanges {
            let known =
                self.exchanges.entry(exchange.name.clone()).or_insert_with(|| exchange.clone());
            same(known == exchange, &exchange.name)?;
        }
        for queue in &topology.queues {
            let new = || Waiting { definition: queue.clone(), ready: VecDeque::new() };
            let known = self.queues.entry(queue.name.clone()).or_insert_with(new);
            same(known.definition == *queue, &queue.name)?;
        }
        for binding in &topology.bindings {
            if !self.bindings.contains(binding) {
                self.bindings.push(binding.clone());
            }
        }
        Ok(())
    }

    pub(super) fn delete(&mut self, names: &[String]) {
        for name in names {
            self.queues.remove(name);
            self.bindings.retain(|binding| binding.queue != *name);
            let of_queue = self.consumers.values_mut().filter(|handed| handed.queue == *name);
            of_queue.for_each(|handed| {
                handed.is_cancelled = true;
                handed.unsettled.clear();
            });
        }
    }

    pub(super) fn depth(&self, queue: &str) -> Result<u64, QueueError> {
        let waiting = self.queues.get(queue).ok_or_else(|| cancelled(queue))?;
        Ok(waiting.ready.len() as u64)
    }

    pub(super) fn held(&self) -> usize {
        let ready: usize = self.queues.values().map(|waiting| waiting.ready.len()).sum();
        ready + self.consumers.values().map(|handed| handed.unsettled.len()).sum::<usize>()
    }

    pub(super) fn publish(&mut self, message: &Outbound) -> Result<(), QueueError> {
        self.published += 1;
        let number = self.published;
        let stored = Stored { number, message: message.clone(), returned: 0, death: None };
        self.route(&message.exchange, stored)
    }

    fn route(&mut self, exchange: &str, stored: Stored) -> Result<(), QueueError> {
        let routing_key = &stored.message.routing_key;
        let unroutable = || QueueError::Unroutable {
            exchange: exchange.to_owned(),
            routing_key: routing_key.clone(),
        };
        let known = self.exchanges.get(exchange).ok_or_else(unroutable)?;
        let leads = |binding: &&Binding| {
            let is_meant =
                known.kind == ExchangeKind::Fanout || binding.routing_key == *routing_key;
            binding.exchange == exchange && is_meant
        };
        let queues: Vec<String> =
            self.bindings.iter().filter(leads).map(|binding| binding.queue.clone()).collect();
        match (queues.is_empty(), known.alternate.clone()) {
            (true, Some(alternate)) => self.route(&alternate, stored),
            (true, None) => Err(unroutable()),
            (false, _) => queues.iter().try_for_each(|queue| self.store(queue, stored.clone())),
        }
    }

    fn store(&mut self, queue: &str, stored: Stored) -> Result<(), QueueError> {
        let waiting = self.queues.get_mut(queue).ok_or_else(|| cancelled(queue))?;
        let is_full =
            waiting.definition.max_length.is_some_and(|max| waiting.ready.len() >= max as usize);
        if is_full {
            return Err(QueueError::Refused);
        }
        waiting.ready.push_back(stored);
        Ok(())
    }

    pub(super) fn consume(
        &mut self,
        queue: &str,
        prefetch: u16,
        life: Life,
    ) -> Result<u64, QueueError> {
        self.queues.get(queue).ok_or_else(|| cancelled(queue))?;
        self.started += 1;
        let handed = Handed {
            queue: queue.to_owned(),
            prefetch: usize::from(prefetch.max(1)),
            life,
            last: 0,
            unsettled: BTreeMap::new(),
            is_cancelled: false,
        };
        self.consumers.insert(self.started, handed);
        Ok(self.started)
    }

    /// The next delivery of a consumer, if there is one for it.
    pub(super) fn next(&mut self, consumer: u64) -> Result<Option<Inbound>, QueueError> {
        self.check(consumer)?;
        let handed = self.consumers.get_mut(&consumer).ok_or_else(super::closed)?;
        let waiting = self.queues.get_mut(&handed.queue).ok_or_else(|| cancelled(&handed.queue))?;
        if handed.unsettled.len() >= handed.prefetch {
            return Ok(None);
        }
        let Some(stored) = waiting.ready.pop_front() else { return Ok(None) };
        handed.last += 1;
        let tag = Tag(handed.last);
        let inbound = inbound(&stored, tag);
        handed.unsettled.insert(tag, stored);
        Ok(Some(inbound))
    }

    /// Whether a consumer can go on.
    pub(super) fn check(&self, consumer: u64) -> Result<(), QueueError> {
        match self.consumers.get(&consumer) {
            Some(handed) if handed.is_cancelled => Err(cancelled(&handed.queue)),
            Some(handed) if !handed.life.is_over() => Ok(()),
            _ => Err(super::closed()),
        }
    }

    pub(super) fn settle_through(&mut self, consumer: u64, tag: Tag) -> Settled {
        match self.living(consumer) {
            Some(handed) => {
                handed.unsettled.retain(|unsettled, _| *unsettled > tag);
                Settled::Yes
            }
            None => Settled::Gone,
        }
    }

    pub(super) fn give_back(&mut self, consumer: u64, tags: &[Tag]) -> Settled {
        let Some(handed) = self.living(consumer) else { return Settled::Gone };
        let queue = handed.queue.clone();
        let returned: Vec<Stored> =
            tags.iter().filter_map(|tag| handed.unsettled.remove(tag)).collect();
        self.put_back(&queue, returned);
        Settled::Yes
    }

    fn living(&mut self, consumer: u64) -> Option<&mut Handed> {
        self.consumers.get_mut(&consumer).filter(|it| !it.life.is_over() && !it.is_cancelled)
    }

    /// Nobody can settle for it any more.
    pub(super) fn forget(&mut self, consumer: u64) {
        if let Some(handed) = self.consumers.remove(&consumer) {
            self.put_back(&handed.queue, handed.unsettled.into_values().collect());
        }
    }

    /// What the consumers of lost connections held comes again.
    pub(super) fn give_back_dead(&mut self) {
        let dead: Vec<u64> =
            self.consumers.iter().filter(|(_, it)| it.life.is_over()).map(|(id, _)| *id).collect();
        dead.into_iter().for_each(|consumer| self.forget(consumer));
    }

    fn put_back(&mut self, queue: &str, returned: Vec<Stored>) {
        for mut stored in returned {
            stored.returned += 1;
            let Some(waiting) = self.queues.get_mut(queue) else { continue };
            if stored.returned > waiting.definition.delivery_limit {
                let dead_letters = waiting.definition.dead_letters.clone();
                self.bury(queue, dead_letters, stored);
                continue;
            }
            let at = waiting.ready.partition_point(|other| other.number < stored.number);
            waiting.ready.insert(at, stored);
        }
    }

    fn bury(&mut self, queue: &str, dead_letters: Option<String>, mut stored: Stored) {
        let reason = "delivery_limit".to_owned();
        stored.death = Some(Death { queue: queue.to_owned(), reason });
        stored.returned = 0;
        if let Some(exchange) = dead_letters {
            // As the broker does: nothing leads from there, so it is dropped.
            let _dropped = self.route(&exchange, stored).is_err();
        }
    }
}

fn inbound(stored: &Stored, tag: Tag) -> Inbound {
    Inbound {
        body: stored.message.body.clone(),
        properties: stored.message.properties.clone(),
        routing_key: stored.message.routing_key.clone(),
        redelivered: stored.returned > 0,
        death: stored.death.clone(),
        tag,
    }
}

fn same(is_same: bool, name: &str) -> Result<(), QueueError> {
    match is_same {
        true => Ok(()),
        false => Err(QueueError::Topology(format!("{name} exists with other properties"))),
    }
}

fn cancelled(queue: &str) -> QueueError {
    QueueError::Cancelled(queue.to_owned())
}
