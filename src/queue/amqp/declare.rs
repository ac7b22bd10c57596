//! Declares a topology. What exists with the same properties stays as it is.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind as AmqpExchangeKind};

use super::fault::{self, Fault};
use super::link::Link;
use super::patience::answered;
use super::wire;
use crate::queue::topology::{Binding, Exchange, QueueDefinition};
use crate::queue::{ExchangeKind, QueueError, Topology};

/// Declares all that can be: what is wrong with one exchange or queue keeps no
/// other. Each fault closes the channel, and the next goes on over another.
pub(super) async fn declare(link: &Link, topology: &Topology) -> Result<(), QueueError> {
    let mut channel = link.channel().await.map_err(fault::unavailable)?;
    let mut faults = Vec::new();
    for piece in pieces(topology) {
        match piece.declare(&channel).await {
            Ok(()) => {}
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                faults.push(error);
                channel = link.channel().await.map_err(fault::unavailable)?;
            }
        }
    }
    all(faults)
}

/// One thing to declare.
enum Piece<'a> {
    Exchange(&'a Exchange),
    Queue(&'a QueueDefinition),
    Binding(&'a Binding),
}

/// Each queue with what leads to it: one that is there is bound a moment later.
fn pieces(topology: &Topology) -> impl Iterator<Item = Piece<'_>> {
    let exchanges = topology.exchanges.iter().map(Piece::Exchange);
    let bound = |queue: &QueueDefinition| {
        let name = queue.name.clone();
        let bindings = topology.bindings.iter().filter(move |it| it.queue == name);
        bindings.map(Piece::Binding)
    };
    let queues = topology.queues.iter();
    exchanges.chain(queues.flat_map(move |it| [Piece::Queue(it)].into_iter().chain(bound(it))))
}

impl Piece<'_> {
    async fn declare(&self, channel: &Channel) -> Result<(), QueueError> {
        match self {
            Self::Exchange(exchange) => declare_exchange(channel, exchange).await,
            Self::Queue(queue) => declare_queue(channel, queue).await,
            Self::Binding(binding) => bind(channel, binding).await,
        }
    }
}

/// So many faults are named.
const NAMED_MAX: usize = 5;

/// All faults as one; a single one as it is.
fn all(mut faults: Vec<QueueError>) -> Result<(), QueueError> {
    if faults.len() <= 1 {
        return faults.pop().map_or(Ok(()), Err);
    }
    let more = faults.len().saturating_sub(NAMED_MAX);
    let named = faults.iter().take(NAMED_MAX).map(ToString::to_string);
    let rest = (more > 0).then(|| format!("and {more} more"));
    let named: Vec<String> = named.chain(rest).collect();
    Err(QueueError::Topology(named.join("; ")))
}

async fn declare_exchange(channel: &Channel, exchange: &Exchange) -> Result<(), QueueError> {
    let kind = match exchange.kind {
        ExchangeKind::Direct => AmqpExchangeKind::Direct,
        ExchangeKind::Fanout => AmqpExchangeKind::Fanout,
    };
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let mut arguments = FieldTable::default();
    if let Some(alternate) = &exchange.alternate {
        arguments.insert("alternate-exchange".into(), text(alternate));
    }
    let name = wire::name(&exchange.name)?;
    let declared = channel.exchange_declare(name, kind, options, arguments);
    let declared = answered(channel, declared).await;
    declared.map_err(|error| mismatch(&exchange.name, error))
}

async fn declare_queue(channel: &Channel, queue: &QueueDefinition) -> Result<(), QueueError> {
    let name = wire::name(&queue.name)?;
    let options = QueueDeclareOptions::durable();
    let declared = channel.queue_declare(name, options, arguments(queue));
    let declared = answered(channel, declared).await;
    declared.map(drop).map_err(|error| mismatch(&queue.name, error))
}

async fn bind(channel: &Channel, binding: &Binding) -> Result<(), QueueError> {
    let queue = wire::name(&binding.queue)?;
    let exchange = wire::name(&binding.exchange)?;
    let key = wire::name(&binding.routing_key)?;
    let options = QueueBindOptions::default();
    let bound = channel.queue_bind(queue, exchange, key, options, FieldTable::default());
    let bound = answered(channel, bound).await;
    bound.map_err(|error| mismatch(&binding.queue, error))
}

/// `at-least-once` dead-lettering is only granted together with
/// `reject-publish`: <https://www.rabbitmq.com/docs/quorum-queues#dead-lettering>.
fn arguments(queue: &QueueDefinition) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-overflow".into(), text("reject-publish"));
    arguments.insert("x-delivery-limit".into(), number(queue.delivery_limit));
    if let Some(exchange) = &queue.dead_letters {
        arguments.insert("x-dead-letter-exchange".into(), text(exchange));
        arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    }
    if let Some(max_length) = queue.max_length {
        arguments.insert("x-max-length".into(), number(max_length));
    }
    arguments
}

fn mismatch(name: &str, error: lapin::Error) -> QueueError {
    match Fault::of(error) {
        Fault::NotFound(text) | Fault::Precondition(text) => {
            QueueError::Topology(format!("{name}: {text}"))
        }
        fault => fault.into(),
    }
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn number(value: u32) -> AMQPValue {
    AMQPValue::LongLongInt(value.into())
}
