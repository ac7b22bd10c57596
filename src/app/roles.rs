//! What an engine does: all of it, or a part beside other engines.

use std::collections::BTreeSet;

/// What an engine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Role {
    /// Takes documents from the queue.
    Intake,
    /// Sends receipts and letters.
    Relay,
    /// Keeps a search index.
    Search,
    /// Serves HTTP; keeps a search index of its own.
    Web,
}

impl Role {
    /// Every role.
    #[must_use]
    pub fn all() -> BTreeSet<Self> {
        BTreeSet::from([Self::Intake, Self::Relay, Self::Search, Self::Web])
    }
}
