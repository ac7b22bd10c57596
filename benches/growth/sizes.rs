//! What each table and index costs by message.

use std::collections::BTreeMap;
use std::str::FromStr;

use anyhow::Result;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Row as _};

use crate::indexes::TABLES;

const SIZES: &str = "SELECT c.relname, pg_relation_size(c.oid)
        + CASE WHEN c.reltoastrelid = 0 THEN 0 ELSE pg_relation_size(c.reltoastrelid) END
    FROM pg_class c LEFT JOIN pg_index x ON x.indexrelid = c.oid
    LEFT JOIN pg_class t ON t.oid = x.indrelid
    WHERE coalesce(t.relname, c.relname) = ANY($1)";

/// Bytes a message, by table and index; those of a letter are shared by all.
pub(crate) async fn by_message(url: &str, messages: u64) -> Result<BTreeMap<String, f64>> {
    let mut connection = PgConnectOptions::from_str(url)?.connect().await?;
    let rows = sqlx::query(SIZES).bind(TABLES.map(str::to_owned).to_vec());
    let rows = rows.fetch_all(&mut connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, each(row.try_get(1)?, messages)))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn each(bytes: i64, messages: u64) -> f64 {
    (bytes as f64 / messages as f64 * 10.0).round() / 10.0
}
