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

/// Why something was not done.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub(in crate::web) struct StatusMessage {
    /// Names this very answer, also in the log.
    pub(in crate::web::api) id: Uuid,
    /// For programs.
    pub(in crate::web::api) code: &'static str,
    /// For people.
    pub(in crate::web::api) message: String,
    /// JSON Pointer (RFC 6901) into the body, or the part of the request;
    /// empty for the whole of it.
    pub(in crate::web::api) pointer: String,
}

/// With what addresses of the eBox interface begin.
const OF_EBOX: [&str; 6] = [
    "ebox",
    "eboxPreferences",
    "linkEboxMessage",
    "publishMessage",
    "referenceData",
    "searchMessageStatus",
];

/// Whether an address is one of the eBox interface.
pub(in crate::web) fn is_of_ebox(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    OF_EBOX.contains(&first)
}

/// A problem in the shape that clients of an address know.
pub(in crate::web) fn shaped(path: &str, problem: Problem) -> Response {
    match is_of_ebox(path) {
        true => Fault(problem).into_response(),
        false => problem.into_response(),
    }
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
