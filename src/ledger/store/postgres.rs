//! PostgreSQL.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, PgConnection, PgPool, Postgres, Row as _,
    SqlSafeStr, TypeInfo,
};

use super::held::Held;
use super::value::Cell;
use super::write::joined;
use super::{Bulk, Column, Row, Store, Transaction, Value, Write};
use crate::ledger::error::LedgerError;

/// What holds for each connection.
const SESSION: [(&str, &str); 6] = [
    // A transaction that hangs would hold the clock's row and with it every
    // other engine; the server ends it.
    ("idle_in_transaction_session_timeout", "30s"),
    ("lock_timeout", "30s"),
    // A plan made while a table was empty, or for another box, is kept for the
    // life of a connection otherwise: a ledger that grows from nothing would
    // read all of it for each batch. A plan costs less than what it saves.
    ("plan_cache_mode", "force_custom_plan"),
    // What is looked up lies in memory or on a solid-state disk.
    ("random_page_cost", "1.1"),
    // Statements are short. Compiling them, or sharing them out to other
    // processes, costs more than running them.
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
];

/// What holds for statements that go by keys alone besides: see [`BEGIN_LOOK`].
/// A box is read in the order of its key, never gathered and sorted.
const HELD: [(&str, &str); 4] = [
    // They write claims and nothing else.
    ("synchronous_commit", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
];

/// One of so many connections is kept for such statements: they are short, and
/// more of them at a time than processors answer no sooner.
const HELD_PART: u32 = 3;

pub(super) async fn connect(url: &str, connections: u32) -> Result<Store, LedgerError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| LedgerError::Address)?
        .application_name("facteur")
        .options(SESSION);
    let held = connections / HELD_PART;
    let pool = PgPoolOptions::new()
        .max_connections(connections - held)
        .acquire_timeout(Duration::from_secs(5))
        // One that was in use a moment ago is not asked again whether it lives.
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for < IDLE_MIN { Ok(true) } else { still_answers(connection).await }
            })
        })
        .after_release(|connection, _| {
            // What a large batch was written through, four megabytes and more,
            // would stay with each connection that ever wrote one.
            connection.shrink_buffers();
            Box::pin(still_answers(connection))
        })
        .connect_lazy_with(options.clone());
    let held = match held {
        0 => None,
        held => Some(
            Held::new(options.options(HELD), held as usize).map_err(|_| LedgerError::Address)?,
        ),
    };
    Ok(Store::Postgres(pool, held))
}

/// How long an answer may take: longer than a lock is waited for. A network
/// that has lost the server says nothing, and who waits for it waits for ever.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(40);
/// The same where a statement may read the whole ledger.
pub(super) const ANSWER_MAX_VIEW: Duration = Duration::from_secs(600);
const PING_MAX: Duration = Duration::from_secs(5);
/// Unused for this long, a connection may have died without a word.
pub(super) const IDLE_MIN: Duration = Duration::from_secs(1);

pub(super) const BEGIN: &str = "BEGIN";
/// Planning its statements took a small batch as long as running them, and its
/// senders wait. So these plans are kept; and since one may have been made while
/// tables were empty, they go row by row through the keys and by nothing else:
/// what is right for a few rows in tables of any size.
pub(super) const BEGIN_FEW: &str = "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; \
     SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; \
     SET LOCAL enable_mergejoin = off; SET LOCAL enable_material = off";
pub(super) const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// The statements of a look go by keys alone, and what differs between two of
/// them is JSON that no planner can see into: their plans are made once, as
/// PostgreSQL does where nothing is said. Making them anew took most of a list's
/// time. A plan that was made while a table was empty is made again with its
/// first statistics.
pub(super) const BEGIN_LOOK: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off";

/// The answer, unless it takes too long: then it is unknown what was done.
pub(super) async fn answered<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, LedgerError>>,
) -> Result<T, LedgerError> {
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| Err(silent().into()))
}

