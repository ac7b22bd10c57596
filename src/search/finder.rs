//! The reading side: answers searches, and says how current the answers are.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use tantivy::collector::Count;
use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinError;

use super::count::CountUpTo;
use super::error::{SearchError, is_surroundings};
use super::generation::{Unfit, View};
use super::home;
use super::newest::Harvest;
use super::plan::plan;
use super::progress::{Lag, Progress};
use super::query::{Found, Query, QueryError};
use super::recent::newest;
use super::schema::message_id;
use crate::domain::MessageId;

/// Searches that run at once; the others wait. More would only make each
/// slower.
const AT_ONCE_MAX: usize = 8;

/// Answers searches. Cheap to clone; goes on answering while the index is
/// rebuilt, and after its follower has ended.
#[derive(Clone)]
pub struct Search(Arc<Shared>);

/// What the follower and the readers share.
pub(super) struct Shared {
    view: RwLock<View>,
    progress: watch::Sender<Progress>,
    /// The highest position that somebody waited for.
    wanted: AtomicI64,
    nudge: Notify,
    /// Whether a search failed for which the index may be to blame.
    is_doubted: AtomicBool,
    permits: Arc<Semaphore>,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Waited {
    /// Everything up to the position can be found.
    Visible,
    /// It took too long: ask the ledger instead.
    TooLate,
}

impl Search {
    /// Reads an index that another process writes, as of its last commit.
    /// Blocks on the disk.
    ///
    /// # Errors
    /// `NoIndex` when there is none that this version can read, else why it
    /// cannot be read.
    pub fn open(path: &Path) -> Result<Self, SearchError> {
        let generation = home::current(path)?.ok_or(SearchError::NoIndex)?;
        match View::open(&generation) {
            Ok((view, mark)) => Ok(Self(Arc::new(Shared::new(view, mark.position)))),
            Err(Unfit::Missing | Unfit::OtherSchema) => Err(SearchError::NoIndex),
            Err(Unfit::Damaged(error)) => Err(SearchError::Index(error)),
            Err(Unfit::Unreadable(error)) => Err(error),
        }
    }

    pub(super) fn of(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Answers a search as of the last commit.
    ///
    /// The answer proposes: the caller checks each message against the ledger
    /// before it is shown.
    ///
    /// # Errors
    /// What is asked too much ([`QueryError::is_callers`]), or that the index
    /// could not be read.
    pub async fn find(&self, query: Query) -> Result<Found, QueryError> {
        query.check()?;
        self.asked(move |view| find(view, &query)).await
    }

    /// How many matches a search has as of the last commit; counts up to `cap`
    /// and no further.
    ///
    /// # Errors
    /// As [`Search::find`].
    pub async fn count(&self, query: Query, cap: u64) -> Result<u64, QueryError> {
        query.check()?;
        self.asked(move |view| count(view, &query, cap)).await
    }

    /// Which of these messages the index does not hold as of the last commit.
    ///
    /// # Errors
    /// That the index could not be read.
    pub async fn missing(&self, ids: Vec<MessageId>) -> Result<Vec<MessageId>, QueryError> {
        self.asked(move |view| missing(view, ids)).await
    }

    /// Asks on a thread that may block, a few at a time.
    async fn asked<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&View) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, QueryError> {
        let permits = Arc::clone(&self.0.permits);
        let permit = permits.acquire_owned().await;
        let permit = permit.map_err(|_| QueryError::Interrupted)?;
        let view = self.0.view();
        let search = tokio::task::spawn_blocking(move || {
            let answer = ask(&view);
            drop(permit);
            answer
        });
        let answer = search.await;
        if blames_index(&answer) {
            self.0.is_doubted.store(true, Ordering::Relaxed);
        }
        answer.map_err(|_| QueryError::Interrupted)?
    }

    /// How far the index has come; a receiver of every change.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.0.progress.subscribe()
    }

    /// How far the index is behind the ledger at `now`.
    #[must_use]
    pub fn lag(&self, now: Timestamp) -> Lag {
        self.0.progress.borrow().lag(now)
    }

