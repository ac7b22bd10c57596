//! The search index: opened, following the ledger, its lag told.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use super::App;
use crate::clock::{Clock as _, SystemClock};
use crate::lifecycle::{Lifecycle, rest};
use crate::search::{Observer, Projection, Reason, Search, SearchError};
use crate::telemetry::measure;

impl App {
    /// Opens the index on a thread that may block, and follows the ledger.
    ///
    /// # Errors
    /// When another process writes this index.
    pub(super) async fn start_search(&self, lifecycle: &Lifecycle) -> anyhow::Result<Search> {
        let path = self.config.search.path.clone();
        let open = move || Projection::open(&path, clock_now, Arc::new(SearchWatch));
        let projection = tokio::task::spawn_blocking(open).await?;
        let projection = projection.context("failed to open the search index")?;
        let search = projection.search();
        let (ledger, stop) = (Arc::clone(&self.ledger), lifecycle.late().clone());
        lifecycle.spawn_follower("search", async move {
            projection.run(ledger, stop).await;
            Ok::<(), Infallible>(())
        });
        lifecycle.spawn("search lag", report_lag(search.clone(), lifecycle.soft().clone()));
        Ok(search)
    }
}

fn clock_now() -> jiff::Timestamp {
    SystemClock.now()
}

/// Counts what the follower has logged already.
struct SearchWatch;

impl Observer for SearchWatch {
    fn failed(&self, error: &SearchError) {
        measure::error("index", error.kind());
    }

    fn rebuilding(&self, _: Reason) {}
}

async fn report_lag(search: Search, stop: CancellationToken) -> Result<(), Infallible> {
    while !stop.is_cancelled() {
        let lag = search.lag(clock_now());
        let age = Duration::try_from_secs_f64(lag.seconds).unwrap_or_default();
        measure::index_lag(lag.documents, age);
        rest(&stop, Duration::from_secs(1)).await;
    }
    Ok(())
}
