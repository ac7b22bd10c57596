//! The pages of a box, for those who read in it and for its access managers.
//!
//! Nothing here decides who sees what: everything is asked of
//! [`crate::mailbox`] for whoever is signed in, and what it does not show does
//! not exist.

mod access;
mod access_form;
mod act;
mod answer;
mod boxes;
mod choices;
mod closed;
mod completion;
mod consent;
mod history;
mod labels;
mod list;
mod marked;
mod marks;
mod message;
mod notices;
mod partition_names;
mod partitions;
mod place;
mod query;
mod reading;
mod record;
mod reply;
mod routing;
mod rules;
mod side;
mod views;
mod who_sees;

use axum::Router;
use axum::routing::{MethodRouter, get, post};

use super::Web;
use super::problem::method_not_allowed;

pub(super) use message::served;
pub(super) use place::reader;

/// Nobody may ask for the head alone: that would read the message.
fn whole(routes: MethodRouter<Web>) -> MethodRouter<Web> {
    routes.head(method_not_allowed)
}

/// Everything under `/boxes`.
pub(super) fn router(web: &Web) -> Router<Web> {
    let explain = axum::middleware::from_fn_with_state(web.clone(), closed::explain);
    Router::new()
        .route("/boxes", get(boxes::show))
        .route("/boxes/{place}", get(list::show))
        .route("/boxes/{place}/favourite", post(boxes::favour))
        .route("/boxes/{place}/completion", get(completion::show))
        .route("/boxes/{place}/messages", post(act::on_many))
        .route("/boxes/{place}/messages/{id}", whole(get(message::show)).post(act::on_one))
        .route("/boxes/{place}/messages/{id}/reply", post(reply::send))
        .route("/boxes/{place}/messages/{id}/content/{part}", whole(get(message::content)))
        .route("/boxes/{place}/views", post(views::save))
        .route("/boxes/{place}/views/delete", post(views::delete))
        .route("/boxes/{place}/labels", get(labels::show).post(labels::change))
        .route("/boxes/{place}/management/access", get(access::show).post(access::change))
        .route("/boxes/{place}/management/access.csv", get(access::export))
        .route(
            "/boxes/{place}/management/partitions",
            get(partitions::show).post(partitions::change),
        )
        .route("/boxes/{place}/management/consent", get(consent::show).post(consent::change))
        .route("/boxes/{place}/management/notices", get(notices::show).post(notices::change))
        .route("/boxes/{place}/management/record", get(record::show))
        .route_layer(explain)
}
