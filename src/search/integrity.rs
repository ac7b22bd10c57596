//! When the files of a generation are read through, and what came of it.
//!
//! Opening an index looks at little of it, and bytes that flipped further in
//! may answer wrongly without failing. So a generation that was found on the
//! disk is read through once it is in use, again after a search failed, and
//! once in a while. One that was just written is read only then: where a disk
//! spoils everything, the index must not be made anew without end.
//!
//! It is read on a thread of its own, at a bounded pace (`checksum`): searches
//! and the follower do not wait for it.

use std::io;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tantivy::Index;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::checksum::{Verdict, judge};
use super::generation::give_way;

/// How many times as long as a reading took the next one waits, also when
/// searches fail: for another reason than damage, a large index must not be
/// read all the time.
const REST: u32 = 10;

/// What is known of the files of one generation.
pub(super) struct Integrity {
    reading: Option<Reading>,
    /// The last reading; of what was just written, the writing.
    last: Option<Read>,
    is_damaged: bool,
}

struct Reading {
    thread: JoinHandle<Verdict>,
    begun: Instant,
    /// Ends it with the generation that it is of.
    _stop: DropGuard,
}

#[derive(Clone, Copy)]
struct Read {
    ended: Instant,
    took: Duration,
    has_verdict: bool,
}

/// How much time is between two readings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Between {
    /// When nothing fails.
    pub(super) usual: Duration,
    /// When searches fail, or the last reading was in vain.
    pub(super) least: Duration,
}

impl Integrity {
    /// Of a generation that was found on the disk.
    pub(super) fn unknown() -> Self {
        Self { reading: None, last: None, is_damaged: false }
    }

    /// Of one that was just written.
    pub(super) fn written() -> Self {
        let last = Read { ended: Instant::now(), took: Duration::ZERO, has_verdict: true };
        Self { last: Some(last), ..Self::unknown() }
    }

    /// It is in use again after a failure: where those follow each other, it
    /// must not be read after each.
    pub(super) fn put_off(&mut self) {
        self.rest(Duration::ZERO, false);
    }

    /// Whether the files were found damaged. They stay so.
    pub(super) fn is_damaged(&mut self) -> bool {
        if let Some(done) = self.reading.take_if(|reading| reading.thread.is_finished()) {
            let took = done.begun.elapsed();
            // Nothing but what is in the files can make it panic.
            let verdict = done.thread.join().unwrap_or(Verdict::Damaged);
            self.is_damaged = verdict == Verdict::Damaged;
            self.rest(took, verdict != Verdict::Unknown);
        }
        self.is_damaged
    }

    /// Whether it is time to read them. `is_doubted` after a search failed.
    pub(super) fn is_due(&self, between: Between, is_doubted: bool) -> bool {
        let is_time = self.last.is_none_or(|last| {
            let is_in_haste = is_doubted || !last.has_verdict;
            let soon = between.least.max(last.took * REST);
            last.ended.elapsed() >= if is_in_haste { soon } else { between.usual }
        });
        is_time && self.reading.is_none() && !self.is_damaged
    }

    /// Begins to read the files of `index`, which lie in `folder`.
    pub(super) fn begin(&mut self, index: Index, folder: PathBuf) {
        match start(index, folder) {
            Ok(reading) => self.reading = Some(reading),
            Err(error) => {
                tracing::warn!(%error, "the search index is read through later");
                self.put_off();
            }
        }
    }

    fn rest(&mut self, took: Duration, has_verdict: bool) {
        self.last = Some(Read { ended: Instant::now(), took, has_verdict });
    }
}

fn start(index: Index, folder: PathBuf) -> io::Result<Reading> {
    let stop = CancellationToken::new();
    let (begun, stopped) = (Instant::now(), stop.clone());
    let thread = thread::Builder::new().name("index checksums".into()).spawn(move || {
        give_way();
        judge(&index, &folder, &stopped)
    })?;
    Ok(Reading { thread, begun, _stop: stop.drop_guard() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn what_was_found_is_read_at_once_and_what_was_written_is_not() {
        let between = |usual, least| Between { usual, least };
        assert!(Integrity::unknown().is_due(between(HOUR, HOUR), false));
        let written = Integrity::written();
        assert!(!written.is_due(between(HOUR, Duration::ZERO), false));
        assert!(written.is_due(between(Duration::ZERO, HOUR), false));
        assert!(written.is_due(between(HOUR, Duration::ZERO), true), "a search failed");
        assert!(!written.is_due(between(HOUR, HOUR), true));
    }

    #[test]
    fn a_long_reading_is_not_repeated_at_once() {
        let between = Between { usual: HOUR, least: Duration::ZERO };
        let mut integrity = Integrity::unknown();
        integrity.put_off();
        assert!(!integrity.is_due(Between { least: HOUR, ..between }, true));
        assert!(integrity.is_due(between, false), "nothing came of it yet");
        integrity.rest(HOUR, true);
        assert!(!integrity.is_due(between, true));
    }
}
