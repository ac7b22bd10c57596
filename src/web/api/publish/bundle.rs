//! A request with its parts, read to the end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _};
use multer::{Constraints, Field, Multipart, SizeLimit};

use super::file_name::file_name;
use super::part::{Incoming, Part};
use super::{MESSAGE, boundary};
use crate::documents::{BoxError, DOCUMENT_BYTES_MAX};
use crate::domain::{Attachment, Code, Content, Publication, Refusal};
use crate::telemetry::log::chain;
use crate::web::Problem;

/// Six attachments and the publication.
const PARTS_MAX: usize = 7;
/// Bytes of heads and boundaries beside the content.
const FRAME_BYTES_MAX: u64 = 256 * 1024;
/// Bytes that the reader of parts may hold, besides the last piece, without
/// giving any away.
const UNREAD_BYTES_MAX: usize = 512 * 1024;

/// Every part of a request.
#[derive(Default)]
pub(super) struct Bundle {
    message: Option<Bytes>,
    files: Vec<Part>,
}

impl Bundle {
    /// Reads a request to its end.
    ///
    /// # Errors
    /// 400 for what is no whole multipart, has too many parts, or a part twice;
    /// 413 for what is too large.
    pub(super) async fn read(
        headers: &HeaderMap,
        body: Body,
        message_bytes_max: usize,
    ) -> Result<Self, Problem> {
        let unread = Arc::new(AtomicUsize::new(0));
        let pieces = body.into_data_stream().map_err(BoxError::from);
        let pieces = Gentle { pieces, unread: Arc::clone(&unread), is_resting: false };
        let whole = DOCUMENT_BYTES_MAX + message_bytes_max as u64 + FRAME_BYTES_MAX;
        let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(whole));
        let mut parts = Multipart::with_constraints(pieces, boundary(headers)?, limits);
        let mut bundle = Self::default();
        while let Some(field) = parts.next_field().await.map_err(|fault| unreadable(&fault))? {
            unread.store(0, Ordering::Relaxed);
            if let Err(problem) = bundle.take(field, message_bytes_max, &unread).await {
                drain(parts, &unread).await;
                return Err(problem);
            }
        }
        Ok(bundle)
    }

    async fn take(
        &mut self,
        mut field: Field<'_>,
        message_bytes_max: usize,
        unread: &AtomicUsize,
    ) -> Result<(), Problem> {
        let name = field.name().unwrap_or_default().to_owned();
        let is_twice = self.files.iter().any(|part| part.name == name);
        if is_twice || (name == MESSAGE && self.message.is_some()) {
            return Err(invalid("a part comes twice"));
        }
        if self.files.len() + usize::from(self.message.is_some()) >= PARTS_MAX {
            return Err(invalid("more than six documents and the publication"));
        }
        is_plain(field.headers())?;
        let file_name = file_name(field.headers());
        let media_type = field.content_type().map(|it| it.essence_str().to_ascii_lowercase());
        let mut incoming = Incoming::default();
        let mut size = 0;
        while let Some(piece) = field.chunk().await.map_err(|fault| unreadable(&fault))? {
            unread.store(0, Ordering::Relaxed);
            size += piece.len();
            if name == MESSAGE && size > message_bytes_max {
                return Err(too_large(format!(
                    "{MESSAGE} has more than {message_bytes_max} bytes"
                )));
            }
            if size as u64 > DOCUMENT_BYTES_MAX {
                return Err(too_large(format!(
                    "a document has at most {DOCUMENT_BYTES_MAX} bytes"
                )));
            }
            incoming.write(&piece).await.map_err(|fault| no_space(&fault))?;
        }
        let (digest, size, content) = incoming.finish().await.map_err(|fault| no_space(&fault))?;
        if name == MESSAGE {
            self.message = Some(whole(content).await?);
        } else {
            self.files.push(Part { name, file_name, media_type, digest, size, content });
        }
        Ok(())
    }

    /// The publication as it came.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn message(&self) -> Result<Bytes, Refusal> {
        self.message.clone().ok_or_else(|| {
            let message = format!("the part {MESSAGE} is missing");
            Refusal::new(Code::InvalidInput, "", message)
        })
    }

    /// Names in the publication what its parts hold; answers the parts.
    ///
    /// # Errors
    /// Where parts and attachments do not match.
    pub(super) fn attach(self, publication: &mut Publication) -> Result<Vec<Part>, Refusal> {
        for (i, attachment) in publication.attachments.iter_mut().enumerate() {
            let part = self.files.iter().find(|part| part.name == attachment.http_part_name);
            match (part, &attachment.content) {
                (Some(part), None) => name(attachment, part),
                (None, Some(_)) => {}
                (None, None) => return Err(unmatched(i, "no part has this name")),
                (Some(_), Some(_)) => {
                    return Err(unmatched(
                        i,
                        "it has content, and a part of this name came as well",
                    ));
                }
            }
        }
        let is_named =
            |part: &Part| publication.attachments.iter().any(|it| it.http_part_name == part.name);
        match self.files.iter().find(|part| !is_named(part)) {
            None => Ok(self.files),
            Some(part) => {
                let message = format!("no attachment names the part {:?}", part.name);
                Err(Refusal::new(Code::InvalidInput, "/attachments", message))
            }
        }
    }
}

