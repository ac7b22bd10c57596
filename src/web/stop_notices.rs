//! `/notices/stop`: whoever gets notices by mail stops them, without signing
//! in. The link in the mail is signed; opening it only asks, since programs
//! that look at mails open links too. A mail program that knows RFC 8058 sends
//! the form itself.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::Web;
use super::contact::contact;
use super::form::InQuery;
use super::page::{Frame, PageError, Visitor, page};
use crate::notices::{Addressee, StopLinks};

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    token: String,
}

#[derive(Template)]
#[template(path = "stop_notices.html")]
struct StopPage {
    frame: Frame,
    token: String,
    /// The number as people write it.
    shown: String,
    is_done: bool,
    contact: String,
}

/// `GET /notices/stop?token=…`
pub(super) async fn ask(
    State(web): State<Web>,
    visitor: Visitor,
    InQuery(asked): InQuery<Asked>,
) -> Result<Response, PageError> {
    let told = told(&web, &asked).await?;
    show(&web, &visitor, asked.token, told, false)
}

/// `POST /notices/stop?token=…`, whatever the form says.
pub(super) async fn stop(
    State(web): State<Web>,
    visitor: Visitor,
    InQuery(asked): InQuery<Asked>,
) -> Result<Response, PageError> {
    let told = told(&web, &asked).await?;
    // Both answers are the same to who asks: that address is told no more.
    let stopped = web.ledger.stop_notices(told.enterprise, told.tag, web.clock.now()).await?;
    tracing::info!(enterprise = %told.enterprise, ?stopped, "notices are stopped by their link");
    show(&web, &visitor, asked.token, told, true)
}

async fn told(web: &Web, asked: &Asked) -> Result<Addressee, PageError> {
    let links = StopLinks::open(&web.ledger, &web.pages.base_url).await?;
    links.read(&asked.token).ok_or(PageError::NotFound)
}

fn show(
    web: &Web,
    visitor: &Visitor,
    token: String,
    told: Addressee,
    is_done: bool,
) -> Result<Response, PageError> {
    page(&StopPage {
        frame: Frame::new(visitor, "digital"),
        token,
        shown: told.enterprise.dotted(),
        is_done,
        contact: contact(&web.pages.contact, visitor.words),
    })
}
