//! Counts matches up to a cap.

use std::sync::atomic::{AtomicU64, Ordering};

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::query::Weight;
use tantivy::{DocId, DocSet as _, Score, SegmentOrdinal, SegmentReader, TERMINATED};

/// Counts matches, up to `cap` and no further: whoever is shown "10,000+" need
/// not wait until the others are counted.
pub(super) struct CountUpTo {
    cap: u64,
    counted: AtomicU64,
}

impl CountUpTo {
    pub(super) fn new(cap: u64) -> Self {
        Self { cap, counted: AtomicU64::new(0) }
    }
}

impl Collector for CountUpTo {
    type Fruit = u64;
    type Child = SegmentCount;

    fn for_segment(&self, _: SegmentOrdinal, _: &SegmentReader) -> tantivy::Result<SegmentCount> {
        Ok(SegmentCount(0))
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, fruits: Vec<u64>) -> tantivy::Result<u64> {
        Ok(fruits.into_iter().sum())
    }

    fn collect_segment(
        &self,
        weight: &dyn Weight,
        _: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<u64> {
        let left = self.cap.saturating_sub(self.counted.load(Ordering::Relaxed));
        let mut matches = weight.scorer(reader, 1.0)?;
        let (mut doc, mut count) = (matches.doc(), 0);
        while doc != TERMINATED && count < left {
            let is_alive = reader.alive_bitset().is_none_or(|alive| alive.is_alive(doc));
            count += u64::from(is_alive);
            doc = matches.advance();
        }
        self.counted.fetch_add(count, Ordering::Relaxed);
        Ok(count)
    }
}

/// Stands for a collector of single matches, which counting does not need.
pub(super) struct SegmentCount(u64);

impl SegmentCollector for SegmentCount {
    type Fruit = u64;

    fn collect(&mut self, _: DocId, _: Score) {
        self.0 += 1;
    }

    fn harvest(self) -> u64 {
        self.0
    }
}
