//! What printers with a cap have to print on each day.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::days;
use super::plan::Taken;
use super::printer::Printers;
use crate::ledger::{Ledger, LedgerError, PlannedLetter};

/// What was given to printers, counted now and then: counting it for every page
/// of a long backlog would take the square of its time. What another engine
/// plans meanwhile is missed; releasing keeps to the cap whatever was planned.
pub(super) struct Loads {
    counted_at: Timestamp,
    today: i64,
    pub(super) taken: Taken,
}

const FRESH: SignedDuration = SignedDuration::from_mins(1);

impl Loads {
    pub(super) async fn count(
        ledger: &Ledger,
        printers: &Printers,
        now: Timestamp,
    ) -> Result<Self, LedgerError> {
        let taken = taken(ledger, printers, now).await?;
        Ok(Self { counted_at: now, today: days::today(now), taken })
    }

    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        self.today == days::today(now) && now.duration_since(self.counted_at) < FRESH
    }

    /// And these.
    pub(super) fn add(&mut self, planned: &[PlannedLetter]) {
        let mut more: HashMap<(&str, i64), u64> = HashMap::new();
        for letter in planned {
            if let PlannedLetter::Printed { printer, day, .. } = letter {
                *more.entry((printer, *day)).or_default() += 1;
            }
        }
        for ((printer, day), letters) in more {
            *self.taken.entry((printer.to_owned(), days::day(day))).or_default() += letters;
        }
    }
}

/// The room that letters have already: those that wait for a printer, and those
/// that it was given today. Of a printer without a cap nobody asks.
///
/// # Errors
/// `Transient` while the database is away.
pub async fn taken(
    ledger: &Ledger,
    printers: &Printers,
    now: Timestamp,
) -> Result<Taken, LedgerError> {
    let capped = printers.all.iter().filter(|printer| printer.cap_per_day.is_some());
    let capped: Vec<&str> = capped.map(|printer| printer.name.as_str()).collect();
    let loads = ledger.printer_loads(&capped, now).await?;
    let mut taken = Taken::new();
    for load in loads {
        let letters = u64::try_from(load.letters).unwrap_or(0);
        *taken.entry((load.printer, days::day(load.day))).or_default() += letters;
    }
    Ok(taken)
}
