//! What the broker answered to one publication.

use lapin::message::BasicReturnMessage;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation};

use super::fault::{self, Fault};
use super::patience::while_open;
use super::wire;
use crate::queue::{Outbound, QueueError};

#[derive(Debug)]
pub(super) enum Answer {
    /// It is durable in a queue.
    Taken,
    /// It came back: no queue is bound for it.
    Returned,
    /// It was answered with a nack.
    NotTaken,
    /// It was never sent: AMQP cannot carry it.
    Inadmissible(QueueError),
    /// The channel or the connection ended before an answer.
    Failed(lapin::Error),
}

impl Answer {
    /// Whether the broker closed the channel, because of this message or of a
    /// neighbour.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Failed(error) if fault::is_refusal(error))
    }

    pub(super) fn is_missing_exchange(&self) -> bool {
        matches!(self, Self::Failed(error) if fault::is_not_found(error))
    }

    pub(super) fn verdict(self, message: &Outbound) -> Result<(), QueueError> {
        match self {
            Self::Taken => Ok(()),
            Self::Returned => Err(unroutable(message)),
            Self::NotTaken => Err(QueueError::Refused),
            Self::Inadmissible(error) => Err(error),
            Self::Failed(error) => Err(match Fault::of(error) {
                Fault::NotFound(_) => unroutable(message),
                Fault::Precondition(text) | Fault::Forbidden(text) => QueueError::Forbidden(text),
                Fault::Lost(error) => fault::unavailable(error),
            }),
        }
    }
}

fn unroutable(message: &Outbound) -> QueueError {
    QueueError::Unroutable {
        exchange: message.exchange.clone(),
        routing_key: message.routing_key.clone(),
    }
}

/// Exchange and routing key: they decide whether a message can be routed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Route {
    pub(super) exchange: String,
    pub(super) routing_key: String,
}

impl Route {
    pub(super) fn of(message: &Outbound) -> Self {
        Self { exchange: message.exchange.clone(), routing_key: message.routing_key.clone() }
    }

    fn returned(message: &BasicReturnMessage) -> Self {
        Self {
            exchange: message.exchange.to_string(),
            routing_key: message.routing_key.to_string(),
        }
    }
}

/// Sends one message and waits for its confirm. What came back with the
/// confirm may be another message: see [`super::publisher`].
pub(super) async fn send(channel: &Channel, message: &Outbound) -> (Answer, Option<Route>) {
    let (exchange, key, properties) = match envelope(message) {
        Ok(envelope) => envelope,
        Err(error) => return (Answer::Inadmissible(error), None),
    };
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let confirmed = async {
        channel.basic_publish(exchange, key, options, &message.body, properties).await?.await
    };
    match while_open(channel, confirmed).await {
        Ok(Confirmation::Ack(returned)) => (Answer::Taken, returned.as_ref().map(Route::returned)),
        Ok(Confirmation::Nack(returned)) => {
            (Answer::NotTaken, returned.as_ref().map(Route::returned))
        }
        // Without confirms nothing is known, which is not success.
        Ok(Confirmation::NotRequested) => (Answer::NotTaken, None),
        Err(error) => (Answer::Failed(error), None),
    }
}

type Envelope = (ShortString, ShortString, BasicProperties);

fn envelope(message: &Outbound) -> Result<Envelope, QueueError> {
    let exchange = wire::name(&message.exchange)?;
    let key = wire::name(&message.routing_key)?;
    Ok((exchange, key, wire::outgoing(&message.properties)?))
}
