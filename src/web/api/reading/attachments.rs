//! Attachments: what they are, and their content.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;

use super::consumer::Consumer;
use super::kept::{self, ALWAYS_ASK};
use super::message::{must_read, opened, seen};
use super::negotiate::accepts;
use super::shapes::{Attachment, Attachments, OCTETS};
use super::status::ApiError;
use crate::mailbox::{Line, Purpose};
use crate::web::Web;
use crate::web::api::describe::At;
use crate::web::mailbox::served;

/// The attachments of a message
pub(super) async fn list(
    State(web): State<Web>,
    consumer: Consumer,
    At(id): At<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (line, publication) = opened(&web, &consumer, &id).await?;
    kept::json(&headers, ALWAYS_ASK, &Attachments::of(&line, &publication, &consumer.origin))
}

/// An attachment
pub(super) async fn one(
    State(web): State<Web>,
    consumer: Consumer,
    At((id, part)): At<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (line, found) = find(&web, &consumer, &id, &part).await?;
    web.mailbox.note_opened(&consumer.reader, &line).await?;
    kept::json(&headers, ALWAYS_ASK, &found)
}

/// The content of an attachment
///
/// Where it is the main content, this reads the message, once.
pub(super) async fn content(
    State(web): State<Web>,
    consumer: Consumer,
    At((id, part)): At<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    must_read(&method)?;
    let (line, found) = find(&web, &consumer, &id, &part).await?;
    // Whoever cannot take the content has not read it.
    accepts(&headers, &[&found.media_type, OCTETS])?;
    let fetched = web.mailbox.content(&consumer.reader, line.id, &part, Purpose::Download).await?;
    let tag = kept::tag(fetched.digest);
    if kept::is_known(&headers, &tag) {
        return Ok(kept::unchanged(&tag, ALWAYS_ASK));
    }
    let mut response = served(fetched, false);
    let head = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        head.insert(header::ETAG, tag);
    }
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static(ALWAYS_ASK));
    head.insert(header::VARY, HeaderValue::from_static(kept::VARY));
    Ok(response)
}

async fn find(
    web: &Web,
    consumer: &Consumer,
    id: &str,
    part: &str,
) -> Result<(Line, Attachment), ApiError> {
    let (line, publication) = seen(web, consumer, id).await?;
    let all = Attachments::of(&line, &publication, &consumer.origin).items;
    let found = all.into_iter().find(|attachment| attachment.attachment_id == part);
    Ok((line, found.ok_or_else(ApiError::not_found)?))
}
