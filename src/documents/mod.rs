//! Content: bytes by application and SHA-256, in a folder or an S3-compatible
//! store.
//!
//! What is here is whole and durable: content becomes visible under its name
//! in one step, after its last byte was synced. This module knows nothing of
//! who may read it; [`upload`] and the ledger's rows say what is named by whom.

pub mod archive;
mod error;
mod examine;
mod incoming;
mod open;
mod store;
pub mod upload;
mod writer;

#[cfg(test)]
mod tests;

pub use error::{BoxError, DocumentError};
pub use examine::{Depth, Fault};
pub use store::{Content, DocumentStore};

/// Bytes of one document at most: the limit of a publication's attachments.
pub const DOCUMENT_BYTES_MAX: u64 = 30 * 1024 * 1024;
