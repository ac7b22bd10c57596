//! Sends a quarantined document through the line again.

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::arrival::{Arrival, Candidate, Lane, Replay};
use super::batch::{Intake, Outcome, Overtaken, patience};
use super::decode::decode;
use super::judge::Judged;
use crate::domain::ApplicationId;
use crate::ledger::{IdentityKey, LedgerError, QuarantineEntry, QuarantineState};
use crate::queue::Properties;

/// Why an entry could not be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is no such entry.
    #[error("there is no quarantine entry {0}")]
    Unknown(Uuid),
    /// It does not wait any more.
    #[error("the entry was already {0}")]
    Resolved(&'static str),
    /// Its lane is no application's.
    #[error("{0:?} cannot be an application's lane")]
    NoLane(String),
    /// The ledger did not answer.
    #[error("the ledger did not answer")]
    Ledger(#[from] LedgerError),
    /// The engine was stopped meanwhile.
    #[error("stopped before it was recorded")]
    Stopped,
}

impl Intake {
    /// Judges an entry again, by today's registry and policy. Accepted, it
    /// leaves the quarantine; refused, it stays, for the reason of today.
    ///
    /// # Errors
    /// When there is no such entry, or it does not wait any more.
    pub async fn replay(
        &self,
        id: Uuid,
        actor: &str,
        stop: &CancellationToken,
    ) -> Result<Judged, ReplayError> {
        let mut waits = patience();
        loop {
            let candidate = self.candidate(id, actor).await?;
            match self.deliver_candidates(vec![candidate], stop).await {
                Ok(Outcome::Recorded(mut judged)) => {
                    return judged.pop().ok_or(ReplayError::Unknown(id));
                }
                Ok(Outcome::Stopped) => return Err(ReplayError::Stopped),
                Err(Overtaken) => tokio::time::sleep(waits.next().unwrap_or_default()).await,
            }
        }
    }

    /// Judges several entries again, in one transaction; those that do not
    /// wait any more are left out.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub(super) async fn replay_all(
        &self,
        ids: &[Uuid],
        actor: &str,
        stop: &CancellationToken,
    ) -> Result<Outcome, LedgerError> {
        let mut waits = patience();
        loop {
            let candidates = self.candidates(ids, actor).await?;
            match self.deliver_candidates(candidates, stop).await {
                Ok(outcome) => return Ok(outcome),
                Err(Overtaken) => tokio::time::sleep(waits.next().unwrap_or_default()).await,
            }
        }
    }

    async fn candidates(&self, ids: &[Uuid], actor: &str) -> Result<Vec<Candidate>, LedgerError> {
        let mut candidates = Vec::with_capacity(ids.len());
        for id in ids {
            match self.candidate(*id, actor).await {
                Ok(candidate) => candidates.push(candidate),
                Err(ReplayError::Ledger(error)) => return Err(error),
                Err(error) => tracing::debug!(%id, %error, "not replayed"),
            }
        }
        Ok(candidates)
    }

    async fn candidate(&self, id: Uuid, actor: &str) -> Result<Candidate, ReplayError> {
        let found = self.ledger().quarantined(id).await?;
        let (entry, body) = found.ok_or(ReplayError::Unknown(id))?;
        if !matches!(entry.state, QuarantineState::Open | QuarantineState::Held) {
            return Err(ReplayError::Resolved(entry.state.as_str()));
        }
        let identity = IdentityKey {
            organization: entry.organization,
            application: entry.application.clone(),
            key: entry.key.clone(),
        };
        let seen = self.ledger().seen(&identity).await?;
        let arrival = arrival(&entry, body)?;
        let settings = self.settings();
        let mut candidate = decode(arrival, settings.limits(), settings.body_bytes_max);
        let (actor, code, state) = (actor.to_owned(), entry.refusal.code, entry.state);
        candidate.replay = Some(Replay { entry: id, actor, identity, seen, code, state });
        Ok(candidate)
    }
}

fn arrival(entry: &QuarantineEntry, body: Vec<u8>) -> Result<Arrival, ReplayError> {
    let properties: serde_json::Value = serde_json::from_str(&entry.properties)
        .map_err(|error| LedgerError::Shape(format!("stored properties: {error}")))?;
    let text = |name: &str| properties.get(name).and_then(|v| v.as_str()).map(str::to_owned);
    let lane = ApplicationId::new(entry.lane.as_str())
        .map_err(|_| ReplayError::NoLane(entry.lane.clone()))?;
    let routing_key = text("routingKey").unwrap_or_else(|| entry.lane.clone());
    let properties = Properties {
        message_id: text("messageId"),
        app_id: text("appId"),
        user_id: text("userId"),
        content_type: text("contentType"),
        published_us: properties.get("publishedUs").and_then(serde_json::Value::as_i64),
    };
    Ok(Arrival::unqueued(Lane::Application(lane), routing_key, body.into(), properties))
}
