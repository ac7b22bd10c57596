//! What lies in the folders of print rooms, counted by the marks on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use facteur::print_room::mark::Mark;
use uuid::Uuid;

use super::house::batches;
use super::scanner::marks_on;

/// Sets in one call of the reader: starting it takes longer than a mark.
const SETS_AT_ONCE: usize = 50;

/// How often each sheet was printed, by its mark, over the folders of rooms.
pub(super) fn sheets(outs: &[&Path]) -> Result<BTreeMap<(Uuid, u16), usize>> {
    let mut sets = Vec::new();
    for out in outs {
        for (batch, printed) in batches(out)? {
            sets.extend(printed.letters.iter().map(|letter| batch.join(&letter.file)));
        }
    }
    let mut sheets = BTreeMap::new();
    for mark in by_all_processors(&sets)? {
        *sheets.entry((mark.job, mark.page)).or_default() += 1;
    }
    Ok(sheets)
}

fn by_all_processors(sets: &[PathBuf]) -> Result<Vec<Mark>> {
    let readers = std::thread::available_parallelism()?.get();
    let share = sets.len().div_ceil(readers).max(1);
    let marks = std::thread::scope(|scope| {
        let reading: Vec<_> =
            sets.chunks(share).map(|sets| scope.spawn(move || marks(sets))).collect();
        let marks =
            reading.into_iter().map(|it| it.join().unwrap_or_else(|_| bail!("a reader panicked")));
        marks.collect::<Result<Vec<_>>>()
    });
    Ok(marks?.concat())
}

/// The mark of every side in some sets that has one.
fn marks(sets: &[PathBuf]) -> Result<Vec<Mark>> {
    let mut marks = Vec::new();
    for sets in sets.chunks(SETS_AT_ONCE) {
        marks.extend(marks_on(sets)?);
    }
    Ok(marks)
}
