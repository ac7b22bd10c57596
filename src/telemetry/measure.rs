//! One function for each metric. Counters take how many, so that a batch
//! counts once for each set of labels and not once for each document.
#![expect(clippy::disallowed_macros, reason = "the one place that names them")]

use std::time::Duration;

use metrics::{SharedString, counter, gauge, histogram};

use super::{labels, names};
use crate::domain::{Code, Medium};
use crate::route::AudienceKind;

/// What became of a document that was taken from a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// It became a message.
    Accepted,
    /// Its identity was known: the agency sent it again.
    Repeat,
    /// The broker handed it out again; it was recorded before, and is settled.
    Redelivered,
    /// It is in the quarantine.
    Quarantined,
    /// It waits for an operator.
    Held,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] =
        [Self::Accepted, Self::Repeat, Self::Redelivered, Self::Quarantined, Self::Held];

    /// The label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Repeat => "repeat",
            Self::Redelivered => "redelivered",
            Self::Quarantined => "quarantined",
            Self::Held => "held",
        }
    }
}

/// What kind of partition a message lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PartitionKind {
    /// `GENERAL`.
    General,
    /// One that the company made.
    Own,
}

impl PartitionKind {
    pub(super) const ALL: [Self; 2] = [Self::General, Self::Own];
}

/// `n` documents of an application came to an end.
pub fn received(application: &str, outcome: Outcome, n: u64) {
    let application = labels::application(application);
    let outcome = outcome.as_str();
    counter!(names::RECEIVED.name, "application" => application, "outcome" => outcome).increment(n);
}

/// `n` documents were accepted for a medium, with one of the policy's reasons.
pub fn decision(medium: Medium, reason: &str, n: u64) {
    let (medium, reason) = (medium.as_str(), SharedString::from(reason.to_owned()));
    counter!(names::DECISIONS.name, "medium" => medium, "reason" => reason).increment(n);
}

/// `n` accepted documents went to a kind of partition with a kind of audience.
pub fn routed(partition: PartitionKind, audience: AudienceKind, n: u64) {
    let partition = match partition {
        PartitionKind::General => "general",
        PartitionKind::Own => "own",
    };
    let audience = audience.as_str();
    counter!(names::ROUTED.name, "partition_kind" => partition, "audience" => audience)
        .increment(n);
}

/// Documents were committed so long after they were taken from their lanes.
pub fn record_seconds(times: impl IntoIterator<Item = Duration>) {
    let seconds = histogram!(names::RECORD_SECONDS.name);
    times.into_iter().for_each(|time| seconds.record(time));
}

/// Documents were committed so long after they were published.
pub fn end_to_end_seconds(times: impl IntoIterator<Item = Duration>) {
    let seconds = histogram!(names::END_TO_END_SECONDS.name);
    times.into_iter().for_each(|time| seconds.record(time));
}

/// A transaction recorded `n` documents.
pub fn batch_documents(n: usize) {
    histogram!(names::BATCH_DOCUMENTS.name).record(n as f64);
}

/// How far this engine's search index is behind.
pub fn index_lag(documents: u64, age: Duration) {
    gauge!(names::INDEX_LAG_DOCUMENTS.name).set(documents as f64);
    gauge!(names::INDEX_LAG_SECONDS.name).set(age.as_secs_f64());
}

/// `n` letters of a printer are in a state. Only the engine that holds the
/// lease calls this: what every engine exported would be summed.
pub fn letters(state: &'static str, printer: &str, n: i64) {
    let printer = printer.to_owned();
    gauge!(names::LETTERS.name, "state" => state, "printer" => printer).set(n as f64);
}

/// Age of the oldest letter that waits for a printer. Only the engine that
/// holds the lease calls this.
pub fn oldest_letter_seconds(printer: &str, age: Duration) {
    let printer = printer.to_owned();
    gauge!(names::OLDEST_LETTER_SECONDS.name, "printer" => printer).set(age.as_secs_f64());
}

/// Time since a printer claimed the oldest letter that it has in hand. Only the
/// engine that holds the lease calls this.
pub fn oldest_claimed_seconds(printer: &str, age: Duration) {
    let printer = printer.to_owned();
    gauge!(names::OLDEST_CLAIMED_SECONDS.name, "printer" => printer).set(age.as_secs_f64());
}

