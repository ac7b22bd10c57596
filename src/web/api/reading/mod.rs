//! What programs read of a box, over HTTP: names and shapes of the eBox REST
//! interface, version 2.1, with `en` beside the other languages.
//!
//! A thin layer over [`crate::mailbox`]: a program is a reader like any other,
//! held to its grants and partitions. What it may not see does not exist for
//! it. `schemas/openapi.json` describes the endpoints; tests hold each to the other.

mod attachments;
mod consumer;
mod ebox;
mod kept;
mod list;
mod message;
mod negotiate;
mod openapi;
mod patch;
mod reference;
mod shapes;
mod status;

pub use openapi::DOCUMENT;
pub(in crate::web) use openapi::serve_document;

use axum::Router;
use axum::routing::get;

use crate::web::Web;

/// The endpoints; `schemas/openapi.json` describes them.
pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/ebox", get(ebox::summary))
        .route("/ebox/messages", get(list::messages).patch(patch::change))
        .nest("/ebox/messages/{messageId}", of_message())
        .nest("/referenceData", reference_data())
}

fn of_message() -> Router<Web> {
    Router::new()
        .route("/", get(message::message))
        .route("/body", get(message::body))
        .route("/paymentData", get(message::payment))
        .route("/attachments", get(attachments::list))
        .route("/attachments/{attachmentId}", get(attachments::one))
        .route("/attachments/{attachmentId}/content", get(attachments::content))
}

fn reference_data() -> Router<Web> {
    Router::new()
        .route("/messageTypes", get(reference::message_types))
        .route("/messageTypes/{id}", get(reference::message_type))
        .route("/senderApplications", get(reference::applications))
        .route("/senderApplications/{id}", get(reference::application))
        .route("/senderApplications/{id}/images/{image}/content", get(reference::no_image))
        .route("/senderOrganizations", get(reference::organizations))
        .route("/senderOrganizations/{id}", get(reference::organization))
        .route("/senderOrganizations/{id}/images/{image}/content", get(reference::no_image))
}
