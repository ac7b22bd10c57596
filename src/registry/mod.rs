//! The registry as a file: checked, imported, exported.
//!
//! JSON Lines, one record a line, described in `docs/registry.md` and
//! `schemas/registry.schema.json`. A file that has a fault anywhere changes
//! nothing; every fault is named with its line and place.

mod changes;
mod check;
mod export;
mod format;
mod import;
mod lines;
mod report;
mod sense;
mod strict;
#[cfg(test)]
mod tests;

pub use export::export;
pub(crate) use format::Line;
pub use format::line;
pub use import::{Imported, Options, import};
pub use report::{Fault, Report};

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};

use crate::ledger::{Ledger, LedgerError};

/// A registry file was not read, written or taken.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file cannot be read.
    #[error("the registry file cannot be read")]
    Read(#[from] io::Error),
    /// The export cannot be written.
    #[error("the registry cannot be written")]
    Write(#[source] io::Error),
    /// The ledger did not do its part.
    #[error("the ledger did not do its part")]
    Ledger(#[from] LedgerError),
    /// The file has faults; nothing was imported.
    #[error("the registry file has {} faults; nothing was imported", .0.faults_total)]
    Faulty(Box<Report>),
    /// The file was written to while it was imported.
    #[error("line {line} changed while the file was imported: import it again")]
    Changed {
        /// The line that no longer reads as it did.
        line: u64,
    },
}

/// What is being done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Each line is read and checked.
    Reading,
    /// References are looked up.
    Referring,
    /// Records are written.
    Writing,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Doing what.
    pub step: Step,
    /// Lines done in this step.
    pub lines: u64,
    /// Of how many; none as long as nobody has counted them.
    pub of: Option<u64>,
}

impl Progress {
    fn new(step: Step, lines: u64, of: Option<u64>) -> Self {
        Self { step, lines, of }
    }
}

/// Checks a file and changes nothing. With a ledger, records may refer to what
/// the ledger holds, as in an import; without one, the file must be complete
/// in itself.
///
/// # Errors
/// `Read` when the file cannot be read, `Ledger` when the ledger failed;
/// faults of the file are in the report.
pub async fn check<R: BufRead + Seek>(
    mut source: R,
    ledger: Option<&Ledger>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Report, RegistryError> {
    let checked = check::run(&mut source, ledger, progress).await?;
    Ok(checked.report)
}

/// Keeps what can be read only once, such as standard input, in a temporary
/// file that vanishes with the process, so that it can be checked before it is
/// imported.
///
/// # Errors
/// When it cannot be read, or there is no room for it.
pub fn spool(mut reader: impl Read) -> Result<BufReader<File>, RegistryError> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut reader, &mut file)?;
    Ok(BufReader::new(file))
}
