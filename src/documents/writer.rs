//! Content on its way to the store.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, WriteMultipart};

use super::DocumentError;

/// What S3 asks of every part but the last. Most documents are smaller and
/// take one request.
pub(super) const PART_BYTES: usize = 5 * 1024 * 1024;
/// A folder asks for nothing: what is held is all that an upload takes.
pub(super) const FOLDER_PART_BYTES: usize = 512 * 1024;

/// Parts in flight, which bounds the memory of one upload.
const PARTS_MAX: usize = 2;

/// Writes pieces; nothing is visible before [`Writer::finish`].
pub(super) struct Writer<'a> {
    store: &'a dyn ObjectStore,
    path: Path,
    part_bytes: usize,
    held: Vec<Bytes>,
    held_bytes: usize,
    parts: Option<WriteMultipart>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(store: &'a dyn ObjectStore, path: Path, part_bytes: usize) -> Self {
        Self { store, path, part_bytes, held: Vec::new(), held_bytes: 0, parts: None }
    }

    pub(super) async fn write(&mut self, piece: Bytes) -> Result<(), DocumentError> {
        if let Some(parts) = &mut self.parts {
            parts.wait_for_capacity(PARTS_MAX).await?;
            parts.put(piece);
            return Ok(());
        }
        self.held_bytes += piece.len();
        self.held.push(piece);
        if self.held_bytes > self.part_bytes {
            self.begin_parts().await?;
        }
        Ok(())
    }

    async fn begin_parts(&mut self) -> Result<(), DocumentError> {
        let upload = self.store.put_multipart(&self.path).await?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, self.part_bytes);
        self.held.drain(..).for_each(|piece| parts.put(piece));
        self.parts = Some(parts);
        Ok(())
    }

    pub(super) async fn finish(self) -> Result<(), DocumentError> {
        match self.parts {
            Some(parts) => parts.finish().await?,
            None => {
                let payload = PutPayload::from_iter(self.held);
                self.store.put(&self.path, payload).await?
            }
        };
        Ok(())
    }

    /// Leaves nothing behind.
    pub(super) async fn abort(self) {
        if let Some(parts) = self.parts
            && let Err(error) = parts.abort().await
        {
            tracing::warn!(%error, path = %self.path, "an upload that broke off was not cleared");
        }
    }
}
