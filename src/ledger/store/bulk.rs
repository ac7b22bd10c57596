//! Many rows at once.

use uuid::Uuid;

/// A table that takes bulks: its columns in order, and what to do with a row
/// whose key is taken (`ON CONFLICT …`, or nothing to fail).
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
    pub(crate) conflict: &'static str,
}

/// One column of a bulk.
#[derive(Debug)]
pub(crate) enum Column {
    Ints(Vec<i64>),
    OptInts(Vec<Option<i64>>),
    Texts(Vec<String>),
    OptTexts(Vec<Option<String>>),
    Bytes(Vec<Vec<u8>>),
    Ids(Vec<Uuid>),
    OptIds(Vec<Option<Uuid>>),
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Self::Ints(values) => values.len(),
            Self::OptInts(values) => values.len(),
            Self::Texts(values) => values.len(),
            Self::OptTexts(values) => values.len(),
            Self::Bytes(values) => values.len(),
            Self::Ids(values) => values.len(),
            Self::OptIds(values) => values.len(),
        }
    }

    /// The array type of PostgreSQL.
    fn array_type(&self) -> &'static str {
        match self {
            Self::Ints(_) | Self::OptInts(_) => "BIGINT[]",
            Self::Texts(_) | Self::OptTexts(_) => "TEXT[]",
            Self::Bytes(_) => "BYTEA[]",
            Self::Ids(_) | Self::OptIds(_) => "UUID[]",
        }
    }
}

/// Rows for one table, by column.
pub(crate) struct Bulk {
    table: &'static Table,
    pub(super) columns: Vec<Column>,
    rows: usize,
}

impl Bulk {
    /// Columns of equal length, in the order of the table's. PostgreSQL pads a
    /// shorter array with NULL without a word, so this is the one place that
    /// must never let one through.
    pub(crate) fn new(table: &'static Table, columns: Vec<Column>) -> Self {
        let rows = columns.first().map_or(0, Column::len);
        assert_eq!(columns.len(), table.columns.len(), "columns of {}", table.name);
        for (column, name) in columns.iter().zip(table.columns) {
            assert_eq!(column.len(), rows, "length of {}.{name}", table.name);
        }
        Self { table, columns, rows }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// `INSERT … SELECT * FROM UNNEST(…)`, with parameters behind so many others.
    pub(super) fn unnest(&self, others: usize) -> String {
        let (head, conflict) = (self.head(), self.table.conflict);
        format!("{head} SELECT * FROM UNNEST({}) {conflict}", self.parameters(others))
    }

    /// `$1::BIGINT[], $2::TEXT[], …`
    fn parameters(&self, others: usize) -> String {
        let parameter =
            |(i, column): (usize, &Column)| format!("${}::{}", others + i + 1, column.array_type());
        self.columns.iter().enumerate().map(parameter).collect::<Vec<_>>().join(", ")
    }

    /// `INSERT … VALUES (…), (…)` for so many rows.
    pub(super) fn values(&self, rows: usize) -> String {
        let width = self.columns.len();
        let row = |n: usize| {
            let slots: Vec<String> = (1..=width).map(|i| format!("?{}", n * width + i)).collect();
            format!("({})", slots.join(", "))
        };
        let rows: Vec<String> = (0..rows).map(row).collect();
        format!("{} VALUES {} {}", self.head(), rows.join(", "), self.table.conflict)
    }

    /// The same with a first column that is counted back from a sequence's last
    /// value, which `draw` draws for as many rows as `$1` has; answers that value.
    pub(super) fn unnest_drawn(&self, draw: &str) -> String {
        let names: Vec<String> = (1..=self.columns.len()).map(|i| format!("c{i}")).collect();
        let values = names.iter().skip(1).map(|name| format!(", given.{name}")).collect::<String>();
        format!(
            "WITH drawn (last) AS ({draw}), written AS ({} SELECT drawn.last + given.c1{values}
             FROM drawn, UNNEST({}) AS given ({}))
             SELECT last FROM drawn",
            self.head(),
            self.parameters(0),
            names.join(", ")
        )
    }

    /// Adds to every value of the first column.
    pub(super) fn shift(&mut self, by: i64) {
        if let Some(Column::Ints(values)) = self.columns.first_mut() {
            values.iter_mut().for_each(|value| *value += by);
        }
    }

    fn head(&self) -> String {
        format!("INSERT INTO {} ({})", self.table.name, self.table.columns.join(", "))
    }
}
