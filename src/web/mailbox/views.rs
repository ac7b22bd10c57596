//! Saved views: a list under a name.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::answer::done;
use super::place::At;
use super::query::{ListQuery, everything_url};
use crate::mailbox::{MailboxError, View};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{PageError, go};

/// The list that a view shows. Read through the reader of addresses, so that
/// nothing stored becomes an address of another kind.
pub(super) fn query_of(view: &View) -> ListQuery {
    ListQuery::read(view.layout["query"].as_str())
}

/// The reader's default view of a place.
///
/// # Errors
/// As the mailbox's.
pub(super) async fn default_of(web: &Web, at: &At) -> Result<Option<ListQuery>, PageError> {
    let views = web.mailbox.views(&at.reader).await?;
    let here = views.into_iter().map(|(_, view)| view);
    let default = here.filter(|view| view.is_default && view.place == at.place);
    Ok(default.map(|view| query_of(&view)).find(|query| !query.query().is_empty()))
}

/// `POST /boxes/{place}/views`: one of the same name is replaced.
pub(super) async fn save(
    State(web): State<Web>,
    at: At,
    fields: Fields,
) -> Result<Response, PageError> {
    let query = ListQuery::read(fields.one("query"));
    let name = fields.one("name").unwrap_or_default();
    let same = web.mailbox.views(&at.reader).await?.into_iter();
    let same = same.filter(|(_, view)| view.place == at.place).find(|(_, view)| view.name == name);
    let view = View {
        name: name.to_owned(),
        is_default: fields.is("default"),
        place: at.place,
        filter: query.filter(),
        order: query.order,
        text: (!query.text.is_empty()).then(|| query.text.clone()),
        layout: json!({ "query": query.query() }),
    };
    let saved = web.mailbox.save_view(&at.reader, same.map(|(id, _)| id), view).await;
    done(saved, &query.list_url(&at.url()), "said-saved")
}

/// `POST /boxes/{place}/views/delete`
pub(super) async fn delete(
    State(web): State<Web>,
    at: At,
    fields: Fields,
) -> Result<Response, PageError> {
    let to = everything_url(&at.url());
    let name = fields.one("name").unwrap_or_default();
    let views = web.mailbox.views(&at.reader).await?;
    let here = views.into_iter().filter(|(_, view)| view.place == at.place);
    for (id, _) in here.filter(|(_, view)| view.name == name) {
        match web.mailbox.delete_view(&at.reader, id).await {
            Ok(()) | Err(MailboxError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(go(&to, "said-deleted"))
}
