//! Who asks, and about which box: software with a bearer token, held to the
//! grants of the person that it is in the registry, or somebody who is signed
//! in to the pages.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};

use super::status::ApiError;
use crate::domain::{EnterpriseNumber, Language};
use crate::mailbox::{Place, Reader};
use crate::web::Web;
use crate::web::api::{Fault, callers};
use crate::web::mailbox::reader;
use crate::web::sign_in::session;

/// Names the box, where the reader has access to several.
pub(in crate::web) const ENTERPRISE: &str = "facteur-enterprise";

/// Before the name of a person whose pace is kept. No client is called so: in
/// a client's name there is no line end (RFC 6749, appendix A.1).
const OF_PERSONS: &str = "person\n";

/// A reader in front of one box.
pub(super) struct Consumer {
    pub(super) reader: Reader,
    pub(super) enterprise: EnterpriseNumber,
    /// What addresses of this site begin with, as the caller reached it.
    pub(super) origin: String,
}

/// Whoever proves who asks: a reader, whatever its boxes, or an agency's
/// application.
pub(super) struct Known;

impl Consumer {
    pub(super) fn place(&self) -> Place {
        Place::Box(self.enterprise)
    }
}

impl FromRequestParts<Web> for Known {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        if !parts.headers.contains_key(AUTHORIZATION) {
            return signed_in(parts, web).await.map(|_| Self);
        }
        let proven = callers::Program::prove(parts, web).await;
        proven.map(|_| Self).map_err(|problem| Fault::from(problem).into_response())
    }
}

impl FromRequestParts<Web> for Consumer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let origin = web.pages.origin(&parts.headers);
        if parts.headers.contains_key(AUTHORIZATION) {
            let callers::Consumer { reader, enterprise } = software(parts, web).await?;
            return Ok(Self { reader, enterprise, origin });
        }
        let reader = signed_in(parts, web).await?;
        let enterprise = of_person(parts, web, &reader).await.map_err(ApiError::into_response)?;
        Ok(Self { reader, enterprise, origin })
    }
}

async fn software(parts: &mut Parts, web: &Web) -> Result<callers::Consumer, Response> {
    let found = callers::Consumer::from_request_parts(parts, web).await;
    let found = found.map_err(Fault::into_response)?;
    let named = named(&parts.headers).map_err(ApiError::into_response)?;
    if named.is_some_and(|named| named != found.enterprise) {
        let message = "a token names its own enterprise, and On-Behalf-Of another";
        return Err(ApiError::invalid("/Facteur-Enterprise", message).into_response());
    }
    Ok(found)
}

/// Whoever comes with a session, at the pace of any client: one for a person,
/// however many sessions it has.
async fn signed_in(parts: &Parts, web: &Web) -> Result<Reader, Response> {
    let session = session::find(web, &parts.headers).await.map_err(ApiError::from);
    let session = session.and_then(|session| session.ok_or_else(ApiError::unauthenticated));
    let session = session.map_err(ApiError::into_response)?;
    let paced = web.gate.keep_pace(&format!("{OF_PERSONS}{}", session.person));
    paced.map_err(|problem| Fault::from(problem).into_response())?;
    Ok(reader(&session, Language::Fr))
}

/// The box that somebody who is signed in asks about.
async fn of_person(
    parts: &Parts,
    web: &Web,
    reader: &Reader,
) -> Result<EnterpriseNumber, ApiError> {
    match named(&parts.headers)? {
        Some(enterprise) => Ok(enterprise),
        None => only_box(web, reader).await,
    }
}

fn named(headers: &HeaderMap) -> Result<Option<EnterpriseNumber>, ApiError> {
    let Some(value) = headers.get(ENTERPRISE) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    let message = "an enterprise number is expected";
    let number = number.ok_or_else(|| ApiError::invalid("/Facteur-Enterprise", message))?;
    Ok(Some(number))
}

/// The box of a reader who has access to one alone.
async fn only_box(web: &Web, reader: &Reader) -> Result<EnterpriseNumber, ApiError> {
    let boxes = web.mailbox.boxes(reader, |_| false, 0).await?;
    match (boxes.total, boxes.only) {
        (0, _) => Err(ApiError::not_found()),
        (_, Some(only)) => Ok(only),
        _ => {
            let message = "several boxes are open to you: name one in Facteur-Enterprise";
            Err(ApiError::invalid("/Facteur-Enterprise", message))
        }
    }
}
