//! What the REST interface answers when something is not done.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use uuid::Uuid;

use crate::web::Problem;

/// A [`Problem`] in the shape that clients of the eBox interface know,
/// `StatusMessage`, with the JSON Pointer to the fault beside it.
#[derive(Debug)]
pub(in crate::web) struct Fault(Problem);

/// The shape of a fault.
#[derive(Debug, Serialize)]
struct StatusMessage {
    /// Of this answer: for whoever asks about it.
    id: Uuid,
    code: &'static str,
    message: String,
    pointer: String,
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (status, code, message, pointer, headers) = self.0.into_parts();
        let id = Uuid::now_v7();
        tracing::debug!(%id, status = status.as_u16(), code, "refused");
        let mut response =
            (status, Json(StatusMessage { id, code, message, pointer })).into_response();
        headers.into_iter().for_each(|(name, value)| {
            response.headers_mut().append(name, value);
        });
        response
    }
}
