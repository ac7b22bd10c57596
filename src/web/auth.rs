//! Which application asks.
//!
//! HTTP Basic (RFC 7617): the user is the application's id, the password its
//! upload key. The registry holds the SHA-256 of the key, which is enough
//! because keys are drawn at random and not thought up by people. A bearer
//! token with the scope of publishing does as well.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;

use super::api::callers::Publisher;
use super::{Problem, Web};
use crate::domain::{ApplicationId, Digest};
use crate::ledger::{Class, LedgerError, Reference};
use crate::telemetry::log::chain;
use crate::telemetry::measure;

/// The application that asks, proven, as one that is answered problems.
pub(super) struct Caller(pub(super) Publisher);

impl FromRequestParts<Web> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        Publisher::of(parts, web).await.map(Self)
    }
}

/// The application that comes with its key, and the reference data of that
/// moment.
///
/// # Errors
/// 401 without a right key.
pub(super) async fn key_holder(
    parts: &Parts,
    web: &Web,
) -> Result<(ApplicationId, Arc<Reference>), Problem> {
    let (id, key) = credentials(parts).ok_or_else(Problem::unauthenticated)?;
    let reference = web.ledger.reference().await.map_err(|error| away(&error))?;
    let application = reference.applications.get(&id);
    let expected = application.and_then(|application| application.upload_key_digest);
    match is_key(&key, expected) {
        true => Ok((id, reference)),
        false => Err(web.gate.unproven(parts, Problem::unauthenticated())),
    }
}

fn credentials(parts: &Parts) -> Option<(ApplicationId, String)> {
    let (id, key) = basic(parts)?;
    Some((id.parse().ok()?, key))
}

/// User and password. The last colon ends the user: applications' ids have
/// colons, keys have none.
pub(super) fn basic(parts: &Parts) -> Option<(String, String)> {
    let header = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, key) = text.rsplit_once(':')?;
    Some((id.to_owned(), key.to_owned()))
}

/// Takes the same time whether the application exists, has a key, or has
/// another one.
pub(super) fn is_key(key: &str, expected: Option<Digest>) -> bool {
    let actual = Digest::of(key.as_bytes());
    let compared = expected.unwrap_or(Digest::from([0; 32]));
    let is_equal: bool = actual.as_bytes().ct_eq(compared.as_bytes()).into();
    is_equal && expected.is_some()
}

/// What to answer when the ledger did not.
pub(super) fn away(error: &LedgerError) -> Problem {
    measure::error("web", error.kind());
    match error.class() {
        Class::Transient => Problem::unavailable(),
        Class::Refused | Class::Bug => {
            tracing::error!(error = %chain(error), "the ledger failed");
            Problem::internal()
        }
    }
}
