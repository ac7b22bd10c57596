//! Paper: letters, the printers that make them, and every letter's fate.
//!
//! Pure: [`letter`] (states and transitions), [`printer`] (who takes what),
//! [`address`] (what stands on the envelope), [`ticket`] and [`report`] (the
//! words exchanged with printers), [`plan`] (which printer makes a letter, and
//! when; working days and hours), [`links`] and [`contents`].
//!
//! The [`office::Office`] does it: it plans, hands out what is claimed, and
//! hears what printers say.

pub mod address;
mod assign;
pub mod contents;
pub mod days;
pub mod hatch;
pub mod inbox;
mod keeper;
pub mod letter;
pub mod links;
pub mod loads;
pub mod office;
pub mod outgoing;
pub mod pace;
pub mod package;
pub mod pages;
pub mod plan;
pub mod printer;
pub mod report;
pub mod sandbox;
mod silence;
pub mod ticket;
