//! What a program is answered when something is not done: the interface's
//! `StatusMessage`, with the place of the fault.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::ledger::{Class, LedgerError};
use crate::mailbox::MailboxError;
use crate::telemetry::log::chain;
use crate::telemetry::measure;
use crate::web::api::fault::StatusMessage;

/// An answer that is no success.
#[derive(Debug)]
pub(in crate::web) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    pointer: String,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), pointer: String::new() }
    }

    /// Names the place of the fault.
    pub(super) fn at(self, pointer: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), ..self }
    }

    /// What was asked makes no sense.
    pub(super) fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_INPUT", message).at(pointer)
    }

    /// It does not exist, or not for whoever asks.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "there is no such thing here")
    }

    /// Nobody proved who asks.
    pub(super) fn unauthenticated() -> Self {
        let message = "a bearer token, or the cookie that /sign-in gives, is expected";
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "this is not done with that method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
    }

    fn unavailable() -> Self {
        let message = "not possible at the moment; try again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
    }

    /// A defect: what it is stands in the log alone.
    pub(in crate::web) fn internal() -> Self {
        let message = "something is wrong here; it was logged";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self { status, code, message, pointer } = self;
        let id = Uuid::now_v7();
        if status.is_server_error() {
            tracing::warn!(%id, code, "a program was answered an error");
        }
        let mut response =
            (status, Json(StatusMessage { id, code, message, pointer })).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            let challenge = "Bearer realm=\"facteur\"";
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        measure::error("web", error.kind());
        match error.class() {
            Class::Transient => Self::unavailable(),
            Class::Refused => Self::invalid("", "this cannot be stored or looked for"),
            Class::Bug => {
                tracing::error!(error = %chain(&error), "the ledger failed");
                Self::internal()
            }
        }
    }
}

impl From<MailboxError> for ApiError {
    fn from(error: MailboxError) -> Self {
        match error {
            MailboxError::NotFound | MailboxError::Unknown(_) => Self::not_found(),
            MailboxError::Forbidden => {
                Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", error.to_string())
            }
            MailboxError::Invalid { field, message } => Self::invalid(format!("/{field}"), message),
            MailboxError::NameTaken
            | MailboxError::LabelsFull
            | MailboxError::InUse
            | MailboxError::LastManager
            | MailboxError::Given
            | MailboxError::Overtaken => {
                Self::new(StatusCode::CONFLICT, "CONFLICT", error.to_string())
            }
            MailboxError::Ledger(error) => error.into(),
            MailboxError::SearchAway | MailboxError::NotYet => Self::unavailable(),
            MailboxError::Documents(error) if error.is_transient() => {
                measure::error("documents", error.kind());
                Self::unavailable()
            }
            MailboxError::Search(_)
            | MailboxError::Archive(_)
            | MailboxError::Documents(_)
            | MailboxError::ContentMissing => {
                measure::error("web", "mailbox");
                tracing::error!(error = %chain(&error), "a program was not answered");
                Self::internal()
            }
        }
    }
}
