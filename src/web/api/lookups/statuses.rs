//! What became of the caller's messages.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{bounded, read, wrong};
use crate::domain::{EnterpriseNumber, MessageId, Object, present_object};
use crate::ledger::MessageStatus;
use crate::web::Web;
use crate::web::api::Fault;
use crate::web::api::callers::Publisher;
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
    body: Bytes,
) -> Result<Response, Fault> {
    let asked: Vec<Object<StatusAsked>> = read(&body)?;
    let asked: Vec<StatusAsked> = asked.into_iter().map(|Object(it)| it).collect();
    bounded(asked.len(), "")?;
    let id = |(i, asked): (usize, &StatusAsked)| {
        let id = asked.message_id.parse::<MessageId>();
        id.map_err(|_| wrong("not a message id", format!("/{i}/messageId")))
    };
    let ids: Vec<MessageId> = asked.iter().enumerate().map(id).collect::<Result<_, _>>()?;
    let now = web.clock.now();
    let found = web.ledger.message_statuses(&ids, &publisher.application, now).await;
    let found = found.map_err(|error| away(&error))?;
    let organizations: BTreeSet<_> = found.iter().map(|status| status.organization).collect();
    let mut own = BTreeSet::new();
    for organization in organizations {
        if publisher.may_send_for(&web, organization).await? {
            own.insert(organization);
        }
    }
    let is_asked = |status: &&MessageStatus| {
        if !own.contains(&status.organization) {
            return false;
        }
        let of = ids.iter().zip(&asked).filter(|(id, _)| **id == status.id);
        of.into_iter().any(|(_, asked)| is_box(asked.ebox_id.as_ref(), status.enterprise))
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
        expiration_date: status.expires_at,
        read_status: status.is_read,
        visible: !status.is_hidden,
    }
}
