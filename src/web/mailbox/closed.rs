//! The box of a company that has ceased, to those who had access to it: told
//! among their boxes, and at every address of the box. To everybody else it is
//! as if it had never been.

use askama::Template;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use super::place::At;
use crate::domain::Enterprise;
use crate::web::Web;
use crate::web::page::{Frame, PageError, page};
use crate::web::words::Words;

/// A company that has ceased.
pub(super) struct Closed {
    pub(super) name: String,
    pub(super) shown: String,
    /// Since when, where the register says it.
    pub(super) since: Option<String>,
}

#[derive(Template)]
#[template(path = "closed.html")]
struct ClosedPage {
    frame: Frame,
    closed: Closed,
}

impl Closed {
    pub(super) fn new(enterprise: Enterprise, words: Words) -> Self {
        Self {
            shown: enterprise.number.dotted(),
            since: enterprise.state_since.map(|day| words.long_day(day)),
            name: enterprise.name,
        }
    }
}

/// Says why something is not found, where it is not found because its company
/// has ceased. Asked only then, so that open boxes pay nothing for it.
pub(in crate::web) async fn explain(
    State(web): State<Web>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let answer = next.run(Request::from_parts(parts.clone(), body)).await;
    match answer.extensions().get::<PageError>() {
        Some(PageError::NotFound) => explanation(&mut parts, &web).await.unwrap_or(answer),
        _ => answer,
    }
}

/// None for whoever never had access, and while the ledger is away.
async fn explanation(parts: &mut Parts, web: &Web) -> Option<Response> {
    let at = At::from_request_parts(parts, web).await.ok()?;
    let number = at.one().ok()?;
    let closed = web.mailbox.closed_boxes(&at.reader).await.ok()?;
    let enterprise = closed.into_iter().find(|enterprise| enterprise.number == number)?;
    let closed = Closed::new(enterprise, at.words());
    let frame = Frame::new(&at.visitor, "access");
    let mut answer = page(&ClosedPage { frame, closed }).ok()?;
    *answer.status_mut() = StatusCode::FORBIDDEN;
    Some(answer)
}
