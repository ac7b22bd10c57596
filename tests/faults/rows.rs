//! The ledger's rows, read past its own code.

use anyhow::Result;
use facteur::ledger::IdentityKey;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use url::Url;

/// Runs a statement.
pub(crate) async fn execute(database: &Url, statement: String) -> Result<()> {
    let mut connection = PgConnection::connect(database.as_str()).await?;
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Rows of which every column is a text.
pub(crate) async fn texts(database: &Url, statement: &'static str) -> Result<Vec<Vec<String>>> {
    let mut connection = PgConnection::connect(database.as_str()).await?;
    let rows = sqlx::query(statement).fetch_all(&mut connection).await?;
    connection.close().await?;
    let read = |row: &sqlx::postgres::PgRow| (0..row.len()).map(|i| Ok(row.try_get(i)?)).collect();
    rows.iter().map(read).collect()
}

/// Whether the account holds an identity.
pub(crate) async fn is_recorded(database: &Url, identity: &IdentityKey) -> Result<bool> {
    let mut connection = PgConnection::connect(database.as_str()).await?;
    let known = sqlx::query("SELECT 1 FROM identities WHERE application = $1 AND key = $2")
        .bind(&identity.application)
        .bind(&identity.key)
        .fetch_optional(&mut connection)
        .await?;
    connection.close().await?;
    Ok(known.is_some())
}

/// Whether anything was decided by a policy of this text.
pub(crate) async fn is_decided_by(database: &Url, policy: &str) -> Result<bool> {
    let mut connection = PgConnection::connect(database.as_str()).await?;
    let found = sqlx::query("SELECT 1 FROM policies WHERE text = $1").bind(policy);
    let found = found.fetch_optional(&mut connection).await?.is_some();
    connection.close().await?;
    Ok(found)
}
