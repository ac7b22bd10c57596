//! The room's folder: what it has claimed, printed and reported, durable.
//!
//! ```text
//! <out>/room.lock            held by the room that works here
//!       claimant             this room's name among those of its printer
//!       journal.jsonl        what was done
//!       unreadable.jsonl     tickets that were none
//!       offered.json         tickets leased over REST and not claimed yet
//!       packages/<job>.zip   claimed and not printed yet
//!       batches/<batch>/     manifest.json, batch.zip, <job>.pdf
//! ```
//!
//! A batch is written aside and becomes one by a rename: that is the moment
//! at which its letters are printed. The journal says so afterwards, and what
//! a crash kept it from saying is read from the folder at the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::batch::{BATCHES, Draft, Printed, batch_of, letters_of};
use super::journal::{Entry, Journal};
use super::rejection::Rejection;
use crate::domain::EnterpriseNumber;
use crate::paper::report::ReportKind;
use crate::paper::ticket::Ticket;

/// Where a job stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    Claimed,
    Printed,
    Rejected(Rejection),
    Cancelled,
}

/// What the room knows of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) stage: Stage,
    /// The company, where it is known.
    pub(super) recipient: Option<EnterpriseNumber>,
    /// How often it was recalled too late.
    pub(super) recalls_late: usize,
    /// The ids of events that were reported.
    pub(super) reported: BTreeSet<String>,
}

impl Job {
    /// How many recalls were answered with no.
    pub(super) fn answers(&self) -> usize {
        let no = ReportKind::NotCancelled.as_str();
        // `<job>:not_cancelled`, `<job>:not_cancelled:2`, …
        self.reported.iter().filter(|event| event.split(':').nth(1) == Some(no)).count()
    }
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another room works in it.
    #[error("another print room works in {0}")]
    Locked(PathBuf),
    /// The file system says no.
    #[error("failed to write {0}")]
    Io(PathBuf, #[source] io::Error),
    /// Nothing can be drawn into it.
    #[error("failed to start the process that draws")]
    Press(#[source] io::Error),
}

/// The folder, owned.
pub(super) struct Folder {
    root: PathBuf,
    claimant: String,
    journal: Journal,
    jobs: BTreeMap<Uuid, Job>,
    /// Released by the system when the process ends, however it ends.
    _lock: File,
}

impl Folder {
    /// Takes the folder, which is made when it is missing, and finds out what
    /// was done before.
    pub(super) fn open(root: &Path) -> Result<Self, FolderError> {
        let failed = |error| FolderError::Io(root.to_owned(), error);
        for folder in [PACKAGES, BATCHES] {
            fs::create_dir_all(root.join(folder)).map_err(failed)?;
        }
        let lock = lock(root)?;
        let claimant = claimant(root).map_err(failed)?;
        let (journal, entries) = Journal::open(&root.join("journal.jsonl")).map_err(failed)?;
        let jobs = BTreeMap::new();
        let mut folder = Self { root: root.to_owned(), claimant, journal, jobs, _lock: lock };
        entries.into_iter().for_each(|entry| folder.know(entry));
        folder.reconcile().map_err(failed)?;
        Ok(folder)
    }

    /// This room's name among those of its printer, kept over restarts.
    pub(super) fn claimant(&self) -> &str {
        &self.claimant
    }

    pub(super) fn job(&self, id: Uuid) -> Option<&Job> {
        self.jobs.get(&id)
    }

    /// Every job it ever had.
    pub(super) fn jobs(&self) -> impl Iterator<Item = (Uuid, &Job)> {
        self.jobs.iter().map(|(id, job)| (*id, job))
    }

    /// The jobs that are claimed and wait for the press.
    pub(super) fn waiting(&self) -> Vec<Uuid> {
        self.jobs().filter(|(_, job)| job.stage == Stage::Claimed).map(|(id, _)| id).collect()
    }

    /// Keeps a package: from now on the job is ours, whatever happens.
    pub(super) fn keep(
        &mut self,
        job: Uuid,
        recipient: EnterpriseNumber,
        package: &[u8],
    ) -> Result<(), FolderError> {
        let path = self.package(job);
        durably(&path, package).map_err(|error| FolderError::Io(path, error))?;
        self.note(vec![Entry::Claimed { job, recipient: Some(recipient) }])
    }

    /// Where the package of a job lies.
    pub(super) fn package(&self, job: Uuid) -> PathBuf {
        self.root.join(PACKAGES).join(format!("{job}.zip"))
    }

    /// A new batch, to be filled.
    pub(super) fn draft(&self) -> Result<Draft, FolderError> {
        let batches = self.root.join(BATCHES);
        Draft::begin(&batches).map_err(|error| FolderError::Io(batches, error))
    }

    /// Makes a draft a batch, and says so.
    pub(super) fn print(&mut self, draft: Draft, printed: &Printed) -> Result<(), FolderError> {
        let batches = self.root.join(BATCHES);
        draft.finish(&batches, printed).map_err(|error| FolderError::Io(batches, error))?;
        let batch = &printed.batch;
        let entry = |job| Entry::Printed { job, batch: batch.clone() };
        self.note(printed.letters.iter().map(|letter| entry(letter.job_id)).collect())
    }

    /// Remembers what was leased to the room and is not claimed yet.
    pub(super) fn offer(&self, tickets: &[&Ticket]) -> Result<(), FolderError> {
        let path = self.root.join(OFFERED);
        let written = serde_json::to_vec(tickets).map_err(io::Error::other);
        let written = written.and_then(|tickets| durably(&path, &tickets));
        written.map_err(|error| FolderError::Io(path, error))
    }

    /// What was leased to a former run.
    pub(super) fn offered(&self) -> Result<Vec<Ticket>, FolderError> {
        let path = self.root.join(OFFERED);
        let read = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read,
        };
        let tickets = read.and_then(|text| serde_json::from_slice(&text).map_err(io::Error::other));
        tickets.map_err(|error| FolderError::Io(path, error))
    }

    /// Writes down what was done. What is done with a package for good needs
    /// it no more.
    pub(super) fn note(&mut self, entries: Vec<Entry>) -> Result<(), FolderError> {
        if entries.is_empty() {
            return Ok(());
        }
        let written = self.journal.append(&entries);
        written.map_err(|error| FolderError::Io(self.root.join("journal.jsonl"), error))?;
        for entry in entries {
            let (job, is_over) = over(&entry);
            self.know(entry);
            if is_over && let Err(error) = fs::remove_file(self.package(job)) {
                tracing::debug!(%job, %error, "its package was gone already");
            }
        }
        Ok(())
    }

    /// Keeps a ticket that is none, for somebody to look at.
    pub(super) fn set_aside(&self, body: &[u8], error: &str) -> Result<(), FolderError> {
        let path = self.root.join("unreadable.jsonl");
        let body = String::from_utf8_lossy(body);
        let line = serde_json::json!({ "error": error, "body": body });
        let append = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(format!("{line}\n").as_bytes())?;
            file.sync_data()
        };
        append().map_err(|error| FolderError::Io(path.clone(), error))
    }

