//! Sets of persons, as audiences are stored: once, by their digest.

use std::sync::{Arc, OnceLock};

use crate::domain::{Digest, Grant, PersonId};

/// A set of persons: sorted, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persons {
    ids: Vec<PersonId>,
    digest: [u8; 16],
}

impl Persons {
    /// The set of these persons, in whatever order they come.
    #[must_use]
    pub fn new(mut ids: Vec<PersonId>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let texts: Vec<&[u8]> = ids.iter().map(|id| id.as_str().as_bytes()).collect();
        let mut digest = [0; 16];
        digest.copy_from_slice(&Digest::of_parts(&texts).as_bytes()[..16]);
        Self { ids, digest }
    }

    /// Each person, sorted.
    #[must_use]
    pub fn ids(&self) -> &[PersonId] {
        &self.ids
    }

    /// Whether a person is among them.
    #[must_use]
    pub fn contains(&self, id: &PersonId) -> bool {
        self.ids.binary_search(id).is_ok()
    }

    /// First half of the SHA-256 of the ids: the same set, the same digest.
    #[must_use]
    pub fn digest(&self) -> &[u8; 16] {
        &self.digest
    }
}

/// All who hold a grant of a box, made when a message first needs them: most
/// messages are open to all, and a box may have hundreds of readers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Everybody(OnceLock<Arc<Persons>>);

impl Everybody {
    pub(super) fn of(&self, grants: &[Grant]) -> Arc<Persons> {
        let all = || Persons::new(grants.iter().map(|grant| grant.person.clone()).collect());
        Arc::clone(self.0.get_or_init(|| Arc::new(all())))
    }
}
