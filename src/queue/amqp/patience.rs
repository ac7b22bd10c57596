//! Nobody waits longer than the channel lives.
//!
//! A frame that lapin (4.12.3) holds in its output buffer when the connection
//! breaks is neither sent nor given up: whoever waits for it waits for ever,
//! and a lane with it.

use std::future::Future;
use std::io;
use std::time::Duration;

use lapin::Channel;
use tokio::time::{sleep, timeout};

/// How long a call waits for a broker that does not answer.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(super) async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = lapin::Result<T>>,
) -> lapin::Result<T> {
    match timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}

/// The answer to a question that the broker answers at once. Also an open
/// channel may wait in vain: after the broker closed a channel, the client may
/// give its number away before it has heard the last of it.
pub(super) async fn answered<T>(
    channel: &Channel,
    answer: impl Future<Output = lapin::Result<T>>,
) -> lapin::Result<T> {
    in_time(ANSWER_TIMEOUT, while_open(channel, answer)).await
}

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
