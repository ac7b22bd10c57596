//! What printers with a cap were given today: counted now and then, and added
//! to in between. Counting it for each piece would read a day's letters again
//! for every 500 of them.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::ledger::{Ledger, LedgerError};
use crate::paper::days;

/// What others do to letters meanwhile (moved, cancelled) is seen then.
const COUNTED_FOR: Duration = Duration::from_secs(60);

/// By printer; right for as long as this engine alone gives tickets out.
#[derive(Default)]
pub(super) struct Given {
    by_printer: HashMap<String, Counted>,
    turn_at: Option<Instant>,
}

struct Counted {
    /// When the day began that it is of.
    since: Timestamp,
    at: Instant,
    letters: u64,
}

impl Given {
    /// Begins a turn under a lease that holds so long from its last turn on:
    /// after it another engine may have given tickets out.
    pub(super) fn begin(&mut self, lease: Duration) {
        if self.turn_at.is_none_or(|at| at.elapsed() >= lease) {
            self.by_printer.clear();
        }
        self.turn_at = Some(Instant::now());
    }

    /// How many letters a printer was given today.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub(super) async fn today(
        &mut self,
        ledger: &Ledger,
        printer: &str,
        now: Timestamp,
    ) -> Result<u64, LedgerError> {
        let since = days::began(now);
        let is_fresh = |it: &&Counted| it.since == since && it.at.elapsed() < COUNTED_FOR;
        if let Some(counted) = self.by_printer.get(printer).filter(is_fresh) {
            return Ok(counted.letters);
        }
        let at = Instant::now();
        let letters = ledger.letters_given(printer, now).await?;
        let letters = u64::try_from(letters).unwrap_or(0);
        self.by_printer.insert(printer.to_owned(), Counted { since, at, letters });
        Ok(letters)
    }

    /// So many more.
    pub(super) fn add(&mut self, printer: &str, letters: u64) {
        if let Some(counted) = self.by_printer.get_mut(printer) {
            counted.letters += letters;
        }
    }
}
