//! Makes the index anew beside the one in use, which answers meanwhile.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::error::SearchError;
use super::follower::work_on;
use super::generation::Generation;
use super::projection::{Projection, Reason, off_thread, tell};
use super::source::Source;

/// What a rebuild came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Messages written, changed ones once for each change read.
    pub messages: u64,
    /// Everything up to here can be found.
    pub position: i64,
}

impl Projection {
    /// Makes the index anew from the whole ledger, as of now, because somebody
    /// asked. The old one is in use until the new one is complete; its
    /// progress is in [`Progress::rebuilt`](super::Progress::rebuilt).
    ///
    /// # Errors
    /// Whatever prevents it; `Interrupted` when stopped. The old index stays.
    pub async fn rebuild(
        &mut self,
        source: &dyn Source,
        stop: &CancellationToken,
    ) -> Result<Rebuilt, SearchError> {
        self.reopen().await?;
        tell(&*self.observer, Reason::Asked);
        let rebuilt = self.build_or_clear(source, stop).await;
        rebuilt?.ok_or(SearchError::Interrupted)
    }

    /// The same because the index does not fit the ledger: what it holds does
    /// not count as found any more.
    pub(super) async fn rebuild_beside(
        &mut self,
        source: &dyn Source,
        reason: Reason,
        stop: &CancellationToken,
    ) -> Result<(), SearchError> {
        tell(&*self.observer, reason);
        self.shared.report(|progress| super::Progress { position: 0, ..progress });
        self.build_or_clear(source, stop).await.map(|_| ())
    }

    /// What is left of one that came to no end goes at once: it may be what
    /// fills the disk. `None` when stopped before the end.
    async fn build_or_clear(
        &mut self,
        source: &dyn Source,
        stop: &CancellationToken,
    ) -> Result<Option<Rebuilt>, SearchError> {
        let rebuilt = self.build_and_replace(source, stop).await;
        self.shared.report(|progress| super::Progress { rebuilt: None, ..progress });
        if let (Ok(None) | Err(_), Some(live)) = (&rebuilt, &self.live) {
            let (home, live) = (Arc::clone(&self.home), live.path().to_owned());
            let clear = move || {
                home.sweep(&live);
                Ok(())
            };
            off_thread(clear).await?;
        }
        rebuilt
    }

    /// `None` when stopped before the end.
    async fn build_and_replace(
        &mut self,
        source: &dyn Source,
        stop: &CancellationToken,
    ) -> Result<Option<Rebuilt>, SearchError> {
        let epoch = source.epoch().await?;
        let Some((next, messages)) = self.build(source, stop).await? else {
            return Ok(None);
        };
        let next = work_on(next, move |next| next.commit(epoch)).await?;
        let position = next.committed();
        self.replace(next).await?;
        self.epoch = Some(epoch);
        Ok(Some(Rebuilt { messages, position }))
    }

    /// Everything up to where the ledger is now; the rest is followed later.
    async fn build(
        &self,
        source: &dyn Source,
        stop: &CancellationToken,
    ) -> Result<Option<(Generation, u64)>, SearchError> {
        let target = source.position().await?;
        let home = Arc::clone(&self.home);
        let mut next = off_thread(move || Generation::create(&home.fresh()?)).await?;
        let mut messages = 0;
        while next.applied() < target {
            let page = source.after(next.applied(), self.pace.page);
            let Some(page) = stop.run_until_cancelled(page).await.transpose()? else {
                return Ok(None);
            };
            let is_all = page.through <= next.applied();
            messages += page.messages.len() as u64;
            next = work_on(next, move |next| next.apply(&page)).await?;
            self.tell_rebuilt(next.applied());
            if is_all {
                break;
            }
        }
        Ok(Some((next, messages)))
    }

    fn tell_rebuilt(&self, position: i64) {
        let rebuilt = Some(position);
        self.shared.report(|progress| super::Progress { rebuilt, ..progress });
    }

    /// Swaps the indexes: on disk first, then for those who search.
    async fn replace(&mut self, next: Generation) -> Result<(), SearchError> {
        let (home, old) = (Arc::clone(&self.home), self.live.take());
        let next = off_thread(move || {
            home.adopt(next.path())?;
            drop(old);
            home.sweep(next.path());
            Ok(next)
        })
        .await?;
        self.shared.show(next.view());
        let (position, at) = (next.committed(), next.applied_at());
        self.shared.report(|progress| progress.committed(position, at));
        self.live = Some(next);
        self.suspicions = 0;
        Ok(())
    }
}