fn silent() -> sqlx::Error {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

/// Whether a connection goes back to the pool. The pool itself would ask
/// without a bound, and a silent connection would keep its place for ever.
pub(super) async fn still_answers(connection: &mut PgConnection) -> sqlx::Result<bool> {
    match tokio::time::timeout(PING_MAX, connection.ping()).await {
        Ok(answer) => answer.map(|()| true),
        Err(_) => Err(silent()),
    }
}

/// Whether a connection can be made: the pool tries until its time is over, and
/// forgets why it could not.
pub(in crate::ledger) async fn reached(pool: &PgPool) -> Result<(), LedgerError> {
    let connecting = async {
        let connection = PgConnection::connect_with(&pool.connect_options()).await?;
        connection.close().await
    };
    answered(PING_MAX, async { Ok(connecting.await?) }).await
}

type PgQuery<'q> = Query<'q, Postgres, PgArguments>;

fn bind(query: PgQuery<'_>, value: Value) -> PgQuery<'_> {
    match value {
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
        Value::Id(value) => query.bind(value),
        Value::Ints(values) => query.bind(values),
        Value::Texts(values) => query.bind(values),
        Value::Ids(values) => query.bind(values),
        Value::Triples(keys) => {
            let (mut first, mut second, mut third) = (vec![], vec![], vec![]);
            for (a, b, c) in keys {
                first.push(a);
                second.push(b);
                third.push(c);
            }
            query.bind(first).bind(second).bind(third)
        }
        Value::Pairs(keys) => {
            let (texts, bytes): (Vec<String>, Vec<Vec<u8>>) = keys.into_iter().unzip();
            query.bind(texts).bind(bytes)
        }
    }
}

/// Rows of a statement in a transaction of its own.
pub(super) async fn read_rows(
    pool: &PgPool,
    text: impl SqlSafeStr,
    values: Vec<Value>,
) -> Result<Vec<Row>, LedgerError> {
    answered(ANSWER_MAX, rows(pool, text, values)).await
}

pub(super) async fn begin(
    pool: &PgPool,
    text: &'static str,
    limit: Duration,
) -> Result<Transaction, LedgerError> {
    let begin = async { Ok(pool.begin_with(text).await?) };
    Ok(Transaction::Postgres(answered(ANSWER_MAX, begin).await?, limit))
}

pub(super) async fn rows<'e, E>(
    executor: E,
    text: impl SqlSafeStr,
    values: Vec<Value>,
) -> Result<Vec<Row>, LedgerError>
where
    E: sqlx::Executor<'e, Database = Postgres>,
{
    let query = values.into_iter().fold(sqlx::query(text), bind);
    query.fetch_all(executor).await?.iter().map(read).collect()
}

pub(super) async fn execute(
    connection: &mut PgConnection,
    text: &'static str,
    values: Vec<Value>,
) -> Result<u64, LedgerError> {
    let query = values.into_iter().fold(sqlx::query(text), bind);
    Ok(query.execute(connection).await?.rows_affected())
}

pub(super) async fn insert(connection: &mut PgConnection, bulk: Bulk) -> Result<u64, LedgerError> {
    let query = sqlx::query(AssertSqlSafe(bulk.unnest(0)));
    Ok(arrays(query, bulk).execute(connection).await?.rows_affected())
}

/// Inserts rows, and answers these columns of them.
pub(super) async fn inserted(
    connection: &mut PgConnection,
    bulk: Bulk,
    columns: &'static str,
) -> Result<Vec<Row>, LedgerError> {
    let text = format!("{} RETURNING {columns}", bulk.unnest(0));
    let query = arrays(sqlx::query(AssertSqlSafe(text)), bulk);
    query.fetch_all(connection).await?.iter().map(read).collect()
}

/// Answers how many rows the first wrote.
pub(super) async fn write(
    connection: &mut PgConnection,
    writes: Vec<Write>,
) -> Result<u64, LedgerError> {
    let query = sqlx::query(AssertSqlSafe(joined(&writes)));
    let query = writes.into_iter().fold(query, |query, write| match write {
        Write::Insert(bulk) => arrays(query, bulk),
        Write::Change(_, values) => values.into_iter().fold(query, bind),
    });
    let written: i64 = query.fetch_one(connection).await?.try_get(0)?;
    u64::try_from(written).map_err(|_| LedgerError::Shape("fewer rows than none".into()))
}

pub(super) async fn insert_drawn(
    connection: &mut PgConnection,
    draw: &'static str,
    bulk: Bulk,
) -> Result<i64, LedgerError> {
    let query = sqlx::query(AssertSqlSafe(bulk.unnest_drawn(draw)));
    Ok(arrays(query, bulk).fetch_one(connection).await?.try_get(0)?)
}

pub(super) async fn update(
    connection: &mut PgConnection,
    text: &'static str,
    bulk: Bulk,
) -> Result<u64, LedgerError> {
    Ok(arrays(sqlx::query(text), bulk).execute(connection).await?.rows_affected())
}

fn arrays(query: PgQuery<'_>, bulk: Bulk) -> PgQuery<'_> {
    bulk.columns.into_iter().fold(query, |query, column| match column {
        Column::Ints(values) => query.bind(values),
        Column::OptInts(values) => query.bind(values),
        Column::Texts(values) => query.bind(values),
        Column::OptTexts(values) => query.bind(values),
        Column::Bytes(values) => query.bind(values),
        Column::Ids(values) => query.bind(values),
        Column::OptIds(values) => query.bind(values),
    })
}

fn read(row: &PgRow) -> Result<Row, LedgerError> {
    let cells: Result<Vec<Cell>, LedgerError> = row
        .columns()
        .iter()
        .map(|column| {
            let i = column.ordinal();
            Ok(match column.type_info().name() {
                "INT8" => row.try_get::<Option<i64>, _>(i)?.map_or(Cell::Null, Cell::Int),
                "TEXT" => row.try_get::<Option<String>, _>(i)?.map_or(Cell::Null, Cell::Text),
                "BYTEA" => row.try_get::<Option<Vec<u8>>, _>(i)?.map_or(Cell::Null, Cell::Bytes),
                "UUID" => row.try_get::<Option<uuid::Uuid>, _>(i)?.map_or(Cell::Null, Cell::Id),
                other => return Err(LedgerError::Shape(format!("a column of type {other}"))),
            })
        })
        .collect();
    Ok(Row(cells?.into_iter()))
}
