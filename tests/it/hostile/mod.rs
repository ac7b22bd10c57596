//! Whatever comes from outside, however wrong, is answered: nothing panics,
//! nothing takes long, and what is taken is read again as it was written.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod json;
mod multiparts;
mod publications;
mod registries;
mod reports;
mod searches;
mod texts;

use std::time::Duration;

use facteur::clock::Stopwatch;
use proptest::test_runner::{Config, TestRunner};

/// One answer, on a loaded machine and without optimisation.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// The answer, which must come in time.
fn in_time<T>(answer: impl FnOnce() -> T) -> T {
    let clock = Stopwatch::start();
    let answer = answer();
    assert!(clock.elapsed() < ANSWER_MAX, "it took {:?}", clock.elapsed());
    answer
}

/// Runs properties that `proptest!` cannot write. A seed that failed is kept
/// under `proptest-regressions`, and tried first from then on.
fn seeded(file: &'static str, cases: u32) -> TestRunner {
    TestRunner::new(Config { source_file: Some(file), ..Config::with_cases(cases) })
}
