//! What must happen although nobody asks: unread messages become letters,
//! silent printers lose theirs, what waited for a printer is tried again, and
//! what a printer reported of the future is judged when that has come.

use jiff::{SignedDuration, Timestamp};
use tracing::{error, info};

use super::days;
use super::office::Office;
use super::printer::Printer;
use crate::ledger::{LedgerError, PrinterStanding, Source};
use crate::telemetry::measure;

/// Letters moved, made or tried again in one transaction.
const PAGE: i64 = 500;

impl Office {
    /// Makes letters of what nobody read in time; answers whether there was
    /// any.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn make_unread(&self) -> Result<bool, LedgerError> {
        let (due, made) = self.ledger.unread_to_paper(PAGE, self.clock.now()).await?;
        if made > 0 {
            info!(made, "unread messages become letters");
        }
        Ok(due > 0)
    }

    /// Looks after printers that fell silent.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn look_after_printers(&self) -> Result<(), LedgerError> {
        let names: Vec<&str> = self.printers.all.iter().map(|it| it.name.as_str()).collect();
        self.ledger.list_printers(&names).await?;
        for standing in self.ledger.printer_standings().await? {
            let Some(printer) = self.printers.get(&standing.name) else { continue };
            if let Some(why) = silence(printer, &standing, self.clock.now()) {
                self.fell_silent(printer, why).await?;
            }
        }
        Ok(())
    }

    /// Tries letters again that waited for room or for a paused printer.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn retry_held(&self) -> Result<usize, LedgerError> {
        self.ledger.retry_held_letters(PAGE, self.clock.now()).await
    }

    /// Judges reports again that came from the future; answers how many.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn judge_early(&self) -> Result<usize, LedgerError> {
        let judged = self.ledger.judge_early_reports(PAGE, self.clock.now()).await?;
        if judged > 0 {
            info!(judged, "reports of the future are judged again");
        }
        Ok(judged)
    }

    async fn fell_silent(&self, printer: &Printer, why: &'static str) -> Result<(), LedgerError> {
        let (name, now) = (printer.name.as_str(), self.clock.now());
        if self.ledger.printer_is_silent(name, now).await? {
            measure::error("printer", "silent");
            error!(printer = name, why, "a printer fell silent");
        }
        let Some(fallback) = &printer.fallback else { return Ok(()) };
        let mut moved = 0;
        loop {
            let day = days::today(now);
            let source = Source::Engine;
            let moving = self.ledger.move_unclaimed(name, fallback, day, PAGE, &source, now);
            let some = moving.await?;
            moved += some;
            if some == 0 {
                break;
            }
        }
        if moved > 0 {
            error!(printer = name, fallback, moved, "unclaimed letters go to another printer");
        }
        Ok(())
    }
}

/// Why a printer counts as silent, if it does. One that was never given a
/// ticket and never said anything is not silent but unused.
fn silence(printer: &Printer, standing: &PrinterStanding, now: Timestamp) -> Option<&'static str> {
    let since = |minutes: u32| now - SignedDuration::from_mins(i64::from(minutes));
    let is_unclaimed = printer
        .unclaimed_after_minutes
        .zip(standing.unclaimed_since)
        .is_some_and(|(minutes, at)| at < since(minutes));
    // Without a ticket there is nothing that it could be silent about.
    let last_word = standing.seen_at.max(standing.unclaimed_since);
    let is_mute = printer
        .silent_after_minutes
        .zip(last_word.filter(|_| standing.unclaimed_since.is_some()))
        .is_some_and(|(minutes, at)| at < since(minutes));
    match (is_unclaimed, is_mute) {
        _ if standing.silent_since.is_some() => Some("it has not come back"),
        (true, _) => Some("its oldest ticket lies unclaimed for too long"),
        (_, true) => Some("it gave no sign of life for too long"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_needs_a_ticket_and_time() {
        let text = "name = \"namur\"\nsilent_after_minutes = 10\nunclaimed_after_minutes = 60\n";
        let printer: Printer = toml::from_str(text).unwrap();
        let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let ago = |minutes| Some(now - SignedDuration::from_mins(minutes));
        for (seen_at, unclaimed_since, is_silent) in [
            (None, None, false),
            (ago(500), None, false),
            (ago(1), ago(5), false),
            (ago(11), ago(11), true),
            // It had nothing to do until a moment ago.
            (ago(500), ago(5), false),
            (None, ago(11), true),
            // It beats, and takes nothing.
            (ago(0), ago(61), true),
        ] {
            let standing = PrinterStanding { seen_at, unclaimed_since, ..Default::default() };
            let silent = silence(&printer, &standing, now).is_some();
            assert_eq!(silent, is_silent, "{seen_at:?} {unclaimed_since:?}");
        }
        let gone = PrinterStanding { silent_since: ago(1), ..Default::default() };
        assert!(silence(&printer, &gone, now).is_some(), "until it says something");
    }
}
