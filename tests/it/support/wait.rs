//! Waiting with a deadline.

use std::fmt::Debug;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// Long enough for a loaded machine; a test that needs it all has failed.
const DEADLINE: Duration = Duration::from_secs(60);
const DEADLINE_BACKLOG: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// A look that takes long is taken more rarely, so that looking does not slow
/// what is looked at: so many times as long lies between two.
const LOOK_SHARE: u32 = 9;
/// How long to watch for what must not happen.
const QUIET: Duration = Duration::from_millis(300);

/// The future's value, which must come before the deadline.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    match timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("nothing came within {DEADLINE:?}"),
    }
}

/// Waits until the condition holds.
pub(crate) async fn until(what: &str, holds: impl AsyncFnMut() -> bool) {
    until_within(DEADLINE, what, holds).await;
}

/// Waits until the condition holds, where a whole backlog has to be worked off.
pub(crate) async fn until_worked_off(what: &str, holds: impl AsyncFnMut() -> bool) {
    until_within(DEADLINE_BACKLOG, what, holds).await;
}

/// Waits until nothing is left to do, for as long as what is left changes: a
/// slow machine is given time, and one that stands still is told apart from it.
pub(crate) async fn until_done<T: PartialEq + Debug>(
    what: &str,
    mut left: impl AsyncFnMut() -> Option<T>,
) {
    let (mut last, mut changed, mut looked) = (None, Instant::now(), Instant::now());
    while let Some(now) = left().await {
        let now = Some(now);
        if now != last {
            (last, changed) = (now, Instant::now());
        }
        assert!(changed.elapsed() < DEADLINE, "for {DEADLINE:?} nothing: {what}: {last:?}");
        sleep(LOOK_EVERY.max(looked.elapsed() * LOOK_SHARE)).await;
        looked = Instant::now();
    }
}

async fn until_within(deadline: Duration, what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            sleep(LOOK_EVERY).await;
        }
    };
    assert!(timeout(deadline, wait).await.is_ok(), "not within {deadline:?}: {what}");
}

/// Whether the future stays pending for a while.
pub(crate) async fn stays_quiet<T>(future: impl Future<Output = T>) -> bool {
    timeout(QUIET, future).await.is_err()
}

/// The future's value, or none once it had to wait so many times: then it is
/// dropped where it stood.
pub(crate) async fn given_up_at<T>(waits: usize, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut left) = (pin!(future), waits);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if left <= 1 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}
