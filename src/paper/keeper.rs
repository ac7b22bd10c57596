//! What must happen although nobody asks: unread messages become letters,
//! silent printers lose theirs, what waited for a printer is tried again, and
//! what a printer reported of the future is judged when that has come.

use std::collections::{BTreeSet, HashMap};

use tracing::{error, info};
use uuid::Uuid;

use super::assign::assign;
use super::office::Office;
use super::plan::Taken;
use super::printer::{Printer, Printers};
use super::silence::silence;
use super::{days, loads};
use crate::ledger::{LedgerError, PlannedLetter, Source, UnplannedLetter};
use crate::telemetry::measure;

/// Letters moved, made or tried again in one transaction.
const PAGE: i64 = 500;
/// Pages of what waits that are looked at in one turn; the next goes on behind
/// them.
const PAGES_MAX: usize = 40;

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

    /// Takes what is planned for paused printers from them, to be planned anew:
    /// another printer prints it, or it is held and its agency told.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn relieve_paused(&self) -> Result<u64, LedgerError> {
        let (printers, now) = (self.printers_now().await?, self.clock.now());
        let mut withdrawn = 0;
        for printer in printers.all.iter().filter(|printer| printer.paused) {
            for _ in 0..PAGES_MAX {
                let some = self.ledger.withdraw_letters(&printer.name, PAGE, now).await?;
                withdrawn += some;
                if some == 0 {
                    break;
                }
            }
        }
        if withdrawn > 0 {
            info!(withdrawn, "letters of paused printers are planned anew");
        }
        Ok(withdrawn)
    }

    /// Looks at letters that wait for room or for a paused printer, and puts
    /// those back to be planned for which there is a printer now; answers how
    /// many. The others stay as they are: nobody hears of a letter that waits on.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn retry_held(&self) -> Result<usize, LedgerError> {
        let (printers, mut taken, mut released) = (self.printers_now().await?, None, 0);
        let mut after = self.retried.lock().await;
        for _ in 0..PAGES_MAX {
            let held = self.ledger.held_letters(*after, PAGE).await?;
            // Then from the beginning, with the next turn.
            *after = held.last().map_or(Uuid::nil(), |(letter, _)| letter.job);
            if held.is_empty() {
                break;
            }
            if taken.is_none() {
                taken = Some(loads::taken(&self.ledger, &printers, self.clock.now()).await?);
            }
            let Some(taken) = &mut taken else { break };
            released += self.retry(held, &printers, taken).await?;
        }
        Ok(released)
    }

    /// Judges a page of held letters, before anything is written.
    async fn retry(
        &self,
        held: Vec<(UnplannedLetter, String)>,
        printers: &Printers,
        taken: &mut Taken,
    ) -> Result<usize, LedgerError> {
        let now = self.clock.now();
        let (letters, waits): (Vec<_>, Vec<_>) = held
            .into_iter()
            .map(|(letter, why)| {
                let job = letter.job;
                (letter, (job, why))
            })
            .unzip();
        let waits: HashMap<Uuid, String> = waits.into_iter().collect();
        let (mut free, mut changed) = (Vec::new(), Vec::new());
        for letter in assign(letters, printers, taken, now, |_| false) {
            match &letter {
                PlannedLetter::Printed { job, printer, day, .. } => {
                    *taken.entry((printer.clone(), days::day(*day))).or_default() += 1;
                    free.push(*job);
                }
                PlannedLetter::Held { job, why, .. } => {
                    if waits.get(job).is_none_or(|before| before != why) {
                        changed.push(letter);
                    }
                }
            }
        }
        if !changed.is_empty() {
            self.ledger.plan_letters(&changed, now).await?;
        }
        self.ledger.release_held(&free, now).await
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
