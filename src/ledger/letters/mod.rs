//! Letters: what is planned, claimed, reported and ordered of them.
//!
//! Every change of a letter's state goes through [`steps`], which asks the
//! transition table, appends the event and tells the agency, in one
//! transaction under the letter's lock.

mod claims;
mod early;
mod found;
mod fresh;
mod held;
mod in_work;
mod locked;
mod orders;
mod plans;
mod printers;
mod recalls;
mod release;
mod steps;
mod strays;
mod tickets;
mod under_way;
mod unplanned;
mod unread;
mod written;

pub(super) use fresh::{Fresh, Matter, taken_from};

pub use claims::{Claim, ClaimAnswer};
pub use found::{LetterEvent, LetterFilter, LetterRow};
pub use in_work::PrinterWork;
pub use orders::{Ordered, Refusal as OrderRefusal};
pub use plans::{PlannedLetter, PrinterLoad};
pub use printers::PrinterStanding;
pub use recalls::RecallScope;
pub use release::Releasable;
pub use steps::{Source, Step, Verdict};
pub use strays::Stray;
pub use tickets::{LetterTicket, Printed};
pub use under_way::UnderWay;
pub use unplanned::{Area, Destination, ReadSoFar, Sources, UnplannedLetter};
