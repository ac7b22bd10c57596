//! What a check found.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::format::Defect;
use crate::domain::Kind;

/// Faults kept; those beyond are only counted.
const FAULTS_KEPT_MAX: usize = 1_000;

/// One fault of a registry file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// The line, from 1.
    pub line: u64,
    /// JSON Pointer (RFC 6901) within the line; empty: the line as a whole.
    pub pointer: String,
    /// For people.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.pointer.is_empty() {
            write!(f, "{}: ", self.pointer)?;
        }
        f.write_str(&self.message)
    }
}

/// What a file holds, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Lines read, blank ones included.
    pub lines: u64,
    /// Well-formed records by kind, deletions included.
    pub records: BTreeMap<Kind, u64>,
    /// The first faults, in the order of lines, at most 1,000.
    pub faults: Vec<Fault>,
    /// All faults, those beyond the first thousand included.
    pub faults_total: u64,
}

impl Report {
    /// Whether the file can be imported.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.faults_total == 0
    }

    pub(super) fn count(&mut self, kind: Kind) {
        *self.records.entry(kind).or_default() += 1;
    }

    pub(super) fn push(&mut self, line: u64, defect: Defect) {
        self.faults_total += 1;
        if self.faults.len() < FAULTS_KEPT_MAX {
            let Defect { pointer, message } = defect;
            self.faults.push(Fault { line, pointer, message });
        }
    }
}
