//! How a process ends: in order when it can, at once when it must.
//!
//! Three tokens. *Soft*: take nothing new, finish what is in hand. *Late*: the
//! others have finished; those that follow them read on to the end. *Hard*: stop
//! now; whatever was not settled comes again, so this loses nothing. A task
//! that fails makes the whole process end in order and report failure: an
//! engine with half of its tasks is worse than one that is started again.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long tasks that were stopped hard may take to fall. Blocking work
/// cannot be stopped and must not keep the process.
const FALL_MAX: Duration = Duration::from_secs(1);

/// The tasks of a process and the ways to end them. Clones share them.
#[derive(Clone)]
pub struct Lifecycle {
    hard: CancellationToken,
    soft: CancellationToken,
    late: CancellationToken,
    tracker: TaskTracker,
    followers: TaskTracker,
    tasks: Arc<Mutex<Tasks>>,
}

#[derive(Default)]
struct Tasks {
    started: u64,
    /// By order of start.
    running: BTreeMap<u64, String>,
    failed: Vec<String>,
}

/// Waits for so long, or until `stop`: what is done again and again rests so
/// between two times.
pub async fn rest(stop: &CancellationToken, time: Duration) {
    let _stopped = stop.run_until_cancelled(tokio::time::sleep(time)).await;
}

/// How it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Outcome {
    /// The tasks that failed, in the order in which they did.
    pub failed: Vec<String>,
    /// The tasks that were not done when the grace was over, and were stopped.
    pub unfinished: Vec<String>,
}

impl Outcome {
    /// Whether no task failed. Unfinished tasks are no failure: what they had
    /// in hand comes again.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.failed.is_empty()
    }
}

impl Default for Lifecycle {
    fn default() -> Self {
        let hard = CancellationToken::new();
        Self {
            soft: hard.child_token(),
            late: hard.child_token(),
            hard,
            tracker: TaskTracker::new(),
            followers: TaskTracker::new(),
            tasks: Arc::default(),
        }
    }
}

impl Lifecycle {
    /// A life without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when nothing new should be taken.
    #[must_use]
    pub fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when whatever [`Lifecycle::spawn`] started has ended.
    #[must_use]
    pub fn late(&self) -> &CancellationToken {
        &self.late
    }

    /// Cancelled when everything should stop; cancels soft as well.
    #[must_use]
    pub fn hard(&self) -> &CancellationToken {
        &self.hard
    }

    /// Runs a task. One that returns an error or panics cancels soft and makes
    /// the outcome a failure. It should end soon after soft is cancelled; when
    /// hard is, it is dropped at its next await.
    pub fn spawn<F, E>(&self, name: impl Into<String>, task: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        self.spawn_on(&self.tracker, name.into(), task);
    }

    /// Runs a task that follows what others do: it should end soon after late
    /// is cancelled. Otherwise as [`Lifecycle::spawn`].
    pub fn spawn_follower<F, E>(&self, name: impl Into<String>, task: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        self.spawn_on(&self.followers, name.into(), task);
    }

    fn spawn_on<F, E>(&self, tracker: &TaskTracker, name: String, task: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let id = self.started(name);
        #[expect(clippy::disallowed_methods, reason = "the one place that waits for it")]
        let running = tokio::spawn(task);
        let life = self.clone();
        tracker.spawn(async move {
            let end = life.end_of(running).await;
            life.ended(id, end);
        });
    }

    /// The names of the tasks that run, in order of their start.
    #[must_use]
    pub fn running(&self) -> Vec<String> {
        self.tasks().running.values().cloned().collect()
    }

