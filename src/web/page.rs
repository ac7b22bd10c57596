//! What every page has in common: its frame, its headers, and what it says
//! when something is not done.

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Web;
use super::sign_in::cookies;
use super::sign_in::session::{self, Session};
use super::words::{Words, accepted, own_name};
use crate::domain::Language;
use crate::ledger::{Class, LedgerError};
use crate::telemetry::log::chain;
use crate::telemetry::measure;

/// The cookie that remembers a choice of language.
pub(super) const LANGUAGE_COOKIE: &str = "language";

/// Whoever looks at a page.
#[derive(Clone)]
pub(super) struct Visitor {
    pub(super) words: Words,
    /// Path and query of the page, without what was said on it.
    pub(super) here: String,
    /// A text to say once, from the address: only names that exist.
    pub(super) said: Option<String>,
    pub(super) session: Option<Session>,
}

/// A visitor who proved who it is.
#[derive(Clone)]
pub(super) struct SignedIn {
    pub(super) visitor: Visitor,
    pub(super) session: Session,
}

impl FromRequestParts<Web> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, PageError> {
        let session = session::find(web, &parts.headers).await?;
        let query = parts.uri.query().unwrap_or_default();
        let mut said = None;
        let mut kept = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if name == "said" {
                said = Some(value.into_owned());
            } else {
                kept.append_pair(&name, &value);
            }
        }
        let kept = kept.finish();
        let mark = if kept.is_empty() { "" } else { "?" };
        let here = format!("{}{mark}{kept}", parts.uri.path());
        let words = words(&parts.headers);
        let said = said.filter(|name| name.starts_with("said-")).and_then(|name| words.find(&name));
        Ok(Self { words, here, said, session })
    }
}

impl FromRequestParts<Web> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let visitor = Visitor::from_request_parts(parts, web).await;
        let visitor = visitor.map_err(IntoResponse::into_response)?;
        match visitor.session.clone() {
            Some(session) => Ok(Self { visitor, session }),
            None => Err(to_sign_in(parts, &visitor)),
        }
    }
}

/// A page leads to the sign-in and back; a part of one takes the whole page
/// there.
fn to_sign_in(parts: &Parts, visitor: &Visitor) -> Response {
    let is_read = parts.method.is_safe();
    let to = if is_read { encoded(&visitor.here) } else { "%2F".to_owned() };
    let address = format!("/sign-in?to={to}");
    if parts.headers.contains_key("hx-request") {
        let header = HeaderValue::from_str(&address).unwrap_or(HeaderValue::from_static("/"));
        return (StatusCode::UNAUTHORIZED, [(HeaderName::from_static("hx-redirect"), header)])
            .into_response();
    }
    Redirect::to(&address).into_response()
}

/// A text as one value of a query.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The language of a request: what was chosen, else what the browser asks for.
fn words(headers: &HeaderMap) -> Words {
    let chosen = cookies::read(headers, LANGUAGE_COOKIE).and_then(|code| code.parse().ok());
    let asked = || accepted(headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?);
    Words(chosen.or_else(asked).unwrap_or(Language::Fr))
}

/// What stands around the content of every page.
pub(super) struct Frame {
    pub(super) words: Words,
    pub(super) person: Option<Shown>,
    pub(super) here: String,
    pub(super) notice: Option<String>,
    /// The chapter of the manual that explains this page.
    pub(super) help: &'static str,
}

/// A person as shown.
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) is_operator: bool,
}

impl Shown {
    pub(super) fn initials(&self) -> String {
        initials(&self.name)
    }
}

/// The first letters of the first and the last word.
pub(super) fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().next());
    let first = words.next();
    let last = words.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

impl Frame {
    pub(super) fn new(visitor: &Visitor, help: &'static str) -> Self {
        let shown = |session: &Session| Shown {
            name: session.name.clone(),
            is_operator: session.proven.is_operator,
        };
        Self {
            words: visitor.words,
            person: visitor.session.as_ref().map(shown),
            here: visitor.here.clone(),
            notice: visitor.said.clone(),
            help,
        }
    }

