//! `/printers/…`: the printers' side over HTTP, with the meaning that the
//! queues have. A package is opened by its signed link alone; everything else
//! by HTTP Basic with the printer's name and key, or by a bearer token with
//! the scope of printing that names the printer.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::api::describe::{At, Criteria, Key, Operation, Routes, Tag, bytes, of};
use super::api::token::Scope;
use super::api::{Gate, forbidden};
use super::auth::{away, basic, is_key};
use super::{Problem, observe, problem};
use crate::clock::{Clock, SystemClock};
use crate::domain::{Object, present};
use crate::ledger::{ClaimAnswer, LetterRow, Releasable};
use crate::paper::days;
use crate::paper::inbox::{Heard, Letterbox};
use crate::paper::links::LinkError;
use crate::paper::office::{FetchError, Office};
use crate::paper::pace::Paces;
use crate::paper::printer::Printer;
use crate::paper::report::Report;
use crate::paper::ticket::{RECALL, Recall, TICKET, Ticket};
use crate::relay::CloudEvent;

/// Bytes of one message of reports.
const REPORTS_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Letters, reports and requests in one answer.
const PAGE_MAX: u32 = 1_000;
const CLAIMANT_CHARS_MAX: usize = 100;

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
    routes()
        .into_router()
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(REPORTS_BYTES_MAX))
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
                    .problems(&[413]),
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
        .problems(&[400, 413]);
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

#[derive(Deserialize, JsonSchema)]
struct Claiming {
    /// Of the link, as the ticket gave it.
    #[serde(default)]
    token: String,
    /// The machine that claims, by the name it gives itself.
    #[schemars(length(min = 1, max = 100))]
    claimant: Option<String>,
}

async fn package(
    State(counter): State<Counter>,
    At(job): At<String>,
    Criteria(claiming): Criteria<Claiming>,
) -> Result<Response, Problem> {
    let job: Uuid = job.parse().map_err(|_| unknown_job())?;
    let claimant = claiming.claimant.as_deref().map(claimant).transpose()?;
    let fetched = counter.office.fetch(job, &claiming.token, claimant).await;
    let package = fetched.map_err(|error| refused(&error))?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{job}.zip\"")),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(package.pieces)).into_response())
}

fn claimant(text: &str) -> Result<&str, Problem> {
    let is_name = !text.is_empty()
        && text.chars().count() <= CLAIMANT_CHARS_MAX
        && !text.chars().any(char::is_control);
    let message = "a claimant has 1 to 100 printable characters";
    is_name.then_some(text).ok_or_else(|| {
        Problem::new(StatusCode::BAD_REQUEST, "INVALID_CLAIMANT", message).at("/claimant")
    })
}

fn unknown_job() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "UNKNOWN_JOB", "there is no such letter")
}

/// 409: somebody else has it, or it must wait; 410: nobody will get it by this
/// link any more.
fn refused(error: &FetchError) -> Problem {
    let conflict = |code, message: &str| Problem::new(StatusCode::CONFLICT, code, message);
    let gone = |code, message: &str| Problem::new(StatusCode::GONE, code, message);
    match error {
        FetchError::Link(LinkError::Forged) => {
            let message = "the link is not valid for this job";
            Problem::new(StatusCode::FORBIDDEN, "INVALID_LINK", message).at("/token")
        }
        FetchError::Link(LinkError::Expired) => gone("LINK_EXPIRED", "the link has expired"),
        FetchError::Refused(answer) => match answer {
            ClaimAnswer::Cancelled => gone("CANCELLED", "the letter was recalled"),
            ClaimAnswer::Moved => gone("MOVED", "the letter is another printer's now"),
            ClaimAnswer::Held => conflict("HELD", "the letter waits for an operator"),
            ClaimAnswer::Taken => conflict("CLAIMED", "the letter was claimed before"),
            _ => unknown_job(),
        },
        FetchError::Missing => {
            conflict("DOCUMENT_MISSING", "a document is missing; the letter is held")
        }
        FetchError::Ledger(error) => away(error),
        FetchError::Documents(error) => {
            tracing::warn!(error = %crate::telemetry::log::chain(error), "no package");
            if error.is_transient() { Problem::unavailable() } else { Problem::internal() }
        }
        FetchError::Encode(error) => {
            tracing::error!(%error, "a manifest cannot be written");
            Problem::internal()
        }
    }
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
            return Err(unauthenticated());
        }
        Ok(name)
    }
}

fn unauthenticated() -> Problem {
    Problem::unauthenticated_as("HTTP Basic with a printer's name and its key is expected")
}

/// How many tickets a machine wants.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// At most 1,000 are given.
    max: u32,
    /// The machine, by the name it gives itself.
    #[serde(default, deserialize_with = "present")]
    #[schemars(length(min = 1, max = 100))]
    claimant: Option<String>,
}

