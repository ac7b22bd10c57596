//! Waiting with a deadline.

use std::time::Duration;

use tokio::time::{sleep, timeout};

/// Long enough for a loaded machine; a test that needs it all has failed.
const DEADLINE: Duration = Duration::from_secs(60);
const DEADLINE_BACKLOG: Duration = Duration::from_secs(300);
/// For each letter of a long backlog.
const DEADLINE_LETTER: Duration = Duration::from_millis(200);
const LOOK_EVERY: Duration = Duration::from_millis(10);
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

/// The same for a backlog whose length the caller chose.
pub(crate) async fn until_worked_off_all(
    letters: usize,
    what: &str,
    holds: impl AsyncFnMut() -> bool,
) {
    let letters = u32::try_from(letters).unwrap_or(u32::MAX);
    until_within(DEADLINE_BACKLOG.max(DEADLINE_LETTER * letters), what, holds).await;
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
