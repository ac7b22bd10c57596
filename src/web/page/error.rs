//! What a page says when something is not done, and the headers that every
//! answer to a browser carries.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Frame, Visitor, page};
use crate::ledger::{Class, LedgerError};
use crate::telemetry::log::chain;
use crate::telemetry::measure;
use crate::web::sign_in::session;
use crate::web::{Web, pages};

/// Why a page is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum PageError {
    /// It does not exist, or this visitor may not know that it does.
    NotFound,
    /// Only an access manager may.
    Forbidden,
    /// It came from a page of another site.
    CrossSite,
    /// What was sent cannot be read.
    BadRequest,
    /// Somebody changed meanwhile what it was about.
    Conflict,
    /// Something that this program depends on is away.
    Unavailable,
    /// A defect, logged.
    Internal,
}

impl PageError {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::NotFound => "error-not-found",
            Self::Forbidden => "error-forbidden",
            Self::CrossSite => "error-cross-site",
            Self::BadRequest => "error-bad-request",
            Self::Conflict => "error-conflict",
            Self::Unavailable => "error-unavailable",
            Self::Internal => "error-internal",
        }
    }
}

impl From<LedgerError> for PageError {
    fn from(error: LedgerError) -> Self {
        measure::error("web", error.kind());
        match error.class() {
            Class::Transient => Self::Unavailable,
            Class::Refused => Self::BadRequest,
            Class::Bug => {
                tracing::error!(error = %chain(&error), "the ledger failed");
                Self::Internal
            }
        }
    }
}

/// Only the status; [`dress`] makes a page of it in the visitor's language.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    title: String,
    text: String,
}

/// Gives errors their page, and every answer the headers that keep it to
/// itself.
pub(in crate::web) async fn dress(
    State(web): State<Web>,
    request: Request,
    next: Next,
) -> Response {
    let wants_page = wants_page(request.headers());
    let asked = Asked::of(&request);
    if !web.pages.admits(host(request.headers())) {
        return PageError::CrossSite.into_response();
    }
    let mut response = next.run(request).await;
    if let Some(error) = error_of(&response, wants_page) {
        let visitor = asked.visitor(&web).await;
        response = error_page(&visitor, error).unwrap_or_else(IntoResponse::into_response);
        *response.status_mut() = error.status();
    }
    guard(response.headers_mut(), &web);
    response
}

/// The error that an answer is, where it shall be a page. What an extractor of
/// axum refuses, it says in English and without a page.
fn error_of(response: &Response, wants_page: bool) -> Option<PageError> {
    let known = response.extensions().get::<PageError>().copied();
    let is_refused = |status, media_type: &[u8]| {
        let content_type = response.headers().get(axum::http::header::CONTENT_TYPE);
        response.status() == status
            && content_type.is_some_and(|it| it.as_bytes().starts_with(media_type))
    };
    known.or_else(|| match wants_page {
        true if is_refused(StatusCode::NOT_FOUND, b"application/problem+json") => {
            Some(PageError::NotFound)
        }
        true if is_refused(StatusCode::BAD_REQUEST, b"text/plain") => Some(PageError::BadRequest),
        _ => None,
    })
}

/// What is kept of a request until it is known whether its answer is an error:
/// only then is it asked who made it.
struct Asked {
    headers: HeaderMap,
    uri: Uri,
    is_read: bool,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let (headers, uri) = (request.headers().clone(), request.uri().clone());
        Self { headers, uri, is_read: request.method().is_safe() }
    }

    /// Who asked; nobody where the ledger does not answer. Where a form leads
    /// is no page to come back to.
    async fn visitor(self, web: &Web) -> Visitor {
        let session = session::find(web, &self.headers).await.unwrap_or_default();
        let uri = if self.is_read { self.uri } else { Uri::from_static("/") };
        Visitor { said: None, undo: Vec::new(), ..Visitor::of(&self.headers, &uri, session) }
    }
}

fn error_page(visitor: &Visitor, error: PageError) -> Result<Response, PageError> {
    let (title, text) = (error.words(), format!("{}-text", error.words()));
    let (words, frame) = (visitor.words, Frame::new(visitor, "start"));
    page(&ErrorPage { frame, title: words.say(title), text: words.say(&text) })
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok()
}

/// No script, style or frame but our own, no frame around us, nothing kept
/// by a browser that others may use (OWASP, Secure Headers).
fn guard(headers: &mut HeaderMap, web: &Web) {
    let mut set = |name: HeaderName, value: &str| {
        if let (false, Ok(value)) = (headers.contains_key(&name), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    };
    set(CONTENT_SECURITY_POLICY, pages::CONTENT_SECURITY_POLICY);
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Not `no-referrer`: it would make the Origin of our own forms `null`.
    set(REFERRER_POLICY, "same-origin");
    set(CACHE_CONTROL, "no-store");
    set(HeaderName::from_static("x-frame-options"), "SAMEORIGIN");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()");
    if web.pages.is_secure {
        set(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}
