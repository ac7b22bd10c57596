//! A fresh ledger for each test, on either database, gone when it is dropped.

use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use facteur::ledger::Ledger;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row, SqliteConnection};
use uuid::Uuid;

/// A migrated, empty ledger. Its database vanishes with it, after a failure too.
pub(crate) struct TestLedger {
    pub(crate) ledger: Arc<Ledger>,
    /// By which others (a second engine, a command) find it.
    pub(crate) url: String,
    _place: Place,
}

impl std::ops::Deref for TestLedger {
    type Target = Ledger;
    fn deref(&self) -> &Ledger {
        &self.ledger
    }
}

impl TestLedger {
    /// Changes rows behind the ledger's back.
    pub(crate) async fn execute(&self, statement: String) -> Result<()> {
        let statement = AssertSqlSafe(statement);
        if self.backend() == "sqlite" {
            let mut connection = SqliteConnection::connect(&self.url).await?;
            sqlx::query(statement).execute(&mut connection).await?;
        } else {
            let mut connection = PgConnection::connect(&self.url).await?;
            sqlx::query(statement).execute(&mut connection).await?;
        }
        Ok(())
    }
}

impl TestLedger {
    /// Reads rows past the ledger's own code; every column must be a text.
    pub(crate) async fn texts(&self, statement: &'static str) -> Result<Vec<Vec<String>>> {
        if self.backend() == "sqlite" {
            let mut connection = SqliteConnection::connect(&self.url).await?;
            read(&sqlx::query(statement).fetch_all(&mut connection).await?)
        } else {
            let mut connection = PgConnection::connect(&self.url).await?;
            read(&sqlx::query(statement).fetch_all(&mut connection).await?)
        }
    }
}

impl TestLedger {
    /// Whether somebody waits for a row that another holds; in PostgreSQL.
    pub(crate) async fn is_waited_for(&self) -> bool {
        let waiting = "SELECT CAST(count(*) AS TEXT) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        self.texts(waiting).await.is_ok_and(|rows| rows.concat() != ["0"])
    }
}

fn read<R>(rows: &[R]) -> Result<Vec<Vec<String>>>
where
    R: Row,
    usize: sqlx::ColumnIndex<R>,
    for<'r> String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    let texts = |row: &R| (0..row.len()).map(|i| Ok(row.try_get(i)?)).collect();
    rows.iter().map(texts).collect()
}

enum Place {
    #[expect(dead_code, reason = "held for its drop")]
    Folder(tempfile::TempDir),
    #[expect(dead_code, reason = "held for its drop")]
    Database(Box<Database>),
}

/// A database of its own in the server that the tests were given.
struct Database {
    server: PgConnectOptions,
    name: String,
}

/// Connections of one test's ledger.
const CONNECTIONS: u32 = 4;

/// A ledger in a file of its own.
pub(crate) async fn sqlite() -> Result<TestLedger> {
    let (url, place) = file()?;
    open(url, place).await
}

fn file() -> Result<(String, Place)> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}/ledger.db", folder.path().display());
    Ok((url, Place::Folder(folder)))
}

/// A ledger as another release makes it, not migrated since.
pub(crate) async fn sqlite_made_by(release: &Migrator) -> Result<TestLedger> {
    let (url, place) = file()?;
    let ledger = Arc::new(Ledger::open(&url, CONNECTIONS).await?);
    release.run(&mut SqliteConnection::connect(&url).await?).await?;
    Ok(TestLedger { ledger, url, _place: place })
}

/// The same in PostgreSQL.
pub(crate) async fn postgres_made_by(release: &Migrator) -> Result<TestLedger> {
    let (url, place) = database().await?;
    let ledger = Arc::new(Ledger::open(&url, CONNECTIONS).await?);
    release.run(&mut PgConnection::connect(&url).await?).await?;
    Ok(TestLedger { ledger, url, _place: place })
}

/// A ledger in a database of its own.
///
/// # Errors
/// When `FACTEUR_TEST_POSTGRES_URL`, with the right to create databases, is
/// missing: the test fails, it is not skipped.
pub(crate) async fn postgres() -> Result<TestLedger> {
    let (url, place) = database().await?;
    open(url, place).await
}

async fn database() -> Result<(String, Place)> {
    let server = std::env::var("FACTEUR_TEST_POSTGRES_URL")
        .context("FACTEUR_TEST_POSTGRES_URL is needed: ./dev services env prints it")?;
    let mut url = url::Url::parse(&server)?;
    let database = Database {
        server: PgConnectOptions::from_str(&server)?,
        name: format!("facteur_test_{}", Uuid::now_v7().simple()),
    };
    run(&database.server, format!("CREATE DATABASE {}", database.name)).await?;
    url.set_path(&database.name);
    Ok((url.into(), Place::Database(Box::new(database))))
}

async fn open(url: String, place: Place) -> Result<TestLedger> {
    let ledger = Arc::new(Ledger::open(&url, CONNECTIONS).await?);
    ledger.migrate().await?;
    Ok(TestLedger { ledger, url, _place: place })
}

async fn run(server: &PgConnectOptions, statement: String) -> Result<()> {
    let mut connection = server.connect().await?;
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

impl Database {
    /// `FORCE` ends what the test left connected.
    fn drop_now(&self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        runtime.block_on(run(&self.server, statement))
    }
}

impl Drop for Database {
    /// On a thread of its own: the test's runtime cannot wait inside a drop.
    fn drop(&mut self) {
        let dropped = std::thread::scope(|scope| {
            let thread = scope.spawn(|| self.drop_now());
            thread.join().unwrap_or_else(|_| Err(anyhow!("panicked")))
        });
        // A second panic would hide the first.
        if !std::thread::panicking() {
            let left = dropped.err().map(|error| format!("{error:#}"));
            assert_eq!(left, None, "the database {} is left behind", self.name);
        }
    }
}

/// Makes one test a ledger of one case: `async fn case(ledger: &TestLedger) ->
/// Result<()>`. The names begin with the database, so that either half can be
/// filtered, and that a run can be shown to have had both.
macro_rules! on_both_ledgers {
    ($($case:ident: $sqlite:ident, $postgres:ident;)+) => {$(
        #[tokio::test]
        async fn $sqlite() -> anyhow::Result<()> {
            $case(&$crate::support::ledgers::sqlite().await?).await
        }

        #[tokio::test]
        async fn $postgres() -> anyhow::Result<()> {
            $case(&$crate::support::ledgers::postgres().await?).await
        }
    )+};
}
pub(crate) use on_both_ledgers;
