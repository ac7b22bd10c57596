//! What a command works with: ledger and time, and every other part once it is
//! asked for. So a slip in a file that a command does not need, above all in the
//! policy, does not take that command away.

use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::{close, machine};
use crate::clock::{Clock, FastClock};
use crate::config::Config;
use crate::documents::DocumentStore;
use crate::ledger::{Ledger, LedgerError};
use crate::paper::printer::Printers;
use crate::queue::Queue;

/// The parts that every command needs, and the way to the others.
pub struct Tools {
    /// What it was opened with.
    pub config: Config,
    /// The truth.
    pub ledger: Arc<Ledger>,
    /// The time: the machine's, or a sandbox's.
    pub clock: Arc<dyn Clock>,
    /// The same clock, where it is a sandbox's.
    pub(super) fast: Option<Arc<FastClock>>,
    queue: OnceCell<Arc<dyn Queue>>,
}

impl Tools {
    /// Opens the ledger. A PostgreSQL that is away is waited for by those who
    /// need it, not here.
    ///
    /// # Errors
    /// An address that cannot be read, a file that cannot be opened.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let fast = match config.sandbox.day_in_secs {
            0 => None,
            secs => Some(Arc::new(FastClock::new(secs, machine()))),
        };
        let ledger = Ledger::open(config.ledger.url.as_str(), config.ledger.connections).await;
        Ok(Self {
            ledger: Arc::new(ledger.context("failed to open ledger.url")?),
            clock: fast.clone().map_or_else(machine, |fast| fast as Arc<dyn Clock>),
            fast,
            queue: OnceCell::new(),
            config,
        })
    }

    /// Brings the ledger up to date; see [`App::migrate`](super::App::migrate).
    ///
    /// # Errors
    /// When the ledger cannot be migrated, or does not answer.
    pub async fn migrate(&self) -> Result<(), LedgerError> {
        migrate(&self.ledger, self.fast.as_deref()).await
    }

    /// The broker. One that is away is waited for by those who need it.
    ///
    /// # Errors
    /// An address that cannot be read, a file that cannot be opened.
    pub async fn queue(&self) -> anyhow::Result<&Arc<dyn Queue>> {
        let open = async || crate::queue::open(self.config.queue.url.as_str()).await;
        self.queue.get_or_try_init(open).await.context("failed to open queue.url")
    }

    /// Content.
    ///
    /// # Errors
    /// An address that cannot be read.
    pub fn documents(&self) -> anyhow::Result<DocumentStore> {
        let documents = DocumentStore::open(self.config.documents.url.as_str());
        documents.context("failed to open documents.url")
    }

    /// Who prints what.
    ///
    /// # Errors
    /// A faulty file, naming what is wrong in it.
    pub fn printers(&self) -> anyhow::Result<Printers> {
        self.config.printers().context("failed to read paper.printers")
    }

    /// Closes what was opened.
    pub async fn close(&self) {
        close(self.queue.get(), &self.ledger).await;
    }
}

/// In a sandbox time runs fast from the moment on at which this was first done.
pub(super) async fn migrate(ledger: &Ledger, fast: Option<&FastClock>) -> Result<(), LedgerError> {
    ledger.migrate().await?;
    let Some(fast) = fast else { return Ok(()) };
    let mut drawn = [0; 32];
    drawn[..8].copy_from_slice(&machine().now().as_microsecond().to_be_bytes());
    let kept = ledger.secret("sandbox", drawn).await?;
    let from = kept.first_chunk().map(|micros| i64::from_be_bytes(*micros));
    let from = from.and_then(|micros| Timestamp::from_microsecond(micros).ok());
    fast.run_from(from.ok_or_else(|| LedgerError::Shape("no moment".into()))?);
    Ok(())
}
