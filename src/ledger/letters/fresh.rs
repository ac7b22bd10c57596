//! What the tickets of letters are made of that this process recorded a moment
//! ago. Read back from messages and registry, it takes a third of what a letter
//! costs the database; how its letter stands is asked there all the same.
//!
//! Kept until its ticket is written, and for a minute at most: another engine
//! may write the tickets. When there is no room, what came first stays, since
//! that is wanted first.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::domain::Language;
use crate::ledger::record::Accepted;

/// Bytes of publications that are kept.
const BYTES_MAX: usize = 8 << 20;
/// Microseconds for which they are.
const AGE_MAX: i64 = 60_000_000;

/// What a letter is made of beside its row, where its envelope is made.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::ledger) struct Matter {
    /// The language that its company is written to in.
    pub(super) language: Language,
    /// The publication as JSON.
    pub(super) publication: String,
}

/// By job id; these are drawn on arrival, and ordered by time.
#[derive(Default)]
pub(in crate::ledger) struct Fresh(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_job: BTreeMap<Uuid, (i64, Matter)>,
    bytes: usize,
}

/// Takes the matter out of new messages whose letters have their envelope: nobody
/// needs the text any more once their rows are written.
pub(in crate::ledger) fn taken_from(accepted: &mut [Accepted]) -> Vec<(Uuid, Matter)> {
    let matter = |row: &mut Accepted| {
        let letter = row.letter.as_ref()?;
        letter.address.as_ref()?;
        let publication = std::mem::take(&mut row.publication);
        Some((letter.job, Matter { language: letter.language, publication }))
    };
    accepted.iter_mut().filter_map(matter).collect()
}

impl Fresh {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what was committed; `at` in microseconds since 1970.
    pub(in crate::ledger) fn keep(&self, letters: Vec<(Uuid, Matter)>, at: i64) {
        let mut kept = self.lock();
        kept.forget_before(at - AGE_MAX);
        for (job, matter) in letters {
            if kept.bytes + matter.publication.len() <= BYTES_MAX {
                kept.bytes += matter.publication.len();
                kept.by_job.insert(job, (at, matter));
            }
        }
    }

    /// Hands out what is kept of a letter, once.
    pub(super) fn take(&self, job: &Uuid) -> Option<Matter> {
        self.lock().take(job)
    }
}

impl Kept {
    fn take(&mut self, job: &Uuid) -> Option<Matter> {
        let (_, matter) = self.by_job.remove(job)?;
        self.bytes -= matter.publication.len();
        Some(matter)
    }

    fn forget_before(&mut self, limit: i64) {
        while let Some((&job, (at, _))) = self.by_job.first_key_value()
            && *at < limit
        {
            self.take(&job);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matter(bytes: usize) -> Matter {
        Matter { language: Language::Nl, publication: "x".repeat(bytes) }
    }

    fn job(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn it_is_handed_out_once() {
        let fresh = Fresh::default();
        fresh.keep(vec![(job(1), matter(3))], 0);
        assert_eq!(fresh.take(&job(1)), Some(matter(3)));
        assert_eq!(fresh.take(&job(1)), None);
    }

    #[test]
    fn what_came_first_stays_where_there_is_no_room() {
        let fresh = Fresh::default();
        let half = BYTES_MAX / 2;
        fresh.keep(vec![(job(1), matter(half)), (job(2), matter(half)), (job(3), matter(1))], 0);
        assert_eq!(fresh.take(&job(3)), None);
        assert_eq!(fresh.take(&job(1)), Some(matter(half)));
        fresh.keep(vec![(job(4), matter(half))], 0);
        assert_eq!(fresh.take(&job(4)), Some(matter(half)));
    }

    #[test]
    fn what_nobody_wanted_for_a_minute_is_forgotten() {
        let fresh = Fresh::default();
        fresh.keep(vec![(job(1), matter(BYTES_MAX))], 0);
        fresh.keep(vec![(job(2), matter(1))], AGE_MAX);
        assert_eq!(fresh.take(&job(2)), None, "no room yet");
        fresh.keep(vec![(job(3), matter(1))], AGE_MAX + 1);
        assert_eq!(fresh.take(&job(1)), None);
        assert_eq!(fresh.take(&job(3)), Some(matter(1)));
    }
}
