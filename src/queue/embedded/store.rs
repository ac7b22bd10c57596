//! The file: one connection that writes, a few that read, and who waits for
//! what in this process.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, Transaction};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

use super::release;
use crate::queue::QueueError;
use crate::sqlite;

/// How long a writer waits for the writers of other processes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
const READERS_MAX: u32 = 4;

pub(super) type Write = Transaction<'static, Sqlite>;

pub(super) struct Store {
    writer: SqlitePool,
    reader: SqlitePool,
    lease: Duration,
    /// What dropped consumers still give back.
    pub(super) releases: TaskTracker,
    waiters: Mutex<HashMap<i64, Waiter>>,
    /// Ends with the store.
    keeper: Mutex<JoinSet<()>>,
}

/// A living consumer of this process.
pub(super) struct Waiter {
    pub(super) queue: i64,
    pub(super) wake: Arc<Notify>,
}

impl Store {
    pub(super) async fn open(path: &str, lease: Duration) -> Result<Arc<Self>, QueueError> {
        create_folder(path).await?;
        let options = options(path);
        let writer = sqlite::writer(&options).await.map_err(unavailable)?;
        let reader = SqlitePoolOptions::new().min_connections(1);
        let reader = reader.max_connections(READERS_MAX).connect_lazy_with(options);
        let store = Self {
            writer,
            reader,
            lease,
            releases: TaskTracker::new(),
            waiters: Mutex::default(),
            keeper: Mutex::default(),
        };
        store.create_tables().await.map_err(unavailable)?;
        Ok(Arc::new(store))
    }

    /// Runs the task that looks after the file, until the store is dropped.
    pub(super) fn keep_with(&self, keeper: impl Future<Output = ()> + Send + 'static) {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner).spawn(keeper);
    }

    pub(super) fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    pub(super) fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    pub(super) fn lease(&self) -> Duration {
        self.lease
    }

    /// A transaction that holds the file's write lock from its start: one that
    /// begins as a reader cannot wait for another writer.
    pub(super) async fn write(&self) -> sqlx::Result<Write> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// The time of a lease in milliseconds. All processes that share the file
    /// are on one machine: SQLite's clock is theirs.
    pub(super) fn lease_ms(&self) -> i64 {
        i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX)
    }

    /// How many messages are ready, unless there is no such queue.
    pub(super) async fn depth(&self, queue: &str) -> sqlx::Result<Option<u64>> {
        let count: Option<i64> = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM delivery WHERE queue = q.id AND consumer IS NULL)
             FROM queue q WHERE q.name = ?",
        )
        .bind(queue)
        .fetch_optional(&self.reader)
        .await?;
        Ok(count.and_then(|count| u64::try_from(count).ok()))
    }

    pub(super) fn waiters(&self) -> MutexGuard<'_, HashMap<i64, Waiter>> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes this process's consumers of a queue.
    pub(super) fn wake(&self, queue: i64) {
        for waiter in self.waiters().values().filter(|waiter| waiter.queue == queue) {
            waiter.wake.notify_one();
        }
    }

    /// Gives back what this process's consumers hold, and closes the file.
    pub(super) async fn close(&self) {
        let consumers: Vec<(i64, Waiter)> = self.waiters().drain().collect();
        for &(consumer, _) in &consumers {
            if let Err(error) = release::release(self, consumer).await {
                tracing::warn!(%error, "deliveries come back only when their lease runs out");
            }
        }
        self.releases.close();
        self.releases.wait().await;
        self.writer.close().await;
        self.reader.close().await;
        for (_, waiter) in consumers {
            waiter.wake.notify_one();
        }
    }

    async fn create_tables(&self) -> sqlx::Result<()> {
        let mut tx = self.write().await?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&mut *tx).await?;
        tx.commit().await
    }
}

pub(super) fn unavailable(error: sqlx::Error) -> QueueError {
    QueueError::Unavailable(Box::new(error))
}

fn options(path: &str) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Full)
}

async fn create_folder(path: &str) -> Result<(), QueueError> {
    match Path::new(path).parent() {
        Some(folder) => tokio::fs::create_dir_all(folder)
            .await
            .map_err(|error| QueueError::Unavailable(Box::new(error))),
        None => Ok(()),
    }
}
