//! The newest first, without a look at all.
//!
//! A page shows the newest matches and, beyond a number, only that there are
//! more. Where the last weeks alone hold as many, nothing older need be read:
//! so ever longer stretches back from now are asked, and all only at the end.

use std::cmp::Reverse;

use jiff::Timestamp;
use tantivy::query::BooleanQuery;
use tantivy::{DocId, Searcher, SegmentReader};

use super::newest::{Harvest, Newest};
use super::plan::{Part, arrived};
use super::schema::{ARRIVED, Fields};

/// The first stretch holds so many times what is to be counted, if every
/// message is a match; each next one holds so many times the one before.
const FIRST: u64 = 2;
const LONGER: u64 = 8;
/// Messages of a segment whose arrivals stand for all.
const SAMPLE: u32 = 64;

/// The newest matches, and their number: exact below `count_max`.
pub(super) fn newest(
    searcher: &Searcher,
    plan: &Part,
    fields: &Fields,
    (limit, count_max): (usize, u64),
) -> tantivy::Result<Harvest> {
    let enough = count_max.max(limit as u64);
    let mut messages = enough.saturating_mul(FIRST);
    while messages < searcher.num_docs() {
        let since = arrival_of(searcher, messages)?;
        let Some(period) = arrived(fields.arrived, Some(since), None) else { break };
        let recent = BooleanQuery::intersection(vec![plan.box_clone(), period]);
        let harvest = searcher.search(&recent, &Newest { limit })?;
        if harvest.total >= enough {
            return Ok(harvest);
        }
        messages = messages.saturating_mul(LONGER);
    }
    searcher.search(plan, &Newest { limit })
}

/// About when the message arrived that has so many after it.
fn arrival_of(searcher: &Searcher, messages: u64) -> tantivy::Result<Timestamp> {
    let mut arrivals: Vec<(i64, u64)> = Vec::new();
    for segment in searcher.segment_readers() {
        arrivals.extend(sample(segment)?);
    }
    arrivals.sort_unstable_by_key(|arrival| Reverse(*arrival));
    let mut after = 0;
    let reached = arrivals.into_iter().find(|(_, stands_for)| {
        after += stands_for;
        after >= messages
    });
    let micros = reached.map_or(i64::MIN, |(micros, _)| micros);
    Ok(Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MIN))
}

/// Some arrivals of a segment, each with the number of messages it stands for.
fn sample(segment: &SegmentReader) -> tantivy::Result<Vec<(i64, u64)>> {
    let column = segment.fast_fields().i64(ARRIVED)?;
    let step = segment.max_doc().div_ceil(SAMPLE).max(1);
    let messages = (0..segment.max_doc()).step_by(step as usize);
    let arrival = |message: DocId| (column.first(message).unwrap_or_default(), u64::from(step));
    Ok(messages.map(arrival).collect())
}
