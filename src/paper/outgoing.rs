//! Letters on their way out: planned page by page, and those that may go at once
//! marked as released. A page is read and assigned while those before it are
//! written, and while the tickets of earlier ones are published.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::Instant;
use uuid::Uuid;

use super::assign::assign;
use super::loads::Loads;
use super::office::Office;
use super::printer::Printers;
use crate::ledger::{LedgerError, PlannedLetter, ReadSoFar, UnderWay};

/// Letters planned in one transaction.
pub const PLANNED_PAGE: usize = 2_000;

/// Pages written at a time: one is made durable while the next is changed.
const WRITTEN_AT_ONCE: usize = 2;

/// Letters that are written in one transaction.
enum Page {
    /// Planned for a printer before, and to be released now.
    Waiting(String, Vec<Uuid>),
    /// Planned now.
    Planned(Vec<PlannedLetter>),
}

/// What the planner goes by, beside the letters.
pub struct Way<'a, F> {
    /// The printers, as they are now.
    pub printers: &'a Printers,
    /// Whether a letter for today may go to a printer at once; asked in the order
    /// in which letters go out.
    pub may_go: F,
    /// Tickets of letters that were released when they were recorded: these are
    /// published first.
    pub passed: Vec<UnderWay>,
    /// Letters that were planned for a printer before and may go now: they go
    /// next.
    pub waiting: Vec<(String, Vec<Uuid>)>,
    /// No page is begun after this; none: all letters are planned.
    pub until: Option<Instant>,
}

/// How far it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Letters that were planned or held.
    pub planned: usize,
    /// Whether time ended before the letters did, or nobody publishes any more.
    pub is_more: bool,
}

impl Office {
    /// Plans all letters that have no printer yet, and releases none; answers how
    /// many. What cannot be addressed, or has no printer, is held.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn plan_all(&self) -> Result<usize, LedgerError> {
        let printers = self.printers_now().await?;
        let (passed, waiting, until) = (Vec::new(), Vec::new(), None);
        let way = Way { printers: &printers, may_go: |_: &str| false, passed, waiting, until };
        // Nothing is released, so nothing comes out at the other end.
        let (tickets, _nobody) = mpsc::channel(1);
        self.send_out(way, tickets).await.map(|outcome| outcome.planned)
    }

    /// Releases what waits and plans what has no printer yet. What is released,
    /// the receiver publishes; until it did, its row stands in the ledger. When
    /// it goes away, no page is begun any more.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn send_out<F: FnMut(&str) -> bool>(
        &self,
        mut way: Way<'_, F>,
        tickets: Sender<UnderWay>,
    ) -> Result<Outcome, LedgerError> {
        let now = self.clock.now();
        // After an error they are counted anew: who knows what was written?
        let kept = self.loads.lock().await.take().filter(|loads| loads.is_fresh(now));
        let mut loads = match kept {
            Some(loads) => loads,
            None => Loads::count(&self.ledger, way.printers, now).await?,
        };
        for under_way in std::mem::take(&mut way.passed) {
            // Whoever publishes may have gone: then the rows tell.
            if tickets.send(under_way).await.is_err() {
                return Ok(Outcome { is_more: true, ..Outcome::default() });
            }
        }
        let (pages, made) = mpsc::channel(1);
        let (outcome, ()) =
            tokio::try_join!(self.make(way, &mut loads, pages), self.write_all(made, tickets))?;
        *self.loads.lock().await = Some(loads);
        Ok(outcome)
    }

    /// The pages, one after the other: the plan is one pass over the letters.
    async fn make<F: FnMut(&str) -> bool>(
        &self,
        mut way: Way<'_, F>,
        loads: &mut Loads,
        pages: Sender<Page>,
    ) -> Result<Outcome, LedgerError> {
        let (mut read, mut outcome) = (ReadSoFar::default(), Outcome::default());
        for (printer, jobs) in way.waiting {
            if pages.send(Page::Waiting(printer, jobs)).await.is_err() {
                return Ok(Outcome { is_more: true, ..outcome });
            }
        }
        loop {
            let limit = i64::try_from(PLANNED_PAGE).unwrap_or(i64::MAX);
            let (letters, further) = self.ledger.unplanned_letters(read, limit).await?;
            let (is_last, now) = (letters.len() < PLANNED_PAGE, self.clock.now());
            let planned = assign(letters, way.printers, &loads.taken, now, &mut way.may_go);
            loads.add(&planned);
            outcome.planned += planned.len();
            let is_over = way.until.is_some_and(|until| Instant::now() >= until);
            let is_wanted = planned.is_empty() || pages.send(Page::Planned(planned)).await.is_ok();
            outcome.is_more = (!is_last && is_over) || !is_wanted;
            if is_last || is_over || !is_wanted {
                return Ok(outcome);
            }
            read = further;
        }
    }

    /// Writes pages, and hands on what they released in their order.
    async fn write_all(
        &self,
        mut pages: Receiver<Page>,
        tickets: Sender<UnderWay>,
    ) -> Result<(), LedgerError> {
        let (mut writing, mut is_open) = (FuturesOrdered::new(), true);
        while is_open || !writing.is_empty() {
            tokio::select! {
                page = pages.recv(), if is_open && writing.len() < WRITTEN_AT_ONCE => match page {
                    Some(page) => writing.push_back(self.write(page)),
                    None => is_open = false,
                },
                Some(written) = writing.next(), if !writing.is_empty() => {
                    if let Some(under_way) = written? && tickets.send(under_way).await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    async fn write(&self, page: Page) -> Result<Option<UnderWay>, LedgerError> {
        let now = self.clock.now();
        match page {
            Page::Waiting(printer, jobs) => self.ledger.release_letters(&printer, jobs, now).await,
            Page::Planned(planned) => self.ledger.plan_letters(&planned, now).await,
        }
    }

    /// The printers, with those paused that an operator stopped.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn printers_now(&self) -> Result<Arc<Printers>, LedgerError> {
        let standings = self.ledger.printer_standings().await?;
        let stopped: Vec<&str> =
            standings.iter().filter(|it| it.is_paused).map(|it| it.name.as_str()).collect();
        if stopped.is_empty() {
            return Ok(Arc::clone(&self.printers));
        }
        let mut printers = Printers::clone(&self.printers);
        for printer in &mut printers.all {
            printer.paused |= stopped.contains(&printer.name.as_str());
        }
        Ok(Arc::new(printers))
    }
}
