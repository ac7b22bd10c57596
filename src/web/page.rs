//! What every page has in common: its frame, its headers, and what it says
//! when something is not done.

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Web;
use super::sign_in::cookies;
use super::sign_in::session::{self, Session};
use super::words::{Words, accepted, own_name};
use crate::domain::{Language, MessageId};
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
    /// The messages that were just hidden.
    undo: Vec<MessageId>,
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
        Ok(Self::of(&parts.headers, &parts.uri, session))
    }
}

impl Visitor {
    fn of(headers: &HeaderMap, uri: &Uri, session: Option<Session>) -> Self {
        let query = uri.query().unwrap_or_default();
        let (mut said, mut undo) = (None::<String>, Vec::new());
        let mut kept = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if name == "said" {
                said = Some(value.into_owned());
            } else if name == "undo" {
                let ids = value.split(' ').filter_map(|id| id.parse::<MessageId>().ok());
                undo.extend(ids.take(UNDONE_MAX));
            } else {
                kept.append_pair(&name, &value);
            }
        }
        let kept = kept.finish();
        let mark = if kept.is_empty() { "" } else { "?" };
        let here = format!("{}{mark}{kept}", uri.path());
        let words = words(headers);
        undo.retain(|_| said.as_deref() == Some("said-hidden"));
        let said = said.filter(|name| name.starts_with("said-")).and_then(|name| words.find(&name));
        Self { words, here, said, undo, session }
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
    pub(super) undo: Option<Undo>,
    /// The chapter of the manual that explains this page.
    pub(super) help: &'static str,
}

/// What takes back what was just done: the form that shows messages again.
pub(super) struct Undo {
    /// Where messages of this place are changed.
    pub(super) url: String,
    pub(super) messages: Vec<MessageId>,
}

/// Messages that can be shown again at once: their ids travel in an address.
pub(super) const UNDONE_MAX: usize = 25;

impl Undo {
    /// On a page of a box, or of all.
    fn of(visitor: &Visitor) -> Option<Self> {
        let rest = visitor.here.strip_prefix("/boxes/")?;
        let place = rest.split(['/', '?']).next().filter(|place| !place.is_empty())?;
        let url = format!("/boxes/{place}/messages");
        (!visitor.undo.is_empty()).then(|| Self { url, messages: visitor.undo.clone() })
    }
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
            undo: Undo::of(visitor),
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
