//! Sign-in: at an identity provider, or in a demonstration by picking who one
//! is.

mod client;
pub(super) mod cookies;
pub(super) mod persona;
mod provider;
pub(super) mod session;

pub(super) use client::{Http, HttpFault};
pub use persona::Persona;
pub(super) use provider::Provider;
pub use provider::{ProviderError, ask_provider};

use askama::Template;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use super::Web;
use super::form::{Fields, InQuery};
use super::page::{Frame, LANGUAGE_COOKIE, PageError, Visitor, encoded, go, local, page};
use crate::domain::PersonId;
use crate::telemetry::log::chain;
use crate::telemetry::measure;
use persona::PersonaCard;
use provider::Pending;
use session::{Proven, Session};

/// What a browser keeps while it is at the provider, and for how long.
const PENDING_COOKIE: &str = "facteur-sign-in";
const PENDING_SECS: i64 = 600;
/// A year.
const LANGUAGE_SECS: i64 = 31_536_000;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    fault: Option<String>,
    to: String,
    has_provider: bool,
    personas: Vec<PersonaCard>,
}

#[derive(Deserialize)]
pub(super) struct Destination {
    #[serde(default)]
    to: String,
    #[serde(default)]
    fault: Option<String>,
}

/// `GET /sign-in`
pub(super) async fn show(
    State(web): State<Web>,
    visitor: Visitor,
    InQuery(destination): InQuery<Destination>,
) -> Result<Response, PageError> {
    let to = local(&destination.to).to_owned();
    if visitor.session.is_some() && destination.fault.is_none() {
        return Ok(Redirect::to(&to).into_response());
    }
    let words = visitor.words;
    let fault = destination.fault.and_then(|fault| match &*fault {
        "away" => Some(words.say("sign-in-away")),
        "failed" => Some(words.say("sign-in-failed")),
        _ => None,
    });
    let frame = Frame::new(&visitor, "start");
    let personas = web.pages.personas.iter().map(|persona| persona.card(words)).collect();
    page(&SignInPage { frame, fault, to, has_provider: web.pages.provider.is_some(), personas })
}

/// `GET /sign-in/start`: on to the provider.
pub(super) async fn start(
    State(web): State<Web>,
    InQuery(destination): InQuery<Destination>,
) -> Result<Response, PageError> {
    let provider = web.pages.provider.as_ref().ok_or(PageError::NotFound)?;
    let to = local(&destination.to);
    match provider.start(to, web.clock.now()).await {
        Ok((url, pending)) => {
            let kept = serde_json::to_vec(&pending).map_err(|_| PageError::Internal)?;
            let kept = URL_SAFE_NO_PAD.encode(kept);
            let name = cookies::name(PENDING_COOKIE, web.pages.is_secure);
            let cookie = cookies::set(&name, &kept, PENDING_SECS, web.pages.is_secure);
            Ok(([(SET_COOKIE, cookie)], Redirect::to(url.as_str())).into_response())
        }
        Err(error) => Ok(failed(&error, to)),
    }
}

/// What the provider sends a browser back with (OpenID Connect Core §3.1.2.5).
#[derive(Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

/// `GET /sign-in/back`: from the provider.
pub(super) async fn back(
    State(web): State<Web>,
    headers: HeaderMap,
    InQuery(answer): InQuery<Back>,
) -> Result<Response, PageError> {
    let provider = web.pages.provider.as_ref().ok_or(PageError::NotFound)?;
    let name = cookies::name(PENDING_COOKIE, web.pages.is_secure);
    let spent = cookies::clear(&name, web.pages.is_secure);
    let pending = cookies::read(&headers, &name).and_then(pending);
    let Some(pending) = pending.filter(|pending| is_same(&pending.state, &answer.state)) else {
        let error = ProviderError::Unproven("an answer that nobody asked for".into());
        return Ok(([(SET_COOKIE, spent)], failed(&error, "/")).into_response());
    };
    let to = local(&pending.to).to_owned();
    let identity = match provider.finish(answer.code, pending, web.clock.now()).await {
        Ok(identity) => identity,
        Err(error) => return Ok(([(SET_COOKIE, spent)], failed(&error, &to)).into_response()),
    };
    let person = web.pages.person_id(&identity.subject).ok_or(PageError::BadRequest)?;
    let proven = Proven { represents: identity.represents, is_operator: identity.is_operator };
    let name = name_of(identity.name, &person);
    let session = Session { person, name, proven };
    let opened = session::open(&web, &headers, &session).await?;
    Ok(signed_in([spent, opened], &to))
}

