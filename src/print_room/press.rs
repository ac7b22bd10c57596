//! The press: draws the letters of a batch, each on a thread that may fall,
//! and writes them into the folder.

use std::fs::File;
use std::io::BufReader;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use tracing::error;
use uuid::Uuid;

use super::folder::{Folder, FolderError};
use super::package::{self, Package};
use super::rejection::Rejection;
use super::set::{Prepared, Set};
use super::sides::Press;
use crate::paper::ticket::Ticket;

/// Letters drawn at the same time: what a document unpacks to is held by each.
const AT_ONCE: usize = 2;

/// What the press needs to know.
pub(super) struct Batch {
    pub(super) folder: Arc<Mutex<Folder>>,
    pub(super) printer: String,
    pub(super) sheets_max: u16,
}

type Rejected = Vec<(Uuid, Rejection)>;
type Drawn = Result<(Ticket, Set), Rejection>;

impl Batch {
    /// Prints jobs whose packages are kept; answers those that were printed,
    /// and those that could not be.
    pub(super) async fn print(
        self,
        jobs: Vec<Uuid>,
        at: Timestamp,
    ) -> Result<(Vec<Uuid>, Rejected), FolderError> {
        if jobs.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let press = self.press(&jobs);
        let mut draft = self.folder().draft()?;
        let (mut printed, mut rejected) = (Vec::new(), Vec::new());
        let mut drawn = stream::iter(jobs)
            .map(|job| {
                let drawn = self.draw(job, press);
                async move { (job, drawn.await) }
            })
            .buffered(AT_ONCE);
        while let Some((job, drawn)) = drawn.next().await {
            match drawn {
                Ok((ticket, set)) => {
                    let added = draft.add(&ticket, &set);
                    added.map_err(|error| FolderError::Io(self.folder().package(job), error))?;
                    printed.push(job);
                }
                Err(rejection) => rejected.push((job, rejection)),
            }
        }
        drop(drawn);
        if draft.is_empty() {
            let discarded = draft.discard();
            discarded.map_err(|error| FolderError::Io("batches".into(), error))?;
        } else {
            let manifest = draft.printed(&self.printer, press, at);
            self.folder().print(draft, &manifest)?;
        }
        Ok((printed, rejected))
    }

    /// Both sides, when one letter of the batch wants it.
    fn press(&self, jobs: &[Uuid]) -> Press {
        let wants_both = |job: &Uuid| {
            let file = File::open(self.folder().package(*job)).ok();
            let ticket = file.and_then(|file| package::ticket(BufReader::new(file)).ok());
            ticket.is_some_and(|ticket| ticket.options.duplex)
        };
        if jobs.iter().any(wants_both) { Press::TwoSided } else { Press::OneSided }
    }

    /// A document that makes the reader fall takes its letter with it, and
    /// no other.
    fn draw(&self, job: Uuid, press: Press) -> impl Future<Output = Drawn> + use<> {
        let (path, sheets_max) = (self.folder().package(job), self.sheets_max);
        let drawing = move || {
            let file = File::open(&path)
                .map_err(|error| Rejection::content(format!("its package is gone: {error}")))?;
            let package = Package::open(BufReader::new(file))?;
            if package.ticket.job_id != job {
                return Err(Rejection::content("the package is another job's"));
            }
            let prepared = Prepared::read(package, sheets_max)?;
            let set = prepared.draw(press, sheets_max)?;
            Ok((prepared.ticket().clone(), set))
        };
        async move {
            tokio::task::spawn_blocking(drawing).await.unwrap_or_else(|fall| {
                error!(%job, %fall, "a document made the press fall");
                Err(Rejection::unprintable("a document that cannot be read to its end"))
            })
        }
    }

    fn folder(&self) -> MutexGuard<'_, Folder> {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
