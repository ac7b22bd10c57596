//! Counts every match and keeps the newest.
//!
//! Ids are read from columns, and only for what can still reach the page:
//! messages of one batch arrive in the same microsecond, so the id decides
//! between them and pages never overlap.
//!
//! An index is written in the order of arrival, give or take, and read in the
//! order in which it was written. So matches are gathered and looked at from
//! the last back: nearly all the others are then too old to be kept.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use super::schema::{ARRIVED, ID_HIGH, ID_LOW};

/// Arrival in microseconds, then the halves of the id.
pub(super) type Key = (i64, u64, u64);

/// Matches that are gathered before they are looked at.
const GATHERED: usize = 1 << 16;

/// Collects the newest `limit` matches and the number of all.
pub(super) struct Newest {
    pub(super) limit: usize,
}

/// The number of matches, and the newest in order.
#[derive(Default)]
pub(super) struct Harvest {
    pub(super) total: u64,
    pub(super) newest: Vec<Key>,
}

impl Collector for Newest {
    type Fruit = Harvest;
    type Child = SegmentNewest;

    fn for_segment(
        &self,
        _: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<SegmentNewest> {
        let columns = reader.fast_fields();
        Ok(SegmentNewest {
            arrived: columns.i64(ARRIVED)?,
            id_high: columns.u64(ID_HIGH)?,
            id_low: columns.u64(ID_LOW)?,
            limit: self.limit,
            total: 0,
            gathered: Vec::new(),
            newest: BinaryHeap::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, fruits: Vec<Harvest>) -> tantivy::Result<Harvest> {
        let total = fruits.iter().map(|fruit| fruit.total).sum();
        let mut newest: Vec<Key> = fruits.into_iter().flat_map(|fruit| fruit.newest).collect();
        newest.sort_unstable_by_key(|key| Reverse(*key));
        newest.truncate(self.limit);
        Ok(Harvest { total, newest })
    }
}

/// The matches of one segment.
pub(super) struct SegmentNewest {
    arrived: Column<i64>,
    id_high: Column<u64>,
    id_low: Column<u64>,
    limit: usize,
    total: u64,
    gathered: Vec<DocId>,
    /// The oldest that is kept is on top.
    newest: BinaryHeap<Reverse<Key>>,
}

impl SegmentNewest {
    fn is_too_old(&self, arrived: i64) -> bool {
        let is_full = self.newest.len() >= self.limit;
        is_full && self.newest.peek().is_none_or(|Reverse(oldest)| arrived < oldest.0)
    }

    fn look_back(&mut self) {
        for doc in std::mem::take(&mut self.gathered).into_iter().rev() {
            self.look_at(doc);
        }
    }

    fn look_at(&mut self, doc: DocId) {
        let arrived = self.arrived.first(doc).unwrap_or_default();
        if self.is_too_old(arrived) {
            return;
        }
        self.newest.push(Reverse(self.key(doc, arrived)));
        if self.newest.len() > self.limit {
            self.newest.pop();
        }
    }

    fn key(&self, doc: DocId, arrived: i64) -> Key {
        let half = |column: &Column<u64>| column.first(doc).unwrap_or_default();
        (arrived, half(&self.id_high), half(&self.id_low))
    }
}

impl SegmentCollector for SegmentNewest {
    type Fruit = Harvest;

    fn collect(&mut self, doc: DocId, _: Score) {
        self.total += 1;
        self.gathered.push(doc);
        if self.gathered.len() == GATHERED {
            self.look_back();
        }
    }

    fn harvest(mut self) -> Harvest {
        self.look_back();
        Harvest {
            total: self.total,
            newest: self.newest.into_iter().map(|Reverse(key)| key).collect(),
        }
    }
}
