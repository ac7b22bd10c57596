//! Answers that a client may keep, and ask whether they are still so
//! (RFC 9110 §13, RFC 9111).

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::negotiate::{JSON, accepts};
use super::status::ApiError;
use crate::domain::Digest;

/// Asked again each time: access may have been withdrawn.
pub(super) const ALWAYS_ASK: &str = "private, no-cache";
/// Reference data changes by an operator's act.
pub(super) const FIVE_MINUTES: &str = "private, max-age=300";

/// By what the same address answers differently: who asks, for whom, and what
/// it takes.
pub(super) const VARY: &str = "Accept, Authorization, Cookie, Facteur-Enterprise, On-Behalf-Of";

/// A JSON answer with the digest of its bytes as its tag; 304 where the client
/// has it.
pub(in crate::web::api) fn json(
    headers: &HeaderMap,
    keep: &'static str,
    value: &impl Serialize,
) -> Result<Response, ApiError> {
    accepts(headers, &[JSON])?;
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        ApiError::internal()
    })?;
    let tag = tag(Digest::of(&body));
    if is_known(headers, &tag) {
        return Ok(unchanged(&tag, keep));
    }
    let head = [
        (header::CONTENT_TYPE, JSON.to_owned()),
        (header::ETAG, tag),
        (header::CACHE_CONTROL, keep.to_owned()),
        (header::VARY, VARY.to_owned()),
    ];
    Ok((head, Body::from(body)).into_response())
}

pub(super) fn tag(digest: Digest) -> String {
    format!("\"{digest}\"")
}

pub(super) fn unchanged(tag: &str, keep: &'static str) -> Response {
    let head = [
        (header::ETAG, tag.to_owned()),
        (header::CACHE_CONTROL, keep.to_owned()),
        (header::VARY, VARY.to_owned()),
    ];
    (StatusCode::NOT_MODIFIED, head).into_response()
}

/// Whether the client names this tag; weak tags are as good here.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter().map(HeaderValue::to_str);
    let tags = lines.flatten().flat_map(|line| line.split(',')).map(str::trim);
    tags.map(|it| it.strip_prefix("W/").unwrap_or(it)).any(|it| it == tag || it == "*")
}
