//! What senders look up: `POST /eboxPreferences/search` before they send,
//! `POST /searchMessageStatus` afterwards.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Fault;
use super::callers::Publisher;
use crate::decide::{BoxState, Facts, decide};
use crate::domain::{Code, EnterpriseNumber, Medium, MessageId, MessageType, MessageTypeId};
use crate::intake::locate;
use crate::ledger::{MessageStatus, ReachableBox};
use crate::web::auth::away;
use crate::web::{Problem, Web};

/// Companies, or messages, of one question.
const ASKED_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PreferencesSearch {
    recipients: Vec<Party>,
    /// With both, the medium is told as well.
    sender_organization_id: Option<String>,
    message_type_id: Option<String>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Party {
    ebox_type: String,
    enterprise_number: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Preference {
    recipient: Party,
    has_ebox: bool,
    /// Whether anybody has ever opened it.
    is_activated: bool,
    /// The all-digital consent.
    exclusively_ebox: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    medium: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Preferences {
    items: Vec<Preference>,
    total_items: usize,
}

/// How companies would be reached by an ordinary item, as of now. It is read
/// again when a publication is decided.
pub(in crate::web) async fn preferences(
    State(web): State<Web>,
    publisher: Publisher,
    body: Bytes,
) -> Result<Response, Fault> {
    let search: PreferencesSearch = read(&body)?;
    bounded(search.recipients.len(), "/recipients")?;
    let numbers = numbers(&search.recipients)?;
    let forecast = Forecast::of(&web, &publisher, &search).await?;
    let reachable = web.ledger.reachable(&numbers).await.map_err(|error| away(&error))?;
    let items: Vec<Preference> = numbers
        .iter()
        .zip(search.recipients)
        .map(|(number, recipient)| {
            let found = reachable.iter().find(|it| it.enterprise == *number);
            forecast.preference(recipient, found.and_then(|it| it.mailbox.as_ref()))
        })
        .collect();
    let total_items = items.len();
    Ok(Json(Preferences { items, total_items }).into_response())
}

fn numbers(recipients: &[Party]) -> Result<Vec<EnterpriseNumber>, Problem> {
    let number = |(i, party): (usize, &Party)| match &*party.ebox_type {
        "enterprise" => party
            .enterprise_number
            .parse()
            .map_err(|_| wrong("not an enterprise number", at(i, "enterpriseNumber"))),
        _ => Err(wrong("this engine serves enterprises", at(i, "eboxType"))),
    };
    recipients.iter().enumerate().map(number).collect()
}

fn at(i: usize, field: &str) -> String {
    format!("/recipients/{i}/{field}")
}

/// By what a medium is foretold, where the question says enough.
struct Forecast<'w> {
    web: &'w Web,
    sent: Option<(EnterpriseNumber, MessageType)>,
    publisher: &'w Publisher,
}

impl<'w> Forecast<'w> {
    async fn of(
        web: &'w Web,
        publisher: &'w Publisher,
        search: &PreferencesSearch,
    ) -> Result<Self, Problem> {
        let (Some(organization), Some(type_id)) =
            (&search.sender_organization_id, &search.message_type_id)
        else {
            return Ok(Self { web, sent: None, publisher });
        };
        let organization: EnterpriseNumber = organization
            .parse()
            .map_err(|_| wrong("not an enterprise number", "/senderOrganizationId".to_owned()))?;
        let reference = web.ledger.reference().await.map_err(|error| away(&error))?;
        let known = type_id.parse::<MessageTypeId>().ok();
        let known = known.filter(|it| reference.allows(organization, &publisher.application, it));
        let found = known.and_then(|it| reference.message_types.get(&it).cloned());
        let message_type =
            found.filter(|_| publisher.enterprise.is_none_or(|it| it == organization));
        let message_type = message_type.ok_or_else(|| {
            let message = "organization, application and message type were not configured together";
            Problem::new(StatusCode::FORBIDDEN, Code::InvalidSender.as_str(), message)
        })?;
        Ok(Self { web, sent: Some((organization, message_type)), publisher })
    }

    fn preference(&self, recipient: Party, mailbox: Option<&ReachableBox>) -> Preference {
        let decision = self.sent.as_ref().map(|(organization, message_type)| {
            let facts = self.facts(*organization, message_type, mailbox);
            decide(&self.web.intake.rulebook().policy, &facts)
        });
        Preference {
            recipient,
            has_ebox: mailbox.is_some(),
            is_activated: mailbox.is_some_and(|it| it.last_connection.is_some()),
            exclusively_ebox: mailbox.is_some_and(|it| it.all_digital),
            medium: decision.as_ref().and_then(|it| it.ruling.medium()).map(Medium::as_str),
            reason: decision.map(|it| it.reason.to_string()),
        }
    }

    fn facts(
        &self,
        organization: EnterpriseNumber,
        message_type: &MessageType,
        mailbox: Option<&ReachableBox>,
    ) -> Facts {
        let days = |at: jiff::Timestamp| {
            let secs = self.web.clock.now().as_second() - at.as_second();
            u32::try_from(secs / 86_400).unwrap_or(0)
        };
        let recipient = match mailbox.map(|mailbox| mailbox.last_connection) {
            None => BoxState::None,
            Some(None) => BoxState::NeverOpened,
            Some(Some(at)) => BoxState::Opened { days_ago: days(at) },
        };
        Facts {
            message_type: message_type.id.clone(),
            organization,
            application: self.publisher.application.clone(),
            digital_form: message_type.digital_form,
            registered_on_paper: message_type.registered_on_paper,
            digital_only: false,
            registered: false,
            precondition: None,
            recipient,
            consent: mailbox.is_some_and(|mailbox| mailbox.all_digital),
            somebody_can_open: mailbox.is_some(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct StatusAsked {
    message_id: String,
    /// Whose box; a message knows it, so it is only compared.
    ebox_id: Option<EboxId>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct EboxId {
    ebox_type: String,
    ebox_id_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusTold {
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
    let asked: Vec<StatusAsked> = read(&body)?;
    bounded(asked.len(), "")?;
    let id = |(i, asked): (usize, &StatusAsked)| {
        let id = asked.message_id.parse::<MessageId>();
        id.map_err(|_| wrong("not a message id", format!("/{i}/messageId")))
    };
    let ids: Vec<MessageId> = asked.iter().enumerate().map(id).collect::<Result<_, _>>()?;
    let now = web.clock.now();
    let (application, organization) = (&publisher.application, publisher.enterprise);
    let found = web.ledger.message_statuses(&ids, application, organization, now).await;
    let found = found.map_err(|error| away(&error))?;
    let is_asked = |status: &&MessageStatus| {
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

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|_| {
        let refusal = locate::<T>(body);
        Problem::new(StatusCode::BAD_REQUEST, refusal.code.as_str(), refusal.message)
            .at(refusal.pointer)
    })
}

fn bounded(asked: usize, pointer: &'static str) -> Result<(), Problem> {
    match asked {
        1..=ASKED_MAX => Ok(()),
        _ => Err(wrong("1 to 1000 may be asked for at once", pointer.to_owned())),
    }
}

fn wrong(message: &str, pointer: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, Code::InvalidInput.as_str(), message).at(pointer)
}
