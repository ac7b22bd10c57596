//! One statement, two databases.
//!
//! Every statement of the ledger runs through here, as text with bound values.
//! Most texts are the same in both dialects; where they are not, the
//! [`Statement`] holds both, side by side. Bulk inserts are `UNNEST` of one
//! array a column in PostgreSQL and multi-row `VALUES` in SQLite.

mod bulk;
mod held;
pub(super) mod postgres;
mod sqlite;
mod value;
mod write;

pub(crate) use bulk::{Bulk, Column, Table};
pub(crate) use value::{Row, Value};
pub(crate) use write::Write;

use std::time::Duration;

use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

use super::error::LedgerError;
use held::Held;
use postgres::answered;

/// A statement in both dialects. Parameters are `$1`, `$2`, … in both.
#[derive(Clone, Copy)]
pub(crate) struct Statement {
    pub(crate) postgres: &'static str,
    pub(crate) sqlite: &'static str,
}

impl Statement {
    /// A statement that reads the same in both dialects.
    pub(crate) const fn same(text: &'static str) -> Self {
        Self { postgres: text, sqlite: text }
    }
}

/// The database behind a ledger.
#[derive(Clone)]
pub(crate) enum Store {
    /// Few connections are kept for glances; none where there are few in all.
    Postgres(PgPool, Option<Held>),
    /// SQLite has one writer; readers do not wait for it (WAL).
    Sqlite { write: SqlitePool, read: SqlitePool },
}

/// A write transaction. Dropped without commit, it changes nothing.
pub(crate) enum Transaction {
    /// And how long an answer may take.
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>, Duration),
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
}

impl Store {
    pub(crate) async fn connect(url: &str, connections: u32) -> Result<Self, LedgerError> {
        match url.split_once("://") {
            Some(("postgres" | "postgresql", _)) => postgres::connect(url, connections).await,
            Some(("sqlite", path)) => sqlite::connect(path, connections).await,
            _ => Err(LedgerError::Address),
        }
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, LedgerError> {
        Ok(match self {
            Self::Postgres(pool, _) => {
                postgres::begin(pool, postgres::BEGIN, postgres::ANSWER_MAX).await?
            }
            // Deferred transactions that turn into writers fail at once when
            // another process writes; immediate ones wait (busy_timeout).
            Self::Sqlite { write, .. } => {
                Transaction::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?)
            }
        })
    }

    /// The same for a few rows that somebody waits for: in PostgreSQL with plans
    /// that are kept.
    pub(crate) async fn begin_few(&self) -> Result<Transaction, LedgerError> {
        match self {
            Self::Postgres(pool, _) => {
                postgres::begin(pool, postgres::BEGIN_FEW, postgres::ANSWER_MAX).await
            }
            Self::Sqlite { .. } => self.begin().await,
        }
    }

    /// A consistent view for several reads.
    pub(crate) async fn begin_read(&self) -> Result<Transaction, LedgerError> {
        self.view(postgres::BEGIN_READ).await
    }

    /// A consistent view for statements that go by keys alone, many times a
    /// second.
    pub(crate) async fn begin_look(&self) -> Result<Transaction, LedgerError> {
        self.view(postgres::BEGIN_LOOK).await
    }

    async fn view(&self, begin: &'static str) -> Result<Transaction, LedgerError> {
        Ok(match self {
            Self::Postgres(pool, _) => {
                postgres::begin(pool, begin, postgres::ANSWER_MAX_VIEW).await?
            }
            Self::Sqlite { read, .. } => Transaction::Sqlite(read.begin().await?),
        })
    }