    /// Waits until everything up to `position` can be found, for `patience`
    /// at most. Makes the follower commit early.
    pub async fn wait_for(&self, position: i64, patience: Duration) -> Waited {
        let mut progress = self.0.progress.subscribe();
        self.0.want(position);
        let visible = progress.wait_for(|progress| progress.position >= position);
        match tokio::time::timeout(patience, visible).await {
            Ok(Ok(_)) => Waited::Visible,
            Ok(Err(_)) | Err(_) => Waited::TooLate,
        }
    }
}

impl Shared {
    pub(super) fn new(view: View, position: i64) -> Self {
        let progress = Progress { position, ledger_position: position, ..Progress::default() };
        Self {
            view: RwLock::new(view),
            progress: watch::Sender::new(progress),
            wanted: AtomicI64::new(0),
            nudge: Notify::new(),
            is_doubted: AtomicBool::new(false),
            permits: Arc::new(Semaphore::new(AT_ONCE_MAX)),
        }
    }

    fn view(&self) -> View {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Searches that begin now read this index, of which nothing is known yet.
    pub(super) fn show(&self, view: View) {
        self.forget_doubt();
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view;
    }

    /// Tells everybody how far the index has come.
    pub(super) fn report(&self, change: impl FnOnce(Progress) -> Progress) {
        self.progress.send_modify(|progress| *progress = change(*progress));
    }

    /// Whether searches failed for which the index may be to blame.
    pub(super) fn is_doubted(&self) -> bool {
        self.is_doubted.load(Ordering::Relaxed)
    }

    /// Whoever fails from here on raises the doubt again.
    pub(super) fn forget_doubt(&self) {
        self.is_doubted.store(false, Ordering::Relaxed);
    }

    fn want(&self, position: i64) {
        self.wanted.fetch_max(position, Ordering::Relaxed);
        self.nudge.notify_one();
    }

    /// Whether somebody waits for what a commit would now make visible.
    pub(super) fn is_awaited(&self, committed: i64, applied: i64) -> bool {
        let wanted = self.wanted.load(Ordering::Relaxed);
        committed < wanted && wanted <= applied
    }

    /// Returns when somebody begins to wait.
    pub(super) async fn nudged(&self) {
        self.nudge.notified().await;
    }
}

fn blames_index<T>(answer: &Result<Result<T, QueryError>, JoinError>) -> bool {
    match answer {
        Ok(Err(QueryError::Index(error))) => !is_surroundings(error),
        Ok(_) => false,
        // What is damaged is not what the library expects.
        Err(error) => error.is_panic(),
    }
}

pub(super) fn find(view: &View, query: &Query) -> Result<Found, QueryError> {
    let searcher = view.reader.searcher();
    let plan = plan(query, &view.fields, &searcher);
    let limit = query.page as usize * query.size as usize;
    let wanted = (limit, query.count_max);
    let harvest = newest(&searcher, &plan, &view.fields, wanted).map_err(QueryError::Index)?;
    Ok(page(&harvest, query))
}

pub(super) fn count(view: &View, query: &Query, cap: u64) -> Result<u64, QueryError> {
    let searcher = view.reader.searcher();
    let plan = plan(query, &view.fields, &searcher);
    searcher.search(&plan, &CountUpTo::new(cap)).map_err(QueryError::Index)
}

fn missing(view: &View, ids: Vec<MessageId>) -> Result<Vec<MessageId>, QueryError> {
    let (searcher, mut missing) = (view.reader.searcher(), Vec::new());
    for id in ids {
        let query = TermQuery::new(view.fields.id_term(id), IndexRecordOption::Basic);
        if searcher.search(&query, &Count).map_err(QueryError::Index)? == 0 {
            missing.push(id);
        }
    }
    Ok(missing)
}

fn page(harvest: &Harvest, query: &Query) -> Found {
    let before = (query.page as usize - 1) * query.size as usize;
    let rows = harvest.newest.iter().skip(before);
    Found { ids: rows.map(|&(_, high, low)| message_id(high, low)).collect(), total: harvest.total }
}
