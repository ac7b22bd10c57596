//! The all-digital consent: what it means, since when, by whom.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::answer::done;
use super::history::Past;
use super::place::{At, Shown, person_name};
use super::query::ListQuery;
use super::side::{Around, Side, around};
use crate::web::Web;
use crate::web::form::Fields;
use crate::web::page::{Frame, PageError, page};

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage {
    frame: Frame,
    place: Shown,
    side: Side,
    is_all_digital: bool,
    history: Vec<Past>,
}

/// `GET /boxes/{place}/management/consent`
pub(super) async fn show(State(web): State<Web>, at: At) -> Result<Response, PageError> {
    let number = at.one()?;
    let changes = web.mailbox.consent_history(&at.reader, number).await?;
    let around = around(&web, &at, &ListQuery::default(), "consent").await?;
    let Around { place, side, entry, .. } = around;
    let (words, now) = (at.words(), web.clock.now());
    let history = changes.iter().map(|change| {
        let person = person_name(change.person.as_ref(), words);
        let event = if change.all_digital { "consent-given" } else { "consent-revoked" };
        Past { at: words.moment(change.at, now), text: words.with(event, "person", &person) }
    });
    page(&ConsentPage {
        frame: Frame::new(&at.visitor, "digital"),
        place,
        side,
        is_all_digital: entry.is_some_and(|entry| entry.all_digital),
        history: history.collect(),
    })
}

/// `POST /boxes/{place}/management/consent`
pub(super) async fn change(
    State(web): State<Web>,
    at: At,
    fields: Fields,
) -> Result<Response, PageError> {
    let result = web.mailbox.consent(&at.reader, at.one()?, fields.is("all-digital")).await;
    done(result, &format!("{}/management/consent", at.url()), "said-saved")
}
