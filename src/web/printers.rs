//! `/printers/…`: the printers' side over HTTP, with the meaning that the
//! queues have. A package is opened by its signed link alone; everything else
//! by HTTP Basic with the printer's name and key, or by a bearer token with
//! the scope of printing that names the printer.

mod leases;
mod package;
mod reports;

use std::sync::{Arc, Mutex};

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;

use self::leases::{Wanted, lease_tickets};
use self::package::{Claiming, package};
use self::reports::{Told, Whose, heartbeat, jobs, recalls, report};
use super::api::describe::{Key, Operation, Routes, Tag, bytes, of};
use super::api::token::Scope;
use super::api::{Gate, forbidden};
use super::auth::{away, basic, is_key};
use super::patience::{self, Patience};
use super::{Problem, observe, problem, singletons};
use crate::clock::{Clock, SystemClock};
use crate::ledger::LetterRow;
use crate::paper::office::Office;
use crate::paper::pace::Paces;
use crate::paper::report::Report;
use crate::paper::ticket::{Recall, Ticket};
use crate::relay::CloudEvent;

/// Bytes of one message of reports.
const REPORTS_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Letters, reports and requests in one answer.
const PAGE_MAX: u32 = 1_000;

/// What the handlers work with. Clones share it.
#[derive(Clone)]
pub(super) struct Counter {
    office: Arc<Office>,
    lease: SignedDuration,
    gate: Arc<Gate>,
    paces: Arc<Mutex<Paces>>,
    clock: Arc<dyn Clock>,
}

/// The routes of printers over an office; a lease holds for `lease`.
pub fn router(office: Arc<Office>, lease: SignedDuration, gate: Arc<Gate>) -> Router {
    let patience = Patience::of(&gate.settings);
    routes()
        .into_router()
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(REPORTS_BYTES_MAX))
        .layer(axum::middleware::from_fn_with_state(patience, patience::keep))
        .layer(axum::middleware::from_fn(singletons::check))
        .layer(axum::middleware::from_fn(observe::measure))
        .with_state(Counter {
            office,
            lease,
            gate,
            paces: Arc::default(),
            clock: Arc::new(SystemClock),
        })
}

const BATCH: &str = "application/cloudevents-batch+json";

/// The endpoints, each with its description.
pub(super) fn routes() -> Routes<Counter> {
    // A look at the head of a package must not claim it.
    claiming().merge(
        Routes::new()
            .on(
                asked(Operation::post("/printers/{printer}/reports", "reportJobs", Tag::Printers))
                    .says("What became of letters", "A report, or a batch of them, as CloudEvents.")
                    .takes("application/cloudevents+json", of::<CloudEvent<Report>>)
                    .takes(BATCH, of::<Vec<CloudEvent<Report>>>)
                    .answers(200, "What is made of each", "application/json", of::<Vec<Told>>)
                    .problems(&[408, 413]),
                report,
            )
            .on(
                asked(Operation::post("/printers/{printer}/heartbeat", "beat", Tag::Printers))
                    .says("The printer is alive", "")
                    .done(204, "Heard"),
                heartbeat,
            )
            .on(
                asked(Operation::get("/printers/{printer}/jobs", "claimedJobs", Tag::Printers))
                    .says("What was claimed and not reported of", "At most 1,000.")
                    .criteria::<Whose>()
                    .answers(200, "Letters", "application/json", of::<Vec<LetterRow>>)
                    .problems(&[400]),
                jobs,
            )
            .on(
                asked(Operation::get("/printers/{printer}/recalls", "recalls", Tag::Printers))
                    .says("Letters that are wanted back", "Each until it is answered for.")
                    .answers(200, "Requests", BATCH, of::<Vec<CloudEvent<Recall>>>),
                recalls,
            ),
    )
}

fn claiming() -> Routes<Counter> {
    let leased = asked(Operation::post("/printers/{printer}/leases", "lease", Tag::Printers))
        .says(
            "Tickets for a machine, registered ones first",
            "They are leased, not claimed: fetching the package is the claim.",
        )
        .takes("application/json", of::<Wanted>)
        .answers(200, "At most as many as wanted", BATCH, of::<Vec<CloudEvent<Ticket>>>)
        .problems(&[400, 408, 413]);
    let fetched = Operation::get("/printers/jobs/{job}/package", "fetchPackage", Tag::Printers)
        .says(
            "A letter's package, which claims it",
            "manifest.json and the documents. The signed link opens it, and nothing else does.",
        )
        .place("job", "The job's id")
        .criteria::<Claiming>()
        .answers(200, "The package", "application/zip", bytes)
        .problems(&[400, 403, 404, 409, 410, 500, 503])
        .faults(&[404]);
    Routes::new().on(leased, lease_tickets).on_whole(fetched, package)
}

fn asked(operation: Operation) -> Operation {
    operation
        .keys(&[Key::TokenToPrint, Key::Printer])
        .place("printer", "The printer's name")
        .problems(&[401, 403, 429, 500, 503])
}

/// The printer that asks, proven, and the one that the path names.
struct Asking(String);

impl FromRequestParts<Counter> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, counter: &Counter) -> Result<Self, Problem> {
        let name = match counter.by_token(parts).await? {
            Some(name) => name,
            None => counter.by_key(parts)?,
        };
        let Path(path) = Path::<String>::from_request_parts(parts, counter)
            .await
            .map_err(|_| unauthenticated())?;
        if path != name {
            return Err(unauthenticated());
        }
        counter.office.heard(&name).await.map_err(|error| away(&error))?;
        Ok(Self(name))
    }
}

impl Counter {
    /// The printer that a token names.
    async fn by_token(&self, parts: &Parts) -> Result<Option<String>, Problem> {
        let now = self.office.now();
        let Some(authority) = self.gate.bearer(parts, Scope::Print, now).await? else {
            return Ok(None);
        };
        let name = authority.printer.filter(|name| self.office.printers().get(name).is_some());
        let unknown = || forbidden("NO_PRINTER", "the token names no printer of this installation");
        name.map(Some).ok_or_else(unknown)
    }

    fn by_key(&self, parts: &Parts) -> Result<String, Problem> {
        let (name, key) = basic(parts).ok_or_else(unauthenticated)?;
        let printer = self.office.printers().get(&name);
        let expected = printer.and_then(|printer| printer.key_digest);
        if !is_key(&key, expected) {
            return Err(self.gate.unproven(parts, unauthenticated()));
        }
        Ok(name)
    }
}

fn unauthenticated() -> Problem {
    Problem::unauthenticated_as("HTTP Basic with a printer's name and its key is expected")
}

async fn source(office: &Office) -> Result<String, Problem> {
    let epoch = office.ledger().epoch().await.map_err(|error| away(&error))?;
    Ok(format!("urn:facteur:{epoch}"))
}

fn batch<T: serde::Serialize>(events: &[CloudEvent<T>]) -> Response {
    let content_type = (header::CONTENT_TYPE, "application/cloudevents-batch+json");
    ([content_type], Json(events)).into_response()
}

fn json_body<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "MALFORMED", error.to_string()).at("/body")
    })
}
