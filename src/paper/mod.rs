//! Paper: letters, the printers that make them, and every letter's fate.
//!
//! Pure: [`letter`] (states and transitions), [`printer`] (who takes what),
//! [`address`] (what stands on the envelope), [`ticket`] and [`report`] (the
//! words exchanged with printers), [`plan`] (which printer makes a letter, and
//! when; working days and hours).

pub mod address;
pub mod letter;
pub mod plan;
pub mod printer;
pub mod report;
pub mod ticket;
