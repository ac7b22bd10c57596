//! What printers may be given in one turn: first what waits for them, then what
//! is planned in this turn, unless something older is left waiting.

use std::collections::BTreeMap;

use super::letters::{Out, PIECE};
use crate::paper::printer::Printer;

/// By printer; one that is missing is given nothing.
#[derive(Default)]
pub(super) struct Rooms<'a>(Vec<Room<'a>>);

/// What is left for one printer.
pub(super) struct Room<'a> {
    pub(super) printer: &'a Printer,
    left: u64,
}

impl<'a> Rooms<'a> {
    pub(super) fn add(&mut self, printer: &'a Printer, left: u64) {
        self.0.push(Room { printer, left });
    }

    /// Where there is some.
    pub(super) fn open(&mut self) -> impl Iterator<Item = &mut Room<'a>> {
        self.0.iter_mut().filter(|room| room.left > 0)
    }

    /// Gives half of what is left to the hatch, for printers without cap and pace.
    pub(super) fn share(&mut self) -> BTreeMap<String, u64> {
        let is_unbounded = |room: &&mut Room<'_>| {
            room.printer.cap_per_day.is_none() && room.printer.pace_per_second.is_none()
        };
        let shared = self.open().filter(is_unbounded).map(|room| {
            let share = room.left / 2;
            room.left -= share;
            (room.printer.name.clone(), share)
        });
        shared.collect()
    }

    /// Whether one letter that was just planned may go to a printer at once.
    pub(super) fn take(&mut self, printer: &str, out: &mut Out) -> bool {
        let room = self.0.iter_mut().find(|room| room.printer.name == printer);
        room.is_some_and(|room| room.left > 0 && room.give(1, 2, out) == 1)
    }
}

impl Room<'_> {
    /// How many letters that wait are looked for. A pace lets a second's worth
    /// through at most: no more is read.
    pub(super) fn wanted(&self) -> u64 {
        let pace = self.printer.pace_per_second.filter(|pace| *pace > 0).map_or(PIECE, u64::from);
        self.left.min(PIECE).min(pace)
    }

    /// Gives what the pace allows of the letters that were found; answers how
    /// many. Where something may be left waiting, nothing overtakes it.
    pub(super) fn give(&mut self, found: u64, wanted: u64, out: &mut Out) -> u64 {
        // By lease, the one engine that releases: the whole pace is its own.
        let given = out.paces.turns(self.printer, found, 1);
        out.given.add(&self.printer.name, given);
        let is_all = given == found && found < wanted;
        self.left = if is_all { self.left - given } else { 0 };
        given
    }
}
