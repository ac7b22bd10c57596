//! The print room: takes tickets, fetches and checks what they stand for,
//! writes print-ready sets, and reports what became of each letter.
//!
//! ```text
//! ticket ─▶ fetch (the claim) ─▶ keep, fsync ─▶ acknowledge
//!                                    │
//!             report ◀─ journal ◀─ batch folder ◀─ draw
//! ```
//!
//! Whatever a document is made of, it is drawn in a process of its own
//! (`facteur draw-letter`), whose memory and time are bounded.
//!
//! A small room, but a real one: killed at any moment and started again it
//! neither loses a letter nor prints one twice. It knows the engine through
//! the ticket, the package and the report alone; it must not name the ledger.

pub mod apart;
pub mod batch;
mod bounds;
mod canvas;
mod content;
mod cover;
mod drawer;
mod due;
pub mod engine;
mod folder;
#[cfg(test)]
mod folder_tests;
mod fonts;
mod journal;
pub mod layout;
pub mod link;
pub mod mark;
pub mod package;
pub mod pages;
mod press;
mod rejection;
pub mod room;
#[cfg(test)]
mod sample;
mod script;
pub mod set;
mod sides;
mod words;

pub use engine::{Broker, Engine, Rest};
pub use folder::FolderError;
pub use rejection::Rejection;
pub use room::{Room, Settings, Tally};
pub use script::{Faults, NoRate, Rate, Until};
pub use sides::Press;
