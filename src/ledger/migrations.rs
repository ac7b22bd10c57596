//! The schema, embedded, one folder a dialect with the same versions.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use uuid::Uuid;

use super::error::LedgerError;
use super::store::{Statement, Store, Value};

/// Version, description, PostgreSQL, SQLite.
const MIGRATIONS: &[(i64, &str, &str, &str)] = &[
    (
        1,
        "ledger",
        include_str!("../../schemas/postgres/0001_ledger.sql"),
        include_str!("../../schemas/sqlite/0001_ledger.sql"),
    ),
    (
        3,
        "notices",
        include_str!("../../schemas/postgres/0003_notices.sql"),
        include_str!("../../schemas/sqlite/0003_notices.sql"),
    ),
    (
        4,
        "operators",
        include_str!("../../schemas/postgres/0004_operators.sql"),
        include_str!("../../schemas/sqlite/0004_operators.sql"),
    ),
    (
        7,
        "paper",
        include_str!("../../schemas/postgres/0007_paper.sql"),
        include_str!("../../schemas/sqlite/0007_paper.sql"),
    ),
    (
        8,
        "early reports",
        include_str!("../../schemas/postgres/0008_early_reports.sql"),
        include_str!("../../schemas/sqlite/0008_early_reports.sql"),
    ),
    (
        9,
        "replies",
        include_str!("../../schemas/postgres/0009_replies.sql"),
        include_str!("../../schemas/sqlite/0009_replies.sql"),
    ),
    (
        10,
        "shown names",
        include_str!("../../schemas/postgres/0010_shown_names.sql"),
        include_str!("../../schemas/sqlite/0010_shown_names.sql"),
    ),
    (
        11,
        "tickets",
        include_str!("../../schemas/postgres/0011_tickets.sql"),
        include_str!("../../schemas/sqlite/0011_tickets.sql"),
    ),
    (
        12,
        "letters in work",
        include_str!("../../schemas/postgres/0012_letters_in_work.sql"),
        include_str!("../../schemas/sqlite/0012_letters_in_work.sql"),
    ),
    (
        13,
        "history numbers",
        include_str!("../../schemas/postgres/0013_history_numbers.sql"),
        include_str!("../../schemas/sqlite/0013_history_numbers.sql"),
    ),
    (
        14,
        "statistics",
        include_str!("../../schemas/postgres/0014_statistics.sql"),
        include_str!("../../schemas/sqlite/0014_statistics.sql"),
    ),
];

/// The last version that this program knows.
pub(super) fn newest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.0).max().unwrap_or_default()
}

pub(super) async fn run(store: &Store) -> Result<(), LedgerError> {
    let migrator = |texts: fn(&(i64, &'static str, &'static str, &'static str)) -> &'static str| {
        let migrations = MIGRATIONS.iter().map(|migration| {
            let sql = sqlx::SqlSafeStr::into_sql_str(texts(migration));
            let name = Cow::Borrowed(migration.1);
            Migration::new(migration.0, name, MigrationType::Simple, sql, false)
        });
        Migrator::with_migrations(migrations.collect())
    };
    match store {
        Store::Postgres(pool, _) => migrator(|migration| migration.2).run(pool).await?,
        Store::Sqlite { write, .. } => migrator(|migration| migration.3).run(write).await?,
    }
    start_clock(store).await
}

async fn start_clock(store: &Store) -> Result<(), LedgerError> {
    let statement = Statement::same(
        "INSERT INTO clock (one, epoch, position, reference_version) VALUES (1, $1, 0, 1)
         ON CONFLICT (one) DO NOTHING",
    );
    store.execute(statement, vec![Value::from(Uuid::now_v7())]).await.map(drop)
}
