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

/// By what an opening may bound messages, and how `m` is within: in PostgreSQL.
macro_rules! bounds {
    ($($made:tt)+) => {
        $($made)+! {
            "o.types" => "m.message_type = ANY (o.types)",
            "o.organization" => "m.organization = o.organization",
            "o.application" => "m.application = o.application",
            "o.partition" => "m.partition = o.partition",
        }
    };
}

/// What a filter may ask, and how `m` meets it: in PostgreSQL.
macro_rules! conditions {
    ($($made:tt)+) => {
        $($made)+! {
            "f.hidden" => "m.hidden = f.hidden",
            "f.unread" => "(m.read_at IS NULL) = (f.unread = 1)",
            "f.registered" => "m.registered = f.registered",
            "f.task" => "m.task = f.task",
            "f.due" => "m.due_on <= f.due",
            "f.since" => "m.arrived_at >= f.since",
            "f.until" => "m.arrived_at < f.until",
            "f.leaves_from" => "m.expires_at >= f.leaves_from",
            "f.leaves_to" => "m.expires_at < f.leaves_to",
            "f.organizations" => "m.organization = ANY (f.organizations)",
            "f.applications" => "m.application = ANY (f.applications)",
            "f.types" => "m.message_type = ANY (f.types)",
            "f.partitions" => "m.partition = ANY (f.partitions)",
            "f.media" => "m.medium = ANY (f.media)",
            "f.labels" => "EXISTS (
                 SELECT 1 FROM message_labels l WHERE l.enterprise = m.enterprise
                     AND l.message = m.id AND l.label = ANY (f.labels))",
        }
    };
}

/// All of them: one that is not set holds.
macro_rules! each_if_set {
    ($($column:literal => $met:literal),+ $(,)?) => {
        concat!("TRUE" $(, " AND (", $column, " IS NULL OR ", $met, ")")+)
    };
}

/// Whether the opening `o` admits the message `m`; both of one box.
macro_rules! admitted {
    (postgres) => {
        $crate::ledger::mailbox::predicate::bounds!($crate::ledger::mailbox::predicate::each_if_set)
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
        concat!(
            "m.expires_at > f.now AND ",
            $crate::ledger::mailbox::predicate::conditions!(
                $crate::ledger::mailbox::predicate::each_if_set
            )
        )
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

pub(super) use {admitted, bounds, conditions, each_if_set, given, wanted};

/// Box, number of the set of types, organization, application, partition.
type Row<'a> = (i64, Option<usize>, Option<i64>, Option<&'a str>, Option<&'a str>);

#[derive(Serialize)]
pub(super) struct FilterRow<'a> {
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
    pub(super) now: i64,
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

pub(super) fn filter_row(filter: &Filter, now: Timestamp) -> FilterRow<'_> {
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

/// By what an opening bounds messages: the columns of `o`.
pub(super) fn set_by(opening: &Opening) -> Vec<(&'static str, Value)> {
    let (rows, sets) = rows(std::slice::from_ref(opening));
    let mut set = Vec::new();
    for (_, types, organization, application, partition) in rows {
        let types = types.and_then(|no| sets.get(no)).map(|types| texts(types.iter()));
        let text = |text: &str| Value::from(text);
        set.extend(types.map(|it| ("o.types", it)));
        set.extend(organization.map(|it| ("o.organization", it.into())));
        set.extend(application.map(|it| ("o.application", text(it))));
        set.extend(partition.map(|it| ("o.partition", text(it))));
    }
    set
}

impl FilterRow<'_> {
    /// What it asks: the columns of `f`, without the time of asking.
    pub(super) fn set(self) -> Vec<(&'static str, Value)> {
        let ids = self.labels.iter().filter_map(|id| id.parse().ok()).collect();
        let lists = [
            ("f.organizations", Value::Ints(self.organizations)),
            ("f.applications", texts(self.applications)),
            ("f.types", texts(self.types)),
            ("f.partitions", texts(self.partitions)),
            ("f.labels", Value::Ids(ids)),
            ("f.media", Value::Texts(self.media.iter().map(|it| it.as_str().into()).collect())),
        ];
        let numbers = [
            ("f.hidden", self.hidden),
            ("f.unread", self.unread),
            ("f.registered", self.registered),
            ("f.task", self.task),
            ("f.due", self.due),
            ("f.since", self.since),
            ("f.until", self.until),
            ("f.leaves_from", self.leaves_from),
            ("f.leaves_to", self.leaves_to),
        ];
        let numbers = numbers.into_iter().filter(|(_, number)| number.is_some());
        let numbers = numbers.map(|(column, number)| (column, Value::Int(number)));
        lists.into_iter().filter(|(_, list)| !list.is_empty_list()).chain(numbers).collect()
    }
}

fn texts<T: ToString>(list: impl IntoIterator<Item = T>) -> Value {
    Value::Texts(list.into_iter().map(|it| it.to_string()).collect())
}
