//! `POST /ebox/messages` and `POST /publishMessage`: a publication and its
//! documents in one request, answered after its commit.
//!
//! A request is read part by part, in whatever order parts come; what is large
//! goes to a file on its way, so memory does not grow with documents. A refusal
//! is the answer: nothing of it is recorded, the key stays unused, and its large
//! documents are not stored. Small ones may be, before the verdict: nothing
//! names them, so the sweep takes them in its time.

mod answer;
mod bundle;
mod file_name;
mod legacy;
mod part;
mod places;
mod routes;

pub(in crate::web) use places::Places;
pub(super) use routes::routes;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;

use super::callers::Publisher;
use super::{Fault, is_plain};
use crate::documents::upload::upload;
use crate::domain::{
    ApplicationId, Code, Digest, EnterpriseNumber, IdempotencyKey, Publication, Refusal,
};
use crate::intake::{Direct, ForeseeError, Foreseen, decode_publication, read_publication};
use crate::web::auth::away;
use crate::web::documents::refused as upload_refused;
use crate::web::{Problem, Web};
use answer::{accepted, not_taken, refused};
use bundle::Bundle;
use part::{Content, Part, Spooled};

/// The part that holds the publication.
const MESSAGE: &str = "messageToPublish";
const IDEMPOTENCY_KEY: &str = "idempotency-key";

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
    is_plain(headers)?;
    // Before a byte is read, and before it takes a place from others.
    let turn = web.intake.turn(&publisher.reference, &publisher.application).await;
    turn.map_err(|error| not_taken(&error))?;
    let _place = web.publications.take(&publisher.application).await?;
    let (limits, body_bytes_max) = web.intake.bounds();
    let bundle = Bundle::read(headers, body, body_bytes_max).await?;
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
    let direct = direct(publisher, key, body.into());
    record(web, direct, parts).await
}

fn direct(publisher: Publisher, key: IdempotencyKey, body: Bytes) -> Direct {
    let Publisher { application, reference, .. } = publisher;
    Direct { application, reference, key, body, carried: Vec::new() }
}

/// Records a publication with its documents: what is small goes with the
/// batch, what lies in files is stored before, where it is worth it.
async fn record(web: &Web, mut direct: Direct, parts: Vec<Part>) -> Result<Response, Fault> {
    let mut files = Vec::new();
    for Part { digest, size, content, .. } in parts {
        match content {
            Content::Memory(bytes) => direct.carried.push((digest, bytes)),
            Content::File(file) => files.push((digest, size, file)),
        }
    }
    if !files.is_empty() && is_worth_storing(web, &direct, &files).await? {
        for (digest, _, file) in files {
            store(web, &direct.application, digest, file).await?;
        }
    }
    match web.intake.publish(direct).await {
        Ok(verdict) => accepted(web, verdict).await,
        Err(error) => Err(not_taken(&error).into()),
    }
}

/// Whether large documents are to be kept: what would be refused is answered
/// so, and a repeat is only counted.
async fn is_worth_storing(
    web: &Web,
    direct: &Direct,
    files: &[(Digest, u64, Spooled)],
) -> Result<bool, Problem> {
    let coming: Vec<_> = files.iter().map(|(digest, size, _)| (*digest, *size)).collect();
    match web.intake.foresee(direct, &coming).await {
        Ok(Foreseen::Good) => Ok(true),
        Ok(Foreseen::Repeat) => Ok(false),
        Ok(Foreseen::Refused(refusal)) => Err(refused(refusal)),
        Err(ForeseeError::NotTaken(error)) => Err(not_taken(&error)),
        Err(ForeseeError::Ledger(error)) => Err(away(&error)),
    }
}

async fn store(
    web: &Web,
    application: &ApplicationId,
    digest: Digest,
    file: Spooled,
) -> Result<(), Problem> {
    let _place = web.uploads.acquire().await;
    let key = (application.clone(), digest);
    let (pieces, now) = (Box::pin(file.pieces()), web.clock.now());
    let stored = upload(&web.ledger, &web.documents, &key, None, pieces, now).await;
    stored.map(drop).map_err(|error| upload_refused(&error))
}

fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().ok().and_then(|text| IdempotencyKey::new(text).ok());
    let wrong = || {
        let message = "one idempotency key is expected, of 1 to 255 printable characters";
        Problem::new(StatusCode::BAD_REQUEST, Code::InvalidInput.as_str(), message)
            .at("/idempotency-key")
    };
    if headers.get_all(IDEMPOTENCY_KEY).iter().nth(1).is_some() {
        return Err(wrong());
    }
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
