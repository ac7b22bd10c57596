//! `/healthz`: the process answers. `/readyz`: it can do its work.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::future::{BoxFuture, join_all};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::Web;
use super::api::describe::{Operation, Routes, Tag, of};
use crate::documents::BoxError;

/// A dependency that takes longer counts as away.
const ANSWER_MAX: Duration = Duration::from_secs(2);

type Check = Box<dyn Fn() -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>;

/// What must answer before this process should be sent work.
pub struct Readiness {
    stopping: CancellationToken,
    checks: Vec<(&'static str, Check)>,
}

impl Readiness {
    /// Ready until `stopping` is cancelled.
    #[must_use]
    pub fn new(stopping: CancellationToken) -> Self {
        Self { stopping, checks: Vec::new() }
    }

    /// And as long as `check` succeeds. The name is public; the error is not.
    #[must_use]
    pub fn with<C, F, E>(mut self, name: &'static str, check: C) -> Self
    where
        C: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let check: Check = Box::new(move || {
            let answer = check();
            Box::pin(async move { answer.await.map_err(Into::into) })
        });
        self.checks.push((name, check));
        self
    }

    async fn report(&self) -> Report {
        let answers = self.checks.iter().map(|(name, check)| async move {
            let is_there = match tokio::time::timeout(ANSWER_MAX, check()).await {
                Ok(Ok(())) => true,
                Ok(Err(error)) => {
                    tracing::debug!(dependency = name, error = &*error, "not ready");
                    false
                }
                Err(_) => false,
            };
            (*name, if is_there { "ok" } else { "away" })
        });
        let dependencies: BTreeMap<_, _> = join_all(answers).await.into_iter().collect();
        let is_stopping = self.stopping.is_cancelled();
        Report {
            ready: !is_stopping && dependencies.values().all(|answer| *answer == "ok"),
            stopping: is_stopping,
            dependencies,
        }
    }
}

/// Whether the process can do its work, and which dependency is away.
#[derive(Serialize, schemars::JsonSchema)]
#[schemars(rename = "Readiness")]
pub(super) struct Report {
    ready: bool,
    stopping: bool,
    dependencies: BTreeMap<&'static str, &'static str>,
}

/// The endpoints, each with its description.
pub(super) fn routes() -> Routes<Web> {
    Routes::new()
        .on(
            Operation::get("/healthz", "alive", Tag::Health)
                .says("The process answers", "")
                .answers(200, "It does", "text/plain", of::<String>),
            alive,
        )
        .on(
            Operation::get("/readyz", "ready", Tag::Health)
                .says("The process can do its work", "")
                .answers(200, "It can", "application/json", of::<Report>)
                .answers(503, "Something is away, or it stops", "application/json", of::<Report>),
            ready,
        )
}

pub(super) async fn alive() -> &'static str {
    "alive\n"
}

pub(super) async fn ready(State(web): State<Web>) -> (StatusCode, Json<Report>) {
    let report = web.readiness.report().await;
    let status = match report.ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(report))
}
