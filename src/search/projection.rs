//! The writing side: the index that this process owns.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use uuid::Uuid;

use super::error::SearchError;
use super::finder::{Search, Shared};
use super::generation::{Generation, Unfit};
use super::home::Home;

/// Hears what the follower has to tell, for counters. Everything is logged
/// already.
pub trait Observer: Send + Sync {
    /// Something failed and will be tried again. Nothing is lost: the position
    /// moves only with a commit.
    fn failed(&self, error: &SearchError);
    /// An index is being made anew.
    fn rebuilding(&self, reason: Reason);
}

/// Hears nothing.
impl Observer for () {
    fn failed(&self, _: &SearchError) {}
    fn rebuilding(&self, _: Reason) {}
}

/// Why an index is made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There was none.
    Missing,
    /// It was made under another schema or other text rules.
    OtherSchema,
    /// It cannot be read, kept failing, or does not hold what was written.
    Damaged,
    /// The ledger is another one, or was restored.
    OtherLedger,
    /// The ledger's position went back.
    WentBack,
    /// An operator asked.
    Asked,
}

impl Reason {
    /// One word of a fixed set: for the label of a counter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::OtherSchema => "other_schema",
            Self::Damaged => "damaged",
            Self::OtherLedger => "other_ledger",
            Self::WentBack => "went_back",
            Self::Asked => "asked",
        }
    }
}

/// How the follower works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Positions asked of the ledger at once.
    pub page: usize,
    /// Time between commits under load: what an arrival waits at most.
    pub commit_every: Duration,
    /// Documents between commits: what a crash repeats at most.
    pub commit_documents: usize,
    /// Time between looks at a ledger that has nothing new.
    pub idle: Duration,
    /// First and longest pause after a failure.
    pub retry: (Duration, Duration),
    /// Time between readings of all the index's files while nothing fails.
    pub reread: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            page: 2_000,
            commit_every: Duration::from_secs(2),
            commit_documents: 50_000,
            idle: Duration::from_millis(200),
            retry: (Duration::from_millis(200), Duration::from_secs(30)),
            reread: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// The search index, owned for writing. One for each folder.
pub struct Projection {
    pub(super) home: Arc<Home>,
    /// Lost while it is at work on another thread, and after a failure.
    pub(super) live: Option<Generation>,
    /// The ledger that is being followed.
    pub(super) epoch: Option<Uuid>,
    pub(super) shared: Arc<Shared>,
    pub(super) observer: Arc<dyn Observer>,
    pub(super) pace: Pace,
    pub(super) clock: fn() -> Timestamp,
    pub(super) committed_at: Instant,
    /// When the index was last found to fit the ledger, or made to.
    pub(super) checked_at: Option<Instant>,
    /// Failures since the last commit that the index may be to blame for.
    pub(super) suspicions: u32,
}

impl Projection {
    /// Takes the folder and opens its index as of the last commit. An index
    /// that is missing, damaged or of another schema is begun anew; the old
    /// one goes. `clock` dates what is behind. Blocks on the disk.
    ///
    /// # Errors
    /// `Locked` when another process writes this index; `Folder` or `Index`
    /// when the folder cannot be written (a full disk, a missing right): may be
    /// tried again.
    pub fn open(
        path: &Path,
        clock: fn() -> Timestamp,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, SearchError> {
        let home = Arc::new(Home::take(path)?);
        let live = open_or_begin(&home, &*observer)?;
        let shared = Arc::new(Shared::new(live.view(), live.committed()));
        Ok(Self {
            home,
            epoch: live.epoch(),
            live: Some(live),
            shared,
            observer,
            pace: Pace::default(),
            clock,
            committed_at: Instant::now(),
            checked_at: None,
            suspicions: 0,
        })
    }

    /// The same at another pace.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// The reading side, which outlives this one.
    #[must_use]
    pub fn search(&self) -> Search {
        Search::of(Arc::clone(&self.shared))
    }

    /// Opens the index again after it was lost to a failure.
    pub(super) async fn reopen(&mut self) -> Result<(), SearchError> {
        if self.live.is_some() {
            return Ok(());
        }
        let (home, observer) = (Arc::clone(&self.home), Arc::clone(&self.observer));
        let mut live = off_thread(move || open_or_begin(&home, &*observer)).await?;
        live.put_off_reading();
        let position = live.committed();
        self.epoch = live.epoch();
        self.shared.show(live.view());
        self.shared.report(|progress| progress.committed(position, None));
        self.live = Some(live);
        Ok(())
    }
}

/// Does work that blocks, on a thread that may.
pub(super) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SearchError> + Send + 'static,
) -> Result<T, SearchError> {
    spawn_blocking(work).await.map_err(|_| SearchError::Interrupted)?
}

/// The generation in use, or else a new one in its place: nothing useful can
/// be read from the old one, so nothing is gained by keeping it meanwhile, and
/// the new one can go on after a restart.
fn open_or_begin(home: &Home, observer: &dyn Observer) -> Result<Generation, SearchError> {
    let reason = match home.current()?.map(|path| Generation::open(&path)) {
        Some(Ok(generation)) => {
            home.sweep(generation.path());
            return Ok(generation);
        }
        Some(Err(Unfit::Unreadable(error))) => return Err(error),
        Some(Err(Unfit::Damaged(error))) => {
            tracing::warn!(%error, "the search index is damaged");
            Reason::Damaged
        }
        Some(Err(Unfit::OtherSchema)) => Reason::OtherSchema,
        Some(Err(Unfit::Missing)) | None => Reason::Missing,
    };
    let generation = Generation::create(&home.fresh()?)?;
    home.adopt(generation.path())?;
    tell(observer, reason);
    home.sweep(generation.path());
    Ok(generation)
}

/// Logs and reports that an index is made anew.
pub(super) fn tell(observer: &dyn Observer, reason: Reason) {
    tracing::info!(reason = reason.as_str(), "rebuilding the search index");
    observer.rebuilding(reason);
}
