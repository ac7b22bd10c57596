//! The registry's tables: companies, boxes, persons, access, reference data.
//!
//! Every change, of a million records or of one, goes the same way
//! ([`Ledger::change_registry`]), so history and version numbers cannot be
//! forgotten by one of the ways in.

mod change;
mod history;
mod kept;
mod kinds;
mod numbered;
mod pages;
mod rows;
mod single;

pub use change::Tally;
pub(super) use change::{MOVE_REFERENCE, apply, lock, move_access};
pub use history::HistoryEntry;
pub use kept::PartitionUse;
pub(super) use kept::unknown;
pub use pages::RegistryPages;
pub use single::{Registered, Written};

#[cfg(doc)]
use super::Ledger;
