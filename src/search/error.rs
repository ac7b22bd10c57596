//! What can go wrong between the ledger and the index.

use std::io;

use tantivy::TantivyError;
use tantivy::directory::error::{OpenDirectoryError, OpenReadError, OpenWriteError};

use super::source::SourceError;

/// Why the index could not be opened, followed or rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// Its folder belongs to another running process.
    #[error("another process writes this index")]
    Locked,
    /// Only a writing process makes an index, and none has.
    #[error("there is no search index here yet")]
    NoIndex,
    /// Its folder cannot be made, read or written.
    #[error("the search index's folder cannot be used")]
    Folder(#[source] io::Error),
    /// The index refused; the last commit stands.
    #[error("the search index cannot be written")]
    Index(#[source] TantivyError),
    /// The ledger could not be read.
    #[error("the search index cannot follow")]
    Source(#[from] SourceError),
    /// A thread at work on the index ended in a panic, or the process is
    /// stopping.
    #[error("work on the search index was interrupted")]
    Interrupted,
}

impl SearchError {
    /// One word of a fixed set: for the label of a counter.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::NoIndex => "no_index",
            Self::Folder(_) => "folder",
            Self::Index(error) if is_surroundings(error) => "disk",
            Self::Index(_) => "index",
            Self::Source(_) => "source",
            Self::Interrupted => "interrupted",
        }
    }

    /// Whether the index itself may be at fault, rather than what is around it:
    /// then trying again for ever would not help, and rebuilding may.
    pub(super) fn blames_index(&self) -> bool {
        match self {
            Self::Index(error) => !is_surroundings(error),
            Self::Interrupted => true,
            Self::Locked | Self::NoIndex | Self::Folder(_) | Self::Source(_) => false,
        }
    }
}

impl From<io::Error> for SearchError {
    fn from(error: io::Error) -> Self {
        Self::Folder(error)
    }
}

impl From<TantivyError> for SearchError {
    fn from(error: TantivyError) -> Self {
        match error {
            TantivyError::LockFailure(..) => Self::Locked,
            error => Self::Index(error),
        }
    }
}

/// Whether the machine, not the index, is at fault: a full disk, a missing
/// right, too many open files.
pub(super) fn is_surroundings(error: &TantivyError) -> bool {
    io_error(error).is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge
                | io::ErrorKind::ReadOnlyFilesystem
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::OutOfMemory
                | io::ErrorKind::Interrupted
                | io::ErrorKind::ResourceBusy
        ) || error.raw_os_error().is_some_and(|code| TOO_MANY_FILES.contains(&code))
    })
}

/// `ENFILE` and `EMFILE`, which have no kind of their own.
const TOO_MANY_FILES: [i32; 2] = [23, 24];

fn io_error(error: &TantivyError) -> Option<&io::Error> {
    match error {
        TantivyError::IoError(error)
        | TantivyError::OpenReadError(OpenReadError::IoError { io_error: error, .. })
        | TantivyError::OpenWriteError(OpenWriteError::IoError { io_error: error, .. })
        | TantivyError::OpenDirectoryError(OpenDirectoryError::IoError {
            io_error: error, ..
        }) => Some(error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_full_disk_is_not_the_fault_of_the_index() {
        for (code, is_surroundings) in [(28, true), (13, true), (24, true), (5, false)] {
            let error = TantivyError::IoError(Arc::new(io::Error::from_raw_os_error(code)));
            assert_eq!(super::is_surroundings(&error), is_surroundings, "{error}");
            assert_eq!(SearchError::from(error).blames_index(), !is_surroundings);
        }
        let truncated = TantivyError::IoError(Arc::new(io::ErrorKind::UnexpectedEof.into()));
        assert_eq!(SearchError::from(truncated).kind(), "index");
    }
}
