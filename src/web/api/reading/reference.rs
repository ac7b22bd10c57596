//! `/referenceData/…`: who sends what, to whoever proves who asks.

use std::collections::BTreeSet;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::consumer::Known;
use super::kept::{self, FIVE_MINUTES};
use super::shapes::TranslatedString;
use super::status::ApiError;
use crate::domain::{self, EnterpriseNumber};
use crate::ledger::Reference;
use crate::web::Web;
use crate::web::api::describe::{At, Key, Operation, Routes, Tag, of};

const PAGE_SIZE_MAX: usize = 100;
/// By what somebody proves who asks: companies' software, people and agencies.
const ASKERS: &[Key] = &[Key::TokenToConsume, Key::Session, Key::TokenToPublish, Key::Application];

/// Which page of a list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Paging {
    /// The page, from 1.
    #[serde(default = "first")]
    #[schemars(range(min = 1))]
    page: u32,
    /// Entries on a page.
    #[serde(default = "usual")]
    #[schemars(range(min = 1, max = 100))]
    page_size: u32,
}

fn first() -> u32 {
    1
}

fn usual() -> u32 {
    25
}

type Paged = Result<Query<Paging>, QueryRejection>;

/// What a sender may send: a kind of letter or document.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageType {
    message_type_id: String,
    message_type_name: TranslatedString,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_type_description: Option<TranslatedString>,
    validity_period: ValidityPeriod,
    /// Who may send it.
    sender_organization_ids: BTreeSet<String>,
    /// By which applications.
    sender_application_ids: BTreeSet<String>,
}

/// How long a message stays in the box.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ValidityPeriod {
    validity_period_number: u32,
    /// `day`, `month` or `year`.
    validity_period_unit: &'static str,
}

/// A program that sends.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SenderApplication {
    application_id: String,
    application_name: TranslatedString,
    /// For whom it may send.
    sender_organization_ids: BTreeSet<String>,
    /// What it may send.
    message_type_ids: BTreeSet<String>,
}

/// A sender.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SenderOrganization {
    organization_id: String,
    organization_short_name: TranslatedString,
    /// By which applications it may send.
    sender_application_ids: BTreeSet<String>,
    /// What it may send.
    message_type_ids: BTreeSet<String>,
}

/// Message types of one page.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageTypes {
    items: Vec<MessageType>,
    total_items: usize,
}

/// Applications of one page.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SenderApplications {
    items: Vec<SenderApplication>,
    total_items: usize,
}

/// Organizations of one page.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SenderOrganizations {
    items: Vec<SenderOrganization>,
    total_items: usize,
}

/// The endpoints, each with its description.
pub(super) fn routes() -> Routes<Web> {
    types().merge(senders()).merge(images())
}

fn types() -> Routes<Web> {
    Routes::new()
        .on(
            all("/referenceData/messageTypes", "getAllMessagesTypes")
                .says("All message types, by id", "")
                .kept::<MessageTypes>("A page"),
            message_types,
        )
        .on(
            one("/referenceData/messageTypes/{messageTypeId}", "getMessageTypeById")
                .says("A message type", "")
                .place("messageTypeId", "Which type")
                .kept::<MessageType>("As asked for"),
            message_type,
        )
}

fn senders() -> Routes<Web> {
    Routes::new()
        .on(
            all("/referenceData/senderApplications", "findAllSenderApplications")
                .says("All sender applications, by id", "")
                .kept::<SenderApplications>("A page"),
            applications,
        )
        .on(
            one(
                "/referenceData/senderApplications/{senderApplicationId}",
                "getSenderApplicationById",
            )
            .says("A sender application", "")
            .place("senderApplicationId", "Which application")
            .kept::<SenderApplication>("As asked for"),
            application,
        )
        .on(
            all("/referenceData/senderOrganizations", "findAllSenderOrganizations")
                .says("All sender organizations, by number", "")
                .kept::<SenderOrganizations>("A page"),
            organizations,
        )
        .on(
            one(
                "/referenceData/senderOrganizations/{senderOrganizationId}",
                "getSenderOrganizationById",
            )
            .says("A sender organization", "")
            .place("senderOrganizationId", "Its enterprise number")
            .kept::<SenderOrganization>("As asked for"),
            organization,
        )
}

fn images() -> Routes<Web> {
    let nothing = |operation: Operation| {
        operation
            .says("A picture of a sender", "The registry holds none.")
            .place("imageId", "Which picture")
    };
    Routes::new()
        .on(
            nothing(one(
                "/referenceData/senderApplications/{senderApplicationId}/images/{imageId}/content",
                "getImageForSenderApplication",
            ))
            .place("senderApplicationId", "Which application"),
            no_image,
        )
        .on(
            nothing(one(
                "/referenceData/senderOrganizations/{senderOrganizationId}/images/{imageId}/content",
                "getImageForSenderOrganization",
            ))
            .place("senderOrganizationId", "Its enterprise number"),
            no_image,
        )
}

fn all(path: &'static str, id: &'static str) -> Operation {
    told(path, id).criteria::<Paging>().faults(&[400])
}

fn one(path: &'static str, id: &'static str) -> Operation {
    told(path, id).faults(&[400, 404])
}

/// Something of the reference data; a mandate that is named must be in force.
fn told(path: &'static str, id: &'static str) -> Operation {
    let behalf = "The enterprise for which a token's own acts, by a mandate in force";
    Operation::get(path, id, Tag::ReferenceData)
        .keys(ASKERS)
        .header("On-Behalf-Of", behalf, false, of::<EnterpriseNumber>)
        .faults(&[401, 403, 429, 500, 503])
}

