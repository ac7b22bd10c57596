//! The follower against a ledger that moves, fails and changes.

use std::path::Path;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::super::{Progress, Projection, Reason, Search, Waited};
use super::damage::Heard;
use super::*;

/// A follower at work.
pub(super) struct Running {
    pub(super) ledger: Arc<Ledger>,
    pub(super) heard: Arc<Heard>,
    pub(super) search: Search,
    stop: CancellationToken,
    task: JoinSet<()>,
}

impl Running {
    pub(super) fn start(root: &Path, ledger: Arc<Ledger>, pace: Pace) -> Self {
        let heard = Arc::new(Heard::default());
        let projection = Projection::open(root, start, heard.clone()).unwrap().with_pace(pace);
        let (search, stop) = (projection.search(), CancellationToken::new());
        let mut task = JoinSet::new();
        task.spawn(projection.run(ledger.clone(), stop.clone()));
        Self { ledger, heard, search, stop, task }
    }

    pub(super) async fn caught_up(&self) {
        let waited = self.search.wait_for(self.ledger.last(), PATIENCE).await;
        assert_eq!(waited, Waited::Visible);
    }

    async fn until(&self, is_so: impl FnMut(&Progress) -> bool) {
        let mut progress = self.search.progress();
        tokio::time::timeout(PATIENCE, progress.wait_for(is_so)).await.unwrap().unwrap();
    }

    async fn total(&self) -> u64 {
        self.search.find(Query::everywhere()).await.unwrap().total
    }

    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task.join_next()).await.unwrap().unwrap().unwrap();
    }
}

pub(super) async fn until(mut is_so: impl FnMut() -> bool) {
    let polling = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, polling).await.unwrap();
}

#[tokio::test]
async fn what_is_recorded_is_found_and_a_restart_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::with((1..=100).map(message)));
    let running = Running::start(folder.path(), ledger.clone(), quick());
    running.caught_up().await;
    assert_eq!(running.total().await, 100);
    running.until(|progress| progress.ledger_position == 100).await;
    assert_eq!(running.search.lag(start()), crate::search::Lag::default());
    ledger.record(Projected { is_read: true, ..message(3) });
    ledger.record(message(101));
    running.stop().await;
    let running = Running::start(folder.path(), ledger, quick());
    running.caught_up().await;
    assert_eq!(running.total().await, 101);
    assert_eq!(running.heard.reasons(), [], "nothing was rebuilt");
    running.stop().await;
}

#[tokio::test]
async fn whoever_waits_does_not_wait_for_the_next_commit() {
    let folder = tempfile::tempdir().unwrap();
    let hour = Duration::from_secs(3600);
    let pace = Pace { commit_every: hour, idle: hour, ..quick() };
    let running = Running::start(folder.path(), Arc::new(Ledger::new()), pace);
    for n in 1..=3 {
        running.ledger.record(message(n));
        running.caught_up().await;
        assert_eq!(u128::from(running.total().await), n);
    }
    let waited = running.search.wait_for(99, Duration::from_millis(20)).await;
    assert_eq!(waited, Waited::TooLate);
    running.stop().await;
}

/// Whoever waits must not be told that a position of the new ledger is found
/// while the index still holds the old one.
#[tokio::test]
async fn another_ledger_replaces_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::with((1..=10).map(message)));
    let hour = Duration::from_secs(3600);
    let pace = Pace { commit_every: hour, idle: hour, ..quick() };
    let running = Running::start(folder.path(), ledger.clone(), pace);
    running.caught_up().await;
    let other = Ledger::with((100..=129).map(message));
    std::mem::swap(&mut *ledger.state(), &mut *other.state());
    running.caught_up().await;
    assert_eq!(running.total().await, 30);
    assert_eq!(running.heard.reasons(), [Reason::Missing, Reason::OtherLedger]);
    assert_eq!(generations(folder.path()).len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_ledger_that_went_back_is_followed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::with((1..=10).map(message)));
    let running = Running::start(folder.path(), ledger.clone(), quick());
    running.caught_up().await;
    ledger.state().changes.truncate(4);
    running.until(|progress| progress.position == 4).await;
    assert_eq!(running.total().await, 4);
    ledger.record(message(99));
    running.caught_up().await;
    assert_eq!(running.total().await, 5);
    assert_eq!(running.heard.reasons(), [Reason::Missing, Reason::WentBack]);
    running.stop().await;
}

#[tokio::test]
async fn a_ledger_that_is_down_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::with((1..=3).map(message)));
    ledger.state().is_down = true;
    let running = Running::start(folder.path(), ledger.clone(), quick());
    until(|| running.heard.failures.lock().unwrap().len() >= 3).await;
    ledger.state().is_down = false;
    running.caught_up().await;
    assert_eq!(running.total().await, 3);
    assert!(running.heard.failures.lock().unwrap().iter().all(|kind| *kind == "source"));
    running.stop().await;
}

#[tokio::test]
async fn a_folder_that_went_away_is_waited_for_and_searches_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (root, away) = (folder.path().join("search"), folder.path().join("away"));
    let ledger = Arc::new(Ledger::with((1..=3).map(message)));
    let running = Running::start(&root, ledger.clone(), quick());
    running.caught_up().await;
    std::fs::rename(&root, &away).unwrap();
    ledger.record(message(4));
    until(|| running.heard.failures.lock().unwrap().len() >= 3).await;
    assert_eq!(running.total().await, 3, "the last commit answers meanwhile");
    std::fs::rename(&away, &root).unwrap();
    running.caught_up().await;
    assert_eq!(running.total().await, 4);
    running.stop().await;
}

#[tokio::test]
async fn an_operator_rebuilds_while_the_old_index_answers() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::with((1..=30).map(message));
    let mut projection =
        Projection::open(folder.path(), start, Arc::new(())).unwrap().with_pace(quick());
    let stop = CancellationToken::new();
    let search = projection.search();
    for _ in 0..2 {
        let rebuilt = projection.rebuild(&ledger, &stop).await.unwrap();
        assert_eq!((rebuilt.messages, rebuilt.position), (30, 30));
        assert_eq!(search.find(Query::everywhere()).await.unwrap().total, 30);
    }
    stop.cancel();
    assert!(projection.rebuild(&ledger, &stop).await.is_err());
    assert_eq!(search.find(Query::everywhere()).await.unwrap().total, 30);
    assert_eq!(search.progress().borrow().position, 30);
}
