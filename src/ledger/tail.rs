//! The end of the journal, as this process wrote it.
//!
//! Receipts and the search index follow the journal closely, and would read
//! back what was committed a moment ago. Entries never change, so what this
//! process committed is handed to them from memory; whatever else there is
//! (another engine's entries, older ones) they read from the database.
//!
//! Forgotten whenever the database fails: it may come back restored, with
//! another history.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::journal::{Entry, EntryKind};
use super::record::Accepted;
use crate::search::source::Projected;

/// Entries kept: what a follower may be behind and still find them here.
const ENTRIES_MAX: usize = 10_000;

/// What one transaction appended: entries in the order of their positions, and
/// the messages that came into being with them.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) entries: Vec<Entry>,
    pub(super) messages: Vec<Projected>,
}

impl Piece {
    /// What a transaction appended, and the messages it made: both in the order
    /// in which they were judged.
    pub(super) fn of(entries: Vec<Entry>, accepted: Vec<Accepted>) -> Self {
        let new = entries.iter().filter(|entry| entry.kind == EntryKind::Accepted);
        let messages = accepted.into_iter().zip(new).map(projected).collect();
        Self { entries, messages }
    }

    fn ends(&self) -> Option<(i64, i64)> {
        self.entries.first().zip(self.entries.last()).map(|(a, b)| (a.position, b.position))
    }
}

/// A new message as it must be found, from its entry on.
fn projected((message, entry): (Accepted, &Entry)) -> Projected {
    let (task, due) = message.task;
    Projected {
        position: entry.position,
        id: message.id,
        enterprise: message.enterprise,
        organization: message.organization,
        application: message.application,
        message_type: message.message_type,
        partition: message.routing.partition,
        arrived_at: entry.at,
        medium: message.medium,
        is_read: false,
        is_hidden: false,
        is_registered: message.registered,
        task,
        due,
        labels: message.routing.labels.iter().map(|label| label.0.simple().to_string()).collect(),
        texts: message.searched,
    }
}

/// Committed pieces by their first position.
#[derive(Default)]
pub(super) struct Tail(Mutex<Pieces>);

#[derive(Default)]
struct Pieces {
    by_first: BTreeMap<i64, Piece>,
    entries: usize,
}

impl Tail {
    fn lock(&self) -> MutexGuard<'_, Pieces> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what has committed. Transactions that commit at the same time may
    /// come in either order.
    pub(super) fn keep(&self, piece: Piece) {
        let Some((first, last)) = piece.ends() else { return };
        let mut pieces = self.lock();
        if pieces.overlap(first, last) {
            // Positions that were drawn twice: this is another history.
            *pieces = Pieces::default();
        }
        pieces.entries += piece.entries.len();
        pieces.by_first.insert(first, piece);
        while pieces.entries > ENTRIES_MAX {
            let Some((_, oldest)) = pieces.by_first.pop_first() else { break };
            pieces.entries -= oldest.entries.len();
        }
    }

    pub(super) fn forget(&self) {
        *self.lock() = Pieces::default();
    }

    /// Entries that follow a position without a gap; none when the first of
    /// them is not here.
    pub(super) fn entries(&self, after: i64, limit: usize) -> Vec<Entry> {
        let mut found: Vec<Entry> = Vec::new();
        self.lock().walk(after, limit, |piece, from, count| {
            found.extend(piece.entries.iter().skip(from).take(count).cloned());
        });
        found
    }

    /// The same entries' last position and time, and the messages among them.
    pub(super) fn messages(
        &self,
        after: i64,
        limit: usize,
    ) -> Option<(Vec<Projected>, i64, jiff::Timestamp)> {
        let (mut messages, mut through) = (Vec::new(), None);
        self.lock().walk(after, limit, |piece, from, count| {
            let Some(last) = piece.entries.get(from + count - 1) else { return };
            let is_in = |it: &&Projected| it.position > after && it.position <= last.position;
            messages.extend(piece.messages.iter().filter(is_in).cloned());
            through = Some((last.position, last.at));
        });
        through.map(|(position, at)| (messages, position, at))
    }
}

impl Pieces {
    fn overlap(&self, first: i64, last: i64) -> bool {
        let before = self.by_first.range(..=last).next_back();
        before.and_then(|(_, piece)| piece.ends()).is_some_and(|(_, end)| end >= first)
    }

    /// Shows each piece that follows a position without a gap, from which of
    /// its entries on and how many of them, until `limit`.
    fn walk(&self, after: i64, limit: usize, mut show: impl FnMut(&Piece, usize, usize)) {
        let (mut next, mut room) = (after + 1, limit);
        let begins = self.by_first.range(..=next).next_back().map_or(next, |(first, _)| *first);
        for (first, piece) in self.by_first.range(begins..) {
            let Ok(from) = usize::try_from(next - first) else { break };
            let count = piece.entries.len().saturating_sub(from).min(room);
            if count == 0 {
                break;
            }
            show(piece, from, count);
            room -= count;
            next += i64::try_from(count).unwrap_or(i64::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::ledger::EntryKind;

    fn piece(positions: std::ops::RangeInclusive<i64>) -> Piece {
        let entry = |position| Entry {
            position,
            at: Timestamp::UNIX_EPOCH,
            kind: EntryKind::Accepted,
            organization: None,
            application: "tax:assessment".into(),
            key: position.to_string(),
            message: None,
            detail: "{}".into(),
        };
        Piece { entries: positions.map(entry).collect(), messages: Vec::new() }
    }

    fn after(tail: &Tail, position: i64, limit: usize) -> Vec<i64> {
        let entries = tail.entries(position, limit);
        let through = tail.messages(position, limit).map(|(_, through, _)| through);
        assert_eq!(entries.last().map(|entry| entry.position), through);
        entries.into_iter().map(|entry| entry.position).collect()
    }

    #[test]
    fn pieces_are_followed_in_whatever_order_they_came() {
        let tail = Tail::default();
        tail.keep(piece(4..=6));
        assert_eq!(after(&tail, 0, 10), [0_i64; 0], "the first is missing");
        tail.keep(piece(1..=3));
        assert_eq!(after(&tail, 0, 10), [1, 2, 3, 4, 5, 6]);
        assert_eq!(after(&tail, 1, 3), [2, 3, 4]);
        assert_eq!(after(&tail, 5, 10), [6]);
        assert_eq!(after(&tail, 6, 10), [0_i64; 0]);
        assert_eq!(after(&tail, 9, 10), [0_i64; 0]);
    }

    #[test]
    fn a_gap_ends_what_is_followed() {
        let tail = Tail::default();
        tail.keep(piece(1..=3));
        tail.keep(piece(5..=6));
        assert_eq!(after(&tail, 0, 10), [1, 2, 3]);
        assert_eq!(after(&tail, 3, 10), [0_i64; 0]);
        assert_eq!(after(&tail, 4, 10), [5, 6]);
    }

    #[test]
    fn a_position_that_comes_again_is_another_history() {
        let tail = Tail::default();
        tail.keep(piece(1..=9));
        tail.keep(piece(5..=6));
        assert_eq!(after(&tail, 0, 10), [0_i64; 0]);
        assert_eq!(after(&tail, 4, 10), [5, 6]);
    }

    #[test]
    fn only_so_many_are_kept() {
        let tail = Tail::default();
        let all = i64::try_from(ENTRIES_MAX).unwrap();
        tail.keep(piece(1..=10));
        tail.keep(piece(11..=all + 1));
        assert_eq!(after(&tail, 0, 10), [0_i64; 0]);
        assert_eq!(after(&tail, 10, 1), [11]);
    }
}
