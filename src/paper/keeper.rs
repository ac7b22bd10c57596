//! What must happen although nobody asks: unread messages become letters,
//! silent printers lose theirs, what waited for a printer is tried again, and
//! what a printer reported of the future is judged when that has come.

use std::collections::BTreeSet;

use tracing::{error, info};

use super::days;
use super::office::Office;
use super::printer::Printer;
use super::silence::silence;
use crate::ledger::{LedgerError, Source};
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

    /// Looks after printers that fell silent: says so, and gives what they have
    /// not claimed to others. What they have claimed is for an operator.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn look_after_printers(&self) -> Result<(), LedgerError> {
        let names: Vec<&str> = self.printers.all.iter().map(|it| it.name.as_str()).collect();
        self.ledger.list_printers(&names).await?;
        let now = self.clock.now();
        let mut silent = BTreeSet::new();
        for standing in self.ledger.printer_standings().await? {
            let Some(printer) = self.printers.get(&standing.name) else { continue };
            let work = self.ledger.printer_work(&printer.name, days::today(now)).await?;
            if let Some(why) = silence(printer, &standing, &work, now) {
                self.fell_silent(&printer.name, why).await?;
                silent.insert(printer.name.as_str());
            }
        }
        let printers = self.printers_now().await?;
        for name in &silent {
            let works = |it: &Printer| !it.paused && !silent.contains(it.name.as_str());
            if let Some(fallback) = printers.fallback(name, works) {
                self.move_away(name, &fallback.name).await?;
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

    async fn fell_silent(&self, name: &str, why: &'static str) -> Result<(), LedgerError> {
        if self.ledger.printer_is_silent(name, self.clock.now()).await? {
            measure::error("printer", "silent");
            error!(printer = name, why, "a printer fell silent");
        }
        Ok(())
    }

    async fn move_away(&self, name: &str, fallback: &str) -> Result<(), LedgerError> {
        let (now, source) = (self.clock.now(), Source::Engine);
        let day = days::today(now);
        let mut moved = 0;
        loop {
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
