//! A letter's package, opened by its signed link: fetching it is the claim.

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::Counter;
use crate::ledger::ClaimAnswer;
use crate::paper::links::LinkError;
use crate::paper::office::FetchError;
use crate::web::Problem;
use crate::web::api::describe::{At, Criteria};
use crate::web::auth::away;

const CLAIMANT_CHARS_MAX: usize = 100;

#[derive(Deserialize, JsonSchema)]
pub(super) struct Claiming {
    /// Of the link, as the ticket gave it.
    #[serde(default)]
    token: String,
    /// The machine that claims, by the name it gives itself.
    #[schemars(length(min = 1, max = 100))]
    claimant: Option<String>,
}

pub(super) async fn package(
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

pub(super) fn claimant(text: &str) -> Result<&str, Problem> {
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
