//! Import: checked whole, then written in chunks.

use std::io::{BufRead, Seek};

use jiff::Timestamp;

use super::changes::{Changes, Read};
use super::report::Report;
use super::{Progress, RegistryError, Step, check};
use crate::domain::Change;
use crate::ledger::{Ledger, Tally};

/// On whose behalf a file is imported, and who watches.
pub struct Options<'a> {
    /// Who is named in the history.
    pub actor: &'a str,
    /// When the history says it was.
    pub at: Timestamp,
    /// Called after each chunk.
    pub progress: &'a mut (dyn FnMut(Progress) + Send),
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Imported {
    /// What the file holds; without faults.
    pub report: Report,
    /// What became of it.
    pub tally: Tally,
}

/// Imports a file. Nothing is written unless all of it is right. Reference
/// data is written first, in one transaction, and the rest in chunks of 2,000;
/// an import that was interrupted is finished by importing the file again.
/// What the ledger already holds is left alone.
///
/// # Errors
/// `Faulty` with every fault when something is wrong with the file (nothing
/// was written); `Ledger` when the ledger failed, `Changed` when the file
/// did meanwhile (import it again).
pub async fn import<R: BufRead + Seek>(
    ledger: &Ledger,
    mut source: R,
    options: Options<'_>,
) -> Result<Imported, RegistryError> {
    let checked = check::run(&mut source, Some(ledger), options.progress).await?;
    let report = checked.report;
    if !report.is_clean() {
        return Err(RegistryError::Faulty(Box::new(report)));
    }
    let Options { actor, at, progress } = options;
    let mut tally = ledger.change_registry(&checked.reference, actor, at).await?;
    let mut changes = Changes::new(source)?;
    while let Some(chunk) = changes.chunk()? {
        let chunk = others(chunk)?;
        tally.add(&ledger.change_registry(&chunk, actor, at).await?);
        let lines = Some(report.lines);
        progress(Progress::new(Step::Writing, changes.number, lines));
    }
    Ok(Imported { report, tally })
}

/// The changes of a chunk that are not reference data.
fn others(chunk: Vec<Read>) -> Result<Vec<Change>, RegistryError> {
    let mut others = Vec::with_capacity(chunk.len());
    for (line, read) in chunk {
        let change = read.map_err(|_| RegistryError::Changed { line })?;
        if !change.key().kind().is_reference() {
            others.push(change);
        }
    }
    Ok(others)
}