    /// Rows of a statement that changes nothing.
    pub(crate) async fn rows(
        &self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, LedgerError> {
        match self {
            Self::Postgres(pool, _) => postgres::read_rows(pool, statement.postgres, values).await,
            Self::Sqlite { read, .. } => sqlite::rows(read, statement.sqlite, values).await,
        }
    }

    /// Rows of a statement that changes nothing, goes by keys alone and is asked
    /// many times a second: one round trip.
    pub(crate) async fn glance(
        &self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, LedgerError> {
        match self {
            Self::Postgres(_, Some(held)) => held.rows(statement.postgres, values).await,
            Self::Postgres(_, None) | Self::Sqlite { .. } => self.rows(statement, values).await,
        }
    }

    /// The same by a text that was made of the ledger's own pieces, for
    /// PostgreSQL alone.
    pub(crate) async fn glance_by(
        &self,
        text: String,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, LedgerError> {
        let text = AssertSqlSafe(text);
        match self {
            Self::Postgres(_, Some(held)) => held.rows(text, values).await,
            Self::Postgres(pool, None) => postgres::read_rows(pool, text, values).await,
            Self::Sqlite { .. } => Err(LedgerError::Shape("not a text of SQLite".into())),
        }
    }

    /// Inserts rows that others must see at once, and that may be lost with the
    /// database's machine until a later commit: in PostgreSQL it waits for no
    /// disk. Answers these columns of them as they are now, where that costs no
    /// other question: none of what is missing there is known.
    pub(crate) async fn claim(
        &self,
        bulk: Bulk,
        columns: &'static str,
    ) -> Result<Vec<Row>, LedgerError> {
        if let Self::Postgres(_, Some(held)) = self
            && !bulk.is_empty()
        {
            return held.insert(bulk, columns).await;
        }
        let mut tx = self.begin().await?;
        tx.insert(bulk).await?;
        tx.commit().await?;
        Ok(Vec::new())
    }

    /// Changes rows in a transaction of its own; answers how many.
    pub(crate) async fn execute(
        &self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<u64, LedgerError> {
        let mut tx = self.begin().await?;
        let changed = tx.execute(statement, values).await?;
        tx.commit().await?;
        Ok(changed)
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Postgres(pool, held) => {
                held.iter().for_each(Held::close);
                pool.close().await;
            }
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
        }
    }
}

impl Transaction {
    pub(crate) async fn rows(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, LedgerError> {
        match self {
            Self::Postgres(tx, limit) => {
                answered(*limit, postgres::rows(&mut **tx, statement.postgres, values)).await
            }
            Self::Sqlite(tx) => sqlite::rows(&mut **tx, statement.sqlite, values).await,
        }
    }

    pub(crate) async fn execute(
        &mut self,
        statement: Statement,
        values: Vec<Value>,
    ) -> Result<u64, LedgerError> {
        match self {
            Self::Postgres(tx, limit) => {
                answered(*limit, postgres::execute(tx, statement.postgres, values)).await
            }
            Self::Sqlite(tx) => sqlite::execute(tx, statement.sqlite, values).await,
        }
    }

    /// Inserts all rows of a bulk; answers how many were not there before.
    pub(crate) async fn insert(&mut self, bulk: Bulk) -> Result<u64, LedgerError> {
        if bulk.is_empty() {
            return Ok(0);
        }
        match self {
            Self::Postgres(tx, limit) => answered(*limit, postgres::insert(tx, bulk)).await,
            Self::Sqlite(tx) => sqlite::insert(tx, &bulk).await,
        }
    }

    /// Makes changes of which none looks at what another has done: in
    /// PostgreSQL in one round trip. Answers how many rows the first wrote.
    pub(crate) async fn write(
        &mut self,
        first: Write,
        others: Vec<Write>,
    ) -> Result<u64, LedgerError> {
        let mut writes = vec![first];
        writes.extend(others.into_iter().filter(|write| !write.is_nothing()));
        match self {
            Self::Postgres(tx, limit) => answered(*limit, postgres::write(tx, writes)).await,
            Self::Sqlite(tx) => sqlite::write(tx, writes).await,
        }
    }

    /// Inserts rows whose first column is counted back from a sequence's last
    /// value: 0 is the last. Answers that value. `draw` draws it, in PostgreSQL
    /// for as many rows as its array `$1` has and in the same round trip: who
    /// has drawn is waited for by everybody else.
    pub(crate) async fn insert_drawn(
        &mut self,
        draw: Statement,
        mut bulk: Bulk,
    ) -> Result<i64, LedgerError> {
        match self {
            Self::Postgres(tx, limit) => {
                answered(*limit, postgres::insert_drawn(tx, draw.postgres, bulk)).await
            }
            Self::Sqlite(tx) => {
                let count = i64::try_from(bulk.rows()).unwrap_or(i64::MAX);
                let rows = sqlite::rows(&mut **tx, draw.sqlite, vec![count.into()]).await?;
                let last = only_int(rows)?;
                bulk.shift(last);
                sqlite::insert(tx, &bulk).await?;
                Ok(last)
            }
        }
    }

    /// Changes rows by the rows of a bulk: one array a column (and parameter) in
    /// PostgreSQL, one JSON list of lists in SQLite. Answers how many.
    pub(crate) async fn update(
        &mut self,
        statement: Statement,
        bulk: Bulk,
    ) -> Result<u64, LedgerError> {
        if bulk.is_empty() {
            return Ok(0);
        }
        match self {
            Self::Postgres(tx, limit) => {
                answered(*limit, postgres::update(tx, statement.postgres, bulk)).await
            }
            Self::Sqlite(tx) => sqlite::update(tx, statement.sqlite, &bulk).await,
        }
    }

    pub(crate) async fn commit(self) -> Result<(), LedgerError> {
        match self {
            Self::Postgres(tx, limit) => answered(limit, async { Ok(tx.commit().await?) }).await,
            Self::Sqlite(tx) => Ok(tx.commit().await?),
        }
    }
}

/// The number in the one row that a statement answers.
fn only_int(mut rows: Vec<Row>) -> Result<i64, LedgerError> {
    let missing = || LedgerError::Shape("a row is missing".into());
    rows.first_mut().ok_or_else(missing)?.int()
}
