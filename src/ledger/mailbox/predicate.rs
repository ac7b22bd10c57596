//! The one predicate by which rows of messages are shown, in both dialects:
//! every list, count, look-up and label query of a reader is built on it.
//!
//! `$1` holds today's openings, `$2` the sets of types that they share, `$3`
//! the filter, all as JSON. [`crate::route::opens`] is the same rule for one
//! message; a test compares both with a third that was written on its own.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::filter::{Filter, Hidden};
use super::json;
use crate::domain::{
    ApplicationId, Condition, EnterpriseNumber, LabelId, Medium, MessageTypeId, PartitionId, Task,
    day_number,
};
use crate::ledger::error::LedgerError;
use crate::ledger::micros;
use crate::ledger::store::Value;
use crate::route::Opening;

/// `s`: sets of types; `o`: openings; `f`: the filter, in one row.
macro_rules! given {
    (postgres) => {
        "WITH s AS MATERIALIZED (
             SELECT t.n - 1 AS no, ARRAY(SELECT jsonb_array_elements_text(t.v)) AS types
             FROM jsonb_array_elements(CAST($2 AS TEXT)::jsonb) WITH ORDINALITY AS t (v, n)),
         o AS MATERIALIZED (
             SELECT CAST(t.v ->> 0 AS BIGINT) AS enterprise, s.types,
                    CAST(t.v ->> 2 AS BIGINT) AS organization, t.v ->> 3 AS application,
                    t.v ->> 4 AS partition
             FROM jsonb_array_elements(CAST($1 AS TEXT)::jsonb) AS t (v)
             LEFT JOIN s ON s.no = CAST(t.v ->> 1 AS BIGINT)),
         f AS MATERIALIZED (
             SELECT * FROM jsonb_to_record(CAST($3 AS TEXT)::jsonb) AS f (
                 organizations BIGINT[], applications TEXT[], types TEXT[], partitions TEXT[],
                 labels UUID[], media TEXT[], unread BIGINT, registered BIGINT, task BIGINT,
                 due BIGINT, since BIGINT, until BIGINT, leaves_from BIGINT, leaves_to BIGINT, hidden BIGINT, now BIGINT))"
    };
    (sqlite) => {
        "WITH s AS MATERIALIZED (
             SELECT a.key AS no, t.value AS type FROM json_each($2) a, json_each(a.value) t),
         o AS MATERIALIZED (
             SELECT t.value ->> 0 AS enterprise, t.value ->> 1 AS types,
                    t.value ->> 2 AS organization, t.value ->> 3 AS application,
                    t.value ->> 4 AS partition
             FROM json_each($1) t)"
    };
}

/// Whether the opening `o` admits the message `m`; both of one box.
macro_rules! admitted {
    (postgres) => {
        "(o.types IS NULL OR m.message_type = ANY (o.types))
         AND (o.organization IS NULL OR m.organization = o.organization)
         AND (o.application IS NULL OR m.application = o.application)
         AND (o.partition IS NULL OR m.partition = o.partition)"
    };
    (sqlite) => {
        "(o.types IS NULL OR EXISTS (
             SELECT 1 FROM s WHERE s.no = o.types AND s.type = m.message_type))
         AND (o.organization IS NULL OR m.organization = o.organization)
         AND (o.application IS NULL OR m.application = o.application)
         AND (o.partition IS NULL OR m.partition = o.partition)"
    };
}

/// Whether the message `m` is what the reader looks for. What has expired is
/// never shown.
macro_rules! wanted {
    (postgres) => {
        "m.expires_at > f.now
         AND (f.hidden IS NULL OR m.hidden = f.hidden)
         AND (f.unread IS NULL OR (m.read_at IS NULL) = (f.unread = 1))
         AND (f.registered IS NULL OR m.registered = f.registered)
         AND (f.task IS NULL OR m.task = f.task)
         AND (f.due IS NULL OR m.due_on <= f.due)
         AND (f.since IS NULL OR m.arrived_at >= f.since)
         AND (f.until IS NULL OR m.arrived_at < f.until)
         AND (f.leaves_from IS NULL OR m.expires_at >= f.leaves_from)
         AND (f.leaves_to IS NULL OR m.expires_at < f.leaves_to)
         AND (f.organizations IS NULL OR m.organization = ANY (f.organizations))
         AND (f.applications IS NULL OR m.application = ANY (f.applications))
         AND (f.types IS NULL OR m.message_type = ANY (f.types))
         AND (f.partitions IS NULL OR m.partition = ANY (f.partitions))
         AND (f.media IS NULL OR m.medium = ANY (f.media))
         AND (f.labels IS NULL OR EXISTS (
             SELECT 1 FROM message_labels l WHERE l.enterprise = m.enterprise
                 AND l.message = m.id AND l.label = ANY (f.labels)))"
    };
    (sqlite) => {
        "m.expires_at > $3 ->> 'now'
         AND ($3 ->> 'hidden' IS NULL OR m.hidden = $3 ->> 'hidden')
         AND ($3 ->> 'unread' IS NULL OR (m.read_at IS NULL) = $3 ->> 'unread')
         AND ($3 ->> 'registered' IS NULL OR m.registered = $3 ->> 'registered')
         AND ($3 ->> 'task' IS NULL OR m.task = $3 ->> 'task')
         AND ($3 ->> 'due' IS NULL OR m.due_on <= $3 ->> 'due')
         AND ($3 ->> 'since' IS NULL OR m.arrived_at >= $3 ->> 'since')
         AND ($3 ->> 'until' IS NULL OR m.arrived_at < $3 ->> 'until')
         AND ($3 ->> 'leaves_from' IS NULL OR m.expires_at >= $3 ->> 'leaves_from')
         AND ($3 ->> 'leaves_to' IS NULL OR m.expires_at < $3 ->> 'leaves_to')
         AND ($3 ->> 'organizations' IS NULL OR m.organization IN (
             SELECT value FROM json_each($3, '$.organizations')))
         AND ($3 ->> 'applications' IS NULL OR m.application IN (
             SELECT value FROM json_each($3, '$.applications')))
         AND ($3 ->> 'types' IS NULL OR m.message_type IN (
             SELECT value FROM json_each($3, '$.types')))
         AND ($3 ->> 'partitions' IS NULL OR m.partition IN (
             SELECT value FROM json_each($3, '$.partitions')))
         AND ($3 ->> 'media' IS NULL OR m.medium IN (
             SELECT value FROM json_each($3, '$.media')))
         AND ($3 ->> 'labels' IS NULL OR EXISTS (
             SELECT 1 FROM message_labels l WHERE l.enterprise = m.enterprise
                 AND l.message = m.id AND l.label IN (
                 SELECT unhex(value) FROM json_each($3, '$.labels'))))"
    };
}

