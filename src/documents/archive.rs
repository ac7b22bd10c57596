//! Files as a ZIP, streamed: one piece of content is in memory at a time.
//!
//! Stored, not deflated: what is handed out is compressed already.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

use super::DocumentError;

/// Why an archive breaks off: its receiver sees a connection that ends early.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A document could not be read.
    #[error("a document could not be read")]
    Document(#[from] DocumentError),
    /// A file's name or size is none for an archive.
    #[error("the archive could not be written")]
    Archive(#[from] zip::result::ZipError),
    /// Never in practice: it is written to memory.
    #[error("the archive could not be written")]
    Io(#[from] io::Error),
}

/// One file of an archive.
pub struct File {
    /// Where it lies in the archive; folders by `/`.
    pub path: String,
    /// Its bytes, piece by piece.
    pub content: BoxStream<'static, Result<Bytes, DocumentError>>,
}

impl File {
    /// A file of bytes in hand.
    #[must_use]
    pub fn of(path: String, bytes: Bytes) -> Self {
        Self { path, content: stream::once(std::future::ready(Ok(bytes))).boxed() }
    }
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

struct Packing<E> {
    written: Written,
    /// None once the archive is finished.
    zip: Option<ZipWriter<StreamWriter<Written>>>,
    files: Pin<Box<dyn Stream<Item = Result<File, E>> + Send>>,
    current: Option<BoxStream<'static, Result<Bytes, DocumentError>>>,
}

/// Files as a ZIP, piece by piece. Each is asked for when its turn comes; one
/// that cannot be had ends the archive early.
#[must_use]
pub fn zip<E>(
    files: impl Stream<Item = Result<File, E>> + Send + 'static,
) -> BoxStream<'static, Result<Bytes, E>>
where
    E: From<ArchiveError> + Send + 'static,
{
    let written = Written::default();
    let zip = Some(ZipWriter::new_stream(written.clone()));
    let packing = Packing { written, zip, files: Box::pin(files), current: None };
    stream::try_unfold(packing, |mut packing| async move {
        let piece = packing.next().await?;
        Ok(piece.map(|piece| (piece, packing)))
    })
    .boxed()
}

impl<E: From<ArchiveError>> Packing<E> {
    /// The next piece that is not empty; none when the archive is complete.
    async fn next(&mut self) -> Result<Option<Bytes>, E> {
        while let Some(zip) = &mut self.zip {
            if let Some(current) = &mut self.current {
                match current.next().await {
                    Some(piece) => {
                        let piece = piece.map_err(ArchiveError::from)?;
                        zip.write_all(&piece).map_err(ArchiveError::from)?;
                    }
                    None => self.current = None,
                }
            } else if let Some(file) = self.files.next().await {
                let file = file?;
                zip.start_file(file.path, options()).map_err(ArchiveError::from)?;
                self.current = Some(file.content);
            } else if let Some(zip) = self.zip.take() {
                zip.finish().map_err(ArchiveError::from)?;
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
