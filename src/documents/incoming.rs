//! Content on its way in: measured and hashed as it passes.

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};

use super::error::{BoxError, DocumentError};
use crate::domain::Digest;

/// A stream of content that ends at a limit.
pub(super) struct Incoming<S> {
    pieces: S,
    hash: Sha256,
    size: u64,
    max: u64,
}

impl<S, E> Incoming<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<BoxError>,
{
    pub(super) fn new(pieces: S, max: u64) -> Self {
        Self { pieces, hash: Sha256::new(), size: 0, max }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, DocumentError> {
        let Some(piece) = self.pieces.next().await else {
            return Ok(None);
        };
        let piece = piece.map_err(|error| DocumentError::Source(error.into()))?;
        self.size += piece.len() as u64;
        if self.size > self.max {
            return Err(DocumentError::TooLarge { max: self.max });
        }
        self.hash.update(&piece);
        Ok(Some(piece))
    }

    /// Checks what passed against its name; answers its size in bytes.
    pub(super) fn verify(&self, expected: &Digest) -> Result<u64, DocumentError> {
        let actual = Digest::from(<[u8; 32]>::from(self.hash.clone().finalize()));
        if actual == *expected { Ok(self.size) } else { Err(DocumentError::Digest { actual }) }
    }
}