pub(super) use {admitted, given, wanted};

/// Box, number of the set of types, organization, application, partition.
type Row<'a> = (i64, Option<usize>, Option<i64>, Option<&'a str>, Option<&'a str>);

#[derive(Serialize)]
struct FilterRow<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    organizations: Vec<i64>,
    #[serde(skip_serializing_if = "is_empty")]
    applications: &'a [ApplicationId],
    #[serde(skip_serializing_if = "is_empty")]
    types: &'a [MessageTypeId],
    #[serde(skip_serializing_if = "is_empty")]
    partitions: &'a [PartitionId],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<String>,
    #[serde(skip_serializing_if = "is_empty")]
    media: &'a [Medium],
    unread: Option<i64>,
    registered: Option<i64>,
    task: Option<i64>,
    due: Option<i64>,
    since: Option<i64>,
    until: Option<i64>,
    leaves_from: Option<i64>,
    leaves_to: Option<i64>,
    hidden: Option<i64>,
    now: i64,
}

fn is_empty<T>(list: &&[T]) -> bool {
    list.is_empty()
}

/// `$1`, `$2` and `$3`.
pub(super) fn bound(
    openings: &[Opening],
    filter: &Filter,
    now: Timestamp,
) -> Result<Vec<Value>, LedgerError> {
    let (rows, sets) = rows(openings);
    Ok(vec![json(&rows)?.into(), json(&sets)?.into(), json(&filter_row(filter, now))?.into()])
}

/// Each set of types once, however many boxes share it.
fn rows(openings: &[Opening]) -> (Vec<Row<'_>>, Vec<&BTreeSet<MessageTypeId>>) {
    let mut sets = Vec::new();
    let mut places = HashMap::new();
    let mut rows = Vec::with_capacity(openings.len());
    for opening in openings {
        let types = opening.types.as_ref().filter(|_| !Condition::RowTypes.is_left_out());
        let types = types.map(|types| {
            *places.entry(Arc::as_ptr(types)).or_insert_with(|| {
                sets.push(&**types);
                sets.len() - 1
            })
        });
        rows.push((
            opening.enterprise.value(),
            types,
            bound_by(Condition::RowOrganization, opening.organization.map(EnterpriseNumber::value)),
            bound_by(
                Condition::RowApplication,
                opening.application.as_ref().map(ApplicationId::as_str),
            ),
            bound_by(Condition::RowPartition, opening.partition.as_ref().map(PartitionId::as_str)),
        ));
    }
    (rows, sets)
}

fn bound_by<T>(condition: Condition, to: Option<T>) -> Option<T> {
    to.filter(|_| !condition.is_left_out())
}

fn filter_row(filter: &Filter, now: Timestamp) -> FilterRow<'_> {
    FilterRow {
        organizations: filter.organizations.iter().map(|number| number.value()).collect(),
        applications: &filter.applications,
        types: &filter.message_types,
        partitions: &filter.partitions,
        labels: filter.labels.iter().map(|LabelId(id)| id.simple().to_string()).collect(),
        media: &filter.media,
        unread: filter.is_unread.map(i64::from),
        registered: filter.is_registered.map(i64::from),
        task: filter.task.map(Task::value),
        due: filter.due_through.map(day_number),
        since: filter.arrived_from.map(micros),
        until: filter.arrived_to.map(micros),
        leaves_from: filter.expires_from.map(micros),
        leaves_to: filter.expires_to.map(micros),
        hidden: match filter.hidden {
            Hidden::Without => bound_by(Condition::RowHidden, Some(0)),
            Hidden::Only => Some(1),
            Hidden::With => None,
        },
        now: if Condition::RowExpiry.is_left_out() { 0 } else { micros(now) },
    }
}
