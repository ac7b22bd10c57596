//! How long a body may take to come, whatever it is for: who trickles, or falls
//! silent, is answered 408 and gives what it held to another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

use super::Problem;
use super::api::shaped;
use crate::config::Api;
use crate::documents::BoxError;
use crate::domain::Code;

/// How long a body may take.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// Without a byte.
    silence: Duration,
    /// From when it is first read until all of it has come, however steadily it
    /// trickles.
    whole: Duration,
}

impl Patience {
    pub(super) fn of(settings: &Api) -> Self {
        let secs = |secs: u16| Duration::from_secs(u64::from(secs));
        Self { silence: secs(settings.silence_secs), whole: secs(settings.arrival_secs) }
    }
}

/// Reads bodies with patience. A handler sees one that is late break off, and
/// whatever it makes of that, the sender is told why.
pub(super) async fn keep(
    State(patience): State<Patience>,
    request: Request,
    next: Next,
) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    let is_late = Arc::new(AtomicBool::new(false));
    let tells = Arc::clone(&is_late);
    let request =
        request.map(|body| Body::from_stream(timed(body.into_data_stream(), patience, tells)));
    let response = next.run(request).await;
    match is_late.load(Ordering::Relaxed) && response.status() == StatusCode::BAD_REQUEST {
        true => shaped(&path, late()),
        false => response,
    }
}

fn late() -> Problem {
    let message = "the request broke off: it was silent for too long, or takes too long";
    Problem::new(StatusCode::REQUEST_TIMEOUT, Code::Malformed.as_str(), message)
}

/// Ends with an error, and says so, when a body takes too long.
fn timed(
    body: BodyDataStream,
    patience: Patience,
    is_late: Arc<AtomicBool>,
) -> impl Stream<Item = Result<Bytes, BoxError>> {
    let begin = (body, None, is_late);
    stream::unfold(begin, move |(mut body, end, is_late)| async move {
        let now = Instant::now();
        let end = end.unwrap_or(now + patience.whole);
        let piece = match timeout_at(end.min(now + patience.silence), body.next()).await {
            Ok(piece) => piece?.map_err(BoxError::from),
            Err(elapsed) => {
                is_late.store(true, Ordering::Relaxed);
                Err(elapsed.into())
            }
        };
        Some((piece, (body, Some(end), is_late)))
    })
}
