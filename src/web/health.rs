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

#[derive(Serialize)]
pub(super) struct Report {
    ready: bool,
    stopping: bool,
    dependencies: BTreeMap<&'static str, &'static str>,
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
