//! A ledger that an older release made is migrated, and every statement of that
//! release can still be prepared; what becomes of them is told in `recorded`.

use std::borrow::Cow;

use anyhow::{Context, Result, ensure};
use facteur::ledger::Unfit;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr, SqliteConnection};

use crate::shipped::{json, text};
use crate::support::ledgers::{TestLedger, postgres_made_by, sqlite_made_by};

/// The release before, as it migrates an empty database.
pub(super) fn release(dialect: &str) -> Result<Migrator> {
    let sql = AssertSqlSafe(text(&format!("schemas/kept/0001/{dialect}.sql"))?).into_sql_str();
    let name = Cow::Borrowed("ledger");
    let migration = Migration::new(1, name, MigrationType::Simple, sql, false);
    Ok(Migrator::with_migrations(vec![migration]))
}

fn statements(dialect: &str) -> Result<Vec<String>> {
    let kept = json(&format!("schemas/kept/0001/{dialect}.statements.json"))?;
    let kept: Vec<String> = serde_json::from_value(kept)?;
    ensure!(kept.len() > 100, "only {} statements are kept", kept.len());
    Ok(kept)
}

pub(super) async fn is_brought_up_to_date(ledger: &TestLedger) -> Result<()> {
    match ledger.examine().await {
        // No migration was added since that release.
        Ok(_) | Err(Unfit::OldSchema { .. } | Unfit::Away(_)) => {}
        Err(other) => return Err(other.into()),
    }
    ledger.migrate().await?;
    ledger.examine().await.context("after the migration")?;
    ensure!(ledger.account().await?.difference == 0);
    Ok(())
}

#[tokio::test]
async fn sqlite_ledger_of_the_release_before_is_migrated() -> Result<()> {
    let ledger = sqlite_made_by(&release("sqlite")?).await?;
    is_brought_up_to_date(&ledger).await?;
    let mut connection = SqliteConnection::connect(&ledger.url).await?;
    for statement in statements("sqlite")? {
        let prepared = (&mut connection).prepare(AssertSqlSafe(statement.clone()).into_sql_str());
        prepared.await.with_context(|| statement)?;
    }
    let gone = (&mut connection).prepare(AssertSqlSafe("SELECT gone FROM messages").into_sql_str());
    ensure!(gone.await.is_err(), "anything can be prepared");
    Ok(())
}

#[tokio::test]
async fn postgres_ledger_of_the_release_before_is_migrated() -> Result<()> {
    let ledger = postgres_made_by(&release("postgres")?).await?;
    is_brought_up_to_date(&ledger).await?;
    let mut connection = PgConnection::connect(&ledger.url).await?;
    for statement in statements("postgres")? {
        let prepared = (&mut connection).prepare(AssertSqlSafe(statement.clone()).into_sql_str());
        prepared.await.with_context(|| statement)?;
    }
    let gone = (&mut connection).prepare(AssertSqlSafe("SELECT gone FROM messages").into_sql_str());
    ensure!(gone.await.is_err(), "anything can be prepared");
    Ok(())
}
