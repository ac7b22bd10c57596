//! PostgreSQL and SQLite.

use anyhow::Result;
use url::Url;

use super::Diagnosis;
use crate::support::ledgers::{TestLedger, postgres};
use crate::support::program::Program;
use crate::support::relay::Relay;

fn on(url: &str) -> Result<Program> {
    Ok(Program::new()?.with("LEDGER__URL", url))
}

/// The test's database with another part of its address.
fn other(ledger: &TestLedger, change: impl FnOnce(&mut Url)) -> Result<Program> {
    let mut url = Url::parse(&ledger.url)?;
    change(&mut url);
    on(url.as_str())
}

#[tokio::test]
async fn postgres_that_does_not_let_us_in_is_named() -> Result<()> {
    let ledger = postgres().await?;
    Diagnosis::of(&on(&ledger.url)?).await?.is_well()?;
    let wrong = other(&ledger, |url| url.set_password(Some("guessed")).unwrap_or_default())?;
    Diagnosis::of(&wrong).await?.names("ledger", "does not let us in", "user and password")?;
    let wrong = other(&ledger, |url| url.set_path("no_such_ledger"))?;
    Diagnosis::of(&wrong).await?.names("ledger", "no such database", "create the database")?;
    let wrong = other(&ledger, |url| url.set_port(Some(1)).unwrap_or_default())?;
    let found = Diagnosis::of(&wrong).await?;
    found.names("ledger", "Connection refused", "is ledger.url right")?;
    found.leaves_unasked("clock")
}

#[tokio::test]
async fn postgres_that_takes_no_writes_is_named() -> Result<()> {
    let ledger = postgres().await?;
    let read_only = other(&ledger, |url| {
        url.query_pairs_mut().append_pair("options[default_transaction_read_only]", "on");
    })?;
    let found = Diagnosis::of(&read_only).await?;
    found.names("ledger", "default_transaction_read_only is on", "to the primary")?;

    let role = format!("reader_{}", uuid::Uuid::now_v7().simple());
    for text in [
        format!("CREATE ROLE {role} LOGIN PASSWORD 'reader'"),
        format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"),
        format!("GRANT INSERT, UPDATE, DELETE ON messages TO {role}"),
    ] {
        ledger.execute(text).await?;
    }
    let program = other(&ledger, |url| {
        url.set_username(&role).unwrap_or_default();
        url.set_password(Some("reader")).unwrap_or_default();
    })?;
    let found = Diagnosis::of(&program).await;
    ledger.execute(format!("DROP OWNED BY {role}")).await?;
    ledger.execute(format!("DROP ROLE {role}")).await?;
    found?.names("ledger", "this account may not write", "GRANT")
}

/// What it asks the time of is this database's own, an hour late.
#[tokio::test]
async fn postgres_whose_clock_is_wrong_is_named() -> Result<()> {
    let ledger = postgres().await?;
    ledger.execute("CREATE SCHEMA late".to_owned()).await?;
    let late = "CREATE FUNCTION late.clock_timestamp() RETURNS timestamptz LANGUAGE sql
        AS 'SELECT pg_catalog.clock_timestamp() - interval ''1 hour'''";
    ledger.execute(late.to_owned()).await?;
    let program = other(&ledger, |url| {
        url.query_pairs_mut().append_pair("options[search_path]", "late,pg_catalog,public");
    })?;
    Diagnosis::of(&program).await?.names("clock", "the ledger's clock is", "time server")
}

/// Connections are closed as soon as they are accepted.
#[tokio::test]
async fn postgres_that_hangs_up_is_named() -> Result<()> {
    let ledger = postgres().await?;
    let url = Url::parse(&ledger.url)?;
    let host = format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or(5432));
    let relay = Relay::to(&host).await;
    relay.refuse();
    let program = other(&ledger, |url| url.set_port(Some(relay.port())).unwrap_or_default())?;
    Diagnosis::of(&program).await?.names("ledger", "cannot be reached", "reachable from here")
}

#[tokio::test]
async fn postgres_that_may_lose_commits_is_named() -> Result<()> {
    let ledger = postgres().await?;
    let name = Url::parse(&ledger.url)?.path().trim_start_matches('/').to_owned();
    let set = |value: &str| format!("ALTER DATABASE {name} SET synchronous_commit = {value}");
    ledger.execute(set("off")).await?;
    let found = Diagnosis::of(&on(&ledger.url)?).await?;
    found.names("ledger", "synchronous_commit is off", "switch it on")?;
    ledger.execute(set("on")).await?;
    Diagnosis::of(&on(&ledger.url)?).await?.is_well()
}

#[tokio::test]
async fn postgres_without_or_with_a_newer_schema_is_named() -> Result<()> {
    let ledger = postgres().await?;
    let newer =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'of tomorrow', true, ''::bytea, 0)";
    ledger.execute(newer.to_owned()).await?;
    let found = Diagnosis::of(&on(&ledger.url)?).await?;
    found.names("ledger", "version 9999", "newer release")?;
    ledger.execute("DROP TABLE _sqlx_migrations".to_owned()).await?;
    let found = Diagnosis::of(&on(&ledger.url)?).await?;
    found.names("ledger", "schema is at version 0", "facteur migrate")
}

#[tokio::test]
async fn sqlite_without_a_schema_or_in_a_wrong_place_is_named() -> Result<()> {
    let program = Program::new()?;
    Diagnosis::of(&program).await?.names("ledger", "version 0", "facteur migrate")?;
    let file =
        program.file("no-database", "this is a letter, not a ledger, and it is long enough")?;
    let program = program.with("LEDGER__URL", &format!("sqlite://{file}"));
    Diagnosis::of(&program).await?.names("ledger", "cannot be reached", "is ledger.url right")?;
    let program = program.with("LEDGER__URL", "sqlite:///proc/self/ledger.db");
    Diagnosis::of(&program).await?.names("ledger", "cannot be reached", "is ledger.url right")
}
