//! Values bound to statements, and rows read back.

use uuid::Uuid;

use crate::ledger::error::LedgerError;

/// A value bound to a statement.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Id(Option<Uuid>),
    /// A list: an array in PostgreSQL, JSON text (`json_each`) in SQLite.
    Ints(Vec<i64>),
    /// As `Ints`.
    Texts(Vec<String>),
    /// SQLite sees them as hexadecimal text: `unhex(value)`.
    Ids(Vec<Uuid>),
    /// Keys of three parts: three arrays (and parameters) in PostgreSQL, one
    /// JSON list of lists in SQLite.
    Triples(Vec<(i64, String, String)>),
    /// Keys of a text and bytes: two arrays (and parameters) in PostgreSQL,
    /// one JSON list of lists in SQLite, the bytes as hexadecimal text.
    Pairs(Vec<(String, Vec<u8>)>),
}

macro_rules! from {
    ($($type:ty => $variant:ident),*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(Some(value))
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value)
            }
        }
    )*};
}
from!(i64 => Int, String => Text, Vec<u8> => Bytes, Uuid => Id);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl Value {
    /// The type of PostgreSQL of what is one parameter.
    pub(crate) fn column_type(&self) -> &'static str {
        match self {
            Self::Int(_) => "BIGINT",
            Self::Text(_) => "TEXT",
            Self::Bytes(_) => "BYTEA",
            Self::Id(_) => "UUID",
            Self::Ints(_) => "BIGINT[]",
            Self::Texts(_) | Self::Triples(_) | Self::Pairs(_) => "TEXT[]",
            Self::Ids(_) => "UUID[]",
        }
    }

    /// How many parameters of PostgreSQL it is.
    pub(super) fn parameters(&self) -> usize {
        match self {
            Self::Pairs(_) => 2,
            Self::Triples(_) => 3,
            _ => 1,
        }
    }

    pub(crate) fn is_empty_list(&self) -> bool {
        match self {
            Self::Ints(list) => list.is_empty(),
            Self::Texts(list) => list.is_empty(),
            Self::Ids(list) => list.is_empty(),
            _ => false,
        }
    }
}

/// A cell that was read.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Id(Uuid),
}

/// A row that was read; cells are taken in the order of the statement.
#[derive(Debug)]
pub(crate) struct Row(pub(super) std::vec::IntoIter<Cell>);

/// The row does not have the shape that its statement promises: a defect of
/// this program, never of its input.
fn mismatch(wanted: &'static str, found: &Option<Cell>) -> LedgerError {
    LedgerError::Shape(format!("a column should be {wanted}, but is {found:?}"))
}

impl Row {
    fn cell(&mut self) -> Option<Cell> {
        self.0.next()
    }

    /// The next cell, an integer.
    pub(crate) fn int(&mut self) -> Result<i64, LedgerError> {
        match self.cell() {
            Some(Cell::Int(value)) => Ok(value),
            other => Err(mismatch("an integer", &other)),
        }
    }

    /// The next cell, an integer or NULL.
    pub(crate) fn opt_int(&mut self) -> Result<Option<i64>, LedgerError> {
        match self.cell() {
            Some(Cell::Int(value)) => Ok(Some(value)),
            Some(Cell::Null) => Ok(None),
            other => Err(mismatch("an integer or NULL", &other)),
        }
    }

    /// The next cell, a text.
    pub(crate) fn text(&mut self) -> Result<String, LedgerError> {
        match self.cell() {
            Some(Cell::Text(value)) => Ok(value),
            other => Err(mismatch("a text", &other)),
        }
    }

    /// The next cell, a text or NULL.
    pub(crate) fn opt_text(&mut self) -> Result<Option<String>, LedgerError> {
        match self.cell() {
            Some(Cell::Text(value)) => Ok(Some(value)),
            Some(Cell::Null) => Ok(None),
            other => Err(mismatch("a text or NULL", &other)),
        }
    }

    /// The next cell, bytes.
    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, LedgerError> {
        match self.cell() {
            Some(Cell::Bytes(value)) => Ok(value),
            other => Err(mismatch("bytes", &other)),
        }
    }

    /// The next cell, a UUID (16 bytes in SQLite).
    pub(crate) fn id(&mut self) -> Result<Uuid, LedgerError> {
        let cell = self.cell();
        self.as_id(&cell).ok_or_else(|| mismatch("a UUID", &cell))
    }

    /// The next cell, a UUID or NULL.
    pub(crate) fn opt_id(&mut self) -> Result<Option<Uuid>, LedgerError> {
        match self.cell() {
            Some(Cell::Null) => Ok(None),
            cell => self.as_id(&cell).map(Some).ok_or_else(|| mismatch("a UUID or NULL", &cell)),
        }
    }

    #[expect(clippy::unused_self, reason = "reads as one of the readers")]
    fn as_id(&self, cell: &Option<Cell>) -> Option<Uuid> {
        match cell {
            Some(Cell::Id(id)) => Some(*id),
            Some(Cell::Bytes(bytes)) => Uuid::from_slice(bytes).ok(),
            _ => None,
        }
    }

    /// The next cell, 0 or 1.
    pub(crate) fn flag(&mut self) -> Result<bool, LedgerError> {
        self.int().map(|value| value != 0)
    }

    /// The next cell, a text that `parse` understands.
    pub(crate) fn parsed<T: std::str::FromStr>(&mut self) -> Result<T, LedgerError>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.text()?;
        text.parse().map_err(|error| LedgerError::Shape(format!("{text:?} was stored: {error}")))
    }

    /// The next cell, a JSON text of a record.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, LedgerError> {
        let text = self.text()?;
        serde_json::from_str(&text)
            .map_err(|error| LedgerError::Shape(format!("a stored record cannot be read: {error}")))
    }
}
