//! The line, simulated: thousands of courses of events, each from one seed.
//!
//! Two engines' real batches (decoding, judging, recording, settling) run over
//! a broker in memory and SQLite files in memory, held at every step; a seed
//! says who goes on next, who dies, whose connection is lost, whose commit is
//! late, whose answer is lost, and what the agencies send meanwhile. One thing
//! happens at a time, so a seed that fails repeats exactly:
//!
//! ```sh
//! FACTEUR_SIMULATION_SEED=17 cargo test --test it -- simulation --nocapture
//! ```

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod agency;
mod course;
mod engine;
mod oracle;
mod place;

use std::sync::atomic::{AtomicU64, Ordering};

use self::course::{Course, Story};
use self::place::Template;

/// How many courses of events.
const SEEDS: u64 = 2_000;
/// They wait for each other's disks and pauses rather than for a processor.
const THREADS: usize = 8;
const SEED: &str = "FACTEUR_SIMULATION_SEED";

fn run(template: &Template, seed: u64) -> Story {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { Course::begin(template, seed).await.play().await })
}

fn template() -> Template {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(Template::new())
}

#[test]
fn nothing_is_lost_or_doubled_in_any_course_of_events() {
    let template = template();
    if let Ok(seed) = std::env::var(SEED) {
        run(&template, seed.parse().unwrap()).show();
        return;
    }
    let (next, total) = (AtomicU64::new(0), std::sync::Mutex::new(Story::default()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= SEEDS {
                return;
            }
            let story = run(&template, seed);
            total.lock().unwrap().add(&story);
        }
    };
    std::thread::scope(|scope| (0..THREADS).for_each(|_| drop(scope.spawn(work))));
    let total = total.into_inner().unwrap();
    eprintln!("{SEEDS} courses of events: {}", total.counts());
    total.has_seen_everything();
}

#[test]
fn a_seed_repeats_exactly() {
    let template = template();
    for seed in [3, 5, 8, 13, 21, 34, 55, 89] {
        assert_eq!(run(&template, seed), run(&template, seed), "seed {seed}");
    }
}
