//! What an address lists.

use std::collections::HashMap;

use super::found::{FoundIn, found_in};
use crate::domain::{Label, MessageId};
use crate::mailbox::{Listed, Place};
use crate::web::Web;
use crate::web::mailbox::place::At;
use crate::web::mailbox::query::ListQuery;
use crate::web::page::PageError;

/// What an address lists: its messages, of all boxes together with their labels,
/// and where else than in the subject the text was found.
pub(in crate::web::mailbox) struct Found {
    pub(super) listed: Listed,
    pub(super) labels: Vec<Label>,
    pub(super) texts: HashMap<MessageId, FoundIn>,
}

/// Finds it.
///
/// # Errors
/// As the mailbox's.
pub(in crate::web::mailbox) async fn find(
    web: &Web,
    at: &At,
    query: &ListQuery,
) -> Result<Found, PageError> {
    let (mailbox, size) = (&web.mailbox, query.page_of());
    let mut filter = query.filter();
    if !query.labelled.is_empty() {
        filter.labels = mailbox.labels_named(&at.reader, at.place, &query.labelled).await?;
    }
    let listed = if query.text.is_empty() {
        mailbox.list(&at.reader, at.place, &filter, query.order, size).await?
    } else {
        let (language, text) = (query.language.unwrap_or(at.words().0), &*query.text);
        mailbox.search(&at.reader, at.place, language, text, &filter, size).await?
    };
    let labels = match at.place {
        Place::All => mailbox.labels_on(&listed.lines).await?,
        Place::Box(_) => Vec::new(),
    };
    let texts = found_in(web, at, query, &listed.lines).await?;
    Ok(Found { listed, labels, texts })
}
