//! Whoever looks at a page.

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};

use super::{PageError, UNDONE_MAX, encoded};
use crate::domain::{Language, MessageId};
use crate::web::Web;
use crate::web::sign_in::cookies;
use crate::web::sign_in::session::{self, Session};
use crate::web::words::{Words, accepted};

/// The cookie that remembers a choice of language.
pub(in crate::web) const LANGUAGE_COOKIE: &str = "language";
/// Said by an address whose page opens with the choice of columns.
pub(in crate::web) const ARRANGING: &str = "arranging";

/// Whoever looks at a page.
#[derive(Clone)]
pub(in crate::web) struct Visitor {
    pub(in crate::web) words: Words,
    /// Path and query of the page, without what was of that answer alone.
    pub(in crate::web) here: String,
    /// A text to say once, from the address: only names that exist.
    pub(in crate::web) said: Option<String>,
    /// The messages that were just hidden.
    pub(super) undo: Vec<MessageId>,
    pub(in crate::web) session: Option<Session>,
}

/// A visitor who proved who it is.
#[derive(Clone)]
pub(in crate::web) struct SignedIn {
    pub(in crate::web) visitor: Visitor,
    pub(in crate::web) session: Session,
}

impl FromRequestParts<Web> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, PageError> {
        let session = session::find(web, &parts.headers).await?;
        Ok(Self::of(&parts.headers, &parts.uri, session))
    }
}

impl Visitor {
    pub(super) fn of(headers: &HeaderMap, uri: &Uri, session: Option<Session>) -> Self {
        let query = uri.query().unwrap_or_default();
        let (mut said, mut undo) = (None::<String>, Vec::new());
        let mut kept = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if name == "said" {
                said = Some(value.into_owned());
            } else if name == "undo" {
                let ids = value.split(' ').filter_map(|id| id.parse::<MessageId>().ok());
                undo.extend(ids.take(UNDONE_MAX));
            } else if name != ARRANGING {
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

/// The language of a request: what was chosen, else what the browser asks for.
fn words(headers: &HeaderMap) -> Words {
    let chosen = cookies::read(headers, LANGUAGE_COOKIE).and_then(|code| code.parse().ok());
    let asked = || accepted(headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?);
    Words(chosen.or_else(asked).unwrap_or(Language::Fr))
}
