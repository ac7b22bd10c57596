//! A [`Query`] as the index understands it.

use std::ops::Bound;

use jiff::Timestamp;
use tantivy::query::{
    AllQuery, BooleanQuery, EmptyQuery, Occur, PhraseQuery, Query as IndexQuery, RangeQuery,
    TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, Term};

use super::boxes::in_boxes;
use super::ngram::Needle;
use super::query::{self, Boxes, Query, Text};
use super::schema::{Fields, number};
use crate::domain::{EnterpriseNumber, day_number};

pub(super) type Part = Box<dyn IndexQuery>;

/// Every criterion must hold.
pub(super) fn plan(query: &Query, fields: &Fields, searcher: &Searcher) -> Part {
    let mut parts = Criteria::default();
    match &query.boxes {
        Boxes::Of(numbers) => parts.add(in_boxes(numbers, fields, searcher)),
        Boxes::Opened(openings) => parts.add(opened(openings, fields, searcher)),
        Boxes::All => {}
    }
    parts.add_list(numbers(fields.organization, &query.organizations));
    parts.add_list(words(fields.application, &query.applications, |id| id.as_str()));
    parts.add_list(words(fields.message_type, &query.message_types, |id| id.as_str()));
    parts.add_list(words(fields.partition, &query.partitions, |id| id.as_str()));
    parts.add_list(words(fields.label, &query.labels, String::as_str));
    parts.add_list(words(fields.medium, &query.media, |medium| medium.as_str()));
    for (field, wanted) in [
        (fields.is_read, query.is_read),
        (fields.is_hidden, query.is_hidden),
        (fields.is_registered, query.is_registered),
    ] {
        if let Some(wanted) = wanted {
            parts.add(term(Term::from_field_u64(field, u64::from(wanted))));
        }
    }
    if let Some(task) = query.task {
        parts.add(term(Term::from_field_i64(fields.task, task.value())));
    }
    if let Some(day) = query.due_through {
        let last = Bound::Included(Term::from_field_i64(fields.due, day_number(day)));
        parts.add(Box::new(RangeQuery::new(Bound::Unbounded, last)));
    }
    if let Some(period) = arrived(fields.arrived, query.arrived_from, query.arrived_to) {
        parts.add(period);
    }
    if let Some(text) = query.text.as_ref().and_then(|text| matching(text, fields)) {
        parts.add(text);
    }
    parts.all()
}

/// What is open to a reader: any of these parts.
fn opened(parts: &[query::Part], fields: &Fields, searcher: &Searcher) -> Part {
    let within = |part| within(part, fields, searcher);
    let mut alternatives: Vec<Part> = parts.iter().map(within).collect();
    match alternatives.len() {
        0 => Box::new(EmptyQuery),
        1 => alternatives.remove(0),
        _ => Box::new(BooleanQuery::union(alternatives)),
    }
}

fn within(part: &query::Part, fields: &Fields, searcher: &Searcher) -> Part {
    let mut criteria = Criteria::default();
    criteria.add(in_boxes(&part.boxes, fields, searcher));
    if let Some(types) = &part.message_types {
        criteria.add(any_of(words(fields.message_type, types, |id| id.as_str())));
    }
    criteria.add_list(numbers(fields.organization, part.organization.as_slice()));
    criteria.add_list(words(fields.application, part.application.as_slice(), |id| id.as_str()));
    criteria.add_list(words(fields.partition, part.partition.as_slice(), |id| id.as_str()));
    criteria.all()
}

#[derive(Default)]
struct Criteria(Vec<Part>);

impl Criteria {
    fn add(&mut self, part: Part) {
        self.0.push(part);
    }

    /// An empty list is no criterion.
    fn add_list(&mut self, terms: Vec<Term>) {
        if !terms.is_empty() {
            self.add(any_of(terms));
        }
    }

    fn all(mut self) -> Part {
        match self.0.len() {
            0 => Box::new(AllQuery),
            1 => self.0.remove(0),
            _ => Box::new(BooleanQuery::new(
                self.0.into_iter().map(|part| (Occur::Must, part)).collect(),
            )),
        }
    }
}

/// The text in the message, or in the names of its sender or type; `None`
/// when there is nothing to look for.
fn matching(text: &Text, fields: &Fields) -> Option<Part> {
    let own = containing(&text.part, fields.text(text.language))?;
    let named = [
        numbers(fields.organization, &text.named.organizations),
        words(fields.application, &text.named.applications, |id| id.as_str()),
        words(fields.message_type, &text.named.message_types, |id| id.as_str()),
    ];
    let alternatives = named.into_iter().filter(|terms| !terms.is_empty());
    let parts: Vec<Part> = std::iter::once(own).chain(alternatives.map(any_of)).collect();
    Some(Box::new(BooleanQuery::union(parts)))
}

fn containing(part: &str, field: Field) -> Option<Part> {
    let gram = |gram: &str| Term::from_field_text(field, gram);
    match Needle::new(part) {
        Needle::Blank => None,
        Needle::Term(text) => Some(term(gram(&text))),
        Needle::Phrase(grams) => Some(Box::new(PhraseQuery::new_with_offset(
            grams.iter().map(|(at, text)| (*at, gram(text))).collect(),
        ))),
    }
}

/// From `from` (included) to `to` (not included), by the column.
pub(super) fn arrived(
    field: Field,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Option<Part> {
    if from.is_none() && to.is_none() {
        return None;
    }
    let at = |time: Timestamp| Term::from_field_i64(field, time.as_microsecond());
    let lower = from.map_or(Bound::Unbounded, |time| Bound::Included(at(time)));
    let upper = to.map_or(Bound::Unbounded, |time| Bound::Excluded(at(time)));
    Some(Box::new(RangeQuery::new(lower, upper)))
}

/// Terms that are followed side by side, no further than somebody counts. More
/// become one set: it is made anew for each question, which costs the page of a
/// small box a third of its time, and then hardly grows with their number.
const SIDE_BY_SIDE: usize = 64;

/// With one of these terms.
pub(super) fn any_of(mut terms: Vec<Term>) -> Part {
    match terms.len() {
        0 => Box::new(EmptyQuery),
        1 => term(terms.remove(0)),
        2..=SIDE_BY_SIDE => Box::new(BooleanQuery::union(terms.into_iter().map(term).collect())),
        _ => Box::new(TermSetQuery::new(terms)),
    }
}

fn term(term: Term) -> Part {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

pub(super) fn numbers(field: Field, values: &[EnterpriseNumber]) -> Vec<Term> {
    values.iter().map(|&value| Term::from_field_u64(field, number(value))).collect()
}

fn words<T>(field: Field, values: &[T], text: impl Fn(&T) -> &str) -> Vec<Term> {
    values.iter().map(|value| Term::from_field_text(field, text(value))).collect()
}
