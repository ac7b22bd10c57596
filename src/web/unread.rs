//! A connection whose client must take what it is sent: one that asks and then
//! does not read would hold its place, and what its answer holds, for ever.
//!
//! What a client that stands still is: for some time not a byte more fits into
//! what lies between us and it. However slowly it reads, it goes on.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream with a bound on how long a write may stand still.
pub(super) struct Unread<Io> {
    stream: Io,
    patience: Duration,
    /// When a write that stands still is given up.
    end: Option<Pin<Box<Sleep>>>,
}

impl<Io> Unread<Io> {
    pub(super) fn new(stream: Io, patience: Duration) -> Self {
        Self { stream, patience, end: None }
    }
}

impl<Io: AsyncWrite + Unpin> Unread<Io> {
    /// What a write makes of it, unless it stands still for too long.
    fn bounded<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut Io>, &mut Context<'_>) -> Poll<Result<T>>,
    ) -> Poll<Result<T>> {
        let written = write(Pin::new(&mut self.stream), context);
        if written.is_ready() {
            self.end = None;
            return written;
        }
        let patience = self.patience;
        let end = self.end.get_or_insert_with(|| Box::pin(sleep(patience)));
        end.as_mut().poll(context).map(|()| Err(Error::from(ErrorKind::TimedOut)))
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Unread<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Unread<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        self.bounded(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.bounded(context, |stream, context| stream.poll_write_vectored(context, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.bounded(context, Io::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.bounded(context, Io::poll_shutdown)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn who_takes_nothing_is_given_up() {
        let (ours, _theirs) = duplex(4);
        let mut stream = Unread::new(ours, PATIENCE);
        let fault = stream.write_all(b"more than fits").await.unwrap_err();
        assert_eq!(fault.kind(), ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_reads_byte_by_byte_gets_everything() {
        let (ours, mut theirs) = duplex(4);
        let mut stream = Unread::new(ours, PATIENCE);
        let sent = [7; 100];
        let writing = async {
            stream.write_all(&sent).await.unwrap();
            drop(stream);
        };
        let reading = async {
            let mut got = Vec::new();
            while let Ok(byte) = theirs.read_u8().await {
                got.push(byte);
                tokio::task::yield_now().await;
            }
            got
        };
        let ((), got) = tokio::join!(writing, reading);
        assert_eq!(got, sent);
    }
}
