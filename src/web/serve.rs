//! Serves until it is told to stop, and then finishes what it began.

use std::net::SocketAddr;

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::tls::TlsListener;

/// Serves on a listener. After `stopping` is cancelled nothing new is taken
/// and open requests are finished; for how long is for the caller to bound.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stopping: CancellationToken,
) -> std::io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stopping.cancelled_owned()).await
}

/// Serves as [`serve`] does, over TLS where there is a certificate.
///
/// # Errors
/// When the listener fails.
pub async fn serve_over(
    tls: Option<TlsAcceptor>,
    listener: TcpListener,
    router: Router,
    stopping: CancellationToken,
) -> std::io::Result<()> {
    let Some(acceptor) = tls else { return serve(listener, router, stopping).await };
    // Tapped only because such listeners tell who connected.
    let listener = TlsListener::new(listener, acceptor).tap_io(|_| {});
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stopping.cancelled_owned()).await
}
