//! What operators' software is told, and tells.

use axum::http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decide::Facts;
use crate::domain::{ApplicationId, Code, EnterpriseNumber, Medium, MessageId, MessageTypeId};
use crate::ledger::{QuarantineEntry, QuarantineState, Reference, StoredMessage};
use crate::web::Problem;
use crate::web::console::kept_reason;

/// Entries of one answer.
const ENTRIES_MAX: u16 = 1_000;

/// A message with what was decided of it, and on what.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Explained {
    message_id: MessageId,
    recipient: EnterpriseNumber,
    sender_organization_id: EnterpriseNumber,
    sender_application_id: ApplicationId,
    idempotency_key: String,
    message_type_id: MessageTypeId,
    arrived_at: Timestamp,
    expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<Timestamp>,
    /// Where it lies.
    partition: String,
    /// Who could see it on arrival: a word, such as `NOBODY`.
    audience_kind: String,
    medium: Medium,
    reason: String,
    /// By which rule of the policy.
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    flag: Option<String>,
    facts: Facts,
    /// The digest of the policy.
    policy: String,
    /// Whether these facts and that policy decide today as they did.
    decided_again_alike: bool,
    letters: Vec<Letter>,
}

/// A letter of a message.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Letter {
    job_id: Uuid,
    state: String,
}

impl From<StoredMessage> for Explained {
    fn from(message: StoredMessage) -> Self {
        Self {
            message_id: message.id,
            recipient: message.enterprise,
            sender_organization_id: message.organization,
            sender_application_id: message.application.clone(),
            idempotency_key: message.key.clone(),
            message_type_id: message.message_type.clone(),
            arrived_at: message.arrived_at,
            expires_at: message.expires_at,
            read_at: message.read_at,
            partition: message.partition.clone(),
            audience_kind: message.audience_kind.clone(),
            medium: message.medium,
            reason: message.reason.clone(),
            rule: message.rule.clone(),
            flag: message.flag.clone(),
            facts: message.facts.clone(),
            policy: message.policy.0.to_string(),
            decided_again_alike: message.is_decided_again_alike(),
            letters: message
                .letters
                .into_iter()
                .map(|(job_id, state)| Letter { job_id, state })
                .collect(),
        }
    }
}

/// A lane, and what is ordered of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lane {
    application: ApplicationId,
    is_paused: bool,
    /// Documents a second over all engines, where there is a pace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pace_per_second: Option<u32>,
}

impl Lane {
    pub(super) fn of(id: &ApplicationId, reference: &Reference) -> Self {
        Self {
            application: id.clone(),
            is_paused: reference.controls.is_lane_paused(id),
            pace_per_second: reference.pace(id),
        }
    }
}

/// An order.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Ordered {
    /// Why, for the record.
    #[serde(default)]
    reason: String,
}

impl Ordered {
    /// As it goes into the record: bounded, and without control characters.
    pub(super) fn reason(self) -> String {
        kept_reason(&self.reason)
    }
}

/// Which entries of the quarantine.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Wanted {
    /// In this state: `open`, `held`, `replayed`, `discarded` or `superseded`.
    state: Option<String>,
    /// Of this application.
    pub(super) application: Option<String>,
    /// With this code.
    pub(super) code: Option<Code>,
    /// At most so many.
    #[serde(default = "usual")]
    #[schemars(range(min = 1, max = 1_000))]
    limit: u16,
}

fn usual() -> u16 {
    100
}

impl Wanted {
    pub(super) fn state(&self) -> Result<Option<QuarantineState>, Problem> {
        let state = self.state.as_deref().map(str::parse).transpose();
        state.map_err(|_| wrong("there is no such state", "/query/state"))
    }

    pub(super) fn limit(&self) -> Result<i64, Problem> {
        match self.limit {
            1..=ENTRIES_MAX => Ok(self.limit.into()),
            _ => Err(wrong("limit is 1 to 1000", "/query/limit")),
        }
    }
}

fn wrong(message: &str, pointer: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "INVALID_QUERY", message).at(pointer)
}

/// What was put aside.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    id: Uuid,
    lane: String,
    application: String,
    code: Code,
    /// JSON Pointer to the fault.
    pointer: String,
    message: String,
    state: &'static str,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_by: Option<String>,
}

impl From<QuarantineEntry> for Entry {
    fn from(entry: QuarantineEntry) -> Self {
        Self {
            id: entry.id,
            lane: entry.lane,
            application: entry.application,
            code: entry.refusal.code,
            pointer: entry.refusal.pointer,
            message: entry.refusal.message,
            state: entry.state.as_str(),
            at: entry.at,
            resolved_at: entry.resolved_at,
            resolved_by: entry.resolved_by,
        }
    }
}
