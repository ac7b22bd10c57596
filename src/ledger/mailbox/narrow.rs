//! The predicate with those of its conditions alone that are set, for one
//! opening: PostgreSQL then weighs no other for any row.
//!
//! Texts and values are those of [`super::predicate`]. What is mostly asked is
//! asked with a few sets of conditions, so there are few texts, and a connection
//! keeps their plans.

use jiff::Timestamp;

use super::filter::Filter;
use super::predicate::{bounds, conditions, filter_row, set_by};
use crate::ledger::error::LedgerError;
use crate::ledger::store::Value;
use crate::route::Opening;

macro_rules! listed {
    ($($column:literal => $met:literal),+ $(,)?) => { &[$(($column, $met)),+] };
}

/// Columns of `o` and `f`, and what each asks of `m`.
type Conditions = &'static [(&'static str, &'static str)];

const BOUNDS: Conditions = bounds!(listed);
const CONDITIONS: Conditions = conditions!(listed);

/// An opening and a filter as the beginning of a statement, what it asks of a
/// message, and the values of both.
pub(super) struct Narrow {
    /// `WITH o …, f …`: one row each, which the planner takes as parameters.
    pub(super) given: String,
    /// What `m` must meet.
    pub(super) met: String,
    /// After those that the statement had before.
    pub(super) values: Vec<Value>,
}

impl Narrow {
    /// With parameters that follow these values.
    ///
    /// # Errors
    /// `Shape` where something is set that no condition asks: it would be
    /// passed over otherwise.
    pub(super) fn new(
        opening: &Opening,
        filter: &Filter,
        now: Timestamp,
        values: Vec<Value>,
    ) -> Result<Self, LedgerError> {
        let filter = filter_row(filter, now);
        let (given, met) = (String::new(), "m.expires_at > f.now".to_owned());
        let mut narrow = Self { given, met, values };
        narrow.given.push_str("WITH o AS NOT MATERIALIZED (SELECT ");
        narrow.give("o.enterprise", opening.enterprise.value().into());
        for (column, value) in set_by(opening) {
            narrow.ask(BOUNDS, column, value)?;
        }
        narrow.given.push_str("), f AS NOT MATERIALIZED (SELECT ");
        narrow.give("f.now", filter.now.into());
        for (column, value) in filter.set() {
            narrow.ask(CONDITIONS, column, value)?;
        }
        narrow.given.push(')');
        Ok(narrow)
    }

    fn ask(
        &mut self,
        conditions: Conditions,
        column: &'static str,
        value: Value,
    ) -> Result<(), LedgerError> {
        let asks = conditions.iter().find(|(name, _)| *name == column);
        let missing = || LedgerError::Shape(format!("no condition asks {column}"));
        let (_, met) = asks.ok_or_else(missing)?;
        self.given.push_str(", ");
        self.give(column, value);
        self.met.push_str(" AND ");
        self.met.push_str(met);
        Ok(())
    }

    fn give(&mut self, column: &str, value: Value) {
        let (of, name) = (value.column_type(), column.get(2..).unwrap_or_default());
        self.values.push(value);
        let number = self.values.len();
        self.given.push_str(&format!("CAST(${number} AS {of}) AS {name}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn opening() -> Opening {
        let types = ["urn:type:a".parse().unwrap()];
        Opening {
            enterprise: "0206731645".parse().unwrap(),
            types: Some(std::sync::Arc::new(types.into())),
            organization: Some("0206731645".parse().unwrap()),
            application: Some("urn:application:a".parse().unwrap()),
            partition: Some("PAYROLL".parse().unwrap()),
        }
    }

    fn whole() -> Filter {
        Filter {
            organizations: vec!["0206731645".parse().unwrap()],
            applications: vec!["urn:a:sample".parse().unwrap()],
            message_types: vec!["urn:a:sample".parse().unwrap()],
            partitions: vec!["PAYROLL".parse().unwrap()],
            labels: vec![crate::domain::LabelId(uuid::Uuid::nil())],
            media: vec![crate::domain::Medium::Both],
            is_unread: Some(true),
            is_registered: Some(true),
            task: Some(crate::domain::Task::default()),
            due_through: Some(jiff::civil::date(2026, 1, 1)),
            arrived_from: Some(at(1)),
            arrived_to: Some(at(2)),
            expires_from: Some(at(3)),
            expires_to: Some(at(4)),
            hidden: crate::ledger::mailbox::Hidden::Only,
        }
    }

    /// As many as there are conditions: none is asked twice, none is forgotten.
    #[test]
    fn all_that_can_be_set_is_asked() {
        let narrow = Narrow::new(&opening(), &whole(), at(0), vec![]).unwrap();
        assert_eq!(narrow.values.len(), 2 + BOUNDS.len() + CONDITIONS.len());
        for (column, met) in BOUNDS.iter().chain(CONDITIONS) {
            assert!(narrow.met.contains(met), "{column}");
        }
    }

    #[test]
    fn what_is_not_set_is_not_in_the_text() {
        let opening = Opening {
            types: None,
            organization: None,
            application: None,
            partition: None,
            ..opening()
        };
        let filter = Filter { hidden: crate::ledger::mailbox::Hidden::With, ..Filter::default() };
        let narrow = Narrow::new(&opening, &filter, at(0), vec![7.into()]).unwrap();
        assert_eq!(narrow.met, "m.expires_at > f.now");
        assert_eq!(
            narrow.given,
            "WITH o AS NOT MATERIALIZED (SELECT CAST($2 AS BIGINT) AS enterprise), \
             f AS NOT MATERIALIZED (SELECT CAST($3 AS BIGINT) AS now)"
        );
    }
}
