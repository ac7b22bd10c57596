//! `GET /ebox/messages`: lists and searches.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use schemars::JsonSchema;
use serde::Deserialize;

use super::consumer::Consumer;
use super::kept::{self, ALWAYS_ASK};
use super::shapes::Messages;
use super::status::ApiError;
use crate::clock::belgian_midnight;
use crate::domain::{ApplicationId, EnterpriseNumber, Language, MessageTypeId, PartitionId};
use crate::mailbox::{Filter, Hidden, Listed, Page};
use crate::web::Web;

/// Criteria, all of which must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Asked {
    /// The page, from 1; with `q`, within the first 10,000 messages.
    #[serde(default = "first")]
    #[schemars(range(min = 1))]
    page: u32,
    /// Messages on a page.
    #[serde(default = "usual")]
    #[schemars(range(min = 1, max = 100))]
    page_size: u32,
    /// Received before this day (in Belgium).
    #[schemars(with = "Option<Date>")]
    received_before: Option<String>,
    /// Received after this day (in Belgium).
    #[schemars(with = "Option<Date>")]
    received_after: Option<String>,
    /// Leaving the box before this day (in Belgium).
    #[schemars(with = "Option<Date>")]
    expired_before: Option<String>,
    /// Leaving the box after this day (in Belgium).
    #[schemars(with = "Option<Date>")]
    expired_after: Option<String>,
    /// Opened already, or not.
    read_status: Option<bool>,
    /// In the list, or hidden; both where it is left out.
    visible: Option<bool>,
    /// Of this type.
    #[schemars(with = "Option<MessageTypeId>")]
    message_type_id: Option<String>,
    /// From this organization.
    #[schemars(with = "Option<EnterpriseNumber>")]
    sender_organization_id: Option<String>,
    /// From this application.
    #[schemars(with = "Option<ApplicationId>")]
    sender_application_id: Option<String>,
    /// In this partition.
    #[schemars(with = "Option<PartitionId>")]
    partition: Option<String>,
    /// Registered, or not.
    registered_mail: Option<bool>,
    /// Containing this, in subject, business data, attention label, or the
    /// names of sender and type; case and accents make no difference.
    q: Option<String>,
    /// In which language `q` is looked for; needed with `q`.
    #[schemars(with = "Option<Language>")]
    qlang: Option<String>,
}

fn first() -> u32 {
    Page::default().number
}

fn usual() -> u32 {
    Page::default().size
}

/// The messages of a box, newest first
///
/// A page of those that are open to the caller and meet all criteria. Nothing
/// found is an empty list.
pub(super) async fn messages(
    State(web): State<Web>,
    consumer: Consumer,
    asked: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Query(asked) = asked.map_err(|fault| ApiError::invalid("/query", fault.body_text()))?;
    let filter = asked.filter()?;
    let text = asked.text()?;
    let listed = match text {
        Some(text) => found(&web, &consumer, text, &filter, asked.page()).await?,
        None => {
            let (reader, enterprise) = (&consumer.reader, consumer.enterprise);
            web.mailbox.page(reader, enterprise, &filter, asked.page()).await?
        }
    };
    let total_items = match listed.exact {
        Some(exact) => exact,
        None => {
            let (reader, place) = (&consumer.reader, consumer.place());
            web.mailbox.exact_count(reader, place, text, &filter).await?
        }
    };
    let items = listed.lines.iter().map(Into::into).collect();
    kept::json(&headers, ALWAYS_ASK, &Messages { items, total_items })
}

async fn found(
    web: &Web,
    consumer: &Consumer,
    (language, part): (Language, &str),
    filter: &Filter,
    page: Page,
) -> Result<Listed, ApiError> {
    let (reader, place) = (&consumer.reader, consumer.place());
    Ok(web.mailbox.search(reader, place, language, part, filter, page).await?)
}

impl Asked {
    fn page(&self) -> Page {
        Page { number: self.page, size: self.page_size }
    }

    /// What to look for, and in which language; a blank text is no criterion.
    fn text(&self) -> Result<Option<(Language, &str)>, ApiError> {
        let language = self.qlang.as_deref().map(str::parse::<Language>).transpose();
        let language = language.map_err(|message| ApiError::invalid("/query/qlang", message))?;
        let Some(part) = self.q.as_deref() else { return Ok(None) };
        let message = "a text is looked for in one language: fr, nl, de or en";
        let language = language.ok_or_else(|| ApiError::invalid("/query/qlang", message))?;
        // Nobody types one, and no text holds one: what would be left is another question.
        if part.chars().any(char::is_control) {
            return Err(ApiError::invalid("/query/q", "control characters are in no text"));
        }
        Ok((!part.trim().is_empty()).then_some((language, part)))
    }

    fn filter(&self) -> Result<Filter, ApiError> {
        Ok(Filter {
            message_types: one("messageTypeId", self.message_type_id.as_deref())?,
            organizations: one("senderOrganizationId", self.sender_organization_id.as_deref())?,
            applications: one("senderApplicationId", self.sender_application_id.as_deref())?,
            partitions: one("partition", self.partition.as_deref())?,
            is_unread: self.read_status.map(|is_read| !is_read),
            is_registered: self.registered_mail,
            arrived_from: day_after("receivedAfter", self.received_after.as_deref())?,
            arrived_to: day("receivedBefore", self.received_before.as_deref())?,
            expires_from: day_after("expiredAfter", self.expired_after.as_deref())?,
            expires_to: day("expiredBefore", self.expired_before.as_deref())?,
            hidden: match self.visible {
                Some(true) => Hidden::Without,
                Some(false) => Hidden::Only,
                None => Hidden::With,
            },
            ..Filter::default()
        })
    }
}

fn one<T>(name: &str, text: Option<&str>) -> Result<Vec<T>, ApiError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let parsed = text.map(str::parse).transpose();
    let parsed = parsed.map_err(|error| wrong(name, &error))?;
    Ok(parsed.into_iter().collect())
}

/// When a day begins.
fn day(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    let day = text.map(str::parse::<Date>).transpose().map_err(|error| wrong(name, &error))?;
    day.map(|day| midnight(name, day)).transpose()
}

/// When the day after begins.
fn day_after(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    let day = text.map(str::parse::<Date>).transpose().map_err(|error| wrong(name, &error))?;
    let next = day.map(|day| day.checked_add(1.day())).transpose();
    let next = next.map_err(|error| wrong(name, &error))?;
    next.map(|day| midnight(name, day)).transpose()
}

fn midnight(name: &str, day: Date) -> Result<Timestamp, ApiError> {
    belgian_midnight(day).ok_or_else(|| wrong(name, &"no such day"))
}

fn wrong(name: &str, error: &dyn std::fmt::Display) -> ApiError {
    ApiError::invalid(format!("/query/{name}"), error.to_string())
}
