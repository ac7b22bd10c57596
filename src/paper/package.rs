//! A package: `manifest.json` and the documents as a ZIP, streamed.
//!
//! Stored, not deflated: what is printed is compressed already. One piece of
//! content is in memory at a time.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

use crate::documents::{DocumentError, DocumentStore};
use crate::ledger::DocumentKey;

/// Why a package breaks off: its receiver sees a connection that ends early.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A document could not be read.
    #[error("a document could not be read")]
    Document(#[from] DocumentError),
    /// A document vanished after it was looked for.
    #[error("a document is missing")]
    Missing,
    /// The archive could not be written.
    #[error("the archive could not be written")]
    Archive(#[from] zip::result::ZipError),
    /// The archive could not be written.
    #[error("the archive could not be written")]
    Io(#[from] io::Error),
}

/// One file of a package.
pub enum Source {
    /// Bytes in hand.
    Text(Bytes),
    /// A document in the store.
    Stored(DocumentKey),
}

/// What the archive's writer wrote and nobody has sent yet.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Packing {
    documents: DocumentStore,
    written: Written,
    /// None once the archive is finished.
    zip: Option<ZipWriter<StreamWriter<Written>>>,
    files: std::vec::IntoIter<(String, Source)>,
    current: Option<BoxStream<'static, Result<Bytes, DocumentError>>>,
}

/// Files as a ZIP, piece by piece.
#[must_use]
pub fn zip(
    documents: DocumentStore,
    files: Vec<(String, Source)>,
) -> BoxStream<'static, Result<Bytes, PackageError>> {
    let written = Written::default();
    let zip = Some(ZipWriter::new_stream(written.clone()));
    let packing = Packing { documents, written, zip, files: files.into_iter(), current: None };
    stream::try_unfold(packing, |mut packing| async move {
        let piece = packing.next().await?;
        Ok(piece.map(|piece| (piece, packing)))
    })
    .boxed()
}

impl Packing {
    /// The next piece that is not empty; none when the archive is complete.
    async fn next(&mut self) -> Result<Option<Bytes>, PackageError> {
        while let Some(zip) = &mut self.zip {
            if let Some(current) = &mut self.current {
                match current.next().await {
                    Some(piece) => zip.write_all(&piece?)?,
                    None => self.current = None,
                }
            } else if let Some((path, source)) = self.files.next() {
                zip.start_file(path, options())?;
                match source {
                    Source::Text(text) => zip.write_all(&text)?,
                    Source::Stored(key) => {
                        let content = self.documents.get(&key).await?;
                        self.current = Some(content.ok_or(PackageError::Missing)?.pieces);
                    }
                }
            } else if let Some(zip) = self.zip.take() {
                zip.finish()?;
            }
            let piece = self.written.take();
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use super::*;
    use crate::domain::{ApplicationId, Digest};

    #[tokio::test]
    async fn a_package_opens_with_what_was_put_into_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = DocumentStore::open(&format!("file://{}", folder.path().display())).unwrap();
        let content = Bytes::from(vec![b'x'; 200_000]);
        let key = (ApplicationId::new("tax").unwrap(), Digest::of(&content));
        store.put(&key, content.clone()).await.unwrap();
        let files = vec![
            ("manifest.json".to_owned(), Source::Text("{}".into())),
            ("documents/01.pdf".to_owned(), Source::Stored(key)),
        ];
        let mut pieces = zip(store, files);
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        let mut archive = ::zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), 2);
        let mut text = String::new();
        archive.by_index(0).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "{}");
        let mut read = Vec::new();
        archive.by_name("documents/01.pdf").unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, content);
    }

    #[tokio::test]
    async fn a_document_that_is_gone_ends_the_package_early() {
        let folder = tempfile::tempdir().unwrap();
        let store = DocumentStore::open(&format!("file://{}", folder.path().display())).unwrap();
        let key = (ApplicationId::new("tax").unwrap(), Digest::of(b"gone"));
        let pieces = zip(store, vec![("documents/01.pdf".into(), Source::Stored(key))]);
        let last = pieces.collect::<Vec<_>>().await.pop();
        assert!(matches!(last, Some(Err(PackageError::Missing))));
    }
}
