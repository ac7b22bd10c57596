//! The engine, as a printer meets it: over the broker or over REST, with the
//! same meaning. What is given comes again until it is settled.

mod broker;
mod rest;

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::link::LinkError;
use crate::paper::report::{Heartbeat, Report};
use crate::paper::ticket::{RECALL, Recall, TICKET, Ticket};
use crate::queue::{QueueError, Tag};
use crate::relay::CloudEvent;

pub use broker::Broker;
pub use rest::Rest;

/// How long a room waits for another ticket before it works on those it has.
const GATHER: Duration = Duration::from_millis(50);

/// One way to the engine.
pub enum Engine {
    /// A queue of its own, and the exchange of reports.
    Broker(Broker),
    /// `/printers/…`.
    Rest(Rest),
}

/// What a printer is told.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    /// A letter may be claimed.
    Ticket(Box<Ticket>),
    /// A letter is wanted back.
    Recall(Recall),
    /// Neither.
    Unreadable { body: Vec<u8>, error: String },
}

/// A word, and by what it is settled.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) word: Word,
    /// None over REST: there a lease ends by itself.
    tag: Option<Tag>,
}

/// What a printer says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Report(CloudEvent<Report>),
    Heartbeat(CloudEvent<Heartbeat>),
}

/// Why the engine could not be told; tried again.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The broker did not take it.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The REST interface did not take it.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A value could not be written as JSON.
    #[error("an event could not be written")]
    Json(#[from] serde_json::Error),
}

impl Engine {
    /// Says which room of its printer this is.
    pub(super) fn introduce(&mut self, claimant: &str) {
        if let Self::Rest(rest) = self {
            rest.introduce(claimant);
        }
    }

    /// Waits until there is something to do. Cancel-safe.
    pub(super) async fn wait(&mut self) {
        match self {
            Self::Broker(broker) => broker.wait().await,
            Self::Rest(rest) => rest.wait().await,
        }
    }

    /// What there is to do, at most so many.
    pub(super) async fn take(&mut self, max: usize) -> Vec<Given> {
        match self {
            Self::Broker(broker) => broker.take(max).await,
            Self::Rest(rest) => rest.take(max).await,
        }
    }

    /// Settles all that was given, except what is to come again.
    pub(super) async fn settle(&mut self, given: &[Given], again: &[usize]) {
        let Self::Broker(broker) = self else { return };
        let (mut back, mut last) = (Vec::new(), None);
        for (place, tag) in given.iter().enumerate().filter_map(|(at, it)| Some((at, it.tag?))) {
            if again.contains(&place) {
                back.push(tag);
            } else {
                last = Some(tag);
            }
        }
        broker.settle(&back, last).await;
    }

    /// Says something; answers when the engine has it, durably.
    pub(super) async fn say(&mut self, said: &[Said]) -> Result<(), EngineError> {
        match self {
            Self::Broker(broker) => broker.say(said).await,
            Self::Rest(rest) => rest.say(said).await,
        }
    }
}

/// Reads what stands in a printer's queue, by the type of its CloudEvent.
fn read(body: &[u8]) -> Word {
    #[derive(Deserialize)]
    struct Any {
        r#type: String,
        data: Value,
    }
    let word = serde_json::from_slice::<Any>(body).map_err(|error| error.to_string());
    let word = word.and_then(|any| {
        let fault = |error: serde_json::Error| error.to_string();
        match any.r#type.as_str() {
            TICKET => serde_json::from_value(any.data).map(Word::Ticket).map_err(fault),
            RECALL => serde_json::from_value(any.data).map(Word::Recall).map_err(fault),
            other => Err(format!("{other:?} is neither a ticket nor a recall")),
        }
    });
    word.unwrap_or_else(|error| Word::Unreadable { body: body.to_vec(), error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print_room::sample;

    #[test]
    fn what_is_no_ticket_is_unreadable_with_its_fault() {
        let event = |r#type: &str, data: Value| {
            serde_json::to_vec(&serde_json::json!({ "type": r#type, "data": data })).unwrap()
        };
        let ticket = sample::ticket();
        let data = serde_json::to_value(&ticket).unwrap();
        assert_eq!(read(&event(TICKET, data)), Word::Ticket(Box::new(ticket)));
        for (body, fault) in [
            (b"{".to_vec(), "EOF"),
            (event("facteur.receipt", Value::Null), "neither a ticket nor a recall"),
            (event(TICKET, Value::Null), "invalid type"),
        ] {
            let word = read(&body);
            let is_fault = matches!(&word, Word::Unreadable { error, .. } if error.contains(fault));
            assert!(is_fault, "{word:?}");
        }
    }
}
