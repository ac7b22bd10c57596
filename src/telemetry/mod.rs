//! What an operator sees: metrics and the log.
//!
//! Every metric has its name, labels, help and buckets in [`names`], and one
//! typed function in [`measure`]. No other module names a metric, so no label
//! value escapes the bounds that are kept here: applications are those that
//! the registry knows, everything else is a word of this program.

pub mod log;
pub mod measure;
pub mod names;

pub mod figures;

mod exporter;
mod labels;

#[cfg(test)]
mod tests;

pub use exporter::{Handle, TelemetryError, install};
pub use labels::start_at_zero;
