//! The store: one name for each application's content.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::DOCUMENT_BYTES_MAX;
use super::error::{BoxError, DocumentError};
use super::incoming::Incoming;
use super::writer::{PART_BYTES, Writer};
use crate::ledger::DocumentKey;

/// Writes, deletions and look-ups in flight at the same time: a file system
/// makes many files durable in hardly more time than one.
const CONCURRENCY: usize = 64;

/// Content by application and digest. Clones share it.
#[derive(Clone)]
pub struct DocumentStore {
    store: Arc<dyn ObjectStore>,
    root: Path,
    part_bytes: usize,
}

/// Content on its way out.
pub struct Content {
    /// Its size in bytes.
    pub size: u64,
    /// Its bytes, piece by piece.
    pub pieces: BoxStream<'static, Result<Bytes, DocumentError>>,
}

impl DocumentStore {
    pub(super) fn new(store: Arc<dyn ObjectStore>, root: Path) -> Self {
        Self { store, root, part_bytes: PART_BYTES }
    }

    /// With parts of another size.
    pub(super) fn with_parts(self, part_bytes: usize) -> Self {
        Self { part_bytes, ..self }
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// Whatever keeps it from answering.
    pub async fn ping(&self) -> Result<(), DocumentError> {
        let nothing = self.root.clone().join("ready");
        match self.store.head(&nothing).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a few bytes, reads them back and deletes them: a store may
    /// answer, and not take anything.
    ///
    /// # Errors
    /// Whatever keeps it from doing so.
    pub async fn prove(&self) -> Result<(), DocumentError> {
        let name = uuid::Uuid::now_v7().simple().to_string();
        let probe = self.root.clone().join("probe").join(name);
        self.store.put(&probe, Bytes::from_static(b"probe").into()).await?;
        let read = self.store.get(&probe).await?.bytes().await;
        self.store.delete(&probe).await?;
        read.map(drop).map_err(DocumentError::from)
    }

    /// Writes content that is in hand and whose digest was taken from it.
    ///
    /// # Errors
    /// When the store does not do its part.
    pub async fn put(&self, key: &DocumentKey, content: Bytes) -> Result<(), DocumentError> {
        self.store.put(&self.path(key), content.into()).await?;
        Ok(())
    }

    /// Writes several, some at a time. What is there with the same size is not
    /// written again: its row was claimed before, so no sweep takes it
    /// meanwhile.
    ///
    /// # Errors
    /// The first; others may or may not have been written. Do it again.
    pub async fn put_many(
        &self,
        documents: Vec<(DocumentKey, Bytes)>,
    ) -> Result<(), DocumentError> {
        let writes = documents.into_iter().map(|(key, content)| async move {
            match self.head(&key).await? {
                Some(size) if size == content.len() as u64 => Ok(()),
                _ => self.put(&key, content).await,
            }
        });
        in_flight(writes.collect()).await
    }

    /// Writes content as it comes and checks its digest; answers its size in
    /// bytes. On an error nothing is left under the document's name.
    ///
    /// # Errors
    /// `Source`, `TooLarge` and `Digest` where the content is at fault.
    pub async fn put_stream<S, E>(&self, key: &DocumentKey, pieces: S) -> Result<u64, DocumentError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: Into<BoxError>,
    {
        let mut incoming = Incoming::new(pieces, DOCUMENT_BYTES_MAX);
        let mut writer = Writer::new(&*self.store, self.path(key), self.part_bytes);
        match fill(&mut writer, &mut incoming, key).await {
            Ok(size) => writer.finish().await.map(|()| size),
            Err(error) => {
                writer.abort().await;
                Err(error)
            }
        }
    }

    /// The size of a document in bytes, if it is there.
    ///
    /// # Errors
    /// When the store does not do its part.
    pub async fn head(&self, key: &DocumentKey) -> Result<Option<u64>, DocumentError> {
        match self.store.head(&self.path(key)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A document, if it is there.
    ///
    /// # Errors
    /// When the store does not do its part.
    pub async fn get(&self, key: &DocumentKey) -> Result<Option<Content>, DocumentError> {
        match self.store.get(&self.path(key)).await {
            Ok(found) => Ok(Some(Content {
                size: found.meta.size,
                pieces: found.into_stream().map_err(DocumentError::from).boxed(),
            })),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a document; one that is not there is no error.
    ///
    /// # Errors
    /// When the store does not do its part.
    pub async fn delete(&self, key: &DocumentKey) -> Result<(), DocumentError> {
        match self.store.delete(&self.path(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes several, some at a time.
    ///
    /// # Errors
    /// The first; others may or may not have been deleted.
    pub async fn delete_many(&self, keys: &[DocumentKey]) -> Result<(), DocumentError> {
        in_flight(keys.iter().map(|key| self.delete(key)).collect()).await
    }

    /// `<application>/<2 characters of the digest>/<digest>`: no folder grows
    /// without end, and no application's name leaves its own.
    fn path(&self, (application, digest): &DocumentKey) -> Path {
        let digest = digest.to_string();
        let shelf: String = digest.chars().take(2).collect();
        let application = utf8_percent_encode(application.as_str(), ENCODED).to_string();
        let application = application.replace('%', "=");
        self.root.clone().join(application).join(shelf).join(digest)
    }
}

/// Everything but letters, digits, `-` and `_`; and `=` instead of `%`, which
/// some stores decode.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

async fn fill<S, E>(
    writer: &mut Writer<'_>,
    incoming: &mut Incoming<S>,
    key: &DocumentKey,
) -> Result<u64, DocumentError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<BoxError>,
{
    while let Some(piece) = incoming.next().await? {
        writer.write(piece).await?;
    }
    incoming.verify(&key.1)
}

async fn in_flight<F>(work: Vec<F>) -> Result<(), DocumentError>
where
    F: Future<Output = Result<(), DocumentError>>,
{
    futures_util::stream::iter(work).buffer_unordered(CONCURRENCY).try_collect().await
}
