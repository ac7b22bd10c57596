//! What is answered when something is not done.

use std::borrow::Cow;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::api::shaped;

/// Headers of an answer.
pub(super) type Headers = Vec<(HeaderName, HeaderValue)>;

const BASIC: &str = "Basic realm=\"facteur\", charset=\"UTF-8\"";
pub(super) const BEARER: &str = "Bearer realm=\"facteur\"";

/// An answer that is no success: `application/problem+json` with code, message
/// and place of the fault.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    body: Body,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Why something was not done.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct Body {
    /// For programs.
    code: &'static str,
    /// For people.
    message: String,
    /// JSON Pointer (RFC 6901) into the body, or the part of the request.
    pointer: Cow<'static, str>,
}

impl Problem {
    /// A problem with the whole request.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let body = Body { code, message: message.into(), pointer: "".into() };
        Self { status, body, headers: Vec::new() }
    }

    /// Names the place of the fault.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<Cow<'static, str>>) -> Self {
        self.body.pointer = pointer.into();
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Its status, code, message and place, and the headers it carries.
    pub(super) fn into_parts(self) -> (StatusCode, &'static str, String, String, Headers) {
        let Body { code, message, pointer } = self.body;
        (self.status, code, message, pointer.into_owned(), self.headers)
    }

    /// Whoever asks is not known, or its key is wrong: the answer does not say
    /// which.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::unauthenticated_as(
            "HTTP Basic with an application's id and its upload key is expected, or a bearer token",
        )
    }

    /// The same, where something else is expected.
    #[must_use]
    pub fn unauthenticated_as(message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
            .with(header::WWW_AUTHENTICATE, HeaderValue::from_static(BASIC))
            .with(header::WWW_AUTHENTICATE, HeaderValue::from_static(BEARER))
    }

    /// A bearer token is expected, and none came (RFC 6750, section 3.1: then
    /// the challenge names no fault).
    #[must_use]
    pub(super) fn no_token() -> Self {
        let message = "a bearer token is expected";
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
            .with(header::WWW_AUTHENTICATE, HeaderValue::from_static(BEARER))
    }

    /// Whoever asks does so too often; how long to wait is told in whole
    /// seconds.
    #[must_use]
    pub fn too_fast(wait: Duration) -> Self {
        let message = "too many requests; try again later";
        let secs = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS", message)
            .with(header::RETRY_AFTER, HeaderValue::from(secs.max(1)))
    }

    /// Something that this program depends on is away.
    #[must_use]
    pub fn unavailable() -> Self {
        let message = "not possible at the moment; try again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
            .with(header::RETRY_AFTER, HeaderValue::from(2))
    }

    /// A defect. What it is stands in the log and not in the answer.
    #[must_use]
    pub fn internal() -> Self {
        let message = "something is wrong here; it was logged";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message)
    }
}

/// What a body that cannot be read is answered.
fn unreadable(status: StatusCode, text: String) -> Problem {
    let code = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "TOO_LARGE",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "MEDIA_TYPE_NOT_ALLOWED",
        _ => "MALFORMED",
    };
    Problem::new(status, code, text)
}

impl From<BytesRejection> for Problem {
    fn from(fault: BytesRejection) -> Self {
        unreadable(fault.status(), fault.body_text())
    }
}

impl From<JsonRejection> for Problem {
    fn from(fault: JsonRejection) -> Self {
        unreadable(fault.status(), fault.body_text())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type);
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

/// What is answered where there is nothing.
pub(super) fn nothing() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is nothing here")
}

pub(super) async fn not_found(uri: Uri) -> Response {
    shaped(uri.path(), nothing())
}

pub(super) async fn method_not_allowed(uri: Uri) -> Response {
    let message = "this is not done with that method";
    let code = "METHOD_NOT_ALLOWED";
    shaped(uri.path(), Problem::new(StatusCode::METHOD_NOT_ALLOWED, code, message))
}
