//! `POST /ebox/messages` and `POST /publishMessage`: a publication and its
//! documents in one request, answered after its commit.
//!
//! A request is read part by part, in whatever order parts come; what is large
//! goes to a file on its way, so memory does not grow with documents. A refusal
//! is the answer: nothing of it is kept, and the key stays unused.

mod answer;
mod bundle;
mod legacy;
mod part;
mod routes;

pub(super) use routes::routes;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::Fault;
use super::callers::Publisher;
use crate::documents::upload::upload;
use crate::domain::{Code, Digest, EnterpriseNumber, IdempotencyKey, Publication, Refusal};
use crate::intake::{Direct, decode_publication, read_publication};
use crate::web::documents::{Patience, refused as upload_refused};
use crate::web::{Problem, Web};
use answer::{accepted, not_taken, refused};
use bundle::Bundle;
use part::{Content, Part};

/// The part that holds the publication.
const MESSAGE: &str = "messageToPublish";
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// How long a request waits for its place.
const PLACE_WAIT_MAX: Duration = Duration::from_secs(10);

/// `POST /ebox/messages`: version 3 of the interface. The key is required.
pub(in crate::web) async fn publish(
    State(web): State<Web>,
    publisher: Publisher,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    let key = key(&headers)?.ok_or_else(|| {
        let message = "the header Idempotency-Key is required";
        Problem::new(StatusCode::BAD_REQUEST, Code::MissingKey.as_str(), message)
            .at("/idempotency-key")
    })?;
    let read = |bundle: &Bundle, max| read_publication(&bundle.message()?, max);
    take(&web, publisher, Some(key), &headers, body, read).await
}

/// `POST /publishMessage`: version 2.1, which knows no key. Without one, the
/// same content again is a repeat.
pub(in crate::web) async fn publish_legacy(
    State(web): State<Web>,
    publisher: Publisher,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    let key = key(&headers)?;
    let read = |bundle: &Bundle, max| legacy::read(&bundle.message()?, max);
    take(&web, publisher, key, &headers, body, read).await
}

/// `POST /linkEboxMessage`: one message for many companies does not exist
/// here; each gets its own.
pub(in crate::web) async fn link(_: Publisher) -> Fault {
    let message = "broadcast publications are not offered; publish to each company";
    Problem::new(StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", message).into()
}

async fn take(
    web: &Web,
    publisher: Publisher,
    key: Option<IdempotencyKey>,
    headers: &HeaderMap,
    body: Body,
    read: impl FnOnce(&Bundle, usize) -> Result<Publication, Refusal>,
) -> Result<Response, Fault> {
    let place = tokio::time::timeout(PLACE_WAIT_MAX, web.publications.acquire()).await;
    let _place = place.map_err(|_| Problem::unavailable())?;
    let (limits, body_bytes_max) = web.intake.bounds();
    let patience = Patience::of(&web.gate.settings);
    let bundle = Bundle::read(headers, body, body_bytes_max, patience).await?;
    let mut publication = read(&bundle, body_bytes_max).map_err(refused)?;
    let parts = bundle.attach(&mut publication).map_err(refused)?;
    is_own(web, &publisher, &publication).await?;
    // Nothing is stored of what breaks a rule of its own.
    decode_publication(publication.clone(), limits).map_err(refused)?;
    let body = serde_json::to_vec(&publication).map_err(|_| Problem::internal())?;
    let key = match key {
        Some(key) => key,
        None => key_of(&body)?,
    };
    let carried = store(web, &publisher, parts).await?;
    let application = publisher.application.clone();
    let reference = Arc::clone(&publisher.reference);
    let direct = Direct { application, reference, key, body: body.into(), carried };
    match web.intake.publish(direct).await {
        Ok(verdict) => accepted(web, verdict).await,
        Err(error) => Err(not_taken(&error).into()),
    }
}

fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().ok().and_then(|text| IdempotencyKey::new(text).ok());
    let wrong = || {
        let message = "an idempotency key has 1 to 255 printable characters";
        Problem::new(StatusCode::BAD_REQUEST, Code::MissingKey.as_str(), message)
            .at("/idempotency-key")
    };
    key.map(Some).ok_or_else(wrong)
}

/// The key of who gives none: the content itself.
fn key_of(body: &[u8]) -> Result<IdempotencyKey, Problem> {
    IdempotencyKey::new(format!("sha256:{}", Digest::of(body))).map_err(|_| Problem::internal())
}

/// Who asks must be who sends.
async fn is_own(
    web: &Web,
    publisher: &Publisher,
    publication: &Publication,
) -> Result<(), Problem> {
    let not =
        |pointer: &str, message: &str| refused(Refusal::new(Code::InvalidSender, pointer, message));
    if publication.sender_application_id != publisher.application.as_str() {
        return Err(not("/senderApplicationId", "not the application that asks"));
    }
    // An unreadable number is told as such by validation.
    let number = publication.sender.enterprise_number.parse::<EnterpriseNumber>();
    let Ok(organization) = number else { return Ok(()) };
    match publisher.may_send_for(web, organization).await? {
        true => Ok(()),
        false => Err(not(
            "/sender/enterpriseNumber",
            "not the enterprise that asks, and no mandate of it is in force",
        )),
    }
}

/// Stores what lies in files; what is small goes with the batch.
async fn store(
    web: &Web,
    publisher: &Publisher,
    parts: Vec<Part>,
) -> Result<Vec<(Digest, bytes::Bytes)>, Problem> {
    let mut carried = Vec::new();
    for part in parts {
        match part.content {
            Content::Memory(bytes) => carried.push((part.digest, bytes)),
            Content::File(file) => {
                let _place = web.uploads.acquire().await;
                let key = (publisher.application.clone(), part.digest);
                let pieces = Box::pin(file.pieces());
                let now = web.clock.now();
                upload(&web.ledger, &web.documents, &key, None, pieces, now)
                    .await
                    .map_err(|error| upload_refused(&error))?;
            }
        }
    }
    Ok(carried)
}

/// The boundary of a multipart request.
fn boundary(headers: &HeaderMap) -> Result<String, Problem> {
    let text = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str);
    let boundary = text.and_then(Result::ok).and_then(|text| multer::parse_boundary(text).ok());
    boundary.ok_or_else(|| {
        let message = "Content-Type is multipart/form-data, with its boundary";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Problem::new(status, "MEDIA_TYPE_NOT_ALLOWED", message).at("/content-type")
    })
}
