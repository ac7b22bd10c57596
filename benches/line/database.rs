//! PostgreSQL databases: one filled with companies, and copies of it.

use std::str::FromStr;

use anyhow::{Context, Result};
use facteur::ledger::Ledger;
use jiff::Timestamp;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::cost;
use crate::world::World;

pub(crate) struct Base {
    pub(crate) database: Database,
}

pub(crate) struct Database {
    server: String,
    name: String,
    pub(crate) url: String,
}

const CHUNK: usize = 5_000;

impl Base {
    pub(crate) async fn new() -> Result<Self> {
        Ok(Self { database: Database::create(None).await? })
    }

    pub(crate) async fn fill(&self, world: &World) -> Result<()> {
        let ledger = Ledger::open(&self.database.url, 2).await?;
        fill(&ledger, world).await?;
        ledger.close().await;
        Ok(())
    }

    /// A database with the same companies.
    pub(crate) async fn copy(&self) -> Result<Database> {
        Database::create(Some(&self.database.name)).await
    }
}

pub(crate) async fn fill(ledger: &Ledger, world: &World) -> Result<()> {
    ledger.migrate().await?;
    let now = Timestamp::now();
    let mut changes = world.companies(now).peekable();
    while changes.peek().is_some() {
        let chunk: Vec<_> = changes.by_ref().take(CHUNK).collect();
        ledger.change_registry(&chunk, "bench", now).await?;
    }
    Ok(())
}

impl Database {
    async fn create(template: Option<&str>) -> Result<Self> {
        let server = std::env::var("FACTEUR_TEST_POSTGRES_URL")
            .context("FACTEUR_TEST_POSTGRES_URL: run this through ./dev bench line")?;
        let name = format!("bench_{}", uuid::Uuid::now_v7().simple());
        let template = template.map(|name| format!(" TEMPLATE {name}")).unwrap_or_default();
        run(&server, format!("CREATE DATABASE {name}{template}")).await?;
        let mut url = url::Url::parse(&server)?;
        url.set_path(&name);
        Ok(Self { server, name, url: url.into() })
    }

    /// The server's first process.
    pub(crate) async fn postmaster(&self) -> Result<u32> {
        let mut connection = PgConnectOptions::from_str(&self.url)?.connect().await?;
        let (backend,): (i32,) =
            sqlx::query_as("SELECT pg_backend_pid()").fetch_one(&mut connection).await?;
        cost::parent(u32::try_from(backend)?)
    }

    /// As an operator would after loading much: fresh statistics, nothing left
    /// to write behind the measurement's back.
    pub(crate) async fn settle(&self) -> Result<()> {
        run(&self.url, "VACUUM ANALYZE".into()).await?;
        run(&self.url, "CHECKPOINT".into()).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, drop) =
            (self.server.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(run(&server, drop))
        });
        if !matches!(thread.join(), Ok(Ok(()))) {
            eprintln!("a bench database was left behind");
        }
    }
}

pub(crate) async fn run(server: &str, statement: String) -> Result<()> {
    let mut connection = PgConnectOptions::from_str(server)?.connect().await?;
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
    Ok(())
}
