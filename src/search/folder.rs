//! The folder of a generation, as the library writes it.
//!
//! Its files end with a sum of themselves, all but the few that it replaces
//! whole: what the index consists of, in plain JSON. A digit that flipped there
//! changes where the follower goes on, or which documents are deleted. So these
//! get a sum as well, as a last line.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tantivy::directory::error::{
    DeleteError, LockError, OpenDirectoryError, OpenReadError, OpenWriteError,
};
use tantivy::directory::{
    Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, WatchCallback, WatchHandle, WritePtr,
};

/// What the last line begins with; eight digits and the line's end follow.
const SUM: &str = "\n#crc32 ";
const LINE: usize = SUM.len() + 9;

/// A folder on the disk.
#[derive(Clone, Debug)]
pub(super) struct Folder(MmapDirectory);

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, OpenDirectoryError> {
        MmapDirectory::open(path).map(Self)
    }
}

impl Directory for Folder {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.0.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.0.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.0.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        self.0.open_write(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let content = without_sum(self.0.atomic_read(path)?);
        content.map_err(|error| OpenReadError::wrap_io_error(error, path.to_owned()))
    }

    fn atomic_write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.0.atomic_write(path, &[content, line(content).as_bytes()].concat())
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.0.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.0.acquire_lock(lock)
    }

    fn watch(&self, watch: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.0.watch(watch)
    }
}

fn line(content: &[u8]) -> String {
    format!("{SUM}{:08x}\n", crc32fast::hash(content))
}

/// What comes before the last line, which must be of it. An index of an older
/// version has none; where it was spoilt, it is no JSON.
fn without_sum(mut bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let end = bytes.len().saturating_sub(LINE);
    if !bytes[end..].starts_with(SUM.as_bytes()) {
        return Ok(bytes);
    }
    let last = bytes.split_off(end);
    if last == line(&bytes).as_bytes() {
        Ok(bytes)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the file has another sum than its last line",
        ))
    }
}
