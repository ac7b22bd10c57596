//! A package: `manifest.json` and the documents as a ZIP, streamed.

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use crate::documents::archive::{self, ArchiveError, File};
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
    Archive(#[from] ArchiveError),
}

/// One file of a package.
pub enum Source {
    /// Bytes in hand.
    Text(Bytes),
    /// A document in the store.
    Stored(DocumentKey),
}

/// Files as a ZIP, piece by piece.
#[must_use]
pub fn zip(
    documents: DocumentStore,
    files: Vec<(String, Source)>,
) -> BoxStream<'static, Result<Bytes, PackageError>> {
    archive::zip(stream::iter(files).then(move |(path, source)| {
        let documents = documents.clone();
        async move { file(&documents, path, source).await }
    }))
}

async fn file(
    documents: &DocumentStore,
    path: String,
    source: Source,
) -> Result<File, PackageError> {
    match source {
        Source::Text(text) => Ok(File::of(path, text)),
        Source::Stored(key) => {
            let content = documents.get(&key).await?.ok_or(PackageError::Missing)?;
            Ok(File { path, content: content.pieces })
        }
    }
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
