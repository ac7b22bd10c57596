//! HTTP: pages, the console, health, uploads, the agencies' feed, the printers, metrics.
//!
//! Nothing is served without authentication but health. An answer that is no
//! success is a [`problem::Problem`]: code, message and place of the fault.

mod api;
mod asker;
mod assets;
mod auth;
mod console;
mod contact;
mod cross_site;
mod documents;
mod events;
mod form;
mod health;
mod help;
mod mailbox;
mod observe;
mod operate;
mod page;
mod pages;
mod patience;
mod pdf_frame;
mod printers;
mod problem;
mod serve;
mod sign_in;
mod singletons;
mod start;
mod stop_notices;
mod tls;
mod unread;
mod words;

pub use api::token::{IssuerError, prove_issuer};
pub use api::{Gate, openapi};
pub use console::Backstage;
pub use health::Readiness;
pub use pages::{Pages, PagesError};
pub use printers::router as printers_router;
pub use problem::Problem;
pub use serve::{Bounds, serve, serve_over};
pub use sign_in::{Persona, ProviderError, ask_provider};
pub use tls::{TlsError, acceptor};

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};
use tokio::sync::Semaphore;
use tower_http::csrf::CsrfLayer;

use crate::clock::Clock;
use crate::documents::DocumentStore;
use crate::intake::Intake;
use crate::ledger::Ledger;
use crate::mailbox::Mailbox;
use crate::telemetry;
use api::Places;
use api::describe::{Operation, Routes};
use patience::Patience;

/// Uploads that are read at the same time; the next ones wait. Bounds their
/// memory, about 15 MB each.
const UPLOADS_MAX: usize = 8;

/// What the pages and interfaces work with. Clones share it: each request has
/// several of them.
#[derive(Clone)]
pub struct Web(Arc<Shared>);

/// See [`Web`].
#[derive(Clone)]
pub struct Shared {
    ledger: Arc<Ledger>,
    documents: DocumentStore,
    clock: Arc<dyn Clock>,
    readiness: Arc<Readiness>,
    uploads: Arc<Semaphore>,
    pages: Arc<Pages>,
    mailbox: Arc<Mailbox>,
    backstage: Option<Arc<Backstage>>,
    gate: Arc<Gate>,
    intake: Arc<Intake>,
    publications: Arc<Places>,
}

/// What serving programs takes, beside what serving people does.
pub struct Programs {
    /// Proves who they are, and keeps their pace.
    pub gate: Arc<Gate>,
    /// Records what they publish.
    pub intake: Arc<Intake>,
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
        pages: Pages,
        mailbox: Mailbox,
        programs: Programs,
    ) -> Self {
        let Programs { gate, intake } = programs;
        let places = usize::from(gate.settings.publications_max);
        Self(Arc::new(Shared {
            ledger,
            documents,
            clock,
            readiness: Arc::new(readiness),
            uploads: Arc::new(Semaphore::new(UPLOADS_MAX)),
            pages: Arc::new(pages),
            mailbox: Arc::new(mailbox.worded(Arc::new(words::in_language))),
            backstage: None,
            gate,
            intake,
            publications: Arc::new(Places::new(places)),
        }))
    }

    /// With the operators' console.
    #[must_use]
    pub fn with_console(self, backstage: Backstage) -> Self {
        let shared = Shared::clone(&self);
        Self(Arc::new(Shared { backstage: Some(Arc::new(backstage)), ..shared }))
    }
}

impl std::ops::Deref for Web {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// Everything that is served on `web.listen`.
pub fn router(web: Web) -> Router {
    let patience = Patience::of(&web.gate.settings);
    Router::new()
        .merge(programs().into_router())
        .merge(pages_router(&web))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(axum::middleware::from_fn_with_state(patience, patience::keep))
        .layer(CsrfLayer::new().with_rejection_response(|_| cross_site::refused()))
        .layer(axum::middleware::from_fn(cross_site::spare_tokens))
        .layer(axum::middleware::from_fn(singletons::check))
        .layer(axum::middleware::from_fn_with_state(web.clone(), page::dress))
        .layer(axum::middleware::from_fn(observe::measure))
        .with_state(web)
}

/// What programs ask of this site, described.
fn programs() -> Routes<Web> {
    api::routes()
        .merge(documents::routes())
        .merge(events::routes())
        .merge(operate::routes())
        .merge(health::routes())
}

/// Every operation that is served to programs, printers' too.
fn operations() -> Vec<Operation> {
    [programs().into_operations(), printers::routes().into_operations()].concat()
}

/// Pages for people.
fn pages_router(web: &Web) -> Router<Web> {
    Router::new()
        .route("/", get(start::root))
        .route("/start", get(start::show))
        .route("/start/register", get(start::register).post(start::registered))
        .route("/notices/stop", get(stop_notices::ask).post(stop_notices::stop))
        .merge(mailbox::router(web))
        .merge(console::router())
        .route("/help", get(help::index))
        .route("/help/{chapter}", get(help::show))
        .route("/assets/{digest}/{name}", assets::route())
        .route("/pdf-frame/{language}", get(pdf_frame::show))
        .route("/language", post(sign_in::language))
        .route("/sign-in", get(sign_in::show))
        .route("/sign-in/start", get(sign_in::start))
        .route("/sign-in/back", get(sign_in::back))
        .route("/sign-in/persona", post(sign_in::pick))
        .route("/sign-out", post(sign_in::sign_out))
}

/// `/metrics`, served on `metrics.listen`.
pub fn metrics_router(metrics: telemetry::Handle) -> Router {
    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    let page = move || std::future::ready(([(CONTENT_TYPE, TEXT)], metrics.render()));
    Router::new().route("/metrics", get(page))
}
