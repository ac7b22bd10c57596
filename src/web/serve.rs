//! Serves until it is told to stop, and then finishes what it began.
//!
//! Not with `axum::serve`: that waits for ever for a request that does not come
//! whole, or for a client that does not read, and takes as many connections as
//! come.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::tls::TlsListener;
use super::unread::Unread;
use crate::config::Web;
use crate::telemetry::measure;

/// What a listener's clients may take of it.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How long the head of a request may take, and a connection lie idle.
    pub head: Duration,
    /// How long a client may take nothing of what it is sent.
    pub unread: Duration,
    /// Connections at the same time; the next ones wait.
    pub connections: usize,
}

impl Bounds {
    /// As `[web]` says.
    #[must_use]
    pub fn of(web: &Web) -> Self {
        let secs = |secs: u16| Duration::from_secs(u64::from(secs));
        Self {
            head: secs(web.head_secs),
            unread: secs(web.unread_secs),
            connections: usize::from(web.connections_max),
        }
    }
}

/// Serves on a listener. After `stopping` is cancelled nothing new is taken
/// and open requests are finished; for how long is for the caller to bound.
///
/// # Errors
/// None: a listener that fails is asked again.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    stopping: CancellationToken,
) -> std::io::Result<()> {
    accept(listener, router, bounds, stopping).await;
    Ok(())
}

/// Serves as [`serve`] does, over TLS where there is a certificate.
///
/// # Errors
/// As [`serve`].
pub async fn serve_over(
    tls: Option<TlsAcceptor>,
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    stopping: CancellationToken,
) -> std::io::Result<()> {
    match tls {
        None => accept(listener, router, bounds, stopping).await,
        Some(acceptor) => {
            accept(TlsListener::new(listener, acceptor), router, bounds, stopping).await;
        }
    }
    Ok(())
}

/// Takes connections while there is room. Those that are open end with this,
/// if it is dropped.
async fn accept<L: Listener<Addr = SocketAddr>>(
    mut listener: L,
    router: Router,
    bounds: Bounds,
    stopping: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(bounds.connections));
    let mut open = JoinSet::new();
    loop {
        let accepted = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = stopping.cancelled() => break,
            Some(ended) = open.join_next(), if !open.is_empty() => watch(ended),
            (Ok(place), (stream, from)) = accepted => {
                let stream = Unread::new(stream, bounds.unread);
                let client = Client { stream, from, head: bounds.head, _place: place };
                open.spawn(client.answer(router.clone(), stopping.clone()));
            }
        }
    }
    drop(listener);
    while let Some(ended) = open.join_next().await {
        watch(ended);
    }
}

fn watch(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        measure::error("web", "connection");
        tracing::error!(%error, "a connection's task died");
    }
}

/// Who is connected.
struct Client<Io> {
    stream: Io,
    from: SocketAddr,
    head: Duration,
    _place: OwnedSemaphorePermit,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Client<Io> {
    /// Answers its requests, until it goes or is silent; after `stopping` the
    /// one that it is at.
    async fn answer(self, router: Router, stopping: CancellationToken) {
        let from = self.from;
        let router = TowerToHyperService::new(router);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(from));
            router.call(request)
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.head);
        let mut connection = pin!(http.serve_connection(TokioIo::new(self.stream), service));
        // How a connection ends is nobody's concern: clients hang up all day.
        tokio::select! {
            _ended = connection.as_mut() => return,
            () = stopping.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        let _ended = connection.await;
    }
}
