//! Whether the files of an index hold what was written: each ends with the sum
//! of what comes before.
//!
//! They are read as files, although the library could sum them in memory: a
//! block that the disk cannot read is an error here and would end the process
//! there, and reading can be held to a pace and stopped in the middle of a file
//! of gigabytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use serde::Deserialize;
use tantivy::directory::footer::Footer;
use tantivy::directory::{Directory, FileSlice, META_LOCK};
use tantivy::index::{Segment, SegmentComponent};
use tantivy::{HasLen, Index, TantivyError};
use tokio_util::sync::CancellationToken;

use super::error::is_surroundings;

/// Bytes that are read at once. A pause follows: some 100 MB a second at most,
/// so that commits find the disk free.
const CHUNK: usize = 1 << 20;
const PAUSE: Duration = Duration::from_millis(10);

/// More than the library's footer may take, in bytes.
const FOOTER_MAX: u64 = 1 << 16;

/// The files of every segment, besides what is deleted of it.
const COMPONENTS: [SegmentComponent; 6] = [
    SegmentComponent::Terms,
    SegmentComponent::Postings,
    SegmentComponent::Positions,
    SegmentComponent::FastFields,
    SegmentComponent::FieldNorms,
    SegmentComponent::Store,
];

/// What a reading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Sound,
    Damaged,
    /// The machine is at fault, or it was stopped.
    Unknown,
}

/// Reads all files of the last commit, in `folder`, and logs what is wrong.
pub(super) fn judge(index: &Index, folder: &Path, stop: &CancellationToken) -> Verdict {
    let found = damaged(index, folder, stop);
    if stop.is_cancelled() {
        return Verdict::Unknown;
    }
    match found {
        Ok(None) => Verdict::Sound,
        Ok(Some(file)) => {
            tracing::warn!(file = %file.display(), "a file of the search index is damaged");
            Verdict::Damaged
        }
        Err(error) => {
            tracing::warn!(%error, "the search index could not be read through");
            blamed(&error)
        }
    }
}

/// Who is at fault when a file cannot be read.
pub(super) fn blamed(error: &TantivyError) -> Verdict {
    if is_surroundings(error) { Verdict::Unknown } else { Verdict::Damaged }
}

/// The first file that is not what was written.
fn damaged(
    index: &Index,
    folder: &Path,
    stop: &CancellationToken,
) -> Result<Option<PathBuf>, TantivyError> {
    let segments = segments(index)?;
    let managed = index.directory().list_managed_files();
    for file in segments.iter().flat_map(files) {
        // What the library does not know of it never removes: its list is damaged.
        if !managed.contains(&file) || !is_whole(&folder.join(&file), stop)? {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// The segments of the last commit. Their files stay while these are held, also
/// when they are merged meanwhile.
fn segments(index: &Index) -> Result<Vec<Segment>, TantivyError> {
    let _no_file_goes = index.directory().acquire_lock(&META_LOCK)?;
    index.searchable_segments()
}

fn files(segment: &Segment) -> Vec<PathBuf> {
    let deleted = segment.meta().has_deletes().then_some(SegmentComponent::Delete);
    COMPONENTS.into_iter().chain(deleted).map(|part| segment.relative_path(part)).collect()
}

/// Whether a file has the sum that it ends with; also when stopped before its
/// end.
fn is_whole(path: &Path, stop: &CancellationToken) -> io::Result<bool> {
    let file = File::open(path)?;
    let (length, wanted) = footer(&file)?;
    let (mut sum, mut at) = (crc32fast::Hasher::new(), 0);
    let mut chunk = vec![0; CHUNK];
    while at < length {
        let left = usize::try_from(length - at).unwrap_or(CHUNK);
        let part = &mut chunk[..left.min(CHUNK)];
        file.read_exact_at(part, at)?;
        sum.update(part);
        at += part.len() as u64;
        if stop.is_cancelled() {
            return Ok(true);
        }
        if left > CHUNK {
            sleep(PAUSE);
        }
    }
    Ok(sum.finalize() == wanted)
}

/// What the library keeps of a file, of which it shows no more than this form.
#[derive(Deserialize)]
struct Sum {
    crc: u32,
}

/// How many bytes come before the footer, and their sum.
fn footer(file: &File) -> io::Result<(u64, u32)> {
    let length = file.metadata()?.len();
    let before = length.saturating_sub(FOOTER_MAX);
    let mut end = vec![0; usize::try_from(length - before).unwrap_or_default()];
    file.read_exact_at(&mut end, before)?;
    let (footer, rest) = Footer::extract_footer(FileSlice::from(end))?;
    let sum: Sum = serde_json::from_value(serde_json::to_value(footer)?)?;
    Ok((before + rest.len() as u64, sum.crc))
}
