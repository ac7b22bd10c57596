//! An SQLite file that processes share: opened by whoever comes first.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};

/// `SQLITE_BUSY`, in the lowest byte of an extended result code.
const BUSY: i64 = 5;
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(100);
/// Until a file is given up that others keep to themselves.
const PATIENCE: Duration = Duration::from_secs(30);

/// The one connection that writes, in write-ahead mode.
///
/// A new file is turned to that mode by its first opener, who needs it for
/// himself. SQLite tells others at once that it is busy, whatever
/// `busy_timeout` says (documentation of `sqlite3_busy_handler`: where waiting
/// could be a deadlock), so the waiting is done here.
///
/// # Errors
/// When the file cannot be opened, or others keep it to themselves.
pub(crate) async fn writer(options: &SqliteConnectOptions) -> sqlx::Result<SqlitePool> {
    let options = options.clone().journal_mode(SqliteJournalMode::Wal);
    let pauses = ExponentialBuilder::default()
        .with_min_delay(PAUSE_MIN)
        .with_max_delay(PAUSE_MAX)
        .with_total_delay(Some(PATIENCE))
        .with_jitter()
        .without_max_times();
    let pool = || SqlitePoolOptions::new().min_connections(1).max_connections(1);
    let open = || pool().connect_with(options.clone());
    open.retry(pauses).when(is_busy).await
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i64>().ok());
    code.is_some_and(|code| code & 0xff == BUSY)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    const OPENERS: usize = 3;
    const FILES: usize = 200;

    /// Opens files that nobody opened before, all at the same moment; what
    /// went wrong.
    fn open_all(folder: &std::path::Path, start: &Barrier) -> Vec<sqlx::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut errors = Vec::new();
        for n in 0..FILES {
            let path = folder.join(format!("{n}.db"));
            let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
            start.wait();
            match runtime.block_on(writer(&options)) {
                Ok(pool) => runtime.block_on(pool.close()),
                Err(error) => errors.push(error),
            }
        }
        errors
    }

    #[test]
    fn a_new_file_is_opened_by_all_who_come_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let start = Barrier::new(OPENERS);
        std::thread::scope(|scope| {
            let open = || open_all(folder.path(), &start);
            let openers: Vec<_> = (0..OPENERS).map(|_| scope.spawn(open)).collect();
            for opener in openers {
                let errors = opener.join().unwrap();
                assert!(errors.is_empty(), "{} of {FILES}: {:?}", errors.len(), errors[0]);
            }
        });
    }
}