/// Reads on within the same bounds: whoever is still sending would not hear the
/// answer.
async fn drain(mut parts: Multipart<'_>, unread: &AtomicUsize) {
    while let Ok(Some(mut field)) = parts.next_field().await {
        while let Ok(Some(_)) = field.chunk().await {
            unread.store(0, Ordering::Relaxed);
        }
    }
}

fn name(attachment: &mut Attachment, part: &Part) {
    if attachment.file_name.is_none() {
        attachment.file_name.clone_from(&part.file_name);
    }
    if attachment.media_type.is_none() {
        attachment.media_type.clone_from(&part.media_type);
    }
    attachment.content = Some(Content::Uploaded { sha256: part.digest, size: part.size });
}

fn unmatched(i: usize, message: &str) -> Refusal {
    Refusal::new(Code::InvalidInput, format!("/attachments/{i}/httpPartName"), message)
}

/// A part is taken as it is: what is coded for the way would be kept as that.
fn is_plain(headers: &HeaderMap) -> Result<(), Problem> {
    let coding = headers.get("content-transfer-encoding").map(HeaderValue::as_bytes);
    let is_as_it_is = |coding: &[u8]| {
        [&b"binary"[..], b"8bit", b"7bit"].iter().any(|it| it.eq_ignore_ascii_case(coding))
    };
    if coding.is_none_or(is_as_it_is) && !headers.contains_key(CONTENT_ENCODING) {
        return Ok(());
    }
    let message = "a part must come as it is: without Content-Transfer-Encoding or -Encoding";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "MEDIA_TYPE_NOT_ALLOWED", message))
}

/// The publication is small enough for memory, wherever it was put.
async fn whole(content: super::part::Content) -> Result<Bytes, Problem> {
    match content {
        super::part::Content::Memory(bytes) => Ok(bytes),
        super::part::Content::File(file) => {
            let bytes: Result<Vec<Bytes>, _> = file.pieces().try_collect().await;
            bytes.map(|pieces| pieces.concat().into()).map_err(|fault| no_space(&fault))
        }
    }
}

/// Gives one piece at a time: the reader of parts would otherwise take all
/// that the network has before it hands any of it on.
struct Gentle<S> {
    pieces: S,
    unread: Arc<AtomicUsize>,
    is_resting: bool,
}

impl<S: Stream<Item = Result<Bytes, BoxError>> + Unpin> Stream for Gentle<S> {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.is_resting) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = Pin::new(&mut self.pieces).poll_next(cx);
        if let Poll::Ready(Some(Ok(piece))) = &polled {
            self.is_resting = true;
            // Without this piece: it may be of any size, as the network has it.
            let unread = self.unread.fetch_add(piece.len(), Ordering::Relaxed);
            if unread > UNREAD_BYTES_MAX {
                return Poll::Ready(Some(Err("a part whose head does not end".into())));
            }
        }
        polled
    }
}

fn unreadable(fault: &multer::Error) -> Problem {
    match fault {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => {
            too_large("all parts together have more than 30 MB".to_owned())
        }
        _ => invalid(format!("not a whole multipart/form-data: {}", chain(fault))),
    }
}

fn invalid(message: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, Code::InvalidInput.as_str(), message)
}

fn too_large(message: String) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge.as_str(), message)
}

fn no_space(fault: &std::io::Error) -> Problem {
    crate::telemetry::measure::error("api", "spool");
    tracing::error!(error = %fault, "a part cannot be kept in a temporary file");
    Problem::unavailable()
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    /// Reads a request that comes in these pieces.
    async fn read(pieces: Vec<Vec<u8>>) -> Result<Bundle, Problem> {
        let headers = [("content-type", "multipart/form-data; boundary=b")];
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let pieces = pieces.into_iter().map(|piece| Ok::<_, BoxError>(Bytes::from(piece)));
        let body = Body::from_stream(stream::iter(pieces));
        Bundle::read(&headers.into_iter().collect(), body, 1_000).await
    }

    fn piece(text: &str, padding: usize) -> Vec<u8> {
        [text.as_bytes(), &vec![b'x'; padding]].concat()
    }

    #[tokio::test]
    async fn pieces_may_be_as_large_as_the_network_has_them() {
        const MIB: usize = 1 << 20;
        let head = "--b\r\nContent-Disposition: form-data; name=\"upfile1\"\r\n\r\n";
        let pieces = vec![piece(head, MIB), piece("", 3 * MIB), piece("\r\n--b--\r\n", 0)];
        let bundle = read(pieces).await.unwrap();
        assert_eq!(bundle.files.iter().map(|it| it.size).collect::<Vec<_>>(), [4 << 20]);
    }

    #[tokio::test]
    async fn a_head_that_does_not_end_is_not_read_for_ever() {
        let endless = std::iter::repeat_n(piece("", 100_000), 1_000);
        let pieces = [piece("--b\r\nContent-Disposition: ", 10)].into_iter().chain(endless);
        assert!(read(pieces.collect()).await.is_err());
    }
}
