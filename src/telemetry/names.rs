//! Every metric: name, labels, help, kind. Names and labels are a contract
//! with dashboards and alerts; `metrics.txt` beside this file is its text.

/// A metric. There is none without a help text.
#[derive(Debug)]
pub struct Metric {
    /// As Prometheus scrapes it.
    pub name: &'static str,
    /// The labels, in order.
    pub labels: &'static [&'static str],
    /// For people.
    pub help: &'static str,
    /// What it is.
    pub kind: Kind,
}

/// What a metric is.
#[derive(Debug)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down. Leaves the page when nobody refreshed it for a
    /// minute: an engine that is no longer the one to export it must not.
    Gauge,
    /// Counts values by their size; the upper bounds, in the metric's unit.
    Histogram(&'static [f64]),
}

/// From a quick answer to a stage that makes a person wait.
const SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Up to a flood that is being worked off.
const SECONDS_QUEUED: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0];

const DOCUMENTS: &[f64] =
    &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10_000.0];

macro_rules! metrics {
    ($($name:ident = $text:literal, [$($label:literal),*], $kind:expr, $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $name: Metric =
                Metric { name: $text, labels: &[$($label),*], help: $help, kind: $kind };
        )*

        /// Every metric.
        pub const ALL: &[Metric] = &[$($name,)*];
    };
}

metrics! {
    RECEIVED = "facteur_received_total", ["application", "outcome"], Kind::Counter,
        "Documents taken from the lanes, by what became of them.";
    DECISIONS = "facteur_decisions_total", ["medium", "reason"], Kind::Counter,
        "Accepted documents, by medium and the policy's reason.";
    ROUTED = "facteur_routed_total", ["partition_kind", "audience"], Kind::Counter,
        "Accepted documents, by kind of partition and who could open them on arrival.";
    RECORD_SECONDS = "facteur_record_seconds", [], Kind::Histogram(SECONDS),
        "Time from taking a document from its lane to its commit.";
    END_TO_END_SECONDS = "facteur_end_to_end_seconds", [], Kind::Histogram(SECONDS_QUEUED),
        "Time from the publication of a document to its commit.";
    BATCH_DOCUMENTS = "facteur_batch_documents", [], Kind::Histogram(DOCUMENTS),
        "Documents recorded in one transaction.";
    INDEX_LAG_DOCUMENTS = "facteur_index_lag_documents", [], Kind::Gauge,
        "Journal entries that the search index of this engine has not applied yet.";
    INDEX_LAG_SECONDS = "facteur_index_lag_seconds", [], Kind::Gauge,
        "Age of the oldest journal entry that the search index of this engine has not applied.";
    LETTERS = "facteur_letters", ["state", "printer"], Kind::Gauge,
        "Letters, by state and printer.";
    OLDEST_LETTER_SECONDS = "facteur_oldest_letter_seconds", ["printer"], Kind::Gauge,
        "Age of the oldest letter that its printer has not claimed.";
    OLDEST_CLAIMED_SECONDS = "facteur_oldest_claimed_letter_seconds", ["printer"], Kind::Gauge,
        "Time since a printer claimed the oldest letter that is not at the post.";
    QUEUE_DEPTH = "facteur_queue_depth", ["queue"], Kind::Gauge,
        "Messages that lie ready in a queue of the broker.";
    LANE_PAUSED = "facteur_lane_paused", ["application"], Kind::Gauge,
        "1 while an operator's order keeps an application's lane closed, else 0.";
    PRINTER_SILENT = "facteur_printer_silent", ["printer"], Kind::Gauge,
        "1 while a printer that has letters gives no sign of life, else 0.";
    THROTTLED = "facteur_throttled_total", ["application"], Kind::Counter,
        "Times a lane had to wait for its application's pace.";
    QUARANTINED = "facteur_quarantined", ["code"], Kind::Gauge,
        "Documents that lie in the quarantine, by code.";
    SEARCH_SECONDS = "facteur_search_seconds", [], Kind::Histogram(SECONDS),
        "Time to answer a search, its check against the ledger included.";
    HTTP_SECONDS = "facteur_http_seconds", ["route", "method", "status"], Kind::Histogram(SECONDS),
        "Time to answer an HTTP request, by the template of its path.";
    ERRORS = "facteur_errors_total", ["stage", "kind"], Kind::Counter,
        "Errors of this program and of what it depends on, by stage and kind.";
    ACCOUNT_DIFFERENCE = "facteur_account_difference", [], Kind::Gauge,
        "By how many documents the account does not balance; must be 0.";
}
