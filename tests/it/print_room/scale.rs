//! How large a run of letters is, and how long its parts took.

use anyhow::{Context, Result};
use tokio::time::Instant;

/// Where the number of letters may stand: `./dev letters` writes it there.
const LETTERS_VARIABLE: &str = "FACTEUR_TEST_LETTERS";
const LETTERS: usize = 40;
/// Of few letters, enough that each fault is met.
const MANY_FAULTS: [&str; 8] =
    ["--fail", "20%", "--repeat", "10%", "--contradict", "10%", "--seed", "7"];
/// In the proportions of a bad day.
const FAULTS: [&str; 8] = ["--fail", "5%", "--repeat", "2%", "--contradict", "1%", "--seed", "7"];

/// With more letters than this a run is one that somebody waits for.
const MANY: usize = 10 * LETTERS;

/// How large a run is.
pub(super) struct Scale {
    pub(super) letters: usize,
    pub(super) faults: [&'static str; 8],
    /// Tickets that lie in a printer's queue.
    pub(super) window: &'static str,
    /// Letters that a room has claimed when it is killed: midway, where there
    /// are many.
    pub(super) killed_after: usize,
}

impl Scale {
    pub(super) fn of_run() -> Result<Self> {
        let letters = match std::env::var(LETTERS_VARIABLE) {
            Ok(number) => number.parse().with_context(|| format!("{LETTERS_VARIABLE}={number}"))?,
            Err(_) => LETTERS,
        };
        Ok(if letters > MANY {
            // Half of the letters are this room's.
            Self { letters, faults: FAULTS, window: "500", killed_after: letters / 4 }
        } else {
            Self { letters, faults: MANY_FAULTS, window: "20", killed_after: 3 }
        })
    }
}

/// How long each part of a run took.
pub(super) struct Phases {
    began: Instant,
    since: Instant,
    said: Vec<String>,
}

impl Phases {
    pub(super) fn start() -> Self {
        Self { began: Instant::now(), since: Instant::now(), said: Vec::new() }
    }

    /// What began with the last call has ended.
    pub(super) fn end(&mut self, phase: &str) {
        let took = self.since.elapsed().as_secs_f32();
        self.since = Instant::now();
        self.said.push(format!("{phase:24} {took:>8.1} s"));
    }

    #[expect(clippy::print_stderr, reason = "what a person who runs this test wants to see")]
    pub(super) fn show(&self, counts: &str) {
        let seconds = self.began.elapsed().as_secs_f32();
        eprintln!("{counts}, {seconds:.1} s\n{}", self.said.join("\n"));
    }
}
