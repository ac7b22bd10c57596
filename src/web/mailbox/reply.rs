//! Replies on a message's page: those that were sent, and the form for one
//! more.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use uuid::Uuid;

use super::act::back;
use super::place::{At, person_name};
use crate::domain::Reply;
use crate::mailbox::{MailboxError, Opened};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{PageError, go};
use crate::web::words::Words;
use crate::web::words::dates::Moment;

/// A reply that was sent.
pub(super) struct Written {
    pub(super) at: Moment,
    pub(super) author: String,
    pub(super) subject: String,
    pub(super) text: String,
}

/// The form for a reply.
pub(super) struct ReplyForm {
    /// Drawn for each showing: what is sent twice from one is one reply.
    pub(super) key: Uuid,
    pub(super) subject: String,
    pub(super) subject_max: usize,
    pub(super) text_max: usize,
}

/// The replies to an opened message.
pub(super) fn written(opened: &Opened, words: Words, now: Timestamp) -> Vec<Written> {
    let written = |it: &crate::mailbox::ReplyShown| Written {
        at: words.moment(it.row.at, now),
        author: person_name(it.author.as_ref(), words),
        subject: it.row.subject.clone(),
        text: it.row.text.clone(),
    };
    opened.replies.iter().map(written).collect()
}

/// The form, where the sender takes a reply.
pub(super) fn reply_form(opened: &Opened, words: Words, now: Timestamp) -> Option<ReplyForm> {
    let is_open = opened.publication.is_reply_authorized && opened.line.expires_at > now;
    let subject = words.with("reply-prefix", "text", opened.line.subject.best(words.0));
    is_open.then(|| ReplyForm {
        key: Uuid::now_v7(),
        subject: subject.chars().take(Reply::SUBJECT_MAX).collect(),
        subject_max: Reply::SUBJECT_MAX,
        text_max: Reply::TEXT_MAX,
    })
}

/// `POST /boxes/{place}/messages/{id}/reply`
pub(super) async fn send(
    State(web): State<Web>,
    at: At,
    Path((_, id)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, PageError> {
    let id = at.message(&web, &id).await?;
    let key: Uuid = fields.parsed("key").ok_or(PageError::BadRequest)?;
    let field = |name| fields.one(name).unwrap_or_default();
    let written = (field("subject"), field("text"));
    let to = back(&fields, &at.url());
    match web.mailbox.reply(&at.reader, id, key, written).await {
        Ok(()) => Ok(go(&to, "said-replied")),
        Err(MailboxError::Invalid { field: "replies", .. }) => Ok(go(&to, "said-reply-many")),
        Err(MailboxError::Invalid { .. }) => Ok(go(&to, "said-reply-text")),
        Err(error) => Err(error.into()),
    }
}
