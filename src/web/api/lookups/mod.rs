//! What senders look up: `POST /eboxPreferences/search` before they send,
//! `POST /searchMessageStatus` afterwards.

mod preferences;
mod statuses;

pub(super) use preferences::{Preferences, PreferencesSearch, preferences};
pub(super) use statuses::{EboxId, StatusAsked, StatusTold, statuses};

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::domain::Code;
use crate::intake::locate;
use crate::web::api::{Fault, is_plain};
use crate::web::{Problem, Web};

/// Companies, or messages, of one question.
const ASKED_MAX: usize = 1_000;

/// The body of a question, as far as it may go.
pub(super) struct Question(Bytes);

impl FromRequest<Web> for Question {
    type Rejection = Fault;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Fault> {
        is_plain(request.headers())?;
        let body = Bytes::from_request(request, web).await;
        Ok(body.map(Self).map_err(Problem::from)?)
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
