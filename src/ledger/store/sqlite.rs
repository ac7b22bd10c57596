//! SQLite.

use std::time::Duration;

use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Row as _, Sqlite, SqliteConnection, TypeInfo, ValueRef};

use super::value::Cell;
use super::{Bulk, Column, Row, Store, Value, Write};
use crate::ledger::error::LedgerError;
use crate::sqlite;

pub(super) async fn connect(path: &str, connections: u32) -> Result<Store, LedgerError> {
    if let Some(folder) = std::path::Path::new(path).parent() {
        tokio::fs::create_dir_all(folder).await.map_err(LedgerError::Folder)?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        // Durable on return from commit: the line acknowledges after it.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10))
        .foreign_keys(true);
    let write = sqlite::writer(&options).await?;
    let read =
        SqlitePoolOptions::new().max_connections(connections.max(1)).connect_lazy_with(options);
    Ok(Store::Sqlite { write, read })
}

type SqliteQuery<'q> = Query<'q, Sqlite, SqliteArguments>;

fn bind(query: SqliteQuery<'_>, value: Value) -> SqliteQuery<'_> {
    let list = |json: serde_json::Value| json.to_string();
    match value {
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
        Value::Id(value) => query.bind(value),
        Value::Ints(values) => query.bind(list(values.into())),
        Value::Texts(values) => query.bind(list(values.into())),
        Value::Ids(ids) => {
            let ids: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
            query.bind(list(ids.into()))
        }
        Value::Triples(keys) => query.bind(list(serde_json::json!(keys))),
        Value::Pairs(keys) => {
            let keys: Vec<_> = keys.iter().map(|(text, bytes)| (text, hex(bytes))).collect();
            query.bind(list(serde_json::json!(keys)))
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) async fn rows<'e, E>(
    executor: E,
    text: &'static str,
    values: Vec<Value>,
) -> Result<Vec<Row>, LedgerError>
where
    E: sqlx::Executor<'e, Database = Sqlite>,
{
    let query = values.into_iter().fold(sqlx::query(text), bind);
    query.fetch_all(executor).await?.iter().map(read).collect()
}

pub(super) async fn execute(
    connection: &mut SqliteConnection,
    text: &'static str,
    values: Vec<Value>,
) -> Result<u64, LedgerError> {
    let query = values.into_iter().fold(sqlx::query(text), bind);
    Ok(query.execute(connection).await?.rows_affected())
}

/// Inserts in pieces of a few fixed sizes, so that the statements stay
/// prepared and below SQLite's bound of 32,766 parameters.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    bulk: &Bulk,
) -> Result<u64, LedgerError> {
    let (mut from, mut inserted) = (0, 0);
    for size in [64, 8, 1] {
        let text: std::sync::Arc<str> = bulk.values(size).into();
        while bulk.rows() - from >= size {
            let mut query = sqlx::query(AssertSqlSafe(std::sync::Arc::clone(&text)));
            for row in from..from + size {
                query = bulk.columns.iter().fold(query, |query, column| cell(query, column, row));
            }
            inserted += query.execute(&mut *connection).await?.rows_affected();
            from += size;
        }
    }
    Ok(inserted)
}

/// One after the other; answers how many rows the first wrote.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    writes: Vec<Write>,
) -> Result<u64, LedgerError> {
    let mut first = None;
    for write in writes {
        let written = match write {
            Write::Insert(bulk) => insert(connection, &bulk).await?,
            Write::Change(statement, values) => {
                execute(connection, statement.sqlite, values).await?
            }
        };
        first.get_or_insert(written);
    }
    Ok(first.unwrap_or_default())
}

pub(super) async fn update(
    connection: &mut SqliteConnection,
    text: &'static str,
    bulk: &Bulk,
) -> Result<u64, LedgerError> {
    let row = |row: usize| bulk.columns.iter().map(|column| json(column, row)).collect();
    let rows: Vec<serde_json::Value> = (0..bulk.rows()).map(row).collect();
    let query = sqlx::query(text).bind(serde_json::Value::from(rows).to_string());
    Ok(query.execute(connection).await?.rows_affected())
}

/// A statement sees ids and bytes as hexadecimal text: `unhex(value)`.
#[expect(clippy::indexing_slicing, reason = "a bulk checks that its columns have equal length")]
fn json(column: &Column, row: usize) -> serde_json::Value {
    match column {
        Column::Ints(values) => values[row].into(),
        Column::OptInts(values) => values[row].into(),
        Column::Texts(values) => values[row].as_str().into(),
        Column::OptTexts(values) => values[row].as_deref().into(),
        Column::Bytes(values) => hex(&values[row]).into(),
        Column::Ids(values) => values[row].simple().to_string().into(),
        Column::OptIds(values) => values[row].map(|id| id.simple().to_string()).into(),
    }
}

#[expect(clippy::indexing_slicing, reason = "a bulk checks that its columns have equal length")]
fn cell<'q>(query: SqliteQuery<'q>, column: &Column, row: usize) -> SqliteQuery<'q> {
    match column {
        Column::Ints(values) => query.bind(values[row]),
        Column::OptInts(values) => query.bind(values[row]),
        Column::Texts(values) => query.bind(values[row].clone()),
        Column::OptTexts(values) => query.bind(values[row].clone()),
        Column::Bytes(values) => query.bind(values[row].clone()),
        Column::Ids(values) => query.bind(values[row]),
        Column::OptIds(values) => query.bind(values[row]),
    }
}

fn read(row: &SqliteRow) -> Result<Row, LedgerError> {
    let cells: Result<Vec<Cell>, LedgerError> = (0..row.len())
        .map(|i| {
            let raw = row.try_get_raw(i)?;
            if raw.is_null() {
                return Ok(Cell::Null);
            }
            let kind = raw.type_info().name().to_owned();
            Ok(match kind.as_str() {
                "INTEGER" => Cell::Int(row.try_get_unchecked(i)?),
                "TEXT" => Cell::Text(row.try_get_unchecked(i)?),
                "BLOB" => Cell::Bytes(row.try_get_unchecked(i)?),
                other => return Err(LedgerError::Shape(format!("a column of type {other}"))),
            })
        })
        .collect();
    Ok(Row(cells?.into_iter()))
}
