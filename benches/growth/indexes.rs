//! Indexes are made after the rows, which takes minutes instead of hours; but
//! as full as they would be if the rows had come one by one.

use anyhow::Result;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row as _};

/// What a message writes to.
pub(crate) const TABLES: [&str; 7] = [
    "identities",
    "messages",
    "journal",
    "letters",
    "letter_events",
    "documents",
    "document_pages",
];

/// Those whose keys come in no order: a B-tree that grows so is 69 % full
/// (Yao, On random 2-3 trees, 1978), and one whose keys grow is full.
const RANDOM: [&str; 5] = [
    "identities_pkey",
    "messages_pkey",
    "messages_unread",
    "documents_pkey",
    "document_pages_pkey",
];
const FILL: &str = " WITH (fillfactor = 70)";

const FOUND: &str = "SELECT t.relname, i.relname, pg_get_indexdef(i.oid),
        pg_get_constraintdef(c.oid)
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    LEFT JOIN pg_constraint c ON c.conindid = i.oid
    WHERE t.relname = ANY($1)";

/// The statements that make them again.
pub(crate) struct Indexes(Vec<String>);

impl Indexes {
    /// Drops the indexes of what a message writes to.
    pub(crate) async fn drop(connection: &mut PgConnection) -> Result<Self> {
        let found = sqlx::query(FOUND).bind(TABLES.map(str::to_owned).to_vec());
        let mut made = Vec::new();
        for row in found.fetch_all(&mut *connection).await? {
            let (table, name): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let (index, constraint): (String, Option<String>) = (row.try_get(2)?, row.try_get(3)?);
            let fill = if RANDOM.contains(&name.as_str()) { FILL } else { "" };
            let (drop, make) = match constraint {
                Some(constraint) => (
                    format!("ALTER TABLE {table} DROP CONSTRAINT {name}"),
                    format!("ALTER TABLE {table} ADD CONSTRAINT {name} {constraint}{fill}"),
                ),
                None => (format!("DROP INDEX {name}"), filled(&index, fill)),
            };
            run(connection, drop).await?;
            made.push(make);
        }
        Ok(Self(made))
    }

    pub(crate) async fn make(self, connection: &mut PgConnection) -> Result<()> {
        for statement in self.0 {
            run(connection, statement).await?;
        }
        Ok(())
    }
}

/// The storage parameters of a partial index stand before its condition.
fn filled(index: &str, fill: &str) -> String {
    match index.split_once(" WHERE ") {
        Some((head, condition)) => {
            let head = head.strip_suffix(" WITH (fillfactor='70')").unwrap_or(head);
            format!("{head}{fill} WHERE {condition}")
        }
        None => format!("{index}{fill}"),
    }
}

async fn run(connection: &mut PgConnection, statement: String) -> Result<()> {
    sqlx::query(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}
