//! Two dialects, one schema.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use sqlx::{Connection, PgConnection, Row, SqliteConnection};

use crate::support::ledgers::{postgres, sqlite};

/// Table, column, and whether it may be empty; or `index` and its name.
type Part = (String, String, bool);

const POSTGRES: &str = "SELECT table_name::TEXT, column_name::TEXT, is_nullable = 'YES'
     FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'
    UNION ALL SELECT 'index', indexname::TEXT, false FROM pg_indexes
     WHERE schemaname = 'public' AND indexname NOT LIKE '%\\_key' AND indexname NOT LIKE '%\\_pkey'";

const SQLITE: &str = "SELECT m.name, c.name, c.\"notnull\" = 0 AND c.pk = 0
     FROM sqlite_schema m, pragma_table_info(m.name) c
     WHERE m.type = 'table' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\'
       AND m.name NOT LIKE 'sqlite%'
    UNION ALL SELECT 'index', name, 0 FROM sqlite_schema
     WHERE type = 'index' AND name NOT LIKE 'sqlite%'";

#[tokio::test]
async fn postgres_and_sqlite_have_the_same_tables_columns_and_indexes() -> Result<()> {
    let (one, other) = (postgres().await?, sqlite().await?);
    let mut connection = PgConnection::connect(&one.url).await?;
    let rows = sqlx::query(POSTGRES).fetch_all(&mut connection).await?;
    let rows = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)));
    let postgres: BTreeSet<Part> = rows.collect::<Result<_, sqlx::Error>>()?;
    let mut connection = SqliteConnection::connect(&other.url).await?;
    let rows = sqlx::query(SQLITE).fetch_all(&mut connection).await?;
    let rows = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)));
    let sqlite: BTreeSet<Part> = rows.collect::<Result<_, sqlx::Error>>()?;
    ensure!(postgres.len() > 100, "{postgres:?}");
    let differ: Vec<&Part> = postgres.symmetric_difference(&sqlite).collect();
    ensure!(differ.is_empty(), "only in one: {differ:?}");
    Ok(())
}

#[tokio::test]
async fn postgres_and_sqlite_are_migrated_twice_without_harm() -> Result<()> {
    for ledger in [postgres().await?, sqlite().await?] {
        let (epoch, position) = (ledger.epoch().await?, ledger.position().await?);
        ledger.migrate().await?;
        ensure!((ledger.epoch().await?, ledger.position().await?) == (epoch, position));
    }
    Ok(())
}
