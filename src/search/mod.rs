//! Finding messages: a tantivy index that follows the ledger.
//!
//! ```text
//! ledger ──Source──▶ Projection::run ──▶ generation on disk ──▶ Search::find ──▶ ids
//!                    (one for a folder)   documents + position     (any number)
//! ```
//!
//! The index is a projection: it can be deleted at any moment and is made
//! again from the ledger. It **proposes ids**; the caller checks each against
//! the ledger before it is shown, so a stale index shows nothing it must not.
//!
//! - Text search is a substring search over normalised text (`ngram`,
//!   `normalise`), in one language.
//! - A message replaces what the index held of it, so a page of the ledger may
//!   come twice.
//! - The position is committed together with the documents (`generation`); a
//!   crash repeats at most what came after the last commit.
//! - An index that is missing, damaged, of another schema, or of another ledger
//!   is made anew beside the old one (`home`, `rebuild`). Damage that nothing
//!   stumbles over is found by reading its files through (`integrity`).
//!
//! Only this module names tantivy.

mod boxes;
mod checksum;
mod count;
mod error;
mod examine;
mod finder;
mod folder;
mod follower;
mod generation;
mod home;
mod integrity;
mod newest;
mod ngram;
mod normalise;
mod plan;
mod progress;
mod projection;
mod query;
mod rebuild;
mod recent;
mod schema;
pub mod source;

#[cfg(test)]
mod tests;

pub use error::SearchError;
pub use examine::examine;
pub use finder::{Search, Waited};
pub use normalise::contains;
pub use progress::{Lag, Progress};
pub use projection::{Observer, Pace, Projection, Reason};
pub use query::{
    Boxes, Found, Named, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, Part, Query, QueryError, REACH_MAX,
    TEXT_CHARS_MAX, Text, VALUES_MAX,
};
pub use rebuild::Rebuilt;
