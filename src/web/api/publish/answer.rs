//! From verdicts to answers.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::Fault;
use crate::domain::{Code, MessageId, Refusal};
use crate::intake::{Judged, NotTaken, Verdict};
use crate::web::api::fault::StatusMessage;
use crate::web::api::whole_seconds;
use crate::web::auth::away;
use crate::web::{Problem, Web};

/// After how many seconds who was stopped by an operator may ask again.
const PAUSED_SECS: u16 = 60;

/// What is answered after the commit.
pub(super) async fn accepted(web: &Web, verdict: Verdict) -> Result<Response, Fault> {
    match verdict.judged {
        Judged::Accepted { id, expires_at, flag, .. } => {
            Ok(created(id, expires_at, flag.as_deref()))
        }
        // Our own work: the commit's answer was lost, not the commit.
        Judged::Redelivered => {
            let found = web.ledger.explain(verdict.id).await.map_err(|error| away(&error))?;
            let message = found.ok_or_else(Problem::unavailable)?;
            Ok(created(message.id, message.expires_at, message.flag.as_deref()))
        }
        Judged::Repeat { first } => Ok(conflict(first)),
        Judged::Refused(refusal) | Judged::Quarantined(refusal) | Judged::Held(refusal) => {
            Err(refused(refusal).into())
        }
        Judged::Stale => Err(Problem::unavailable().into()),
    }
}

/// A publication that was taken.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web::api) struct Published {
    /// The message that it became.
    message_id: MessageId,
    /// When the message leaves the box.
    expiration_date: jiff::Timestamp,
    /// A remark, such as `NO_DIGITAL_USER`.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The remark, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

/// A publication whose key was used before.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web::api) struct Duplicate {
    #[serde(flatten)]
    status: StatusMessage,
    /// The message that has the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<MessageId>,
}

fn created(id: MessageId, expires_at: jiff::Timestamp, flag: Option<&str>) -> Response {
    let remark = |flag| match flag {
        "NO_DIGITAL_USER" => "nobody has opened the company's box yet: it goes on paper too",
        _ => "accepted, with a remark of the policy",
    };
    let published = Published {
        message_id: id,
        expiration_date: whole_seconds(expires_at),
        code: flag.map(str::to_owned),
        message: flag.map(remark),
    };
    (StatusCode::CREATED, Json(published)).into_response()
}

/// The same key again: the answer names the message that has it.
fn conflict(first: Option<MessageId>) -> Response {
    let message = "this key was used before, by the message that is named";
    let status = StatusMessage {
        id: Uuid::now_v7(),
        code: "DUPLICATE_MESSAGE",
        message: message.to_owned(),
        pointer: String::new(),
    };
    (StatusCode::CONFLICT, Json(Duplicate { status, message_id: first })).into_response()
}

/// A refusal as it is answered.
pub(super) fn refused(refusal: Refusal) -> Problem {
    let status = match refusal.code {
        Code::InvalidSender | Code::Forged => StatusCode::FORBIDDEN,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::PreconditionNotMet | Code::RefusedByPolicy | Code::Unstorable => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Code::TypePaused => {
            return paused(refusal.code.as_str(), refusal.message).at(refusal.pointer);
        }
        Code::Malformed
        | Code::InvalidInput
        | Code::MissingKey
        | Code::Digest
        | Code::UnknownDocument
        | Code::BusinessDataKey
        | Code::BusinessDataValue
        | Code::BusinessDataMissing
        | Code::EnterpriseClosed
        | Code::Unroutable
        | Code::DeadLettered => StatusCode::BAD_REQUEST,
    };
    Problem::new(status, refusal.code.as_str(), refusal.message).at(refusal.pointer)
}

/// Nothing is wrong with it: an operator stopped what it goes by, and says
/// nobody for how long.
fn paused(code: &'static str, message: impl Into<String>) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
        .with(header::RETRY_AFTER, HeaderValue::from(PAUSED_SECS))
}

/// Nothing is known to have become of it.
pub(super) fn not_taken(error: &NotTaken) -> Problem {
    match error {
        NotTaken::Unknown => {
            let message = "the application is not registered";
            Problem::new(StatusCode::FORBIDDEN, "NO_APPLICATION", message)
        }
        NotTaken::TooFast(wait) => Problem::too_fast(*wait),
        NotTaken::Paused => paused("LANE_PAUSED", "an operator paused this application's lane"),
        NotTaken::Away => Problem::unavailable(),
    }
}