    /// Each language: its code, and its name in itself.
    pub(super) fn languages(&self) -> [(&'static str, &'static str); 4] {
        Language::ALL.map(|language| (language.code(), own_name(language)))
    }

    pub(super) fn help_url(&self) -> String {
        self.help_on(self.help)
    }

    pub(super) fn help_on(&self, chapter: &str) -> String {
        format!("/help/{chapter}")
    }

    pub(super) fn sign_in_url(&self) -> String {
        format!("/sign-in?to={}", encoded(&self.here))
    }
}

/// A template as an answer.
pub(super) fn page(template: &impl Template) -> Result<Response, PageError> {
    match template.render() {
        Ok(text) => Ok(Html(text).into_response()),
        Err(error) => {
            tracing::error!(error = %chain(&error), "a page could not be written");
            Err(PageError::Internal)
        }
    }
}

/// Leads on after something was done, and has it said there.
pub(super) fn go(to: &str, said: &str) -> Response {
    let (to, fragment) = to.split_once('#').map_or((to, ""), |(to, fragment)| (to, fragment));
    let mark = if to.contains('?') { '&' } else { '?' };
    let hash = if fragment.is_empty() { "" } else { "#" };
    Redirect::to(&format!("{to}{mark}said={said}{hash}{fragment}")).into_response()
}

/// A place of this site to lead to, from outside: never another host's.
pub(super) fn local(to: &str) -> &str {
    let is_local = to.starts_with('/') && !to.starts_with("//");
    let is_plain = !to.contains('\\') && !to.chars().any(char::is_control) && to.len() <= 4_000;
    // A browser drops tabs and line ends before it reads an address (WHATWG
    // URL §4.4), so none may stand in it.
    if is_local && is_plain { to } else { "/" }
}

/// Why a page is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageError {
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
pub(super) async fn dress(State(web): State<Web>, request: Request, next: Next) -> Response {
    let words = words(request.headers());
    let wants_page = wants_page(request.headers());
    if !web.pages.admits(host(request.headers())) {
        return PageError::CrossSite.into_response();
    }
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions().get::<PageError>().copied() {
        let status = error.status();
        response = error_page(words, error).unwrap_or_else(|error| error.status().into_response());
        *response.status_mut() = status;
    } else if wants_page && response.status() == StatusCode::NOT_FOUND && is_problem(&response) {
        response =
            error_page(words, PageError::NotFound).unwrap_or_else(IntoResponse::into_response);
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    guard(response.headers_mut(), &web);
    response
}

fn error_page(words: Words, error: PageError) -> Result<Response, PageError> {
    let (title, text) = (error.words(), format!("{}-text", error.words()));
    let here = "/".to_owned();
    let frame = Frame { words, person: None, here, notice: None, help: "start" };
    page(&ErrorPage { frame, title: words.say(title), text: words.say(&text) })
}

fn is_problem(response: &Response) -> bool {
    let content_type = response.headers().get(axum::http::header::CONTENT_TYPE);
    content_type.is_some_and(|it| it.as_bytes() == b"application/problem+json")
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
    set(CONTENT_SECURITY_POLICY, &web.pages.content_security_policy);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_place_of_this_site_is_led_to() {
        for to in ["/", "/boxes/0852093431?q=x&page=2", "/help/start#labels"] {
            assert_eq!(local(to), to);
        }
        for to in [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "javascript:alert(1)",
            "",
            "boxes",
        ] {
            assert_eq!(local(to), "/", "{to:?}");
        }
    }

    #[test]
    fn initials_are_of_the_first_and_the_last_word() {
        for (name, letters) in
            [("Amélie Van den Dubois", "AD"), ("élise", "É"), ("", ""), ("<b> x", "<X")]
        {
            assert_eq!(initials(name), letters);
        }
    }
}
