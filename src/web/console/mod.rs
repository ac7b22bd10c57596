//! The operators' console: what the installation does, and what may be done
//! about it. Operators see what is recorded of documents, never a document:
//! the bytes of a quarantine entry are handed out once, for a reason that goes
//! into the record.
//!
//! To everybody else nothing of it exists: no address here is answered
//! otherwise than one that there is not.

mod act;
mod chart;
mod detail;
mod enterprises;
mod find;
mod gone;
mod lanes;
mod letters;
mod messages;
mod operator;
mod overview;
mod policy;
mod printers;
mod quarantine;
mod rates;
mod record;
mod table;
mod types;

pub(super) use act::kept_reason;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::{Web, problem};
use crate::intake::Intake;
use crate::paper::printer::Printers;

/// What the console works with besides what all pages do.
pub struct Backstage {
    /// Judges again what is replayed.
    pub intake: Intake,
    /// Who prints what.
    pub printers: Arc<Printers>,
}

/// Everything under `/console`.
pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/console", get(overview::show))
        .route("/console/quarantine", get(quarantine::list))
        .route("/console/quarantine/{id}", get(quarantine::show).post(quarantine::act))
        .route("/console/lanes", get(lanes::list))
        .route("/console/lanes/{id}", get(lanes::show).post(lanes::act))
        .route("/console/types", get(types::list))
        .route("/console/types/{id}", get(types::show).post(types::act))
        .route("/console/printers", get(printers::list))
        .route("/console/printers/{id}", get(printers::show).post(printers::act))
        .route("/console/find", get(find::show))
        .route("/console/messages/{id}", get(messages::show))
        .route("/console/letters/{id}", get(letters::show).post(letters::act))
        .route("/console/enterprises/{id}", get(enterprises::show))
        .route("/console/policy", get(policy::show).post(policy::act))
        .route("/console/record", get(record::show))
        .method_not_allowed_fallback(problem::not_found)
}
