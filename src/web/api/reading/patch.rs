//! `PATCH /ebox/messages`: hiding, showing and moving.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::consumer::Consumer;
use super::status::ApiError;
use crate::domain::{Object, PartitionId, objects, present};
use crate::mailbox::{Change, MailboxError};
use crate::web::Web;

/// What is to become of messages: all of it, or nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct MessagesToUpdate {
    /// At most 1,000, each message once.
    #[serde(deserialize_with = "objects")]
    #[schemars(length(max = 1_000))]
    items: Vec<MessageToUpdate>,
    /// How many there are; where it is given, it must agree.
    #[serde(default, deserialize_with = "present")]
    total_items: Option<u64>,
}

/// What is to become of one message; what is left out stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend("minProperties" = 2))]
pub(super) struct MessageToUpdate {
    /// Which.
    message_id: String,
    /// In the list, or hidden.
    #[serde(default, deserialize_with = "present")]
    visible: Option<bool>,
    /// Where it is to lie: the caller must be able to see it there.
    #[serde(default, deserialize_with = "present")]
    #[schemars(with = "Option<PartitionId>")]
    partition: Option<String>,
}

/// Hides, shows and moves messages
///
/// All of them, or none.
pub(super) async fn change(
    State(web): State<Web>,
    consumer: Consumer,
    body: Result<Json<Object<MessagesToUpdate>>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    let Json(Object(wanted)) = body.map_err(|fault| unreadable(&fault))?;
    let changes = changes(&wanted)?;
    let done = web.mailbox.change(&consumer.reader, consumer.enterprise, &changes).await;
    match done {
        Ok(_) => Ok(StatusCode::OK),
        Err(MailboxError::Invalid { message, .. }) => Err(ApiError::invalid("/items", message)),
        Err(error) => Err(error.into()),
    }
}

fn unreadable(fault: &JsonRejection) -> ApiError {
    let code = match fault.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            let message = "application/merge-patch+json or application/json is expected";
            return ApiError::new(fault.status(), "MEDIA_TYPE_NOT_ALLOWED", message);
        }
        StatusCode::PAYLOAD_TOO_LARGE => "TOO_LARGE",
        _ => return ApiError::invalid("", fault.body_text()),
    };
    ApiError::new(fault.status(), code, fault.body_text())
}

fn changes(wanted: &MessagesToUpdate) -> Result<Vec<Change>, ApiError> {
    if wanted.total_items.is_some_and(|total| total != wanted.items.len() as u64) {
        let message = "totalItems is not the number of items";
        return Err(ApiError::invalid("/totalItems", message));
    }
    wanted.items.iter().enumerate().map(|(place, it)| change_of(place, it)).collect()
}

fn change_of(place: usize, it: &MessageToUpdate) -> Result<Change, ApiError> {
    if it.visible.is_none() && it.partition.is_none() {
        let message = "visible or partition is expected";
        return Err(ApiError::invalid(format!("/items/{place}"), message));
    }
    let partition = it.partition.as_deref().map(str::parse::<PartitionId>).transpose();
    let partition = partition.map_err(|error| {
        ApiError::invalid(format!("/items/{place}/partition"), error.to_string())
    })?;
    Ok(Change {
        // What cannot be an id is no message.
        id: it.message_id.parse().map_err(|_| ApiError::not_found())?,
        is_visible: it.visible,
        partition,
    })
}
