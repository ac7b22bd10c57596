//! Serves until it is told to stop, and then finishes what it began.

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

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
    axum::serve(listener, router).with_graceful_shutdown(stopping.cancelled_owned()).await
}
