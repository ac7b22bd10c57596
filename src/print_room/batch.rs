//! A batch: the sets of the letters that go to the press together, a JSON
//! manifest, and both in a ZIP.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::folder::durably;
use super::set::Set;
use super::sides::Press;
use crate::domain::{Digest, MessageId, PostalPriority};
use crate::paper::ticket::Ticket;

pub(super) const BATCHES: &str = "batches";
const MANIFEST: &str = "manifest.json";
const ARCHIVE: &str = "batch.zip";
const DRAFT: &str = ".draft-";

/// `manifest.json` of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Printed {
    /// The name of the batch, and of its folder.
    pub batch: String,
    /// The printer.
    pub printer: String,
    /// When it was drawn.
    pub at: Timestamp,
    /// Whether the press prints both sides of every sheet.
    pub two_sided: bool,
    /// In the order in which they go through the press.
    pub letters: Vec<Letter>,
}

/// A letter of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    /// The job.
    pub job_id: Uuid,
    /// The message on paper.
    pub message_id: MessageId,
    /// Which letter of this message, from 1.
    pub attempt: u32,
    /// The file of its set.
    pub file: String,
    /// The digest of that file.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Sides, blank ones included.
    pub pages: u16,
    /// Sheets of paper.
    pub sheets: u16,
    /// A registered item.
    pub registered: bool,
    /// With acknowledgement of receipt.
    pub acknowledgement: bool,
    /// The post's speed.
    pub priority: PostalPriority,
    /// For sorting: ISO 3166-1 alpha-2,
    pub country: String,
    /// and the postal code without spaces.
    pub postal_code: String,
}

/// A batch in the making. What is dropped unfinished is swept at the next
/// start of the room.
pub(super) struct Draft {
    name: String,
    path: PathBuf,
    letters: Vec<Letter>,
}

impl Draft {
    pub(super) fn begin(batches: &Path) -> io::Result<Self> {
        let name = Uuid::now_v7().to_string();
        let path = batches.join(format!("{DRAFT}{name}"));
        fs::create_dir(&path)?;
        Ok(Self { name, path, letters: Vec::new() })
    }

    /// Whether a folder is what a crash left of one.
    pub(super) fn is_one(path: &Path) -> bool {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(DRAFT))
    }

    /// Adds the set of a letter, durably.
    pub(super) fn add(&mut self, ticket: &Ticket, set: &Set) -> io::Result<()> {
        let file = format!("{}.pdf", ticket.job_id);
        durably(&self.path.join(&file), &set.pdf)?;
        self.letters.push(Letter {
            job_id: ticket.job_id,
            message_id: ticket.message_id,
            attempt: ticket.attempt,
            sha256: Digest::of(&set.pdf),
            size: set.pdf.len() as u64,
            pages: set.pages,
            sheets: set.sheets,
            registered: ticket.options.registered,
            acknowledgement: ticket.options.acknowledgement,
            priority: ticket.options.priority,
            country: ticket.address.country.clone(),
            postal_code: ticket.address.postal_code.clone(),
            file,
        });
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// What its manifest will say.
    pub(super) fn printed(&self, printer: &str, press: Press, at: Timestamp) -> Printed {
        Printed {
            batch: self.name.clone(),
            printer: printer.to_owned(),
            at,
            two_sided: press == Press::TwoSided,
            letters: self.letters.clone(),
        }
    }

    /// Writes the manifest and the ZIP, and makes the draft a batch: by one
    /// rename, before which none of its letters is printed.
    pub(super) fn finish(self, batches: &Path, printed: &Printed) -> io::Result<()> {
        let manifest = serde_json::to_vec_pretty(printed)?;
        durably(&self.path.join(MANIFEST), &manifest)?;
        self.archive(&manifest)?;
        File::open(&self.path)?.sync_all()?;
        fs::rename(&self.path, batches.join(&self.name))?;
        File::open(batches)?.sync_all()
    }

    /// Throws an empty draft away.
    pub(super) fn discard(self) -> io::Result<()> {
        fs::remove_dir_all(self.path)
    }

    fn archive(&self, manifest: &[u8]) -> io::Result<()> {
        let file = File::create(self.path.join(ARCHIVE))?;
        let mut zip = ZipWriter::new(BufWriter::new(file));
        // PDFs are compressed already.
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file(MANIFEST, stored)?;
        zip.write_all(manifest)?;
        for letter in &self.letters {
            zip.start_file(letter.file.as_str(), stored)?;
            io::copy(&mut BufReader::new(File::open(self.path.join(&letter.file))?), &mut zip)?;
        }
        zip.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

/// The name of a batch, where a path is one: only we name folders so.
pub(super) fn batch_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let is_ours = path.is_dir() && Uuid::parse_str(name).is_ok_and(|id| id.to_string() == name);
    is_ours.then(|| name.to_owned())
}

/// The letters of a batch, as its manifest names them. A batch has one from the
/// moment on at which it is a batch.
pub(super) fn letters_of(batch: &Path) -> io::Result<Vec<Uuid>> {
    let path = batch.join(MANIFEST);
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let printed: Printed = serde_json::from_slice(&fs::read(&path).map_err(named)?)
        .map_err(|error| named(error.into()))?;
    Ok(printed.letters.into_iter().map(|letter| letter.job_id).collect())
}
