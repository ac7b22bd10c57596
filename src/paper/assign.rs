//! Gives letters their address, printer and day, some at a time.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::address::AddressBlock;
use super::office::Office;
use super::plan::{self, Assignment, Planner, Stays, Taken, Turn};
use super::printer::{LaneFacts, Printers};
use super::{contents, days};
use crate::clock::belgian_day;
use crate::ledger::{Ledger, LedgerError, PlannedLetter, PrinterLoad, UnplannedLetter};

/// Letters planned in one transaction.
pub const PLANNED_PAGE: usize = 2_000;

impl Office {
    /// Plans some letters; answers how many. What cannot be addressed, or has
    /// no printer, is held.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn plan_some(&self) -> Result<usize, LedgerError> {
        let letters =
            self.ledger.unplanned_letters(i64::try_from(PLANNED_PAGE).unwrap_or(i64::MAX)).await?;
        if letters.is_empty() {
            return Ok(0);
        }
        let now = self.clock.now();
        let printers = self.printers_now().await?;
        let mut kept = self.loads.lock().await;
        let loads = match kept.take().filter(|loads| loads.is_fresh(now)) {
            Some(loads) => loads,
            None => Loads::count(&self.ledger, now).await?,
        };
        let planned = planned(letters, &printers, &loads.taken, now);
        self.ledger.plan_letters(&planned, now).await?;
        *kept = Some(loads.with(&planned));
        Ok(planned.len())
    }

    /// The printers, with those paused that an operator stopped.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn printers_now(&self) -> Result<Arc<Printers>, LedgerError> {
        let standings = self.ledger.printer_standings().await?;
        let stopped: Vec<&str> =
            standings.iter().filter(|it| it.is_paused).map(|it| it.name.as_str()).collect();
        if stopped.is_empty() {
            return Ok(Arc::clone(&self.printers));
        }
        let mut printers = Printers::clone(&self.printers);
        for printer in &mut printers.all {
            printer.paused |= stopped.contains(&printer.name.as_str());
        }
        Ok(Arc::new(printers))
    }
}

/// What was given to printers, counted now and then: counting it for every page
/// of a long backlog would take the square of its time. What another engine
/// plans meanwhile is missed; releasing keeps to the cap whatever was planned.
pub(super) struct Loads {
    counted_at: Timestamp,
    today: i64,
    taken: Taken,
}

const FRESH: SignedDuration = SignedDuration::from_mins(1);

impl Loads {
    async fn count(ledger: &Ledger, now: Timestamp) -> Result<Self, LedgerError> {
        let today = days::today(now);
        let loads = ledger.printer_loads(today).await?;
        let load = |load: PrinterLoad| {
            let letters = u64::try_from(load.letters).unwrap_or(0);
            ((load.printer, days::day(load.day)), letters)
        };
        Ok(Self { counted_at: now, today, taken: loads.into_iter().map(load).collect() })
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.today == days::today(now) && now.duration_since(self.counted_at) < FRESH
    }

    fn with(mut self, planned: &[PlannedLetter]) -> Self {
        for letter in planned {
            if let PlannedLetter::Printed { printer, day, .. } = letter {
                *self.taken.entry((printer.clone(), days::day(*day))).or_default() += 1;
            }
        }
        self
    }
}

/// Where each of these letters goes: pure.
fn planned(
    letters: Vec<UnplannedLetter>,
    printers: &Printers,
    taken: &Taken,
    now: Timestamp,
) -> Vec<PlannedLetter> {
    let (mut planned, mut addressed) = (Vec::new(), Vec::new());
    for letter in letters {
        let address = letter
            .address
            .clone()
            .map_or_else(|| contents::envelope(letter.postal.as_ref(), letter.record.as_ref()), Ok);
        match address {
            Ok(address) => addressed.push((letter, address)),
            Err(why) => planned.push(PlannedLetter::Held {
                job: letter.job,
                why: why.as_str(),
                detail: why.to_string(),
            }),
        }
    }
    let facts: Vec<(Turn, LaneFacts<'_>)> = addressed.iter().map(facts).collect();
    let mut planner = Planner::new(printers, belgian_day(now), taken);
    let assigned = plan::plan(&facts, &mut planner);
    drop(facts);
    let assigned = addressed.into_iter().zip(assigned);
    planned.extend(assigned.map(|((letter, address), assigned)| match assigned {
        Ok(assignment) => printed(&letter, address, &assignment),
        Err(stays) => PlannedLetter::Held {
            job: letter.job,
            why: waits_for(stays),
            detail: stays.to_string(),
        },
    }));
    planned
}

fn facts((letter, address): &(UnplannedLetter, AddressBlock)) -> (Turn, LaneFacts<'_>) {
    let attempt = u32::try_from(letter.attempt).unwrap_or(u32::MAX);
    let facts = LaneFacts {
        country: &address.country,
        postal_code: &address.postal_code,
        registered: letter.registered,
        document_type: &letter.message_type,
    };
    (Turn::of(letter.registered, attempt), facts)
}

fn printed(
    letter: &UnplannedLetter,
    address: AddressBlock,
    assignment: &Assignment,
) -> PlannedLetter {
    PlannedLetter::Printed {
        job: letter.job,
        printer: assignment.printer.clone(),
        day: days::number(assignment.day),
        address,
        why: assignment.to_string(),
    }
}

fn waits_for(stays: Stays) -> &'static str {
    match stays {
        Stays::NoPrinter => "no_printer",
        Stays::Paused => "printer_paused",
        Stays::NoDay => "cap_reached",
    }
}
