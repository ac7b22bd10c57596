//! What printers say of letters, and what they are asked.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::package::claimant;
use super::{Asking, Counter, PAGE_MAX, batch, source};
use crate::ledger::LetterRow;
use crate::paper::inbox::{Heard, Letterbox};
use crate::paper::ticket::{RECALL, Recall};
use crate::relay::CloudEvent;
use crate::web::Problem;
use crate::web::api::describe::Criteria;
use crate::web::auth::away;

pub(super) async fn report(
    State(counter): State<Counter>,
    Asking(printer): Asking,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Vec<Told>>, Problem> {
    let account = counter.office.printers().get(&printer).and_then(|it| it.account.clone());
    let message = Letterbox { printer, account, body: body?.to_vec() };
    let heard = counter.office.hear(&[message]).await.map_err(|error| away(&error))?;
    Ok(Json(heard.into_iter().map(verdict).collect()))
}

/// What was made of a report.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReportAnswer")]
pub(super) struct Told {
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
pub(super) async fn heartbeat(Asking(_): Asking) -> StatusCode {
    StatusCode::NO_CONTENT
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Whose {
    /// Only of this machine.
    #[schemars(length(min = 1, max = 100))]
    claimant: Option<String>,
}

/// What was claimed and not reported of: for a machine that has lost its
/// memory.
pub(super) async fn jobs(
    State(counter): State<Counter>,
    Asking(printer): Asking,
    Criteria(whose): Criteria<Whose>,
) -> Result<Json<Vec<LetterRow>>, Problem> {
    let claimant = whose.claimant.as_deref().map(claimant).transpose()?;
    let ledger = counter.office.ledger();
    let claimed = ledger.letters_claimed(&printer, claimant, PAGE_MAX.into());
    Ok(Json(claimed.await.map_err(|error| away(&error))?))
}

/// Letters that are wanted back, each until it is answered for.
pub(super) async fn recalls(
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
