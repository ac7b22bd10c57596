//! The press: has the letters of a batch drawn, each by a process that may
//! fall, and writes them into the folder.

use std::fs::File;
use std::io::BufReader;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use uuid::Uuid;

use super::apart::Letter;
use super::drawer::Drawer;
use super::folder::{Folder, FolderError};
use super::package;
use super::rejection::Rejection;
use super::set::Set;
use super::sides::Press;
use crate::paper::ticket::Ticket;

/// Letters drawn at the same time: what a document unpacks to is held by each.
const AT_ONCE: usize = 2;

/// What the press needs to know.
pub(super) struct Batch {
    pub(super) folder: Arc<Mutex<Folder>>,
    pub(super) drawer: Drawer,
    pub(super) printer: String,
    pub(super) sheets_max: u16,
}

type Rejected = Vec<(Uuid, Rejection)>;
type Drawn = Result<Result<(Ticket, Set), Rejection>, FolderError>;

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
            match drawn? {
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

    /// A document that makes its reader fall takes its letter with it, and no
    /// other.
    fn draw(&self, job: Uuid, press: Press) -> impl Future<Output = Drawn> + use<> {
        let (package, sheets_max) = (self.folder().package(job), self.sheets_max);
        let letter = Letter { package, job, two_sided: press == Press::TwoSided, sheets_max };
        let drawer = self.drawer.clone();
        async move {
            let drawn = drawer.draw(&letter).await.map_err(FolderError::Press)?;
            // The process has read the same, under its limits.
            Ok(drawn.and_then(|set| Ok((ticket(&letter)?, set))))
        }
    }

    fn folder(&self) -> MutexGuard<'_, Folder> {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ticket(letter: &Letter) -> Result<Ticket, Rejection> {
    let file = File::open(&letter.package);
    let file = file.map_err(|error| Rejection::content(format!("its package is gone: {error}")))?;
    package::ticket(BufReader::new(file))
}
