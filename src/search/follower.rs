//! Follows the ledger: reads pages, hands them to the index, commits by time
//! or count.
//!
//! The loop never ends by itself. Whatever fails is reported, the index is
//! opened again as of its last commit, and the ledger is asked again for what
//! came after: the position is in the commit, so nothing can be skipped.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::error::SearchError;
use super::generation::Generation;
use super::integrity::Between;
use super::projection::{Projection, Reason, off_thread};
use super::source::{Page, Source, SourceError};

/// An index that failed so often in a row, with nothing around it to blame, is
/// taken for damaged.
const SUSPICIONS_MAX: u32 = 5;

/// How long the last reading may take. What it does not reach is read after the
/// next start.
const LAST_READING_MAX: Duration = Duration::from_secs(2);

impl Projection {
    /// Follows the ledger until `stop`, reads what it holds by then, and commits.
    pub async fn run(mut self, source: Arc<dyn Source>, stop: CancellationToken) {
        let mut pauses = self.pauses();
        loop {
            let begun = Instant::now();
            let Err(error) = self.follow(&*source, &stop).await else {
                return;
            };
            self.note(&error);
            self.see(&*source, &stop).await;
            if self.followed_for(begun) > self.pace.retry.1 {
                pauses = self.pauses();
            }
            let pause = pauses.next().unwrap_or(self.pace.retry.1);
            if stop.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// How long the index fitted its ledger in this try. Of a rebuild that
    /// failed it is nothing, however long that took.
    fn followed_for(&self, begun: Instant) -> Duration {
        self.checked_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(begun))
    }

    async fn follow(
        &mut self,
        source: &dyn Source,
        stop: &CancellationToken,
    ) -> Result<(), SearchError> {
        self.reopen().await?;
        self.check(source, stop).await?;
        while let Some(page) = self.next_page(source, stop).await? {
            let is_last = self.is_short(&page)?;
            self.at_work(move |live| live.apply(&page)).await?;
            let is_commit_due = self.is_commit_due()?;
            if is_commit_due || self.is_check_due() {
                self.check(source, stop).await?;
            }
            if is_commit_due {
                self.commit().await?;
            }
            if is_last {
                self.rest(stop).await;
            }
        }
        let reading = tokio::time::timeout(LAST_READING_MAX, self.read_to_the_end(source));
        reading.await.unwrap_or(Ok(()))?;
        self.commit().await
    }

    async fn read_to_the_end(&mut self, source: &dyn Source) -> Result<(), SearchError> {
        let mut is_last = false;
        while !is_last {
            let page = source.after(self.live()?.applied(), self.pace.page).await?;
            is_last = self.is_short(&page)?;
            self.at_work(move |live| live.apply(&page)).await?;
        }
        Ok(())
    }

    /// The next page, or `None` when it is time to stop.
    async fn next_page(
        &self,
        source: &dyn Source,
        stop: &CancellationToken,
    ) -> Result<Option<Page>, SearchError> {
        let page = source.after(self.live()?.applied(), self.pace.page);
        Ok(stop.run_until_cancelled(page).await.transpose()?)
    }

    /// Whether the ledger had no more than this page. Resting after a short
    /// page, rather than an empty one, gathers a trickle into batches.
    fn is_short(&self, page: &Page) -> Result<bool, SearchError> {
        let looked_at = page.through.saturating_sub(self.live()?.applied());
        Ok(usize::try_from(looked_at).is_ok_and(|looked_at| looked_at < self.pace.page))
    }

    fn is_check_due(&self) -> bool {
        self.checked_at.is_none_or(|at| at.elapsed() >= self.pace.commit_every)
    }

    /// Compares the index with the ledger, and rebuilds what does not fit.
    /// Before each commit above all: what was read from another ledger must not
    /// be called found.
    async fn check(
        &mut self,
        source: &dyn Source,
        stop: &CancellationToken,
    ) -> Result<(), SearchError> {
        let Some(ledger) = stop.run_until_cancelled(look(source)).await else {
            return Ok(());
        };
        let (epoch, position) = ledger?;
        let now = (self.clock)();
        self.shared.report(|progress| progress.seen(position, now));
        match self.misfit(epoch, position)? {
            Some(reason) => self.rebuild_beside(source, reason, stop).await?,
            None => self.epoch = Some(epoch),
        }
        self.checked_at = Some(Instant::now());
        Ok(())
    }

    /// Says how far the ledger is, also while the index cannot be opened: a
    /// lag that nobody measures would look like none.
    async fn see(&self, source: &dyn Source, stop: &CancellationToken) {
        if let Some(Ok(position)) = stop.run_until_cancelled(source.position()).await {
            let now = (self.clock)();
            self.shared.report(|progress| progress.seen(position, now));
        }
    }

    fn misfit(&mut self, epoch: Uuid, position: i64) -> Result<Option<Reason>, SearchError> {
        let is_other = self.epoch.is_some_and(|followed| followed != epoch);
        Ok(if is_other {
            Some(Reason::OtherLedger)
        } else if self.live()?.applied() > position {
            Some(Reason::WentBack)
        } else if self.suspicions >= SUSPICIONS_MAX || self.is_damaged()? {
            Some(Reason::Damaged)
        } else {
            None
        })
    }

    /// Whether the index's files were found damaged. Has them read through where
    /// that is due.
    fn is_damaged(&mut self) -> Result<bool, SearchError> {
        let between = Between { usual: self.pace.reread, least: self.pace.retry.1 };
        let live = self.live.as_mut().ok_or(SearchError::Interrupted)?;
        if live.is_reading_due(between, self.shared.is_doubted()) {
            self.shared.forget_doubt();
            live.read_through();
        }
        Ok(live.is_damaged())
    }

    fn is_commit_due(&self) -> Result<bool, SearchError> {
        let live = self.live()?;
        let (committed, applied) = (live.committed(), live.applied());
        let is_time = self.committed_at.elapsed() >= self.pace.commit_every;
        let is_full = live.pending() >= self.pace.commit_documents;
        let is_awaited = self.shared.is_awaited(committed, applied);
        Ok(applied > committed && (is_time || is_full || is_awaited))
    }

    /// Makes what was applied findable, if there is anything.
    async fn commit(&mut self) -> Result<(), SearchError> {
        let live = self.live()?;
        let (position, at) = (live.applied(), live.applied_at());
        let Some(epoch) = self.epoch.filter(|_| position > live.committed()) else {
            return Ok(());
        };
        self.at_work(move |live| live.commit(epoch)).await?;
        self.committed_at = Instant::now();
        self.suspicions = 0;
        self.shared.report(|progress| progress.committed(position, at));
        Ok(())
    }

    /// Waits for something new, or for somebody in a hurry.
    async fn rest(&self, stop: &CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.shared.nudged() => {}
            () = sleep(self.pace.idle) => {}
        }
    }