    /// Cancels soft on the first SIGTERM or SIGINT and hard on the second.
    ///
    /// # Errors
    /// When the signals cannot be caught.
    pub fn signals(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let life = self.clone();
        // Not tracked: it waits for signals for as long as the process lives.
        #[expect(clippy::disallowed_methods, reason = "nobody need wait for it")]
        drop(tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                life.signalled();
            }
        }));
        Ok(())
    }

    /// The first time cancels soft, the second hard.
    fn signalled(&self) {
        if self.soft.is_cancelled() {
            tracing::warn!(running = ?self.running(), "stopping at once");
            self.hard.cancel();
        } else {
            tracing::info!("stopping; a second signal stops at once");
            self.soft.cancel();
        }
    }

    /// Cancels soft, waits for every task, and stops hard those that are not
    /// done after `grace`. Returns within `grace` and a second.
    pub async fn finish(&self, grace: Duration) -> Outcome {
        self.soft.cancel();
        tokio::select! {
            () = self.end_in_turn() => {}
            () = self.hard.cancelled() => {}
            () = tokio::time::sleep(grace) => {}
        }
        let unfinished = self.running();
        if !unfinished.is_empty() {
            tracing::warn!(?unfinished, "the grace is over");
        }
        self.hard.cancel();
        // What cannot be stopped is named in the outcome already.
        let _fell = tokio::time::timeout(FALL_MAX, self.end_in_turn()).await;
        let failed = std::mem::take(&mut self.tasks().failed);
        Outcome { failed, unfinished }
    }

    async fn end_in_turn(&self) {
        self.tracker.close();
        self.tracker.wait().await;
        self.late.cancel();
        self.followers.close();
        self.followers.wait().await;
    }

    /// Why a task failed, if it did.
    async fn end_of<E: Display>(&self, mut running: JoinHandle<Result<(), E>>) -> Option<String> {
        let end = tokio::select! {
            biased;
            end = &mut running => end,
            () = self.hard.cancelled() => {
                running.abort();
                running.await
            }
        };
        match end {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) if error.is_panic() => Some("it panicked".into()),
            // Stopped hard.
            Err(_) => None,
        }
    }

    fn started(&self, name: String) -> u64 {
        let mut tasks = self.tasks();
        tasks.started += 1;
        let id = tasks.started;
        tasks.running.insert(id, name);
        id
    }

    fn ended(&self, id: u64, error: Option<String>) {
        let name = self.tasks().running.remove(&id).unwrap_or_default();
        if let Some(error) = error {
            tracing::error!(task = name, error, "a task failed: the process ends");
            self.tasks().failed.push(name);
            self.soft.cancel();
        }
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::pending;

    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    fn until(token: &CancellationToken) -> impl Future<Output = Result<(), Infallible>> + use<> {
        let token = token.clone();
        async move {
            token.cancelled().await;
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_soft_end_waits_for_every_task() {
        let life = Lifecycle::new();
        life.spawn("web", until(life.soft()));
        life.spawn("relay", until(life.soft()));
        assert_eq!(life.running(), ["web", "relay"]);
        let outcome = life.finish(LONG).await;
        assert_eq!(outcome, Outcome::default());
        assert!(outcome.is_success());
    }

    #[tokio::test]
    async fn followers_end_after_those_they_follow() {
        let life = Lifecycle::new();
        life.spawn_follower("search", until(life.late()));
        let (soft, late) = (life.soft().clone(), life.late().clone());
        life.spawn("intake", async move {
            soft.cancelled().await;
            tokio::task::yield_now().await;
            if late.is_cancelled() { Err("nobody follows") } else { Ok(()) }
        });
        assert_eq!(life.finish(LONG).await, Outcome::default());
    }

    #[tokio::test]
    async fn a_task_that_returns_an_error_ends_the_process_with_a_failure() {
        let life = Lifecycle::new();
        life.spawn("web", until(life.soft()));
        life.spawn("relay", async { Err("no more paper") });
        life.soft().cancelled().await;
        let outcome = life.finish(LONG).await;
        assert_eq!(outcome.failed, ["relay"]);
        assert!(outcome.unfinished.is_empty());
    }

    #[tokio::test]
    async fn a_task_that_panics_ends_the_process_with_a_failure() {
        let life = Lifecycle::new();
        life.spawn("relay", jam());
        life.soft().cancelled().await;
        assert_eq!(life.finish(LONG).await.failed, ["relay"]);
    }

    async fn jam() -> Result<(), Infallible> {
        panic!("the paper jams")
    }

    #[tokio::test]
    async fn a_task_that_ends_well_ends_nothing_else() {
        let life = Lifecycle::new();
        life.spawn("migrate", async { Ok::<_, Infallible>(()) });
        life.spawn("web", until(life.soft()));
        while life.running() != ["web"] {
            tokio::task::yield_now().await;
        }
        assert!(!life.soft().is_cancelled());
        assert!(life.finish(LONG).await.is_success());
    }

    #[tokio::test]
    async fn the_grace_is_bounded_and_those_still_waited_for_are_named() {
        let life = Lifecycle::new();
        life.spawn("web", until(life.soft()));
        life.spawn("stuck", pending::<Result<(), Infallible>>());
        let outcome = life.finish(Duration::from_millis(20)).await;
        assert_eq!(outcome.unfinished, ["stuck"]);
        assert!(outcome.is_success());
        assert!(life.running().is_empty(), "it was stopped hard");
    }

    #[tokio::test]
    async fn the_second_signal_stops_at_once() {
        let life = Lifecycle::new();
        life.spawn("stuck", pending::<Result<(), Infallible>>());
        life.signalled();
        assert!(life.soft().is_cancelled() && !life.hard().is_cancelled());
        life.signalled();
        assert!(life.hard().is_cancelled());
        assert_eq!(life.finish(LONG).await.unfinished, ["stuck"]);
    }
}
