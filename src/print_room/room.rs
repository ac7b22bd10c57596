//! The room at work: one loop that takes, prints and reports, in turn.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::engine::{Engine, Given, Said, Word};
use super::folder::{Folder, FolderError, Stage};
use super::journal::Entry;
use super::link::{Fetched, Link, LinkError};
use super::rejection::Rejection;
use super::script::{Faults, Saying, Until};
use crate::clock::Clock;
use crate::paper::report::{HEARTBEAT, Heartbeat, REPORT, Report};
use crate::paper::ticket::{Recall, Ticket};
use crate::relay::CloudEvent;
use crate::telemetry::log::chain;

/// Tickets worked on together: the letters of a batch, at most.
pub const BATCH_MAX: usize = 100;
/// Packages fetched at the same time.
const FETCHES: usize = 4;
/// How often a package that breaks off is fetched before it counts as one
/// that cannot be had.
const BREAKS_MAX: u32 = 5;
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
    /// Reports that wait for their time, the earliest first of each delay.
    due: VecDeque<(Instant, Uuid, Saying)>,
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
        let (due, tally) = (VecDeque::new(), Tally::default());
        Ok(Self { settings, folder, engine, link: Link::new(), clock, due, tally })
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
            let due = self.due.front().map(|(at, ..)| *at);
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
        if !waiting.is_empty() {
            info!(letters = waiting.len(), "printing what was claimed before");
        }
        for piece in waiting.chunks(BATCH_MAX) {
            self.print(piece).await?;
        }
        known.iter().filter(|id| !waiting.contains(id)).for_each(|id| self.schedule(*id));
        Ok(())
    }

    async fn take(&mut self) -> Result<(), FolderError> {
        let given = self.engine.take(BATCH_MAX).await;
        let (again, claimed) = self.claim(&given).await?;
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

    /// Fetches what is new; answers which of what was given must come again,
    /// and the jobs that are ours now.
    async fn claim(&mut self, given: &[Given]) -> Result<(Vec<usize>, Vec<Uuid>), FolderError> {
        let (mut again, mut claimed) = (Vec::new(), Vec::new());
        let fetches: Vec<(usize, Ticket)> = self.news(given)?;
        let claimant = self.folder().claimant().to_owned();
        let link = &self.link;
        let mut fetched = stream::iter(fetches)
            .map(|(place, ticket)| {
                let (link, claimant) = (link.clone(), claimant.clone());
                async move { (place, ticket.job_id, fetch(link, ticket.package, claimant).await) }
            })
            .buffered(FETCHES);
        let mut outcomes = Vec::new();
        while let Some(outcome) = fetched.next().await {
            outcomes.push(outcome);
        }
        drop(fetched);
        for (place, job, outcome) in outcomes {
            match outcome {
                Ok(Fetched::Package(package)) => {
                    self.folder().keep(job, &package)?;
                    claimed.push(job);
                }
                Ok(Fetched::Refused(words)) => {
                    info!(%job, words, "not ours to print");
                    self.tally.refused += 1;
                }
                Err(LinkError::BrokenOff(error)) => {
                    let rejection = Rejection::content(format!("the package broke off: {error}"));
                    self.reject(job, rejection)?;
                }
                Err(error) => {
                    warn!(%job, error = %chain(&error), "no package; its ticket comes again");
                    again.push(place);
                }
            }
        }
        Ok((again, claimed))
    }

    /// The tickets of jobs that are new, each once.
    fn news(&mut self, given: &[Given]) -> Result<Vec<(usize, Ticket)>, FolderError> {
        let mut news: Vec<(usize, Ticket)> = Vec::new();
        for (place, given) in given.iter().enumerate() {
            match &given.word {
                Word::Ticket(ticket) => {
                    let is_known = self.folder().job(ticket.job_id).is_some()
                        || news.iter().any(|(_, other)| other.job_id == ticket.job_id);
                    if is_known {
                        self.tally.repeats += 1;
                    } else {
                        news.push((place, (**ticket).clone()));
                    }
                }
                Word::Unreadable { body, error } => {
                    warn!(error, "not a ticket; put into unreadable.jsonl");
                    self.folder().set_aside(body, error)?;
                }
                Word::Recall(_) => {}
            }
        }
        Ok(news)
    }

    /// A recall is answered by what has become of the letter meanwhile.
    fn recall(&mut self, recall: &Recall) -> Result<(), FolderError> {
        let job = recall.job_id;
        // What was never ours is left: its ticket, if it still comes, is refused.
        let Some(known) = self.folder().job(job).cloned() else { return Ok(()) };
        let entry = match known.stage {
            Stage::Cancelled => return Ok(()),
            // Asked again until the answer is heard.
            _ if known.is_recalled_late => return Ok(()),
            Stage::Claimed => Entry::Cancelled { job },
            Stage::Printed | Stage::Rejected(_) => Entry::RecalledLate { job },
        };
        self.folder().note(vec![entry])?;
        self.schedule(job);
        Ok(())
    }

    /// Draws a batch, and says so.
    async fn print(&mut self, jobs: &[Uuid]) -> Result<(), FolderError> {
        let (mut wanted, mut rejected) = (Vec::new(), Vec::new());
        for job in jobs {
            match self.settings.faults.refuses(*job) {
                Some(rejection) => rejected.push((*job, rejection)),
                None => wanted.push(*job),
            }
        }
        let batch = super::press::Batch {
            folder: Arc::clone(&self.folder),
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
            if self.due.iter().any(|(_, job, other)| *job == id && other.event == saying.event) {
                continue;
            }
            let at = Instant::now() + self.settings.delay * saying.step;
            let place = self.due.partition_point(|(other, ..)| *other <= at);
            self.due.insert(place, (at, id, saying));
        }
    }

    /// Reports what is due, and remembers that it did. After a crash between
    /// the two it is reported again, under the same ids.
    async fn report_due(&mut self) -> Result<(), FolderError> {
        let now = Instant::now();
        let count = self.due.partition_point(|(at, ..)| *at <= now).min(REPORTS);
        let due: Vec<_> = self.due.iter().take(count).cloned().collect();
        let at = self.clock.now();
        let said: Vec<Said> = due
            .iter()
            .flat_map(|(_, job, saying)| std::iter::repeat_n((job, saying), saying.times))
            .map(|(job, saying)| Said::Report(self.report(*job, saying, at)))
            .collect();
        if let Err(error) = self.engine.say(&said).await {
            warn!(error = %chain(&error), "no report; trying again");
            tokio::time::sleep(PAUSE).await;
            return Ok(());
        }
        self.due.drain(..count);
        self.tally.reported += said.len() as u64;
        let entry = |(_, job, saying): (Instant, Uuid, Saying)| Entry::Reported {
            job,
            event: saying.event,
        };
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

/// Fetches a package; one that breaks off is tried again for a while.
async fn fetch(link: Link, package: String, claimant: String) -> Result<Fetched, LinkError> {
    let mut breaks = 0;
    loop {
        let (link, package, claimant) = (link.clone(), package.clone(), claimant.clone());
        let fetched = tokio::task::spawn_blocking(move || link.fetch(&package, &claimant)).await;
        match fetched {
            Ok(Err(LinkError::BrokenOff(_))) if breaks < BREAKS_MAX => breaks += 1,
            Ok(fetched) => return fetched,
            Err(error) => return Err(LinkError::Away(error.to_string())),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
