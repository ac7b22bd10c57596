//! HTTP: health, uploads, the agencies' feed, the printers, metrics.
//!
//! Nothing is served without authentication but health. An answer that is no
//! success is a [`problem::Problem`]: code, message and place of the fault.

mod auth;
mod documents;
mod events;
mod health;
mod observe;
mod printers;
mod problem;
mod serve;

pub use health::Readiness;
pub use printers::router as printers_router;
pub use problem::Problem;
pub use serve::serve;

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, put};
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::documents::DocumentStore;
use crate::ledger::Ledger;
use crate::telemetry;

/// Uploads that are read at the same time; the next ones wait. Bounds their
/// memory, about 15 MB each.
const UPLOADS_MAX: usize = 8;

/// What the pages and interfaces work with. Clones share it.
#[derive(Clone)]
pub struct Web {
    ledger: Arc<Ledger>,
    documents: DocumentStore,
    clock: Arc<dyn Clock>,
    readiness: Arc<Readiness>,
    uploads: Arc<Semaphore>,
}

impl Web {
    /// Over a ledger, its documents and a clock; `readiness` answers
    /// `/readyz`.
    #[must_use]
    pub fn new(
        ledger: Arc<Ledger>,
        documents: DocumentStore,
        clock: Arc<dyn Clock>,
        readiness: Readiness,
    ) -> Self {
        Self {
            ledger,
            documents,
            clock,
            readiness: Arc::new(readiness),
            uploads: Arc::new(Semaphore::new(UPLOADS_MAX)),
        }
    }
}

/// Everything that is served on `web.listen`.
pub fn router(web: Web) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/documents/{sha256}", put(documents::put).get(documents::get))
        .route("/events", get(events::feed))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(axum::middleware::from_fn(observe::measure))
        .with_state(web)
}

/// `/metrics`, served on `metrics.listen`.
pub fn metrics_router(metrics: telemetry::Handle) -> Router {
    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    let page = move || std::future::ready(([(CONTENT_TYPE, TEXT)], metrics.render()));
    Router::new().route("/metrics", get(page))
}
