//! The room at work: one loop that takes, prints and reports, in turn.

mod claiming;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::drawer::Drawer;
use super::due::Due;
use super::engine::{Engine, Given, Said, Word};
use super::folder::{Folder, FolderError};
use super::journal::Entry;
use super::link::Link;
use super::rejection::Rejection;
use super::script::{Faults, Saying, Until};
use crate::clock::Clock;
use crate::paper::report::{HEARTBEAT, Heartbeat, REPORT, Report};
use crate::paper::ticket::Ticket;
use crate::relay::CloudEvent;
use crate::telemetry::log::chain;

/// Tickets worked on together: the letters of a batch, at most.
pub const BATCH_MAX: usize = 100;
/// Reports in one message.
const REPORTS: usize = 500;
const PAUSE: Duration = Duration::from_millis(500);

/// How a room works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The printer's name.
    pub printer: String,
    /// The folder it works in.
    pub out: PathBuf,
    /// The program that draws a letter: `facteur`.
    pub program: PathBuf,
    /// The most sheets it puts into an envelope.
    pub sheets_max: u16,
    /// The last that it reports of a letter that goes well.
    pub until: Until,
    /// Between two reports of a letter.
    pub delay: Duration,
    /// Between two signs of life.
    pub heartbeat: Duration,
    /// What goes wrong on purpose.
    pub faults: Faults,
}

/// What a room did, from its start to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Letters whose sets were written.
    pub printed: u64,
    /// Letters that could not be printed, or were to fail.
    pub rejected: u64,
    /// Tickets of jobs that it had already.
    pub repeats: u64,
    /// Tickets that the engine did not let it claim.
    pub refused: u64,
    /// Reports that the engine has.
    pub reported: u64,
}

/// A print room.
pub struct Room {
    settings: Settings,
    folder: Arc<Mutex<Folder>>,
    engine: Engine,
    link: Link,
    clock: Arc<dyn Clock>,
    due: Due,
    tally: Tally,
}

