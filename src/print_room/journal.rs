//! What the room has done, one JSON value a line, durable before anybody hears
//! of it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::EnterpriseNumber;
use crate::paper::report::Cause;

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(super) enum Entry {
    /// A package was fetched and kept: the job is ours.
    Claimed {
        job: Uuid,
        /// The company; none in what an older room wrote.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recipient: Option<EnterpriseNumber>,
    },
    /// Its set lies in the folder of a batch.
    Printed { job: Uuid, batch: String },
    /// It will not be printed.
    Rejected { job: Uuid, cause: Cause, detail: String },
    /// It was claimed, and is another's now: as if it had never been ours.
    Lost { job: Uuid },
    /// It was recalled in time.
    Cancelled { job: Uuid },
    /// It was recalled too late.
    RecalledLate { job: Uuid },
    /// An event was reported, under this id.
    Reported { job: Uuid, event: String },
}

/// The file, open for appending.
#[derive(Debug)]
pub(super) struct Journal(File);

impl Journal {
    /// Opens a journal and reads what stands in it. A last line without an end
    /// was never durable, and is cut off.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<Entry>)> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let (entries, end) = read(&file)?;
        file.set_len(end)?;
        file.seek(SeekFrom::End(0))?;
        Ok((Self(file), entries))
    }

    /// Appends, durably: all of it, or at a crash whole lines from its
    /// beginning.
    pub(super) fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry)?;
            lines.push(b'\n');
        }
        self.0.write_all(&lines)?;
        self.0.sync_data()
    }
}

/// The entries, and where the last whole line ends.
fn read(file: &File) -> io::Result<(Vec<Entry>, u64)> {
    let (mut entries, mut end) = (Vec::new(), 0);
    let mut lines = BufReader::new(file);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 && line.last() == Some(&b'\n') {
        let entry = serde_json::from_slice(&line).map_err(|error| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("line {}: {error}", entries.len() + 1),
            )
        })?;
        entries.push(entry);
        end += line.len() as u64;
        line.clear();
    }
    Ok((entries, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_short_is_forgotten_and_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let job = Uuid::from_u128(1);
        let first = vec![
            Entry::Claimed { job, recipient: None },
            Entry::Printed { job, batch: "b".into() },
        ];
        let (mut journal, none) = Journal::open(&path).unwrap();
        assert_eq!(none, []);
        journal.append(&first).unwrap();
        drop(journal);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"what\":\"rep").unwrap();
        let (mut journal, read) = Journal::open(&path).unwrap();
        assert_eq!(read, first);
        let rejected = Entry::Rejected { job, cause: Cause::Policy, detail: "no".into() };
        journal.append(std::slice::from_ref(&rejected)).unwrap();
        let (_, read) = Journal::open(&path).unwrap();
        assert_eq!(read.last(), Some(&rejected));
        assert_eq!(read.len(), 3);
    }

    #[test]
    fn a_line_that_is_none_is_an_error_with_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        std::fs::write(&path, "{\"what\":\"eaten\"}\n").unwrap();
        let error = Journal::open(&path).unwrap_err();
        assert!(error.to_string().starts_with("line 1: "), "{error}");
    }
}
