//! The plan: which printer makes each waiting letter, and on which day. Pure.
//!
//! One pass over the letters, in the order in which they are to go out:
//! registered ones first, then those that are sent again, then the rest, each
//! oldest first. What is kept is one row a printer, so a backlog of any length
//! is planned in the memory of its printers, and no letter overtakes an older
//! one of its lane.
//!
//! A letter may go to every named printer with a lane that matches it, and to
//! the default printer only where none has. Of these it gets the one that has
//! room first; on the same day, the one with the most room. What finds no room
//! on a day rolls to the printer's next working day.

pub mod calendar;
mod planner;
mod reason;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::printer::LaneFacts;

pub use planner::Planner;
pub use reason::{Assignment, Choice, Match, Stays};

/// In which turn a letter goes, whatever its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// A registered item.
    Registered,
    /// A letter that failed and is sent again.
    Again,
    /// Any other.
    Ordinary,
}

impl Turn {
    /// Every turn, the first first.
    pub const ALL: [Self; 3] = [Self::Registered, Self::Again, Self::Ordinary];

    /// The turn of a letter, by what it is and which attempt it is, from 1.
    #[must_use]
    pub fn of(registered: bool, attempt: u32) -> Self {
        match (registered, attempt) {
            (true, _) => Self::Registered,
            (false, 2..) => Self::Again,
            (false, _) => Self::Ordinary,
        }
    }
}

/// Letters that printers were given before, by printer and day: room that is
/// no longer there.
pub type Taken = BTreeMap<(String, Date), u64>;

/// How many letters go to each printer on each day, and how many stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// By printer and day.
    pub days: BTreeMap<(String, Date), u64>,
    /// Letters without a printer, by why.
    pub stays: BTreeMap<String, u64>,
}

impl Summary {
    /// Counts one letter.
    pub fn count(&mut self, assigned: &Result<Assignment, Stays>) {
        match assigned {
            Ok(assignment) => {
                let key = (assignment.printer.clone(), assignment.day);
                *self.days.entry(key).or_default() += 1;
            }
            Err(stays) => *self.stays.entry(stays.to_string()).or_default() += 1,
        }
    }
}

/// Plans letters that are given oldest first, whatever their turn; the answers
/// are in the order of the letters.
///
/// A caller with more letters than fit in memory asks for them turn by turn,
/// and gives each to [`Planner::assign`].
#[must_use]
pub fn plan(
    letters: &[(Turn, LaneFacts<'_>)],
    planner: &mut Planner<'_>,
) -> Vec<Result<Assignment, Stays>> {
    let mut planned = vec![Err(Stays::NoDay); letters.len()];
    for turn in Turn::ALL {
        for (place, (_, facts)) in letters.iter().enumerate().filter(|(_, (of, _))| *of == turn) {
            planned[place] = planner.assign(*facts);
        }
    }
    planned
}
