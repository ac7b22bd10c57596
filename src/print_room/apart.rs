//! Draws one letter for a print room, in a process of its own (`facteur
//! draw-letter`): a document that eats memory or never ends takes this process
//! with it, and of the room one letter.
//!
//! Answers on standard output: a line [`READY`], a line of JSON ([`Answer`]),
//! and the bytes of the set.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::PathBuf;

use rustix::process::Resource;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::bounds;
use super::package::Package;
use super::rejection::Rejection;
use super::set::{Prepared, Set};
use super::sides::Press;
use crate::paper::report::Cause;

/// What is said before anything is read.
pub(super) const READY: &str = "facteur draws a letter";
/// Memory for the letter, in bytes: an image of as many pixels as are taken
/// needs a quarter of it.
const MEMORY_MAX: u64 = 1 << 30;
/// Processor time of the process in seconds, for one whose room was killed.
const SECONDS_MAX: u64 = 60;

/// A letter to be drawn.
#[derive(Clone, Debug, clap::Args)]
pub struct Letter {
    /// Where its package lies
    #[arg(long)]
    pub package: PathBuf,
    /// Which job it must be
    #[arg(long)]
    pub job: Uuid,
    /// For a press that prints both sides
    #[arg(long)]
    pub two_sided: bool,
    /// The most sheets that are put into an envelope
    #[arg(long)]
    pub sheets_max: u16,
}

/// What is said of the letter.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Answer {
    /// So many bytes of PDF follow.
    Drawn { bytes: u64, pages: u16, sheets: u16 },
    /// Nothing follows.
    Rejected { cause: Cause, detail: String },
}

/// Draws the letter and answers.
///
/// # Errors
/// When the limits cannot be set, or nobody listens.
pub fn serve(letter: &Letter, mut answers: impl Write) -> io::Result<()> {
    bounds::memory(MEMORY_MAX)?;
    bounds::set(Resource::Cpu, SECONDS_MAX)?;
    // What a fall would leave on disk is as large as what made it fall.
    bounds::set(Resource::Core, 0)?;
    writeln!(answers, "{READY}")?;
    answers.flush()?;
    match letter.draw() {
        Ok(Set { pdf, pages, sheets }) => {
            say(&mut answers, &Answer::Drawn { bytes: pdf.len() as u64, pages, sheets })?;
            answers.write_all(&pdf)?;
        }
        Err(Rejection { cause, detail }) => {
            say(&mut answers, &Answer::Rejected { cause, detail })?;
        }
    }
    answers.flush()
}

fn say(answers: &mut impl Write, answer: &Answer) -> io::Result<()> {
    serde_json::to_writer(&mut *answers, answer)?;
    answers.write_all(b"\n")
}

impl Letter {
    fn draw(&self) -> Result<Set, Rejection> {
        let file = File::open(&self.package)
            .map_err(|error| Rejection::content(format!("its package is gone: {error}")))?;
        let package = Package::open(BufReader::new(file))?;
        if package.ticket.job_id != self.job {
            return Err(Rejection::content("the package is another job's"));
        }
        let press = if self.two_sided { Press::TwoSided } else { Press::OneSided };
        Prepared::read(package, self.sheets_max)?.draw(press, self.sheets_max)
    }
}
