//! One part of a publication on its way in: hashed as it comes, in memory while
//! it is small, in a file beyond.

use std::io::SeekFrom;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};
use tokio_util::io::ReaderStream;

use crate::domain::Digest;

/// Bytes of one part that are kept in memory.
const MEMORY_MAX: usize = 64 * 1024;

/// A part that has come whole.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
    pub(super) media_type: Option<String>,
    pub(super) digest: Digest,
    pub(super) size: u64,
    pub(super) content: Content,
}

/// Where its content is.
pub(super) enum Content {
    Memory(Bytes),
    File(Spooled),
}

/// A file without a name: it is gone with the request, whatever happens.
pub(super) struct Spooled(File);

impl Spooled {
    async fn create() -> std::io::Result<Self> {
        let file = tokio::task::spawn_blocking(tempfile::tempfile).await;
        let file = file.map_err(std::io::Error::other)??;
        Ok(Self(File::from_std(file)))
    }

    /// Its content from the beginning.
    pub(super) fn pieces(self) -> impl Stream<Item = std::io::Result<Bytes>> {
        let Self(mut file) = self;
        let rewound = async move { file.seek(SeekFrom::Start(0)).await.map(|_| file) };
        futures_util::stream::once(rewound).flat_map(|file| match file {
            Ok(file) => ReaderStream::with_capacity(file, MEMORY_MAX).left_stream(),
            Err(error) => futures_util::stream::iter([Err(error)]).right_stream(),
        })
    }
}

/// Content as it comes.
#[derive(Default)]
pub(super) struct Incoming {
    hash: Sha256,
    size: u64,
    held: BytesMut,
    file: Option<Spooled>,
}

impl Incoming {
    pub(super) async fn write(&mut self, piece: &[u8]) -> std::io::Result<()> {
        self.hash.update(piece);
        self.size += piece.len() as u64;
        if self.file.is_none() && self.held.len() + piece.len() <= MEMORY_MAX {
            self.held.extend_from_slice(piece);
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(Spooled::create().await?),
        };
        let held = std::mem::take(&mut self.held);
        file.0.write_all(&held).await?;
        file.0.write_all(piece).await
    }

    pub(super) async fn finish(self) -> std::io::Result<(Digest, u64, Content)> {
        let digest = Digest::from(<[u8; 32]>::from(self.hash.finalize()));
        let content = match self.file {
            None => Content::Memory(self.held.freeze()),
            Some(mut file) => {
                file.0.flush().await?;
                Content::File(file)
            }
        };
        Ok((digest, self.size, content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn small_content_stays_in_memory_and_large_content_is_read_back_whole() {
        for size in [0, 1, MEMORY_MAX, MEMORY_MAX + 1, 5 * MEMORY_MAX + 7] {
            let content: Vec<u8> = (0..=250_u8).cycle().take(size).collect();
            let mut incoming = Incoming::default();
            for piece in content.chunks(10_000) {
                incoming.write(piece).await.unwrap();
            }
            let (digest, counted, kept) = incoming.finish().await.unwrap();
            assert_eq!((digest, counted), (Digest::of(&content), size as u64));
            match kept {
                Content::Memory(bytes) => assert!(size <= MEMORY_MAX && *bytes == *content),
                Content::File(file) => {
                    let mut pieces = Box::pin(file.pieces());
                    let mut back = Vec::new();
                    while let Some(piece) = pieces.next().await {
                        back.extend_from_slice(&piece.unwrap());
                    }
                    assert!(size > MEMORY_MAX && back == content);
                }
            }
        }
    }
}
