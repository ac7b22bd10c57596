//! The REST interface, in the names and shapes of the eBox REST interface:
//! how it is described ([`describe`]), who asks ([`Gate`], the callers), what agencies do, and what companies'
//! software reads.

pub(super) mod callers;
pub(super) mod describe;
mod failures;
mod fault;
mod gate;
mod lookups;
mod publish;
mod reading;
pub(super) mod token;

pub(super) use callers::ON_BEHALF_OF;
pub(super) use fault::{Fault, is_of_ebox, shaped};
pub use gate::Gate;
pub(super) use gate::{forbidden, is_bearer};
pub(super) use publish::Places;
pub(super) use reading::ENTERPRISE;

use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;

use super::{Problem, Web};
use describe::{Key, Operation, Routes, Tag, array_of, of};
use lookups::{Preferences, PreferencesSearch, StatusAsked, StatusTold};

/// Bytes of a question of a sender.
const QUESTION_BYTES_MAX: usize = 256 * 1024;

/// By what agencies prove who they are.
pub(super) const SENDERS: &[Key] = &[Key::TokenToPublish, Key::Application];

/// A moment as the interface's file writes it, `yyyy-MM-dd'T'HH:mm:ssXXX`: in
/// whole seconds.
fn whole_seconds(at: jiff::Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Bodies are taken as they are: what is packed would be read as what it is not.
///
/// # Errors
/// 415 for a body with a coding.
fn is_plain(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(CONTENT_ENCODING) {
        Some(coding) if !coding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            let message = "the body must come without Content-Encoding";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            Err(Problem::new(status, "MEDIA_TYPE_NOT_ALLOWED", message).at("/content-encoding"))
        }
        _ => Ok(()),
    }
}

/// What programs do.
pub(super) fn routes() -> Routes<Web> {
    let published = publish::routes().served(|router| {
        // Bounded while it is read, part by part.
        router.layer(DefaultBodyLimit::disable())
    });
    let asked = asked().served(|router| router.layer(DefaultBodyLimit::max(QUESTION_BYTES_MAX)));
    published
        .merge(asked)
        .merge(reading::routes())
        .on(document(), describe::serve)
        .served(|router| router.route("/openapi", get(describe::show)))
}

/// The document that all operations make, as text.
pub fn openapi() -> &'static str {
    &describe::OPENAPI
}

fn document() -> Operation {
    Operation::get("/openapi.json", "getOpenApi", Tag::Health)
        .says("This document", "To read it, look at /openapi.")
        .answers(200, "OpenAPI 3.1", "application/json", of::<serde_json::Value>)
        .with(200, "ETag", "Of these very bytes")
        .done(304, "As the client has it (If-None-Match)")
        .faults(&[406, 500])
}

/// What senders ask.
fn asked() -> Routes<Web> {
    Routes::new()
        .on(
            Operation::post("/eboxPreferences/search", "searchEboxPreferences", Tag::LookUps)
                .says(
                    "How companies would be reached",
                    "Up to 1,000 at once. With organization and message type, the medium that an \
                     ordinary item would take is foretold; it is decided anew when one is \
                     published.",
                )
                .keys(SENDERS)
                .takes("application/json", of::<PreferencesSearch>)
                .answers(200, "In the order asked", "application/json", of::<Preferences>)
                .faults(&[400, 401, 403, 408, 413, 415, 429, 500, 503]),
            lookups::preferences,
        )
        .on(
            Operation::post("/searchMessageStatus", "searchMessageStatus", Tag::LookUps)
                .says(
                    "What became of the caller's messages",
                    "Up to 1,000 at once. Unknown, expired and other senders' are left out.",
                )
                .keys(SENDERS)
                .takes("application/json", array_of::<StatusAsked>)
                .answers(201, "Of those that are found", "application/json", of::<Vec<StatusTold>>)
                .faults(&[400, 401, 403, 408, 413, 415, 429, 500, 503]),
            lookups::statuses,
        )
}
