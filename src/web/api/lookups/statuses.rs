//! What became of the caller's messages.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Question, bounded, read};
use crate::domain::{EnterpriseNumber, MessageId, Object, present_object};
use crate::ledger::MessageStatus;
use crate::web::Web;
use crate::web::api::Fault;
use crate::web::api::callers::Publisher;
use crate::web::api::whole_seconds;
use crate::web::auth::away;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::web::api) struct StatusAsked {
    message_id: String,
    /// Whose box; a message knows it, so it is only compared.
    #[serde(default, deserialize_with = "present_object")]
    ebox_id: Option<EboxId>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::web::api) struct EboxId {
    pub(in crate::web::api) ebox_type: String,
    pub(in crate::web::api) ebox_id_value: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web::api) struct StatusTold {
    message_id: String,
    ebox_id: EboxId,
    expiration_date: jiff::Timestamp,
    read_status: bool,
    visible: bool,
}

/// What became of the caller's own messages. Unknown, expired and other
/// people's are left out, and the answer does not tell which.
pub(in crate::web) async fn statuses(
    State(web): State<Web>,
    publisher: Publisher,
    Question(body): Question,
) -> Result<Response, Fault> {
    let asked: Vec<Object<StatusAsked>> = read(&body)?;
    let asked: Vec<StatusAsked> = asked.into_iter().map(|Object(it)| it).collect();
    if !asked.is_empty() {
        bounded(asked.len(), "")?;
    }
    // What cannot be an id is no message: left out like any that is unknown.
    let asked: Vec<(MessageId, StatusAsked)> = asked
        .into_iter()
        .filter_map(|asked| Some((asked.message_id.parse().ok()?, asked)))
        .collect();
    let ids: Vec<MessageId> = asked.iter().map(|(id, _)| *id).collect();
    let now = web.clock.now();
    let found = web.ledger.message_statuses(&ids, &publisher.application, now).await;
    let found = found.map_err(|error| away(&error))?;
    let organizations = found.iter().map(|status| status.organization).collect();
    let own = publisher.own(&web, organizations).await?;
    let is_asked = |status: &&MessageStatus| {
        if !own.contains(&status.organization) {
            return false;
        }
        let mut of = asked.iter().filter(|(id, _)| *id == status.id);
        of.any(|(_, asked)| is_box(asked.ebox_id.as_ref(), status.enterprise))
    };
    let told: Vec<StatusTold> = found.iter().filter(is_asked).map(told).collect();
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

fn is_box(asked: Option<&EboxId>, enterprise: EnterpriseNumber) -> bool {
    asked.is_none_or(|asked| {
        asked.ebox_type == "enterprise" && asked.ebox_id_value.parse() == Ok(enterprise)
    })
}

fn told(status: &MessageStatus) -> StatusTold {
    StatusTold {
        message_id: status.id.to_string(),
        ebox_id: EboxId {
            ebox_type: "enterprise".to_owned(),
            ebox_id_value: status.enterprise.to_string(),
        },
        expiration_date: whole_seconds(status.expires_at),
        read_status: status.is_read,
        visible: !status.is_hidden,
    }
}
