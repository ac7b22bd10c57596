//! One message: what it is, its own text, what is to be paid.

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;

use super::consumer::Consumer;
use super::kept::{self, ALWAYS_ASK};
use super::negotiate::{JSON, accepts};
use super::shapes::{Message, TranslatedString};
use super::status::ApiError;
use crate::domain::{MessageId, Publication};
use crate::mailbox::Line;
use crate::web::Web;
use crate::web::api::describe::At;

/// A message
///
/// Everything but its contents. This does not read it; that it was looked at
/// is recorded.
pub(super) async fn message(
    State(web): State<Web>,
    consumer: Consumer,
    At(id): At<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (line, publication) = opened(&web, &consumer, &id).await?;
    kept::json(&headers, ALWAYS_ASK, &Message::whole(&line, &publication, &consumer.origin))
}

/// A message's own text
///
/// Where it is the main content, this reads the message.
pub(super) async fn body(
    State(web): State<Web>,
    consumer: Consumer,
    At(id): At<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    must_read(&method)?;
    let (line, publication) = seen(&web, &consumer, &id).await?;
    if publication.body_content.is_empty() {
        return Err(ApiError::not_found());
    }
    // Whoever cannot take the text has not read it.
    accepts(&headers, &[JSON])?;
    web.mailbox.open(&consumer.reader, line.id).await?;
    kept::json(&headers, ALWAYS_ASK, &TranslatedString::from(&publication.body_content))
}

/// What is to be paid
///
/// Publications carry no payment data: there never is any.
pub(super) async fn payment(
    State(web): State<Web>,
    consumer: Consumer,
    At(id): At<String>,
) -> Result<Response, ApiError> {
    seen(&web, &consumer, &id).await?;
    Err(ApiError::not_found())
}

/// A look at the head of a content must not read it.
pub(super) fn must_read(method: &Method) -> Result<(), ApiError> {
    match *method {
        Method::HEAD => Err(ApiError::method_not_allowed()),
        _ => Ok(()),
    }
}

/// As [`seen`], for what is shown of it: each such look goes into the record.
pub(super) async fn opened(
    web: &Web,
    consumer: &Consumer,
    id: &str,
) -> Result<(Line, Publication), ApiError> {
    let (line, publication) = seen(web, consumer, id).await?;
    web.mailbox.note_opened(&consumer.reader, &line).await?;
    Ok((line, publication))
}

/// A message of the box that is asked about, if it is open to the caller. What
/// cannot be an id is no message either.
pub(super) async fn seen(
    web: &Web,
    consumer: &Consumer,
    id: &str,
) -> Result<(Line, Publication), ApiError> {
    let id: MessageId = id.parse().map_err(|_| ApiError::not_found())?;
    let (line, publication) = web.mailbox.describe(&consumer.reader, id).await?;
    match line.enterprise == consumer.enterprise {
        true => Ok((line, publication)),
        false => Err(ApiError::not_found()),
    }
}
