//! Whether what is stored is what was recorded.

use super::error::DocumentError;
use super::incoming::Incoming;
use super::store::DocumentStore;
use crate::ledger::DocumentKey;

/// How closely documents are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Whether they are there, with the size that was recorded; none is read.
    Sizes,
    /// Every byte is read and hashed as well.
    Contents,
}

/// What is wrong with a stored document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It is shorter or longer than recorded.
    Size,
    /// Its bytes are not those of its digest.
    Content,
}

impl Fault {
    /// The fault in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "a document is missing",
            Self::Size => "a document does not have the size that was recorded",
            Self::Content => "a document does not have the content that its digest says",
        }
    }
}

impl DocumentStore {
    /// What is wrong with a document that was recorded with `size` bytes.
    ///
    /// # Errors
    /// When the store does not do its part. A fault is an answer, not an error.
    pub async fn examine(
        &self,
        key: &DocumentKey,
        size: u64,
        depth: Depth,
    ) -> Result<Option<Fault>, DocumentError> {
        match self.head(key).await? {
            None => Ok(Some(Fault::Missing)),
            Some(actual) if actual != size => Ok(Some(Fault::Size)),
            Some(_) if depth == Depth::Sizes => Ok(None),
            Some(_) => self.read_through(key).await,
        }
    }

    async fn read_through(&self, key: &DocumentKey) -> Result<Option<Fault>, DocumentError> {
        let Some(content) = self.get(key).await? else {
            return Ok(Some(Fault::Missing));
        };
        // What was taken in under a larger limit is no fault.
        let mut passing = Incoming::new(content.pieces, u64::MAX);
        while passing.next().await?.is_some() {}
        Ok(passing.verify(&key.1).is_err().then_some(Fault::Content))
    }
}