/// All message types, by id
pub(super) async fn message_types(
    State(web): State<Web>,
    _: Known,
    paged: Paged,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let reference = web.ledger.reference().await?;
    let mut all: Vec<_> = reference.message_types.values().collect();
    all.sort_by(|one, other| one.id.cmp(&other.id));
    let of = |it: &&domain::MessageType| message_type_of(&reference, it);
    let items = page(paged, &all)?.iter().map(of).collect();
    kept::json(&headers, FIVE_MINUTES, &MessageTypes { items, total_items: all.len() })
}

/// A message type
pub(super) async fn message_type(
    State(web): State<Web>,
    _: Known,
    At(id): At<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let reference = web.ledger.reference().await?;
    let found = reference.message_types.get(id.as_str());
    let found = found.ok_or_else(ApiError::not_found)?;
    kept::json(&headers, FIVE_MINUTES, &message_type_of(&reference, found))
}

/// All sender applications, by id
pub(super) async fn applications(
    State(web): State<Web>,
    _: Known,
    paged: Paged,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let reference = web.ledger.reference().await?;
    let all: Vec<_> = reference.applications.values().collect();
    let of = |it: &&domain::Application| application_of(&reference, it);
    let items = page(paged, &all)?.iter().map(of).collect();
    kept::json(&headers, FIVE_MINUTES, &SenderApplications { items, total_items: all.len() })
}

/// A sender application
pub(super) async fn application(
    State(web): State<Web>,
    _: Known,
    At(id): At<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let reference = web.ledger.reference().await?;
    let found = reference.applications.get(id.as_str());
    let found = found.ok_or_else(ApiError::not_found)?;
    kept::json(&headers, FIVE_MINUTES, &application_of(&reference, found))
}

/// All sender organizations, by number
pub(super) async fn organizations(
    State(web): State<Web>,
    _: Known,
    paged: Paged,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let reference = web.ledger.reference().await?;
    let mut all: Vec<_> = reference.organizations.values().collect();
    all.sort_by_key(|it| it.number);
    let of = |it: &&domain::Organization| organization_of(&reference, it);
    let items = page(paged, &all)?.iter().map(of).collect();
    kept::json(&headers, FIVE_MINUTES, &SenderOrganizations { items, total_items: all.len() })
}

/// A sender organization
pub(super) async fn organization(
    State(web): State<Web>,
    _: Known,
    At(id): At<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let reference = web.ledger.reference().await?;
    let found = id.parse::<EnterpriseNumber>().ok().and_then(|id| reference.organizations.get(&id));
    let found = found.ok_or_else(ApiError::not_found)?;
    kept::json(&headers, FIVE_MINUTES, &organization_of(&reference, found))
}

/// A picture of a sender: the registry holds none.
pub(super) async fn no_image(_: Known) -> ApiError {
    ApiError::not_found()
}

/// The entries of a page; a page beyond the last is empty.
fn page<T>(paged: Paged, all: &[T]) -> Result<&[T], ApiError> {
    let Query(asked) = paged.map_err(|fault| ApiError::invalid("/query", fault.body_text()))?;
    let (number, size) = (asked.page as usize, asked.page_size as usize);
    if number == 0 || !(1..=PAGE_SIZE_MAX).contains(&size) {
        let message = format!("pages count from 1 and hold 1 to {PAGE_SIZE_MAX} entries");
        return Err(ApiError::invalid("/query/page", message));
    }
    Ok(all.chunks(size).nth(number - 1).unwrap_or_default())
}

fn message_type_of(reference: &Reference, it: &domain::MessageType) -> MessageType {
    let trios = || reference.trios().filter(|(.., of)| **of == it.id);
    MessageType {
        message_type_id: it.id.to_string(),
        message_type_name: (&it.name).into(),
        message_type_description: (!it.description.is_empty()).then(|| (&it.description).into()),
        validity_period: ValidityPeriod {
            validity_period_number: it.validity.count,
            validity_period_unit: match it.validity.unit {
                domain::ValidityUnit::Day => "day",
                domain::ValidityUnit::Month => "month",
                domain::ValidityUnit::Year => "year",
            },
        },
        sender_organization_ids: trios().map(|(number, ..)| number.to_string()).collect(),
        sender_application_ids: trios().map(|(_, id, _)| id.to_string()).collect(),
    }
}

fn application_of(reference: &Reference, it: &domain::Application) -> SenderApplication {
    let trios = || reference.trios().filter(|(_, of, _)| **of == it.id);
    SenderApplication {
        application_id: it.id.to_string(),
        application_name: (&it.name).into(),
        sender_organization_ids: trios().map(|(number, ..)| number.to_string()).collect(),
        message_type_ids: trios().map(|(.., id)| id.to_string()).collect(),
    }
}

fn organization_of(reference: &Reference, it: &domain::Organization) -> SenderOrganization {
    let of_it = |number: EnterpriseNumber| number == it.number;
    let trios = || reference.trios().filter(|(number, ..)| of_it(*number));
    SenderOrganization {
        organization_id: it.number.to_string(),
        organization_short_name: (&it.name).into(),
        sender_application_ids: trios().map(|(_, id, _)| id.to_string()).collect(),
        message_type_ids: trios().map(|(.., id)| id.to_string()).collect(),
    }
}
