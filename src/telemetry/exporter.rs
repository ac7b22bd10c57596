//! The recorder behind the metrics, and the page that Prometheus reads.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::{
    BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use metrics_util::MetricKindMask;
use tokio_util::sync::CancellationToken;

use super::names::{self, Kind};

/// Histograms keep every value until they are drained.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The elected engine refreshes its gauges far more often.
const GAUGE_IDLE_MAX: Duration = Duration::from_secs(60);

/// Metrics cannot be collected.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The recorder's settings are wrong, or another recorder is installed.
    #[error("cannot collect metrics")]
    Recorder(#[from] BuildError),
    /// Another recorder is installed.
    #[error("another recorder of metrics is installed")]
    Taken,
}

/// The metrics of this process.
#[derive(Clone)]
pub struct Handle(PrometheusHandle);

/// One for the process: `metrics` has one recorder.
static INSTALLED: Mutex<Option<Handle>> = Mutex::new(None);

/// Begins to collect metrics; again, answers the same handle. Run
/// [`Handle::upkeep`] for as long as the process lives.
///
/// # Errors
/// `Taken`, when other code installed a recorder.
pub fn install() -> Result<Handle, TelemetryError> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*installed {
        return Ok(handle.clone());
    }
    let recorder = recorder(GAUGE_IDLE_MAX)?;
    let handle = Handle(recorder.handle());
    metrics::set_global_recorder(recorder).map_err(|_| TelemetryError::Taken)?;
    describe();
    Ok(installed.insert(handle).clone())
}

pub(super) fn recorder(gauge_idle_max: Duration) -> Result<PrometheusRecorder, TelemetryError> {
    let mut builder =
        PrometheusBuilder::new().idle_timeout(MetricKindMask::GAUGE, Some(gauge_idle_max));
    for metric in names::ALL {
        if let Kind::Histogram(bounds) = metric.kind {
            let name = Matcher::Full(metric.name.into());
            builder = builder.set_buckets_for_metric(name, bounds)?;
        }
    }
    Ok(builder.build_recorder())
}

/// Gives the current recorder the help texts.
pub(super) fn describe() {
    for metric in names::ALL {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
            Kind::Histogram(_) => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
}

impl Handle {
    /// The page in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Drains the histograms until cancelled; without it they grow for as long
    /// as nobody scrapes.
    pub async fn upkeep(self, cancelled: CancellationToken) {
        let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
        while cancelled.run_until_cancelled(ticks.tick()).await.is_some() {
            self.0.run_upkeep();
        }
    }
}
