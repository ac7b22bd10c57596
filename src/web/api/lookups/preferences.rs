//! How companies would be reached.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Question, bounded, read, wrong};
use crate::clock::belgian_day;
use crate::decide::{BoxState, Facts, decide};
use crate::domain::{
    Code, EnterpriseNumber, Medium, MessageType, MessageTypeId, Object, objects, present,
};
use crate::intake::Rulebook;
use crate::ledger::{Recipient, RecipientBox};
use crate::route::{AudienceKind, Item, route};
use crate::web::api::Fault;
use crate::web::api::callers::Publisher;
use crate::web::auth::away;
use crate::web::{Problem, Web};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::web::api) struct PreferencesSearch {
    #[serde(deserialize_with = "objects")]
    #[schemars(length(min = 1, max = 1_000))]
    recipients: Vec<Party>,
    /// With both, the medium is told as well.
    #[serde(default, deserialize_with = "present")]
    sender_organization_id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    message_type_id: Option<String>,
}

#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Party {
    ebox_type: String,
    enterprise_number: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Preference {
    recipient: Party,
    has_ebox: bool,
    /// Whether anybody has ever opened it.
    is_activated: bool,
    /// The all-digital consent.
    exclusively_ebox: bool,
    /// How it would be sent; left out where it would be refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    medium: Option<&'static str>,
    /// Why so, or the code by which it would be refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What the sender would be told beside, such as `NO_DIGITAL_USER`.
    #[serde(skip_serializing_if = "Option::is_none")]
    flag: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::web::api) struct Preferences {
    items: Vec<Preference>,
    total_items: usize,
}

/// How companies would be reached by an ordinary item, as of now. It is read
/// again when a publication is decided.
pub(in crate::web) async fn preferences(
    State(web): State<Web>,
    publisher: Publisher,
    Question(body): Question,
) -> Result<Response, Fault> {
    let Object(search): Object<PreferencesSearch> = read(&body)?;
    bounded(search.recipients.len(), "/recipients")?;
    let numbers = numbers(&search.recipients)?;
    let forecast = Forecast::of(&web, &publisher, &search).await?;
    let asked = numbers.iter().copied().collect();
    let known = web.ledger.recipients(&asked).await.map_err(|error| away(&error))?;
    let items: Vec<Preference> = numbers
        .iter()
        .zip(search.recipients)
        .map(|(number, recipient)| forecast.preference(recipient, known.get(number)))
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
    publisher: &'w Publisher,
    sent: Option<(EnterpriseNumber, MessageType)>,
    rulebook: Rulebook,
    now: Timestamp,
}

impl<'w> Forecast<'w> {
    async fn of(
        web: &Web,
        publisher: &'w Publisher,
        search: &PreferencesSearch,
    ) -> Result<Self, Problem> {
        let sent = match (&search.sender_organization_id, &search.message_type_id) {
            (Some(organization), Some(id)) => {
                Some(configured(web, publisher, organization, id).await?)
            }
            _ => None,
        };
        Ok(Self { publisher, sent, rulebook: web.intake.rulebook(), now: web.clock.now() })
    }

    fn preference(&self, recipient: Party, known: Option<&Recipient>) -> Preference {
        let mailbox = self.used(known);
        let preference = Preference {
            recipient,
            has_ebox: mailbox.is_some(),
            is_activated: mailbox.is_some_and(|it| it.last_connection.is_some()),
            exclusively_ebox: mailbox.is_some_and(|it| it.all_digital),
            medium: None,
            reason: None,
            flag: None,
        };
        let Some((organization, message_type)) = &self.sent else { return preference };
        if let Some(code) = self.refusal(known) {
            return Preference { reason: Some(code.as_str().to_owned()), ..preference };
        }
        let facts = self.facts(*organization, message_type, mailbox);
        let decision = decide(&self.rulebook.policy, &facts);
        Preference {
            medium: decision.ruling.medium().map(Medium::as_str),
            flag: decision.flag.as_deref().map(str::to_owned),
            reason: Some(decision.reason.to_string()),
            ..preference
        }
    }

    /// The box that senders use: to them, one of a company in its first days is
    /// none, and neither is one that has closed.
    fn used<'r>(&self, known: Option<&'r Recipient>) -> Option<&'r RecipientBox> {
        let mailbox = known.and_then(|it| it.mailbox.as_ref());
        mailbox.filter(|_| !self.is_new(known) && !self.is_over(known))
    }

    /// By which code whatever is sent to a company would be refused.
    fn refusal(&self, known: Option<&Recipient>) -> Option<Code> {
        match known {
            None => self.rulebook.is_registry_complete.then_some(Code::InvalidInput),
            Some(_) => self.is_over(known).then_some(Code::EnterpriseClosed),
        }
    }

    fn is_over(&self, known: Option<&Recipient>) -> bool {
        let today = belgian_day(self.now);
        known.is_some_and(|it| it.state.is_over(it.state_since, today))
    }

    fn is_new(&self, known: Option<&Recipient>) -> bool {
        let (today, grace_days) = (belgian_day(self.now), self.rulebook.grace_days);
        known.is_some_and(|it| it.state.is_new(it.state_since, today, grace_days))
    }

    fn facts(
        &self,
        organization: EnterpriseNumber,
        message_type: &MessageType,
        mailbox: Option<&RecipientBox>,
    ) -> Facts {
        let recipient = match mailbox.map(|mailbox| mailbox.last_connection) {
            None => BoxState::None,
            Some(None) => BoxState::NeverOpened,
            Some(Some(at)) => BoxState::Opened { days_ago: days_between(at, self.now) },
        };
        let item = Item {
            message_type: &message_type.id,
            level: message_type.level,
            service: message_type.service.as_ref(),
            organization,
            application: &self.publisher.application,
        };
        let today = belgian_day(self.now);
        let audience = mailbox.map(|mailbox| route(&mailbox.access, item, today).audience);
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
            somebody_can_open: audience.is_some_and(|it| it != AudienceKind::Nobody),
        }
    }
}

/// The type, where the caller may send it for the organization.
async fn configured(
    web: &Web,
    publisher: &Publisher,
    organization: &str,
    type_id: &str,
) -> Result<(EnterpriseNumber, MessageType), Problem> {
    let organization: EnterpriseNumber = organization
        .parse()
        .map_err(|_| wrong("not an enterprise number", "/senderOrganizationId".to_owned()))?;
    let reference = web.ledger.reference().await.map_err(|error| away(&error))?;
    let known = type_id.parse::<MessageTypeId>().ok();
    let known = known.filter(|it| reference.allows(organization, &publisher.application, it));
    let found = known.and_then(|it| reference.message_types.get(&it).cloned());
    let is_own = publisher.may_send_for(web, organization).await?;
    let found = found.filter(|_| is_own);
    found.map(|found| (organization, found)).ok_or_else(|| {
        let message = "organization, application and message type were not configured together";
        Problem::new(StatusCode::FORBIDDEN, Code::InvalidSender.as_str(), message)
    })
}

/// Whole days of 24 hours; 0 for a connection after `now`.
fn days_between(at: Timestamp, now: Timestamp) -> u32 {
    u32::try_from((now.as_second() - at.as_second()) / 86_400).unwrap_or(0)
}
