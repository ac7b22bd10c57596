//! `GET /events?after=N`: everything that an application is told, from the
//! beginning, by sequence number. It never forgets; the receipts queue is the
//! quick copy of it.
//!
//! A page is a batch of CloudEvents, as on the queue; the id of each is its
//! sequence number. `Link: <…>; rel="next"` leads to what follows, now or
//! later.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::api::SENDERS;
use super::api::callers::Publisher;
use super::api::describe::{Operation, Routes, Tag, of};
use super::auth::{Caller, away};
use super::{Problem, Web};
use crate::ledger::Entry;
use crate::relay::{CloudEvent, Receipt, has_receipt, receipt};

/// Events on a page.
const PAGE_MAX: i64 = 500;

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Only what follows this sequence number.
    #[serde(default)]
    #[schemars(range(min = 0))]
    after: i64,
    /// Events on the page.
    #[serde(default = "page_max")]
    #[schemars(range(min = 1, max = 500))]
    limit: i64,
}

fn page_max() -> i64 {
    PAGE_MAX
}

/// The endpoint with its description.
pub(super) fn routes() -> Routes<Web> {
    let feed_of = Operation::get("/events", "events", Tag::Events)
        .says(
            "What an application is told, from the beginning, by sequence number",
            "A page of receipts as CloudEvents; Link leads to what follows, now or later. A token \
             for one enterprise is told of that one's mail alone, and of its mandators'.",
        )
        .keys(SENDERS)
        .criteria::<Asked>()
        .answers(
            200,
            "A batch of receipts",
            "application/cloudevents-batch+json",
            of::<Vec<CloudEvent<Receipt>>>,
        )
        .with(200, "Link", "rel=next: what follows")
        .problems(&[400, 401, 403, 429, 500, 503]);
    Routes::new().on(feed_of, feed)
}

pub(super) async fn feed(
    State(web): State<Web>,
    headers: HeaderMap,
    Caller(publisher): Caller,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(Asked { after, limit }) = asked.map_err(|fault| wrong(fault.body_text()))?;
    if after < 0 || !(1..=PAGE_MAX).contains(&limit) {
        return Err(wrong(format!("after is 0 or more, limit is 1 to {PAGE_MAX}")));
    }
    let ledger = &web.ledger;
    let through = ledger.position().await.map_err(|error| away(&error))?;
    let entries = ledger.journal_of(publisher.application.as_str(), after, through, limit).await;
    let entries = entries.map_err(|error| away(&error))?;
    // Also of a page that shows nothing: what follows is not read twice.
    let last = entries.last().map_or(after, |entry| entry.position);
    let body = page(&web, &told(&web, &publisher, entries).await?).await?;
    let origin = web.pages.origin(&headers);
    let next = format!("<{origin}/events?after={last}&limit={limit}>; rel=\"next\"");
    let headers = [
        (header::CONTENT_TYPE, "application/cloudevents-batch+json".to_owned()),
        (header::LINK, next),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, body).into_response())
}

/// What a caller is told: of a token for one enterprise, what concerns its own
/// mail and its mandators'. What names no organization is nobody's in particular.
async fn told(
    web: &Web,
    publisher: &Publisher,
    entries: Vec<Entry>,
) -> Result<Vec<Entry>, Problem> {
    let mut told = entries;
    told.retain(|entry| has_receipt(entry.kind));
    if publisher.enterprise.is_some() {
        let organizations = told.iter().filter_map(|entry| entry.organization).collect();
        let own = publisher.own(web, organizations).await?;
        told.retain(|entry| entry.organization.is_some_and(|it| own.contains(&it)));
    }
    Ok(told)
}

async fn page(web: &Web, entries: &[Entry]) -> Result<Vec<u8>, Problem> {
    let epoch = web.ledger.epoch().await.map_err(|error| away(&error))?;
    let source = format!("urn:facteur:{epoch}");
    let events: Result<Vec<CloudEvent<Receipt>>, serde_json::Error> =
        entries.iter().map(|entry| receipt(entry, &source)).collect();
    events.and_then(|events| serde_json::to_vec(&events)).map_err(|error| {
        tracing::error!(%error, "a stored receipt cannot be written");
        Problem::internal()
    })
}

fn wrong(message: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "INVALID_QUERY", message).at("/query")
}
