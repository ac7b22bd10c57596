//! The REST interface, in the names and shapes of the eBox REST interface:
//! who asks ([`Gate`], the callers), what agencies do, and what companies'
//! software reads.

pub(super) mod callers;
mod fault;
mod gate;
mod lookups;
mod publish;
mod reading;
pub(super) mod token;

pub(super) use fault::Fault;
pub use gate::Gate;
pub(super) use gate::forbidden;
pub use reading::DOCUMENT;
pub(super) use reading::serve_document;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;

use super::Web;

/// Bytes of a question of a sender.
const QUESTION_BYTES_MAX: usize = 256 * 1024;

/// What programs do.
pub(super) fn router() -> Router<Web> {
    let published = Router::new()
        .route("/ebox/messages", post(publish::publish))
        .route("/publishMessage", post(publish::publish_legacy))
        // Bounded while it is read, part by part.
        .layer(DefaultBodyLimit::disable());
    let asked = Router::new()
        .route("/linkEboxMessage", post(publish::link))
        .route("/eboxPreferences/search", post(lookups::preferences))
        .route("/searchMessageStatus", post(lookups::statuses))
        .layer(DefaultBodyLimit::max(QUESTION_BYTES_MAX));
    published.merge(asked).merge(reading::router())
}
