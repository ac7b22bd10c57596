//! The folder of the index: generations side by side, and a pointer file that
//! names the one in use.
//!
//! ```text
//! <search.path>/writer.lock     held by the process that writes
//!               current         the name of the generation in use
//!               g-<uuid>/       one tantivy index
//! ```
//!
//! The pointer is replaced by a rename: at any moment it names one generation
//! whole. What it does not name is left over from a crash and swept.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::error::SearchError;

const POINTER: &str = "current";
const PREFIX: &str = "g-";

/// The folder, owned for writing.
#[derive(Debug)]
pub(super) struct Home {
    root: PathBuf,
    /// Released by the system when the process ends, however it ends.
    _lock: File,
}

impl Home {
    /// Takes the folder, which is made when it is missing.
    ///
    /// One lock for all generations: tantivy's own is per index, and a second
    /// process could write the next one.
    pub(super) fn take(root: &Path) -> Result<Self, SearchError> {
        fs::create_dir_all(root)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(root.join("writer.lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { root: root.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(SearchError::Locked),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// The generation in use.
    pub(super) fn current(&self) -> io::Result<Option<PathBuf>> {
        current(&self.root)
    }

    /// An empty folder for a new generation.
    pub(super) fn fresh(&self) -> io::Result<PathBuf> {
        let path = self.root.join(format!("{PREFIX}{}", Uuid::now_v7().simple()));
        fs::create_dir(&path)?;
        Ok(path)
    }

    /// Makes this generation the one in use, and durably so.
    pub(super) fn adopt(&self, generation: &Path) -> io::Result<()> {
        let next = self.root.join("current.next");
        let mut file = File::create(&next)?;
        file.write_all(name(generation).as_bytes())?;
        file.sync_all()?;
        fs::rename(&next, self.root.join(POINTER))?;
        File::open(&self.root)?.sync_all()
    }

    /// Removes every generation but this one. What cannot be removed now is
    /// removed the next time.
    pub(super) fn sweep(&self, keep: &Path) {
        let Ok(entries) = fs::read_dir(&self.root) else {
            return;
        };
        let left_over = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path != keep && name(path).starts_with(PREFIX));
        for path in left_over {
            if let Err(error) = fs::remove_dir_all(&path) {
                tracing::warn!(%error, generation = name(&path), "an old search index stays for now");
            }
        }
    }
}

/// The generation in use in this folder, for readers and the owner alike.
/// A pointer that names no generation is like a missing one.
pub(super) fn current(root: &Path) -> io::Result<Option<PathBuf>> {
    match fs::read(root.join(POINTER)) {
        Ok(bytes) => Ok(named(&bytes).map(|name| root.join(name))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Nothing but a name that [`Home::fresh`] gives: a damaged pointer must not
/// lead out of the folder.
fn named(bytes: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(bytes).ok()?.trim_end();
    let id = name.strip_prefix(PREFIX)?;
    Uuid::try_parse(id).is_ok().then_some(name)
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::take(folder.path()).unwrap();
        assert!(matches!(Home::take(folder.path()), Err(SearchError::Locked)));
        drop(home);
        assert!(Home::take(folder.path()).is_ok());
    }

    #[test]
    fn the_pointer_names_what_was_adopted_and_the_rest_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::take(folder.path()).unwrap();
        assert_eq!(home.current().unwrap(), None);
        let (old, new) = (home.fresh().unwrap(), home.fresh().unwrap());
        home.adopt(&old).unwrap();
        home.adopt(&new).unwrap();
        home.sweep(&new);
        assert_eq!(home.current().unwrap().as_deref(), Some(new.as_path()));
        assert!(new.is_dir() && !old.is_dir());
    }

    #[test]
    fn a_damaged_pointer_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        for content in [&b""[..], b"\xff\xfe", b"..", b"/etc", b"g-", b"g-../../etc"] {
            fs::write(folder.path().join(POINTER), content).unwrap();
            assert_eq!(current(folder.path()).unwrap(), None, "{content:?}");
        }
    }
}
