//! The box, over both ledgers, with the real intake before it and a real
//! index beside it.

mod changes;
mod closure;
mod deep;
pub(crate) mod download;
mod label_names;
mod management;
mod managers;
mod record;
mod replies;
mod rules;
mod story;
mod totals;

pub(crate) use replies::question;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::domain::{Language, MessageId, PersonId};
use facteur::intake::Judged;
use facteur::mailbox::{Claims, Mailbox, MailboxError, Reader};
use facteur::search::{Projection, Search, Waited};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::support::desk::{Desk, posted};
use crate::support::ledgers::TestLedger;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A ledger with the world in it, its intake, its index and its boxes.
pub(crate) struct House<'a> {
    pub(crate) ledger: &'a TestLedger,
    pub(crate) desk: Desk,
    pub(crate) search: Search,
    pub(crate) mailbox: Mailbox,
    /// Without an index: the ledger answers alone.
    pub(crate) plain: Mailbox,
    stop: CancellationToken,
    follower: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl<'a> House<'a> {
    pub(crate) async fn open(ledger: &'a TestLedger) -> Result<Self> {
        Self::with(ledger, Desk::open(ledger).await?)
    }

    fn with(ledger: &'a TestLedger, desk: Desk) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Self::with_clock(ledger, desk, &clock)
    }

    pub(crate) fn with_clock(
        ledger: &'a TestLedger,
        desk: Desk,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let projection = Projection::open(folder.path(), || SystemClock.now(), Arc::new(()))?;
        let (search, stop) = (projection.search(), CancellationToken::new());
        let source: Arc<dyn facteur::search::source::Source> = ledger.ledger.clone();
        #[expect(clippy::disallowed_methods, reason = "the test waits for it when it closes")]
        let follower = tokio::spawn(projection.run(source, stop.clone()));
        let mailbox = |search| {
            let (ledger, documents) = (Arc::clone(&ledger.ledger), desk.documents.clone());
            Mailbox::new(ledger, search, documents, Arc::clone(clock))
        };
        Ok(Self {
            mailbox: mailbox(Some(search.clone())),
            plain: mailbox(None),
            ledger,
            desk,
            search,
            stop,
            follower,
            _folder: folder,
        })
    }

    pub(crate) async fn post(&self, publication: &Value) -> Result<MessageId> {
        match self.desk.deliver_one(posted(publication)?).await? {
            Judged::Accepted { id, .. } => Ok(id),
            other => bail!("{other:?}"),
        }
    }

    /// Until the index knows everything.
    pub(crate) async fn indexed(&self) -> Result<()> {
        let position = self.ledger.position().await?;
        ensure!(self.search.wait_for(position, PATIENCE).await == Waited::Visible);
        Ok(())
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.stop.cancel();
        self.follower.await.context("the follower")
    }
}

pub(crate) fn reader(id: &str) -> Result<Reader> {
    Ok(Reader {
        person: PersonId::new(id)?,
        claims: Claims { name: id.to_owned(), language: Language::Fr, represents: [].into() },
    })
}

#[expect(clippy::needless_pass_by_value, reason = "answers are asked for where they are judged")]
fn is_not_found<T>(result: Result<T, MailboxError>) -> bool {
    matches!(result, Err(MailboxError::NotFound))
}