    fn know(&mut self, entry: Entry) {
        let (id, _) = over(&entry);
        if let Entry::Lost { job } = entry {
            self.jobs.remove(&job);
            return;
        }
        let job = self.jobs.entry(id).or_default();
        match entry {
            Entry::Lost { .. } => {}
            Entry::Claimed { recipient, .. } => job.recipient = recipient,
            Entry::Printed { .. } => job.stage = Stage::Printed,
            Entry::Rejected { cause, detail, .. } => {
                job.stage = Stage::Rejected(Rejection { cause, detail });
            }
            Entry::Cancelled { .. } => job.stage = Stage::Cancelled,
            Entry::RecalledLate { .. } => job.recalls_late += 1,
            Entry::Reported { event, .. } => {
                job.reported.insert(event);
            }
        }
    }

    /// What lies in a batch is printed, whether the journal got to say so or
    /// not; drafts are what a crash left, and their letters are drawn again.
    fn reconcile(&mut self) -> io::Result<()> {
        let mut unsaid = Vec::new();
        for entry in fs::read_dir(self.root.join(BATCHES))? {
            let path = entry?.path();
            if Draft::is_one(&path) {
                fs::remove_dir_all(&path)?;
                continue;
            }
            // Whatever else somebody put there is none of ours, and stays.
            let Some(batch) = batch_of(&path) else { continue };
            for job in letters_of(&path)? {
                let is_said = self.job(job).is_some_and(|job| job.stage == Stage::Printed);
                if !is_said {
                    unsaid.push(Entry::Printed { job, batch: batch.clone() });
                }
            }
        }
        self.note(unsaid).map_err(io::Error::other)
    }
}

const PACKAGES: &str = "packages";
const OFFERED: &str = "offered.json";

/// The job of an entry, and whether its package is of no more use.
fn over(entry: &Entry) -> (Uuid, bool) {
    match entry {
        Entry::Claimed { job, .. } | Entry::RecalledLate { job } | Entry::Reported { job, .. } => {
            (*job, false)
        }
        Entry::Printed { job, .. }
        | Entry::Rejected { job, .. }
        | Entry::Lost { job }
        | Entry::Cancelled { job } => (*job, true),
    }
}

fn lock(root: &Path) -> Result<File, FolderError> {
    let path = root.join("room.lock");
    let failed = |error| FolderError::Io(path.clone(), error);
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FolderError::Locked(root.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn claimant(root: &Path) -> io::Result<String> {
    let path = root.join("claimant");
    match fs::read_to_string(&path) {
        Ok(name) => Ok(name.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = Uuid::now_v7().to_string();
            durably(&path, name.as_bytes())?;
            Ok(name)
        }
        Err(error) => Err(error),
    }
}

/// Writes a file whole or not at all.
pub(super) fn durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("tmp");
    let mut file = File::create(&aside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    File::open(path.parent().unwrap_or(path))?.sync_all()
}
