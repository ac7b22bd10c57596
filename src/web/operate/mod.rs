//! `/operate/…`: what operators' software looks up and orders, by a bearer token
//! with the scope of operating: why a message went as it did, lanes, and what
//! lies in the quarantine. Each order goes into the record, as on the console
//! and the command line, which can do more.
//!
//! Like an operator, it sees what is recorded of documents, and not their bytes.

mod shapes;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use jiff::Timestamp;

use self::shapes::{Entry, Explained, Lane, Ordered, Wanted};
use super::api::describe::{At, Criteria, Key, Operation, Routes, Tag, of};
use super::api::token::Scope;
use super::auth::away;
use super::{Problem, Web};
use crate::domain::{ApplicationId, MessageId};
use crate::ledger::{Act, Controlled, LaneOrder};

/// Bytes of an order.
const ORDER_BYTES_MAX: usize = 16 * 1024;

/// The endpoints, each with its description.
pub(super) fn routes() -> Routes<Web> {
    let order = |path, id| {
        asked(Operation::post(path, id, Tag::Operation))
            .place("application", "The lane's application")
            .takes("application/json", of::<Ordered>)
            .answers(200, "As it is now", "application/json", of::<Lane>)
            .problems(&[400, 404, 408, 413, 415, 422])
            .faults(&[404])
    };
    let routes = Routes::new()
        .on(
            asked(Operation::get("/operate/messages/{messageId}", "explain", Tag::Operation))
                .says("Why a message went as it did", "Decision, facts, routing and letters.")
                .place("messageId", "Which message")
                .answers(200, "As it was decided", "application/json", of::<Explained>)
                .problems(&[404])
                .faults(&[404]),
            explain,
        )
        .on(
            asked(Operation::get("/operate/lanes", "listLanes", Tag::Operation))
                .says("All lanes, by application", "")
                .answers(200, "As they are now", "application/json", of::<Vec<Lane>>),
            lanes,
        )
        .on(
            order("/operate/lanes/{application}/pause", "pauseLane")
                .says("Takes nothing from a lane", "On every engine, also by REST."),
            pause,
        )
        .on(
            order("/operate/lanes/{application}/resume", "resumeLane")
                .says("Lets a paused lane go on", ""),
            resume,
        )
        .on(
            asked(Operation::get("/operate/quarantine", "listQuarantine", Tag::Operation))
                .says("What was put aside, newest first", "Codes and places, no contents.")
                .criteria::<Wanted>()
                .answers(200, "At most as many as wanted", "application/json", of::<Vec<Entry>>)
                .problems(&[400]),
            quarantine,
        );
    routes.served(|router| router.layer(DefaultBodyLimit::max(ORDER_BYTES_MAX)))
}

fn asked(operation: Operation) -> Operation {
    operation.keys(&[Key::TokenToOperate]).problems(&[401, 403, 429, 500, 503])
}

/// Operators' software, proven.
struct Operating {
    actor: String,
    now: Timestamp,
}

impl FromRequestParts<Web> for Operating {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let now = web.clock.now();
        let authority = web.gate.bearer(parts, Scope::Operate, now).await?;
        let authority = authority.ok_or_else(Problem::no_token)?;
        Ok(Self { actor: format!("client:{}", authority.client), now })
    }
}

async fn explain(
    State(web): State<Web>,
    _: Operating,
    At(id): At<String>,
) -> Result<Json<Explained>, Problem> {
    let id: MessageId = id.parse().map_err(|_| nothing())?;
    let found = web.ledger.explain(id).await.map_err(|error| away(&error))?;
    found.map(|message| Json(Explained::from(message))).ok_or_else(nothing)
}

async fn lanes(State(web): State<Web>, _: Operating) -> Result<Json<Vec<Lane>>, Problem> {
    let reference = web.ledger.reference().await.map_err(|error| away(&error))?;
    let lanes = reference.applications.keys().map(|id| Lane::of(id, &reference));
    Ok(Json(lanes.collect()))
}

type Why = Result<Json<Ordered>, JsonRejection>;

async fn pause(
    web: State<Web>,
    by: Operating,
    lane: At<String>,
    why: Why,
) -> Result<Json<Lane>, Problem> {
    order(web, by, lane, why, LaneOrder::Pause).await
}

async fn resume(
    web: State<Web>,
    by: Operating,
    lane: At<String>,
    why: Why,
) -> Result<Json<Lane>, Problem> {
    order(web, by, lane, why, LaneOrder::Resume).await
}

async fn order(
    State(web): State<Web>,
    by: Operating,
    At(lane): At<String>,
    why: Why,
    order: LaneOrder,
) -> Result<Json<Lane>, Problem> {
    let id: ApplicationId = lane.parse().map_err(|_| nothing())?;
    let reason = why?.0.reason();
    let act = Act { actor: &by.actor, reason: &reason, at: by.now };
    let done = web.ledger.control_lane(&id, order, act).await;
    match done.map_err(|error| away(&error))? {
        Controlled::Unknown => Err(nothing()),
        // What was so before is as good.
        Controlled::Done | Controlled::Same => {
            let reference = web.ledger.reference().await.map_err(|error| away(&error))?;
            Ok(Json(Lane::of(&id, &reference)))
        }
    }
}

async fn quarantine(
    State(web): State<Web>,
    _: Operating,
    Criteria(wanted): Criteria<Wanted>,
) -> Result<Json<Vec<Entry>>, Problem> {
    let (application, limit) = (wanted.application.as_deref(), wanted.limit()?);
    let found = web.ledger.quarantine(wanted.state()?, application, wanted.code, limit).await;
    let found = found.map_err(|error| away(&error))?;
    Ok(Json(found.into_iter().map(Entry::from).collect()))
}

fn nothing() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such thing here")
}