/// Never the subject itself: it may be a personal number, which is kept as
/// its keyed hash alone.
fn name_of(said: Option<String>, person: &PersonId) -> String {
    said.unwrap_or_else(|| person.to_string())
}

fn pending(cookie: &str) -> Option<Pending> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cookie).ok()?).ok()
}

fn is_same(one: &str, other: &str) -> bool {
    !one.is_empty() && bool::from(one.as_bytes().ct_eq(other.as_bytes()))
}

fn signed_in<const N: usize>(cookies: [HeaderValue; N], to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn failed(error: &ProviderError, to: &str) -> Response {
    tracing::warn!(error = %chain(error), "nobody was signed in");
    let fault = match error {
        ProviderError::Away(_) => "away",
        ProviderError::Unproven(_) => "failed",
    };
    measure::error("sign-in", fault);
    Redirect::to(&format!("/sign-in?fault={fault}&to={}", encoded(to))).into_response()
}

/// `POST /sign-in/persona`: only in a demonstration.
pub(super) async fn pick(
    State(web): State<Web>,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, PageError> {
    let wanted = fields.one("person").unwrap_or_default();
    let persona = web.pages.personas.iter().find(|persona| persona.id.as_str() == wanted);
    let persona = persona.ok_or(PageError::NotFound)?;
    let opened = session::open(&web, &headers, &persona.session()).await?;
    let language =
        cookies::set(LANGUAGE_COOKIE, persona.language.code(), LANGUAGE_SECS, web.pages.is_secure);
    Ok(signed_in([opened, language], local(fields.one("to").unwrap_or("/"))))
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutPage {
    frame: Frame,
    to: String,
}

/// `POST /sign-out`: here, and at the provider where it can. A page leads
/// there: forms of ours may not (`form-action`), and where the provider ends
/// its session may be at any address.
pub(super) async fn sign_out(
    State(web): State<Web>,
    mut visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let closed = session::close(&web, &headers).await?;
    let end = match (&web.pages.provider, visitor.session.take()) {
        (Some(provider), Some(_)) => provider.end(web.clock.now()).await,
        _ => None,
    };
    let mut response = match end {
        Some(url) => led_out(&visitor, url.into())?,
        None => go("/", "said-signed-out"),
    };
    response.headers_mut().append(SET_COOKIE, closed);
    Ok(response)
}

fn led_out(visitor: &Visitor, to: String) -> Result<Response, PageError> {
    let refresh = HeaderValue::from_str(&format!("0; url={to}"));
    let refresh = refresh.map_err(|_| PageError::Internal)?;
    let mut response = page(&SignedOutPage { frame: Frame::new(visitor, "start"), to })?;
    response.headers_mut().insert(HeaderName::from_static("refresh"), refresh);
    Ok(response)
}

/// `POST /language`
pub(super) async fn language(
    State(web): State<Web>,
    fields: Fields,
) -> Result<Response, PageError> {
    let language = fields.one("language").and_then(|code| code.parse().ok());
    let language: crate::domain::Language = language.ok_or(PageError::BadRequest)?;
    let secure = web.pages.is_secure;
    let cookie = cookies::set(LANGUAGE_COOKIE, language.code(), LANGUAGE_SECS, secure);
    Ok(signed_in([cookie], local(fields.one("to").unwrap_or("/"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::PersonKey;

    #[test]
    fn who_has_no_name_is_not_called_by_a_personal_number() {
        let person = PersonKey::new(b"secret").person("issuer", "85.07.30-033.28");
        assert_eq!(name_of(None, &person), person.as_str());
        assert_eq!(name_of(Some("Zed".into()), &person), "Zed");
    }
}
