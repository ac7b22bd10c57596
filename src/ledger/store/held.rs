//! Connections of PostgreSQL that are asked one statement at a time, many times
//! a second: what goes by keys alone, and claims.
//!
//! The pool of sqlx asks each connection that comes back whether it still
//! lives, before and behind every statement: three round trips for one. Here a
//! connection is asked only when it rested, and closed where its last answer
//! was not read to the end.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{
    BuildError, Manager, Metrics, Pool, PoolError, RecycleError, RecycleResult,
};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection, SqlSafeStr};

use super::postgres::{ANSWER_MAX, IDLE_MIN, answered, inserted, rows, still_answers};
use super::{Bulk, Row, Value};
use crate::ledger::error::LedgerError;

/// How long a statement waits for a connection.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// As long as a connection of the other pool lives.
const AGE_MAX: Duration = Duration::from_secs(30 * 60);

/// Clones share the connections.
#[derive(Clone)]
pub(crate) struct Held(Pool<Opener>);

/// Opens connections, and looks after those that come back.
struct Opener(PgConnectOptions);

/// A connection, and whether its last answer was read to the end.
struct Connection {
    raw: PgConnection,
    is_in_step: bool,
}

impl Manager for Opener {
    type Type = Connection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Connection, sqlx::Error> {
        // What is seldom done must not make every statement's future large.
        let raw = Box::pin(self.0.connect()).await?;
        Ok(Connection { raw, is_in_step: true })
    }

    async fn recycle(&self, it: &mut Connection, about: &Metrics) -> RecycleResult<sqlx::Error> {
        if !it.is_in_step || about.age() > AGE_MAX {
            return Err(RecycleError::message("closed, and opened anew"));
        }
        if about.last_used() > IDLE_MIN {
            Box::pin(still_answers(&mut it.raw)).await?;
        }
        Ok(())
    }
}

impl Held {
    /// At most so many; none is opened yet.
    pub(super) fn new(options: PgConnectOptions, connections: usize) -> Result<Self, BuildError> {
        Pool::builder(Opener(options))
            .max_size(connections)
            .wait_timeout(Some(WAIT_MAX))
            .create_timeout(Some(WAIT_MAX))
            .runtime(Runtime::Tokio1)
            .build()
            .map(Self)
    }

    /// Rows of a statement that changes nothing, as of one moment.
    pub(super) async fn rows(
        &self,
        text: impl SqlSafeStr,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, LedgerError> {
        self.asked(async |connection| rows(connection, text, values).await).await
    }

    /// Inserts rows in a transaction of its own, without waiting for the disk;
    /// answers these columns of them.
    pub(super) async fn insert(
        &self,
        bulk: Bulk,
        columns: &'static str,
    ) -> Result<Vec<Row>, LedgerError> {
        self.asked(async |connection| inserted(connection, bulk, columns).await).await
    }

    /// What is broken off leaves a connection that is not taken again.
    async fn asked<T>(
        &self,
        ask: impl AsyncFnOnce(&mut PgConnection) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        answered(ANSWER_MAX, async {
            let mut held = self.0.get().await.map_err(away)?;
            held.is_in_step = false;
            let answer = ask(&mut held.raw).await?;
            held.is_in_step = true;
            Ok(answer)
        })
        .await
    }

    pub(super) fn close(&self) {
        self.0.close();
    }
}

fn away(error: PoolError<sqlx::Error>) -> LedgerError {
    match error {
        PoolError::Backend(error) => error.into(),
        PoolError::Closed => sqlx::Error::PoolClosed.into(),
        PoolError::Timeout(_) | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            sqlx::Error::PoolTimedOut.into()
        }
    }
}