    pub(super) fn live(&self) -> Result<&Generation, SearchError> {
        self.live.as_ref().ok_or(SearchError::Interrupted)
    }

    /// Works on the index off this thread. After a failure the index is gone:
    /// its writer cannot be trusted any more.
    async fn at_work(
        &mut self,
        work: impl FnOnce(&mut Generation) -> Result<(), SearchError> + Send + 'static,
    ) -> Result<(), SearchError> {
        let live = self.live.take().ok_or(SearchError::Interrupted)?;
        self.live = Some(work_on(live, work).await?);
        Ok(())
    }

    fn note(&mut self, error: &SearchError) {
        let cause: &dyn std::error::Error = error;
        tracing::warn!(error = cause, "following the ledger failed, will try again");
        self.observer.failed(error);
        self.suspicions += u32::from(error.blames_index());
    }

    fn pauses(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        let (first, longest) = self.pace.retry;
        ExponentialBuilder::default()
            .with_min_delay(first)
            .with_max_delay(longest)
            .without_max_times()
            .with_jitter()
            .build()
    }
}

/// Works on an index on a thread that may block. It is dropped there when the
/// work fails, since dropping it waits for its own threads.
pub(super) async fn work_on(
    mut index: Generation,
    work: impl FnOnce(&mut Generation) -> Result<(), SearchError> + Send + 'static,
) -> Result<Generation, SearchError> {
    off_thread(move || work(&mut index).map(|()| index)).await
}

async fn look(source: &dyn Source) -> Result<(Uuid, i64), SourceError> {
    Ok((source.epoch().await?, source.position().await?))
}
