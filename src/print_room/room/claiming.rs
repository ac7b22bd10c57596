//! From tickets to jobs that are ours.

use std::fs::File;
use std::io::BufReader;

use futures_util::{StreamExt as _, stream};
use tracing::{info, warn};
use uuid::Uuid;

use super::{PAUSE, Room};
use crate::paper::ticket::{Recall, Ticket};
use crate::print_room::engine::{Given, Word};
use crate::print_room::folder::{FolderError, Stage};
use crate::print_room::journal::Entry;
use crate::print_room::link::{Fetched, Link, LinkError};
use crate::print_room::package;
use crate::print_room::rejection::Rejection;
use crate::telemetry::log::chain;

/// Packages fetched, and held in memory, at the same time.
const FETCHES: usize = 4;
/// How often a package that breaks off is fetched before it counts as one
/// that cannot be had.
const BREAKS_MAX: u32 = 5;

impl Room {
    /// Fetches what is new; answers which of what was given must come again,
    /// and the jobs that are ours now.
    pub(super) async fn claim(
        &mut self,
        given: &[Given],
    ) -> Result<(Vec<usize>, Vec<Uuid>), FolderError> {
        let (mut again, mut claimed) = (Vec::new(), Vec::new());
        let fetches: Vec<(usize, Ticket)> = self.news(given)?;
        let (link, claimant) = (self.link.clone(), self.folder().claimant().to_owned());
        let mut fetched = stream::iter(fetches)
            .map(|(place, ticket)| {
                let (link, claimant) = (link.clone(), claimant.clone());
                let whose = (ticket.job_id, ticket.recipient);
                async move { (place, whose, fetch(link, ticket.package, claimant).await) }
            })
            .buffered(FETCHES);
        // Each is kept as it comes: a hundred packages may have 4 GB.
        while let Some((place, (job, recipient), outcome)) = fetched.next().await {
            match outcome {
                Ok(Fetched::Package(package)) => {
                    self.folder().keep(job, recipient, &package)?;
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

    /// Of jobs that a former run claimed, those that are ours still: what was
    /// moved or recalled meanwhile, another prints, or nobody.
    pub(super) async fn claim_again(&mut self, jobs: &[Uuid]) -> Result<Vec<Uuid>, FolderError> {
        let mut ours = Vec::new();
        for job in jobs {
            match self.fetch_again(*job).await {
                Fetched::Package(_) => ours.push(*job),
                Fetched::Refused(words) => {
                    warn!(%job, words, "not ours to print any more");
                    self.tally.refused += 1;
                    self.folder().note(vec![Entry::Lost { job: *job }])?;
                }
            }
        }
        Ok(ours)
    }

    /// Fetches a package once more, however long nobody answers: without an
    /// answer nothing may be printed. One that cannot be read has no link, and
    /// is the press's to reject.
    async fn fetch_again(&self, job: Uuid) -> Fetched {
        let file = File::open(self.folder().package(job)).ok();
        let ticket = file.and_then(|file| package::ticket(BufReader::new(file)).ok());
        let Some(ticket) = ticket else { return Fetched::Package(Vec::new()) };
        let claimant = self.folder().claimant().to_owned();
        loop {
            match fetch(self.link.clone(), ticket.package.clone(), claimant.clone()).await {
                Ok(fetched) => return fetched,
                // It is ours: the answer began, and we have it already.
                Err(LinkError::BrokenOff(_)) => return Fetched::Package(Vec::new()),
                Err(error) => warn!(%job, error = %chain(&error), "is it ours? asking again"),
            }
            tokio::time::sleep(PAUSE).await;
        }
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
    pub(super) fn recall(&mut self, recall: &Recall) -> Result<(), FolderError> {
        let job = recall.job_id;
        // What was never ours is left: its ticket, if it still comes, is refused.
        let Some(known) = self.folder().job(job).cloned() else { return Ok(()) };
        let entry = match known.stage {
            Stage::Cancelled => return Ok(()),
            // Asked again until the answer is heard; afterwards it is asked anew.
            _ if known.recalls_late > known.answers() => return Ok(()),
            Stage::Claimed => Entry::Cancelled { job },
            Stage::Printed | Stage::Rejected(_) => Entry::RecalledLate { job },
        };
        self.folder().note(vec![entry])?;
        self.schedule(job);
        Ok(())
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