impl Room {
    /// Takes its folder, and finds out what was done before.
    ///
    /// # Errors
    /// When another room works there, or the folder cannot be written.
    pub fn open(
        settings: Settings,
        mut engine: Engine,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, FolderError> {
        let folder = Folder::open(&settings.out)?;
        engine.introduce(folder.claimant());
        let folder = Arc::new(Mutex::new(folder));
        Ok(Self {
            settings,
            folder,
            engine,
            link: Link::new(),
            clock,
            due: Due::default(),
            tally: Tally::default(),
        })
    }

    /// Works until it is told to stop. What it has in hand then comes again,
    /// or is found in its folder.
    ///
    /// # Errors
    /// When the folder can no longer be written: a room that cannot remember
    /// must not print.
    pub async fn run(mut self, stop: CancellationToken) -> Result<Tally, FolderError> {
        tokio::select! {
            done = self.work() => done?,
            () = stop.cancelled() => {}
        }
        Ok(self.tally)
    }

    async fn work(&mut self) -> Result<(), FolderError> {
        self.resume().await?;
        let mut heartbeat = tokio::time::interval(self.settings.heartbeat);
        loop {
            let due = self.due.next();
            tokio::select! {
                _ = heartbeat.tick() => self.beat().await,
                () = until(due) => self.report_due().await?,
                () = self.engine.wait() => self.take().await?,
            }
        }
    }

    /// Goes on where a former run ended.
    async fn resume(&mut self) -> Result<(), FolderError> {
        let (waiting, known) = {
            let folder = self.folder();
            let known: Vec<Uuid> = folder.jobs().map(|(id, _)| id).collect();
            (folder.waiting(), known)
        };
        let offered = self.folder().offered()?;
        self.engine.remember(offered);
        if !waiting.is_empty() {
            info!(letters = waiting.len(), "printing what was claimed before");
        }
        for piece in waiting.chunks(BATCH_MAX) {
            let ours = self.claim_again(piece).await?;
            self.print(&ours).await?;
        }
        known.iter().filter(|id| !waiting.contains(id)).for_each(|id| self.schedule(*id));
        Ok(())
    }

    async fn take(&mut self) -> Result<(), FolderError> {
        let given = self.engine.take(BATCH_MAX).await;
        self.offered(given.iter())?;
        let (again, claimed) = self.claim(&given).await?;
        self.offered(again.iter().filter_map(|at| given.get(*at)))?;
        self.engine.settle(&given, &again).await;
        for recall in given.iter().filter_map(|it| match &it.word {
            Word::Recall(recall) => Some(recall),
            _ => None,
        }) {
            self.recall(recall)?;
        }
        self.print(&claimed).await?;
        if !again.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Remembers what nobody else would give again.
    fn offered<'a>(&self, given: impl Iterator<Item = &'a Given>) -> Result<(), FolderError> {
        if self.engine.gives_again() {
            return Ok(());
        }
        let tickets: Vec<&Ticket> = given
            .filter_map(|it| match &it.word {
                Word::Ticket(ticket) => Some(&**ticket),
                _ => None,
            })
            .collect();
        self.folder().offer(&tickets)
    }

    /// Draws a batch, and says so.
    async fn print(&mut self, jobs: &[Uuid]) -> Result<(), FolderError> {
        let (mut wanted, mut rejected) = (Vec::new(), Vec::new());
        for job in jobs {
            let recipient = self.folder().job(*job).and_then(|it| it.recipient);
            match self.settings.faults.refuses(*job, recipient) {
                Some(rejection) => rejected.push((*job, rejection)),
                None => wanted.push(*job),
            }
        }
        let batch = super::press::Batch {
            folder: Arc::clone(&self.folder),
            drawer: Drawer::new(self.settings.program.clone()),
            printer: self.settings.printer.clone(),
            sheets_max: self.settings.sheets_max,
        };
        let (printed, broken) = batch.print(wanted, self.clock.now()).await?;
        rejected.extend(broken);
        self.tally.printed += printed.len() as u64;
        for (job, rejection) in rejected {
            self.reject(job, rejection)?;
        }
        printed.into_iter().for_each(|job| self.schedule(job));
        Ok(())
    }

    fn reject(&mut self, job: Uuid, rejection: Rejection) -> Result<(), FolderError> {
        info!(%job, %rejection, "rejected");
        self.tally.rejected += 1;
        let Rejection { cause, detail } = rejection;
        self.folder().note(vec![Entry::Rejected { job, cause, detail }])?;
        self.schedule(job);
        Ok(())
    }

    /// Plans the reports that a job still lacks.
    fn schedule(&mut self, id: Uuid) {
        let (faults, until) = (self.settings.faults, self.settings.until);
        let lacking: Vec<Saying> = {
            let folder = self.folder();
            let Some(job) = folder.job(id) else { return };
            let script = faults.script(id, job, until);
            script.into_iter().filter(|saying| !job.reported.contains(&saying.event)).collect()
        };
        for saying in lacking {
            self.due.add(Instant::now() + self.settings.delay * saying.step, id, saying);
        }
    }

    /// Reports what is due, and remembers that it did. After a crash between
    /// the two it is reported again, under the same ids.
    async fn report_due(&mut self) -> Result<(), FolderError> {
        let due = self.due.ready(Instant::now(), REPORTS);
        let at = self.clock.now();
        let said: Vec<Said> = due
            .iter()
            .flat_map(|(job, saying)| std::iter::repeat_n((job, saying), saying.times))
            .map(|(job, saying)| Said::Report(self.report(*job, saying, at)))
            .collect();
        if let Err(error) = self.engine.say(&said).await {
            warn!(error = %chain(&error), "no report; trying again");
            tokio::time::sleep(PAUSE).await;
            return Ok(());
        }
        self.due.said(due.len());
        self.tally.reported += said.len() as u64;
        let entry = |(job, saying): (Uuid, Saying)| Entry::Reported { job, event: saying.event };
        self.folder().note(due.into_iter().map(entry).collect())
    }

    async fn beat(&mut self) {
        let (printer, at) = (self.settings.printer.clone(), self.clock.now());
        let heartbeat =
            self.event(Uuid::now_v7().to_string(), HEARTBEAT, at, Heartbeat { printer, at });
        if let Err(error) = self.engine.say(&[Said::Heartbeat(heartbeat)]).await {
            warn!(error = %chain(&error), "no sign of life");
        }
    }

    fn report(&self, job: Uuid, saying: &Saying, at: Timestamp) -> CloudEvent<Report> {
        let report = Report {
            job_id: job,
            printer: self.settings.printer.clone(),
            kind: saying.kind,
            cause: saying.cause,
            detail: saying.detail.clone(),
            at,
        };
        self.event(saying.event.clone(), REPORT, at, report)
    }

    fn event<T>(&self, id: String, r#type: &str, at: Timestamp, data: T) -> CloudEvent<T> {
        let source = format!("urn:facteur:printer:{}", self.settings.printer);
        CloudEvent::new(id, source, r#type, at, None, data)
    }

    fn folder(&self) -> MutexGuard<'_, Folder> {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
