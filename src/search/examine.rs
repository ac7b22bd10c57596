//! Whether the folder of an index is fit to be worked with.

use std::path::Path;

use super::error::SearchError;
use super::finder::Search;

/// Asks whether the folder can be written and what is in it can be read. An
/// index that is not there is no fault: the first engine makes it.
///
/// # Errors
/// `Folder`, or what is wrong with the index.
pub fn examine(path: &Path) -> Result<(), SearchError> {
    std::fs::create_dir_all(path)?;
    // Gone when it is dropped. The lock is not tried: an engine that starts
    // at this moment would find it taken.
    tempfile::tempfile_in(path)?;
    match Search::open(path) {
        Ok(_) | Err(SearchError::NoIndex) => Ok(()),
        Err(error) => Err(error),
    }
}