/// `n` messages lie ready in a queue. Only the engine that holds the lease
/// calls this.
pub fn queue_depth(queue: &str, n: u64) {
    gauge!(names::QUEUE_DEPTH.name, "queue" => queue.to_owned()).set(n as f64);
}

/// Whether an operator paused a lane. Only the engine that holds the lease calls
/// this.
pub fn lane_paused(application: &str, is_paused: bool) {
    let application = application.to_owned();
    gauge!(names::LANE_PAUSED.name, "application" => application).set(f64::from(is_paused));
}

/// Whether a printer fell silent. Only the engine that holds the lease calls
/// this.
pub fn printer_silent(printer: &str, is_silent: bool) {
    let printer = printer.to_owned();
    gauge!(names::PRINTER_SILENT.name, "printer" => printer).set(f64::from(is_silent));
}

/// A lane waited `n` times for its application's pace.
pub fn throttled(application: &str, n: u64) {
    let application = labels::application(application);
    counter!(names::THROTTLED.name, "application" => application).increment(n);
}

/// `n` documents lie in the quarantine with a code. Only the engine that holds
/// the lease calls this.
pub fn quarantined(code: Code, n: i64) {
    gauge!(names::QUARANTINED.name, "code" => code.as_str()).set(n as f64);
}

/// A search was answered.
pub fn search_seconds(time: Duration) {
    histogram!(names::SEARCH_SECONDS.name).record(time);
}

/// An HTTP request was answered. `route` is the template of the path, never
/// the path; `method` one of a fixed list.
pub fn http_seconds(route: &str, method: &'static str, status: u16, time: Duration) {
    let (route, status) = (route.to_owned(), status.to_string());
    histogram!(names::HTTP_SECONDS.name, "route" => route, "method" => method, "status" => status)
        .record(time);
}

/// Every stage in which something may go wrong: alerts and runbook name these.
pub const STAGES: &[&str] = &[
    "account",
    "api",
    "consume",
    "declare",
    "documents",
    "index",
    "keeper",
    "letters",
    "notices",
    "paper",
    "policy",
    "printer",
    "pulse",
    "receipts",
    "record",
    "reports",
    "resume",
    "retention",
    "settle",
    "sign-in",
    "supervise",
    "watch",
    "web",
];

/// Something went wrong in a stage. Both are words of this program.
pub fn error(stage: &'static str, kind: &'static str) {
    debug_assert!(STAGES.contains(&stage), "{stage} is no stage");
    counter!(names::ERRORS.name, "stage" => stage, "kind" => kind).increment(1);
}

/// By how many documents the account does not balance. Only the engine that
/// holds the lease calls this.
pub fn account_difference(n: i64) {
    gauge!(names::ACCOUNT_DIFFERENCE.name).set(n as f64);
}

/// Puts the gauge on the page without changing its value.
pub(super) fn quarantined_exists(code: Code) {
    gauge!(names::QUARANTINED.name, "code" => code.as_str()).increment(0);
}

/// Puts the commonest error of each stage on the page: a first 1 would be no
/// increase.
pub(super) fn errors_exist() {
    for stage in STAGES {
        counter!(names::ERRORS.name, "stage" => *stage, "kind" => "unavailable").increment(0);
    }
    for (stage, kind) in [("printer", "silent"), ("declare", "topology")] {
        counter!(names::ERRORS.name, "stage" => stage, "kind" => kind).increment(0);
    }
}

/// Puts the histograms on the page without a value: of requests the one that
/// every engine with pages is asked.
pub(super) fn histograms_exist() {
    for metric in [
        names::RECORD_SECONDS,
        names::END_TO_END_SECONDS,
        names::BATCH_DOCUMENTS,
        names::SEARCH_SECONDS,
    ] {
        drop(histogram!(metric.name));
    }
    let (route, method, status) = ("/healthz", "GET", "200");
    drop(histogram!(names::HTTP_SECONDS.name,
        "route" => route, "method" => method, "status" => status));
}

/// Puts the gauge on the page without changing its value.
pub(super) fn account_difference_exists() {
    gauge!(names::ACCOUNT_DIFFERENCE.name).increment(0);
}
