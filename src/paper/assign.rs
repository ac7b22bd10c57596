//! Gives letters their address, printer and day: pure.

use jiff::Timestamp;
use uuid::Uuid;

use super::address::{AddressBlock, Unaddressable};
use super::plan::{self, Assignment, Planner, Stays, Taken, Turn};
use super::printer::{LaneFacts, Printers};
use super::{contents, days};
use crate::clock::belgian_day;
use crate::domain::MessageTypeId;
use crate::ledger::{Area, Destination, PlannedLetter, UnplannedLetter};

/// A letter that can be addressed, and its envelope if that was made just now.
struct Addressed {
    job: Uuid,
    turn: Turn,
    registered: bool,
    message_type: MessageTypeId,
    area: Area,
    address: Option<AddressBlock>,
}

/// Where each of these letters goes. What cannot be addressed, or has no
/// printer, is held. `may_go` says of a letter for today, in the order in which
/// they go out, whether its printer has room for it at once.
pub(super) fn assign(
    letters: Vec<UnplannedLetter>,
    printers: &Printers,
    taken: &Taken,
    now: Timestamp,
    mut may_go: impl FnMut(&str) -> bool,
) -> Vec<PlannedLetter> {
    let (mut planned, mut addressed) = (Vec::new(), Vec::new());
    for letter in letters {
        let job = letter.job;
        match address(letter) {
            Ok(letter) => addressed.push(letter),
            Err(why) => planned.push(PlannedLetter::Held {
                job,
                why: why.as_str(),
                detail: why.to_string(),
                printer: None,
            }),
        }
    }
    let facts: Vec<(Turn, LaneFacts<'_>)> = addressed.iter().map(Addressed::facts).collect();
    let mut planner = Planner::new(printers, belgian_day(now), taken);
    let assigned = plan::plan(&facts, &mut planner);
    drop(facts);
    let today = days::today(now);
    let assigned = addressed.into_iter().zip(assigned);
    planned.extend(assigned.map(|(letter, assigned)| match assigned {
        Ok(assignment) => {
            let day = days::number(assignment.day);
            let is_released = day == today && may_go(&assignment.printer);
            letter.printed(assignment, day, is_released)
        }
        Err(stays) => PlannedLetter::Held {
            job: letter.job,
            why: waits_for(stays),
            detail: stays.to_string(),
            printer: None,
        },
    }));
    planned
}

fn address(letter: UnplannedLetter) -> Result<Addressed, Unaddressable> {
    let UnplannedLetter { job, message_type, registered, attempt, destination } = letter;
    let (area, address) = match destination {
        Destination::Written(area) => (area, None),
        Destination::Sought(sources) => {
            let address = contents::envelope(sources.postal.as_ref(), sources.record.as_ref())?;
            let (country, postal_code) = (address.country.clone(), address.postal_code.clone());
            (Area { country, postal_code }, Some(address))
        }
    };
    let turn = Turn::of(registered, u32::try_from(attempt).unwrap_or(u32::MAX));
    Ok(Addressed { job, turn, registered, message_type, area, address })
}

impl Addressed {
    fn facts(&self) -> (Turn, LaneFacts<'_>) {
        let facts = LaneFacts {
            country: &self.area.country,
            postal_code: &self.area.postal_code,
            registered: self.registered,
            document_type: &self.message_type,
        };
        (self.turn, facts)
    }

    fn printed(self, assignment: Assignment, day: i64, is_released: bool) -> PlannedLetter {
        PlannedLetter::Printed {
            job: self.job,
            why: assignment.to_string(),
            printer: assignment.printer,
            day,
            address: self.address,
            is_released,
        }
    }
}

fn waits_for(stays: Stays) -> &'static str {
    match stays {
        Stays::NoPrinter => "no_printer",
        Stays::Paused => "printer_paused",
        Stays::NoDay => "cap_reached",
    }
}
