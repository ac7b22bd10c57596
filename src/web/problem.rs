//! What is answered when something is not done.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An answer that is no success: `application/problem+json` with code, message
/// and place of the fault.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    body: Body,
    header: Option<(&'static str, &'static str)>,
}

#[derive(Debug, Serialize)]
struct Body {
    code: &'static str,
    message: String,
    /// JSON Pointer (RFC 6901) into the body, or the part of the request.
    pointer: &'static str,
}

impl Problem {
    /// A problem with the whole request.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let body = Body { code, message: message.into(), pointer: "" };
        Self { status, body, header: None }
    }

    /// Names the place of the fault.
    #[must_use]
    pub fn at(mut self, pointer: &'static str) -> Self {
        self.body.pointer = pointer;
        self
    }

    /// Whoever asks is not known, or its key is wrong: the answer does not say
    /// which.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::unauthenticated_as(
            "HTTP Basic with an application's id and its upload key is expected",
        )
    }

    /// The same, where something else is expected.
    #[must_use]
    pub fn unauthenticated_as(message: &'static str) -> Self {
        let challenge = "Basic realm=\"facteur\", charset=\"UTF-8\"";
        Self {
            header: Some(("www-authenticate", challenge)),
            ..Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
        }
    }

    /// Something that this program depends on is away.
    #[must_use]
    pub fn unavailable() -> Self {
        let message = "not possible at the moment; try again";
        Self {
            header: Some(("retry-after", "2")),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
        }
    }

    /// A defect. What it is stands in the log and not in the answer.
    #[must_use]
    pub fn internal() -> Self {
        let message = "something is wrong here; it was logged";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type);
        if let Some((name, value)) = self.header {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

pub(super) async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is nothing here")
}

pub(super) async fn method_not_allowed() -> Problem {
    let message = "this is not done with that method";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
}
