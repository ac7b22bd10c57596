//! What lies in some of all boxes.
//!
//! Few boxes are gathered from their lists. Whoever reads so many that they
//! hold a good part of the index (an accountant's 1,000 companies) is answered
//! by a look at the column of each message that is a match otherwise: nothing
//! is gathered, and who stops counting early has not paid for the rest.

use std::collections::HashSet;
use std::sync::Arc;

use tantivy::columnar::Column;
use tantivy::query::doc_predicate_query::{DocPredicateQuery, FunctionPredicate};
use tantivy::{DocId, Searcher, SegmentReader, Term};

use super::plan::{Part, any_of, numbers};
use super::schema::{ENTERPRISE, Fields, number};
use crate::domain::EnterpriseNumber;

/// So many are always gathered.
const FEW: usize = 8;
/// Boxes by which the share of all is estimated.
const SAMPLE: usize = 32;
/// From one message in so many on, each is looked at instead.
const SPARSE: u64 = 16;

/// In one of these boxes.
pub(super) fn in_boxes(boxes: &[EnterpriseNumber], fields: &Fields, searcher: &Searcher) -> Part {
    let terms = numbers(fields.enterprise, boxes);
    if boxes.len() <= FEW || !is_a_good_part(&terms, searcher) {
        return any_of(terms);
    }
    let wanted: Arc<HashSet<u64>> = Arc::new(boxes.iter().map(|&it| number(it)).collect());
    let in_segment = move |segment: &SegmentReader| {
        let (column, wanted) = (segment.fast_fields().u64(ENTERPRISE)?, Arc::clone(&wanted));
        Ok(move |message: DocId| is_in(&column, &wanted, message))
    };
    Box::new(DocPredicateQuery::from(FunctionPredicate::from(in_segment)))
}

fn is_in(column: &Column<u64>, wanted: &HashSet<u64>, message: DocId) -> bool {
    column.first(message).is_some_and(|number| wanted.contains(&number))
}

/// By a sample: an error costs time and changes no answer. A list that cannot
/// be read counts as none; whoever reads it next says so.
fn is_a_good_part(terms: &[Term], searcher: &Searcher) -> bool {
    let step = terms.len().div_ceil(SAMPLE);
    let sample = terms.iter().step_by(step);
    let counted: u64 = sample.map(|term| searcher.doc_freq(term).unwrap_or(0)).sum();
    counted * step as u64 * SPARSE >= searcher.num_docs()
}
