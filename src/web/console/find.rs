//! Looking something up by what one has in hand: the id of a message, letter or
//! entry, an enterprise number, an application, a message type.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use uuid::Uuid;

use super::operator::{NavItem, Operator, nav};
use super::{lanes, types};
use crate::domain::{EnterpriseNumber, MessageId};
use crate::ledger::LedgerError;
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{Frame, PageError, page};

#[derive(Template)]
#[template(path = "console_find.html")]
struct FindPage {
    frame: Frame,
    nav: Vec<NavItem>,
    text: String,
}

/// `GET /console/find`
pub(super) async fn show(
    State(web): State<Web>,
    operator: Operator,
    RawQuery(raw): RawQuery,
) -> Result<Response, PageError> {
    let fields = Fields::of_query(raw.as_deref());
    let text = fields.one("q").unwrap_or_default().to_owned();
    if let Some(url) = place(&web, &text).await? {
        return Ok(Redirect::to(&url).into_response());
    }
    let nav = nav(operator.words(), "/console/find");
    page(&FindPage { frame: operator.frame(), nav, text })
}

/// The page of what is called so, if there is one.
async fn place(web: &Web, text: &str) -> Result<Option<String>, LedgerError> {
    if let Ok(id) = text.parse::<Uuid>() {
        return of_id(web, id).await;
    }
    let reference = web.ledger.reference().await?;
    if let Some(application) = reference.applications.get(text) {
        return Ok(Some(lanes::address(&application.id)));
    }
    if let Some(kind) = reference.message_types.get(text) {
        return Ok(Some(types::address(&kind.id)));
    }
    let Ok(number) = text.parse::<EnterpriseNumber>() else { return Ok(None) };
    let known = web.ledger.enterprise(number).await?;
    Ok(known.map(|_| format!("/console/enterprises/{number}")))
}

async fn of_id(web: &Web, id: Uuid) -> Result<Option<String>, LedgerError> {
    if web.ledger.explain(MessageId(id)).await?.is_some() {
        return Ok(Some(format!("/console/messages/{id}")));
    }
    if web.ledger.letter(id).await?.is_some() {
        return Ok(Some(format!("/console/letters/{id}")));
    }
    Ok(web.ledger.quarantined(id).await?.map(|_| format!("/console/quarantine/{id}")))
}
