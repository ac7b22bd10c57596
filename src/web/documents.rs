//! `PUT` and `GET /documents/{sha256}`: content that an application uploads
//! before it publishes a document that names it.
//!
//! Only the application that uploaded a document reads it here; to any other,
//! it does not exist. Content is somebody else's, so it is served to be saved
//! and never to be shown: it must not run as a page of this site.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt as _;

use super::api::describe::{At, Operation, Routes, Tag, bytes};
use super::api::{SENDERS, forbidden};
use super::auth::{Caller, away};
use super::{Problem, Web};
use crate::documents::upload::{UploadError, Uploaded, upload};
use crate::documents::{BoxError, DOCUMENT_BYTES_MAX, DocumentError};
use crate::domain::{Code, Digest, MEDIA_TYPES};
use crate::ledger::{DocumentKey, DocumentRow};
use crate::telemetry::measure;

/// The endpoints, each with its description.
pub(super) fn routes() -> Routes<Web> {
    let taken = Operation::put("/documents/{sha256}", "putDocument", Tag::Documents)
        .says("Takes a document in", "Of at most 30 MiB: a publication names it by its digest.")
        .done(200, "It was there")
        .done(201, "It is new")
        .problems(&[400, 408, 409, 413, 415]);
    let taken = MEDIA_TYPES.iter().fold(taken, |taken, media| taken.takes(media, bytes));
    let given = Operation::get("/documents/{sha256}", "getDocument", Tag::Documents)
        .says("Gives an application its own document back", "Not with a token for one enterprise.")
        .answers(200, "Its bytes", "*/*", bytes)
        .with(200, "ETag", "Its digest")
        .done(304, "As the client has it (If-None-Match)")
        .problems(&[404]);
    let both = |operation: Operation| {
        operation
            .keys(SENDERS)
            .place("sha256", "SHA-256 of the bytes, base64url")
            .problems(&[401, 403, 422, 429, 500, 503])
            .faults(&[404])
    };
    Routes::new().on(both(taken), put).on(both(given), get)
}

/// Takes a document in: 201 when it is new, 200 when it was there.
pub(super) async fn put(
    State(web): State<Web>,
    Caller(publisher): Caller,
    At(sha256): At<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let key = (publisher.application, digest(&sha256)?);
    let media_type = media_type(&headers)?;
    check_length(&headers)?;
    let _place = web.uploads.acquire().await;
    let pieces = Box::pin(body.into_data_stream().map_err(BoxError::from));
    let now = web.clock.now();
    match upload(&web.ledger, &web.documents, &key, Some(media_type), pieces, now).await {
        Ok(Uploaded::Created) => Ok(StatusCode::CREATED),
        Ok(Uploaded::AlreadyThere) => Ok(StatusCode::OK),
        Err(error) => Err(refused(&error)),
    }
}

/// Gives an application its own document back.
pub(super) async fn get(
    State(web): State<Web>,
    Caller(publisher): Caller,
    At(sha256): At<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if publisher.enterprise.is_some() {
        return Err(not_for_one());
    }
    let key = (publisher.application, digest(&sha256)?);
    let row = web.ledger.document(&key).await.map_err(|error| away(&error))?;
    let row = row.filter(|row| row.is_stored).ok_or_else(unknown)?;
    let tag = format!("\"{}\"", key.1);
    let known = headers.get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    content(&web, &key, row, tag).await
}

async fn content(
    web: &Web,
    key: &DocumentKey,
    row: DocumentRow,
    tag: String,
) -> Result<Response, Problem> {
    let found = web.documents.get(key).await;
    let found = found.map_err(|error| refused(&error.into()))?;
    let Some(content) = found else {
        tracing::error!(application = %key.0, digest = %key.1, "a stored document is missing");
        measure::error("documents", "missing");
        return Err(Problem::internal());
    };
    let media_type = row.media_type.as_deref().unwrap_or("application/octet-stream");
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_LENGTH, content.size.to_string()),
        (header::ETAG, tag),
        (header::CONTENT_DISPOSITION, "attachment".into()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".into()),
        (header::CACHE_CONTROL, "private, no-cache".into()),
    ];
    Ok((headers, Body::from_stream(content.pieces)).into_response())
}

fn digest(sha256: &str) -> Result<Digest, Problem> {
    sha256.parse().map_err(|error: crate::domain::DigestError| {
        unprocessable(Code::Digest, error.to_string()).at("/sha256")
    })
}

/// The media type as it is listed, without parameters.
fn media_type(headers: &HeaderMap) -> Result<&'static str, Problem> {
    let is_plain = !headers.contains_key(header::CONTENT_ENCODING);
    let text = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str);
    let essence = match text {
        Some(Ok(text)) if is_plain => text.split(';').next().unwrap_or_default().trim(),
        _ => "",
    };
    let listed = MEDIA_TYPES.iter().find(|listed| listed.eq_ignore_ascii_case(essence));
    listed.copied().ok_or_else(|| {
        let message =
            format!("Content-Type is one of {}, without Content-Encoding", MEDIA_TYPES.join(", "));
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Problem::new(status, "MEDIA_TYPE_NOT_ALLOWED", message).at("/content-type")
    })
}

/// Refuses before the first byte what says itself that it is too large.
fn check_length(headers: &HeaderMap) -> Result<(), Problem> {
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > DOCUMENT_BYTES_MAX) {
        return Err(too_large(DOCUMENT_BYTES_MAX));
    }
    Ok(())
}

pub(super) fn refused(error: &UploadError) -> Problem {
    match error {
        UploadError::Ledger(error) => away(error),
        UploadError::MediaType(_) => {
            Problem::new(StatusCode::CONFLICT, "MEDIA_TYPE_DIFFERS", error.to_string())
                .at("/content-type")
        }
        UploadError::Document(fault) => match fault {
            DocumentError::TooLarge { max } => too_large(*max),
            DocumentError::Digest { .. } => unprocessable(Code::Digest, fault.to_string()),
            DocumentError::Source(_) => {
                let message = "the body broke off";
                Problem::new(StatusCode::BAD_REQUEST, Code::Malformed.as_str(), message)
            }
            DocumentError::Address(_) | DocumentError::Folder(_) | DocumentError::Store(_) => {
                store_failed(fault)
            }
        },
    }
}

fn store_failed(fault: &DocumentError) -> Problem {
    measure::error("documents", fault.kind());
    tracing::warn!(error = %crate::telemetry::log::chain(fault), "the document store failed");
    if fault.is_transient() { Problem::unavailable() } else { Problem::internal() }
}

fn too_large(max: u64) -> Problem {
    let message = format!("a document has at most {max} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge.as_str(), message)
}

fn unprocessable(code: Code, message: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code.as_str(), message)
}

/// A document is the application's: it does not say for which of the
/// organizations that publish through it somebody brought it.
fn not_for_one() -> Problem {
    let message = "a token for one enterprise reads no document of an application back";
    forbidden("NOT_FOR_ONE_ENTERPRISE", message)
}

fn unknown() -> Problem {
    let message = "this application uploaded no such document";
    Problem::new(StatusCode::NOT_FOUND, Code::UnknownDocument.as_str(), message)
}
