//! A delivery on its way through a batch.

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::direct::Waiter;
use super::source::Source;
use crate::domain::{
    ApplicationId, Code, Digest, IdempotencyKey, MessageId, Publication, Refusal, Valid,
};
use crate::ledger::{Fingerprint, IdentityKey, QuarantineState};
use crate::queue::{Death, Inbound, Properties, Tag};

/// Which queue a delivery came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// An application's own.
    Application(ApplicationId),
    /// Nothing was bound for the routing key.
    Unroutable,
    /// The broker gave up delivering it.
    Dead,
}

/// A delivery, as the lane handed it over.
#[derive(Clone)]
pub struct Arrival {
    /// The lane.
    pub lane: Lane,
    /// The routing key it was published with.
    pub routing_key: String,
    /// The body.
    pub body: Bytes,
    /// Its properties.
    pub properties: Properties,
    /// Whether it was handed out before.
    pub is_redelivered: bool,
    /// Why the broker gave it up, on the lane of the dead.
    pub death: Option<Death>,
    /// When it was taken from the queue.
    pub taken_at: tokio::time::Instant,
    /// Where to settle it; nothing for what never was on a queue.
    pub(super) settle: Option<(Arc<Source>, Tag)>,
    /// Who waits for the verdict, where the sender does.
    pub(super) waiter: Option<Arc<Waiter>>,
    /// Content that came beside the body.
    pub(super) carried: Vec<(Digest, Bytes)>,
    /// Whether it was claimed and stored a moment ago; else the batch does.
    pub(super) is_placed: bool,
}

impl Arrival {
    /// A delivery of a lane, to be settled where it came from.
    #[must_use]
    pub fn taken(lane: Lane, inbound: Inbound, source: &Arc<Source>) -> Self {
        Self {
            lane,
            routing_key: inbound.routing_key.replace(char::is_control, "\u{fffd}"),
            body: inbound.body,
            properties: inbound.properties,
            is_redelivered: inbound.redelivered,
            death: inbound.death,
            taken_at: tokio::time::Instant::now(),
            settle: Some((Arc::clone(source), inbound.tag)),
            waiter: None,
            carried: Vec::new(),
            is_placed: false,
        }
    }

    /// A document that does not come from a queue.
    #[must_use]
    pub fn unqueued(lane: Lane, routing_key: String, body: Bytes, properties: Properties) -> Self {
        Self {
            lane,
            routing_key,
            body,
            properties,
            is_redelivered: false,
            death: None,
            taken_at: tokio::time::Instant::now(),
            settle: None,
            waiter: None,
            carried: Vec::new(),
            is_placed: false,
        }
    }

    /// Whether its sender waits for the verdict: then a refusal is an answer,
    /// and nothing is put aside.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.waiter.is_some()
    }

    /// Whether the connection it came on is gone: then it comes again, and
    /// this copy must do nothing.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.settle.as_ref().is_some_and(|(source, _)| !source.is_alive())
    }

    /// The name of the lane in the account and in the quarantine.
    #[must_use]
    pub fn lane_name(&self) -> &str {
        match &self.lane {
            Lane::Application(id) => id.as_str(),
            Lane::Unroutable => &self.routing_key,
            Lane::Dead => self
                .death
                .as_ref()
                .and_then(|death| crate::queue::topology::application_of_intake(&death.queue))
                .unwrap_or(&self.routing_key),
        }
    }
}

/// A publication whose own rules hold.
#[derive(Debug)]
pub struct Parsed {
    /// The publication; inline content was replaced by digests.
    pub publication: Publication,
    /// What validation learned.
    pub valid: Valid,
    /// The publication as it will be stored.
    pub json: String,
}

/// A delivery that was decoded.
pub struct Candidate {
    /// The delivery.
    pub arrival: Arrival,
    /// First half of the SHA-256 of the body.
    pub fingerprint: Fingerprint,
    /// The sender's key, where it is usable.
    pub key: Option<IdempotencyKey>,
    /// The sender organization, where it can be read.
    pub organization: Option<crate::domain::EnterpriseNumber>,
    /// The publication, or why it is none.
    pub parsed: Result<Parsed, Refusal>,
    /// The id it will have as a message: drawn once, so that a second attempt
    /// after an unknown commit recognises its own work.
    pub id: MessageId,
    /// The job id of its letter, if there will be one.
    pub job: Uuid,
    /// The quarantine entry that is replayed, if this is a replay.
    pub replay: Option<Replay>,
}

/// A quarantine entry on its way back into the line.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The entry.
    pub entry: Uuid,
    /// Who replays it.
    pub actor: String,
    /// What it was counted by.
    pub identity: IdentityKey,
    /// How often that came.
    pub seen: i64,
    /// Why it waits.
    pub code: Code,
    /// How it waits.
    pub state: QuarantineState,
}
