//! The table of what was survived.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::plan::Kind;

/// How long every fault took to be over, by kind.
#[derive(Default)]
pub(crate) struct Report(BTreeMap<Kind, Vec<Duration>>);

impl Report {
    pub(crate) fn add(&mut self, kind: Kind, recovery: Duration) {
        self.0.entry(kind).or_default().push(recovery);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    pub(crate) fn kinds(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:72} {:>8} {:>10} {:>10}", "fault", "survived", "median s", "max s")?;
        for (kind, times) in &self.0 {
            let mut times = times.clone();
            times.sort();
            let seconds = |at: usize| times.get(at).map_or(0.0, Duration::as_secs_f64);
            let (median, max) = (seconds(times.len() / 2), seconds(times.len() - 1));
            let words = kind.words();
            writeln!(out, "{words:72} {:>8} {median:>10.2} {max:>10.2}", times.len())?;
        }
        write!(out, "{:72} {:>8}", "all", self.count())
    }
}
