//! `GET /ebox`: a box in figures.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::consumer::Consumer;
use super::kept::{self, ALWAYS_ASK};
use super::shapes::Ebox;
use super::status::ApiError;
use crate::mailbox::{Filter, Hidden};
use crate::web::Web;
use crate::web::api::whole_seconds;

/// A box in figures
///
/// Of what is open to the caller today.
pub(super) async fn summary(
    State(web): State<Web>,
    consumer: Consumer,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (reader, place) = (&consumer.reader, consumer.place());
    let everything = Filter { hidden: Hidden::With, ..Filter::default() };
    let unread = Filter { is_unread: Some(true), hidden: Hidden::With, ..Filter::default() };
    let last = web.mailbox.last_times(reader, consumer.enterprise).await?;
    let ebox = Ebox {
        number_of_messages: web.mailbox.exact_count(reader, place, None, &everything).await?,
        number_of_unread_messages: web.mailbox.exact_count(reader, place, None, &unread).await?,
        last_receipt_date: last.arrived.map(|at| whole_seconds(at).to_string()),
        last_consultation_date: last.opened.map(|at| whole_seconds(at).to_string()),
    };
    kept::json(&headers, ALWAYS_ASK, &ebox)
}
