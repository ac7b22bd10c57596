//! Nobody waits longer than the channel lives.
//!
//! A frame that lapin (4.12.3) holds in its output buffer when the connection
//! breaks is neither sent nor given up: whoever waits for it waits for ever,
//! and a lane with it.

use std::future::Future;
use std::io;
use std::time::Duration;

use lapin::Channel;
use tokio::time::sleep;

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The answer, or that the channel ended without one.
pub(super) async fn while_open<T>(
    channel: &Channel,
    answer: impl Future<Output = lapin::Result<T>>,
) -> lapin::Result<T> {
    tokio::select! {
        biased;
        answer = answer => answer,
        () = ended(channel) => Err(io::Error::from(io::ErrorKind::NotConnected).into()),
    }
}

async fn ended(channel: &Channel) {
    while channel.status().connected() {
        sleep(LOOK_EVERY).await;
    }
    // An answer that says why it ended is better than this one.
    sleep(LOOK_EVERY).await;
}
