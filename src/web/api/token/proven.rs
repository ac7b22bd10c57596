//! Signed tokens whose signature was checked, under their digest, for as long
//! as the keys are those that it was checked with: a key that its issuer
//! withdraws is not believed for longer than without this. Ends and audiences
//! are checked each time.

use std::sync::Arc;

use moka::sync::Cache;
use openidconnect::core::CoreJsonWebKeySet;

use super::{Authority, Claims};
use crate::domain::Digest;

/// Some kilobytes each.
const KEPT_MAX: u64 = 10_000;

/// What a token says, once its signature was right.
pub(super) struct Kept {
    keys: Arc<CoreJsonWebKeySet>,
    pub(super) claims: Claims,
    pub(super) authority: Authority,
}

impl Kept {
    pub(super) fn new(keys: Arc<CoreJsonWebKeySet>, claims: Claims, authority: Authority) -> Self {
        Self { keys, claims, authority }
    }
}

/// Tokens that were checked.
pub(super) struct Proven(Cache<Digest, Arc<Kept>>);

impl Default for Proven {
    fn default() -> Self {
        Self(Cache::new(KEPT_MAX))
    }
}

impl Proven {
    /// A token that was checked with these very keys.
    pub(super) fn find(&self, token: Digest, keys: &Arc<CoreJsonWebKeySet>) -> Option<Arc<Kept>> {
        self.0.get(&token).filter(|kept| Arc::ptr_eq(&kept.keys, keys))
    }

    pub(super) fn keep(&self, token: Digest, kept: Kept) {
        self.0.insert(token, Arc::new(kept));
    }
}
