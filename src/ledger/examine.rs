//! Whether a ledger is fit to be worked with.

use std::borrow::Cow;

use jiff::Timestamp;
use sqlx::Error::Database;

use super::Ledger;
use super::error::{Class, LedgerError};
use super::migrations;
use super::store::{Row, Statement, Store, postgres};

/// The oldest PostgreSQL that was run, as `server_version_num` has it.
const SERVER_VERSION_MIN: i64 = 150_000;

/// What keeps a ledger from being fit.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It does not answer.
    #[error("the database cannot be reached")]
    Away(#[source] LedgerError),
    /// It does not know this user, or not with this password.
    #[error("the database does not let us in")]
    Refused(#[source] LedgerError),
    /// The server has no database of that name.
    #[error("there is no such database")]
    NoDatabase(#[source] LedgerError),
    /// Migrations are missing.
    #[error("the schema is at version {found}, and this program needs {needed}")]
    OldSchema {
        /// The last migration that was run; 0: none.
        found: i64,
        /// The last that this program knows.
        needed: i64,
    },
    /// A newer program migrated it.
    #[error("the schema is at version {found}, and this program knows {needed}")]
    NewSchema {
        /// The last migration that was run.
        found: i64,
        /// The last that this program knows.
        needed: i64,
    },
    /// A commit would not be on the disk when it returns.
    #[error("{setting} is {value}: a commit may be lost with the power")]
    NotDurable {
        /// The server's setting.
        setting: String,
        /// What it is.
        value: String,
    },
    /// Nothing can be written there.
    #[error("the database takes no writes: {0}")]
    ReadOnly(String),
    /// An older server than was ever run.
    #[error("PostgreSQL {version} is older than any that was run with this program")]
    OldServer {
        /// As `server_version_num` has it.
        version: i64,
    },
}

const VERSION: Statement =
    Statement::same("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations WHERE success");

const SETTINGS: &str = "SELECT name, setting FROM pg_settings WHERE name IN
    ('fsync', 'full_page_writes', 'synchronous_commit', 'server_version_num')";

const NOW: &str = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)";

/// Why a session could not write, as far as the server says.
const READ_ONLY: &str = "SELECT why FROM (VALUES
    ('it is a standby in recovery', pg_is_in_recovery()),
    ('default_transaction_read_only is on',
     current_setting('default_transaction_read_only') = 'on')) AS reasons (why, holds)
    WHERE holds";

/// Tables that this account may not write. Migrations made them, so all are ours.
const UNWRITABLE: &str = "SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    AND NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
         AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE'))";

impl Ledger {
    /// Asks whether the database answers, is durable and has this program's
    /// schema. Answers its time, where it has a clock of its own.
    ///
    /// # Errors
    /// The first fault.
    pub async fn examine(&self) -> Result<Option<Timestamp>, Unfit> {
        let now = match &self.store {
            Store::Postgres(pool, _) => {
                // The pool would say only that it timed out.
                postgres::reached(pool).await.map_err(unreachable)?;
                Some(self.examine_server().await?)
            }
            Store::Sqlite { .. } => None,
        };
        schema(self.schema_version().await?, migrations::newest())?;
        self.examine_writing().await?;
        self.ping().await.map_err(Unfit::Away)?;
        Ok(now)
    }

    async fn examine_server(&self) -> Result<Timestamp, Unfit> {
        for mut row in self.asked(SETTINGS).await? {
            let name = row.text().map_err(Unfit::Away)?;
            setting(&name, &row.text().map_err(Unfit::Away)?)?;
        }
        let mut rows = self.asked(NOW).await?;
        let now = rows.first_mut().map_or(Ok(0), Row::int).map_err(Unfit::Away)?;
        Ok(Timestamp::from_microsecond(now).unwrap_or_default())
    }

    async fn examine_writing(&self) -> Result<(), Unfit> {
        if let Store::Sqlite { .. } = &self.store {
            // It takes the writer's place, and gives it back.
            let begun = self.store.begin().await;
            return begun.map(drop).map_err(|error| Unfit::ReadOnly(error.to_string()));
        }
        if let Some(row) = self.asked(READ_ONLY).await?.first_mut() {
            return Err(Unfit::ReadOnly(row.text().map_err(Unfit::Away)?));
        }
        let mut rows = self.asked(UNWRITABLE).await?;
        let tables = rows.first_mut().map_or(Ok(None), Row::opt_text).map_err(Unfit::Away)?;
        match tables {
            Some(tables) => Err(Unfit::ReadOnly(format!("this account may not write {tables}"))),
            None => Ok(()),
        }
    }

    async fn asked(&self, text: &'static str) -> Result<Vec<Row>, Unfit> {
        self.store.rows(Statement::same(text), vec![]).await.map_err(unreachable)
    }

    /// The last migration that was run.
    async fn schema_version(&self) -> Result<i64, Unfit> {
        match self.store.rows(VERSION, vec![]).await {
            Ok(mut rows) => rows.first_mut().map_or(Ok(0), Row::int).map_err(Unfit::Away),
            // The statement is right, so the table is missing.
            Err(error) if error.class() == Class::Bug => Ok(0),
            Err(error) => Err(unreachable(error)),
        }
    }
}

/// SQLSTATE classes of a connection that was refused.
fn unreachable(error: LedgerError) -> Unfit {
    let code = match &error {
        LedgerError::Database(Database(answer)) => answer.code().map(Cow::into_owned),
        _ => None,
    };
    match code.as_deref() {
        Some("28P01" | "28000") => Unfit::Refused(error),
        Some("3D000") => Unfit::NoDatabase(error),
        _ => Unfit::Away(error),
    }
}

fn schema(found: i64, needed: i64) -> Result<(), Unfit> {
    match found {
        found if found < needed => Err(Unfit::OldSchema { found, needed }),
        found if found > needed => Err(Unfit::NewSchema { found, needed }),
        _ => Ok(()),
    }
}

fn setting(name: &str, value: &str) -> Result<(), Unfit> {
    if name == "server_version_num" {
        let version = value.parse().unwrap_or_default();
        return match version < SERVER_VERSION_MIN {
            true => Err(Unfit::OldServer { version }),
            false => Ok(()),
        };
    }
    match value {
        "off" => Err(Unfit::NotDurable { setting: name.to_owned(), value: value.to_owned() }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_lose_commits_are_faults() {
        for (name, value, is_fit) in [
            ("fsync", "on", true),
            ("fsync", "off", false),
            ("full_page_writes", "off", false),
            ("synchronous_commit", "remote_apply", true),
            ("synchronous_commit", "off", false),
            ("server_version_num", "150008", true),
            ("server_version_num", "140011", false),
            ("server_version_num", "nonsense", false),
        ] {
            assert_eq!(setting(name, value).is_ok(), is_fit, "{name} {value}");
        }
    }

    #[test]
    fn a_schema_is_older_the_same_or_newer() {
        assert!(matches!(schema(0, 2), Err(Unfit::OldSchema { .. })));
        assert!(schema(2, 2).is_ok());
        assert!(matches!(schema(3, 2), Err(Unfit::NewSchema { .. })));
    }
}
