//! Uploads and what becomes of those that nobody names: the ledger's row and
//! the content, kept in step.
//!
//! Claim, write, say that it is stored. Whatever breaks off in between leaves
//! a claim that no publication can refer to, and that the sweep takes when it
//! is old.

use bytes::Bytes;
use futures_util::Stream;
use jiff::{SignedDuration, Timestamp};

use super::error::{BoxError, DocumentError};
use super::incoming::Incoming;
use super::{DOCUMENT_BYTES_MAX, DocumentStore};
use crate::ledger::{Claimed, Class, DocumentKey, DocumentRow, Ledger, LedgerError};

/// Rows that one transaction of the sweep holds.
const SWEPT_MAX: i64 = 200;

/// What an upload found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uploaded {
    /// It is there now.
    Created,
    /// It was there before.
    AlreadyThere,
}

/// An upload or a sweep did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The ledger did not do its part.
    #[error("the ledger did not take the upload")]
    Ledger(#[from] LedgerError),
    /// The content is at fault, or its store.
    #[error("the content was not stored")]
    Document(#[from] DocumentError),
    /// The same content was uploaded as another media type.
    #[error("the document was uploaded before as {0}")]
    MediaType(String),
}

impl UploadError {
    /// Whether the same upload may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Ledger(error) => error.class() == Class::Transient,
            Self::Document(error) => error.is_transient(),
            Self::MediaType(_) => false,
        }
    }

    /// A bounded name for the metric of errors.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ledger(error) => error.kind(),
            Self::Document(error) => error.kind(),
            Self::MediaType(_) => "media_type",
        }
    }
}

/// Takes in one application's document, of a media type where it is one for
/// every message. When it returns, the content is
/// durable and a publication may refer to it.
///
/// # Errors
/// `MediaType`, `Document` where the content is at fault; transient ones when
/// ledger or store are away.
pub async fn upload<S, E>(
    ledger: &Ledger,
    store: &DocumentStore,
    key: &DocumentKey,
    media_type: Option<&str>,
    pieces: S,
    now: Timestamp,
) -> Result<Uploaded, UploadError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<BoxError>,
{
    if let Some(row) = claim(ledger, key, now).await? {
        media_type.map_or(Ok(()), |media_type| agree(&row, media_type))?;
        // One that was lost from the store is written again.
        if store.head(key).await? == Some(row.size) {
            return check(key, pieces).await;
        }
    }
    let size = store.put_stream(key, pieces).await?;
    ledger.document_stored(key, size, media_type).await?;
    Ok(Uploaded::Created)
}

/// The row, where it says that the content is stored. From here on no sweep
/// takes it. The size is not claimed: the sender's word could be wrong.
async fn claim(
    ledger: &Ledger,
    key: &DocumentKey,
    now: Timestamp,
) -> Result<Option<DocumentRow>, LedgerError> {
    let claim = Claimed { key: key.clone(), size: 0, media_type: None };
    ledger.claim_documents(&[claim], now).await?;
    Ok(ledger.document(key).await?.filter(|row| row.is_stored))
}

fn agree(row: &DocumentRow, media_type: &str) -> Result<(), UploadError> {
    match &row.media_type {
        Some(before) if before != media_type => Err(UploadError::MediaType(before.clone())),
        _ => Ok(()),
    }
}

/// Reads what is there already, so that a wrong body is told so.
async fn check<S, E>(key: &DocumentKey, pieces: S) -> Result<Uploaded, UploadError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<BoxError>,
{
    let mut incoming = Incoming::new(pieces, DOCUMENT_BYTES_MAX);
    while incoming.next().await?.is_some() {}
    incoming.verify(&key.1)?;
    Ok(Uploaded::AlreadyThere)
}

/// Deletes uploads that no message names and that were last claimed more than
/// `older_than` ago; answers how many. Any number of engines may do so.
///
/// # Errors
/// When ledger or store are away; what is left is swept the next time.
pub async fn sweep(
    ledger: &Ledger,
    store: &DocumentStore,
    older_than: SignedDuration,
    now: Timestamp,
) -> Result<usize, UploadError> {
    let mut swept = 0;
    loop {
        let page = ledger.sweep_documents(now - older_than, SWEPT_MAX).await?;
        if page.keys().is_empty() {
            return Ok(swept);
        }
        store.delete_many(page.keys()).await?;
        swept += page.finish().await?;
    }
}