/// Tickets for a machine, registered ones first. They are leased, not claimed:
/// fetching the package is the claim, here as behind a queue.
async fn lease_tickets(
    State(counter): State<Counter>,
    Asking(printer): Asking,
    body: Bytes,
) -> Result<Response, Problem> {
    let Object(wanted): Object<Wanted> = json_body(&body)?;
    let who = claimant(wanted.claimant.as_deref().unwrap_or(&printer))?;
    let office = &counter.office;
    let limit = i64::from(wanted.max.min(PAGE_MAX));
    let now = office.now();
    let limit = limit.min(counter.room(&printer).await?);
    let limit = counter.turns(&printer, limit, now).await?;
    let which = Releasable { printer: &printer, today: days::today(now), limit };
    let until = now + counter.lease;
    let leased = office.ledger().lease_letters(which, who, until, now).await;
    let mut leased = leased.map_err(|error| away(&error))?;
    office.fill_pages(&mut leased).await.map_err(|error| away(&error))?;
    let source = source(office).await?;
    let tickets: Vec<CloudEvent<Ticket>> = leased
        .iter()
        .filter_map(|letter| office.ticket(letter))
        .map(|ticket| {
            let (id, at) = (ticket.job_id.to_string(), ticket.created_at);
            CloudEvent::new(id.clone(), source.clone(), TICKET, at, Some(id), ticket)
        })
        .collect();
    Ok(batch(&tickets))
}

impl Counter {
    /// What cap, working days and pauses leave.
    async fn room(&self, name: &str) -> Result<i64, Problem> {
        let office = &self.office;
        let printers = office.printers_now().await.map_err(|error| away(&error))?;
        let Some(printer) = printers.get(name) else { return Ok(0) };
        let now = office.now();
        if printer.paused || !printer.works_on(days::day(days::today(now))) {
            return Ok(0);
        }
        let Some(cap) = printer.cap_per_day else { return Ok(i64::MAX) };
        let given = office.ledger().letters_given(name, days::began(now)).await;
        Ok((i64::from(cap) - given.map_err(|error| away(&error))?).max(0))
    }

    /// What of this the printer's pace leaves: a turn is taken for a letter
    /// that is there alone.
    async fn turns(&self, name: &str, room: i64, now: Timestamp) -> Result<i64, Problem> {
        let paced = self.office.printers().get(name).filter(|it| it.pace_per_second.is_some());
        let Some(printer) = paced else { return Ok(room) };
        let ledger = self.office.ledger();
        let which = Releasable { printer: name, today: days::today(now), limit: room };
        let waiting = ledger.letters_to_lease(which, now).await.map_err(|error| away(&error))?;
        let engines = ledger.engines_alive(self.clock.now()).await.map_err(|error| away(&error))?;
        Ok(self.take(printer, waiting, engines))
    }

    fn take(&self, printer: &Printer, wanted: i64, engines: u32) -> i64 {
        let wanted = u64::try_from(wanted).unwrap_or(0);
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        i64::try_from(paces.turns(printer, wanted, engines)).unwrap_or(0)
    }
}

async fn report(
    State(counter): State<Counter>,
    Asking(printer): Asking,
    body: Bytes,
) -> Result<Json<Vec<Told>>, Problem> {
    let account = counter.office.printers().get(&printer).and_then(|it| it.account.clone());
    let message = Letterbox { printer, account, body: body.to_vec() };
    let heard = counter.office.hear(&[message]).await.map_err(|error| away(&error))?;
    Ok(Json(heard.into_iter().map(verdict).collect()))
}

/// What was made of a report.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReportAnswer")]
struct Told {
    /// The event's id, where it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// `applied`, `repeat`, `late`, `stray` or another.
    verdict: &'static str,
    /// Why it is no report.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

fn verdict(heard: Heard) -> Told {
    let told = Told { id: None, verdict: "heartbeat", code: None, message: None };
    match heard {
        Heard::Report { event, verdict } => {
            Told { id: Some(event), verdict: verdict.as_str(), ..told }
        }
        Heard::Heartbeat => told,
        Heard::Stray { code, explanation } => {
            Told { verdict: "stray", code: Some(code), message: Some(explanation), ..told }
        }
    }
}

/// The sign of life is in the asking.
async fn heartbeat(Asking(_): Asking) -> StatusCode {
    StatusCode::NO_CONTENT
}

#[derive(Deserialize, JsonSchema)]
struct Whose {
    /// Only of this machine.
    claimant: Option<String>,
}

/// What was claimed and not reported of: for a machine that has lost its
/// memory.
async fn jobs(
    State(counter): State<Counter>,
    Asking(printer): Asking,
    Criteria(whose): Criteria<Whose>,
) -> Result<Json<Vec<LetterRow>>, Problem> {
    let ledger = counter.office.ledger();
    let claimed = ledger.letters_claimed(&printer, whose.claimant.as_deref(), PAGE_MAX.into());
    Ok(Json(claimed.await.map_err(|error| away(&error))?))
}

/// Letters that are wanted back, each until it is answered for.
async fn recalls(
    State(counter): State<Counter>,
    Asking(printer): Asking,
) -> Result<Response, Problem> {
    let office = &counter.office;
    let asked = office.ledger().recalls_of(&printer, PAGE_MAX.into()).await;
    let source = source(office).await?;
    let recalls: Vec<CloudEvent<Recall>> = asked
        .map_err(|error| away(&error))?
        .into_iter()
        .map(|(job_id, printer, asked_at)| {
            let recall = Recall { job_id, printer, asked_at };
            let id = format!("{job_id}-recall");
            let job = Some(job_id.to_string());
            CloudEvent::new(id, source.clone(), RECALL, asked_at, job, recall)
        })
        .collect();
    Ok(batch(&recalls))
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
