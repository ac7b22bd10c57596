//! What can go wrong with content, and whose fault it is.

use crate::domain::Digest;

/// The error of a stream that somebody else feeds.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Content was not written or read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// `documents.url` cannot be read.
    #[error("documents.url: {0}")]
    Address(&'static str),
    /// The folder cannot be made.
    #[error("the documents' folder cannot be made")]
    Folder(#[source] std::io::Error),
    /// The store did not do its part.
    #[error("the document store did not do its part")]
    Store(#[from] object_store::Error),
    /// The content broke off.
    #[error("the content broke off")]
    Source(#[source] BoxError),
    /// The content is larger than a document may be.
    #[error("a document has at most {max} bytes")]
    TooLarge {
        /// In bytes.
        max: u64,
    },
    /// The content has another digest than its name.
    #[error("the content's SHA-256 is {actual}")]
    Digest {
        /// What it hashes to.
        actual: Digest,
    },
}

impl DocumentError {
    /// Whether the same work may succeed later. A store that refuses (disk
    /// full, permission withdrawn) counts as away: an operator can repair it,
    /// and nothing is lost by waiting.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Folder(_) => true,
            Self::Store(error) => !matches!(
                error,
                object_store::Error::InvalidPath { .. }
                    | object_store::Error::NotSupported { .. }
                    | object_store::Error::NotImplemented { .. }
            ),
            Self::Address(_) | Self::Source(_) | Self::TooLarge { .. } | Self::Digest { .. } => {
                false
            }
        }
    }

    /// Whether the store answers, and does not let us: credentials, or rights.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        use object_store::Error::{PermissionDenied, Unauthenticated};
        matches!(self, Self::Store(PermissionDenied { .. } | Unauthenticated { .. }))
    }

    /// A bounded name for the metric of errors.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Address(_) => "address",
            Self::Folder(_) => "folder",
            Self::Store(_) => "store",
            Self::Source(_) => "source",
            Self::TooLarge { .. } => "too_large",
            Self::Digest { .. } => "digest",
        }
    }
}
