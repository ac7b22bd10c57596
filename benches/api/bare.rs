//! The bare handlers: a document on the disk and a row in the database; and a
//! list of the engine's own messages, by one query, with nobody asked who asks.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use facteur::domain::Digest;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStoreExt as _, path::Path};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tempfile::TempDir;

use crate::cost::Meter;
use crate::database::{Base, run};
use crate::list;
use crate::load::{Ask, client, pdf};
use crate::office::Office;

/// With which argument this very program serves.
pub(crate) const SERVE: &str = "--serve-bare";
/// As many as an engine has.
const CONNECTIONS: u32 = 10;

/// The handler as a process; killed when it is dropped.
pub(crate) struct Bare {
    child: Child,
    url: String,
    client: reqwest::Client,
    companies: Arc<Vec<String>>,
    _folder: TempDir,
    _base: Base,
}

impl Bare {
    /// Beside an engine with this ledger and these companies.
    pub(crate) async fn start(ledger: &str, companies: &Arc<Vec<String>>) -> Result<Self> {
        let (base, folder) = (Base::new().await?, tempfile::tempdir()?);
        let table = "CREATE TABLE stored (id BIGSERIAL PRIMARY KEY, \
                     digest TEXT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now())";
        run(&base.database.url, table.into()).await?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args([SERVE, &base.database.url, ledger]).arg(folder.path());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let url = format!("http://{}", line.trim());
        let companies = Arc::clone(companies);
        Ok(Self { child, url, client: client()?, companies, _folder: folder, _base: base })
    }

    /// Its own time and that of the database that both use.
    pub(crate) fn meter(&self, office: &Office<'_>) -> Meter {
        office.meter_of(self.child.id())
    }

    pub(crate) fn stores(&self) -> Ask {
        let (client, url) = (self.client.clone(), format!("{}/stored", self.url));
        Arc::new(move |n| {
            let request = client.post(&url).body(pdf(n));
            Box::pin(async move {
                let answer = request.send().await?;
                ensure!(answer.status() == 201, "{}", answer.status());
                Ok(())
            })
        })
    }

    /// Pages of a box, with or without the total.
    pub(crate) fn lists(&self, path: &'static str) -> Ask {
        let (client, url) = (self.client.clone(), format!("{}/{path}", self.url));
        let companies = Arc::clone(&self.companies);
        Arc::new(move |n| {
            let company = &companies[usize::try_from(n).unwrap_or(0) % companies.len()];
            let request = client.get(format!("{url}?{company}"));
            Box::pin(async move {
                let answer = request.send().await?;
                ensure!(answer.status() == 200, "{}", answer.status());
                answer.bytes().await?;
                Ok(())
            })
        })
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

type Stored = (Arc<LocalFileSystem>, PgPool);

/// Serves; the first line says where.
pub(crate) async fn serve(arguments: &[String]) -> Result<()> {
    let [url, ledger, folder, ..] = arguments else { anyhow::bail!("URL LEDGER FOLDER") };
    let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
    let pool = |url| PgPoolOptions::new().max_connections(CONNECTIONS).connect_lazy(url);
    let router = Router::new()
        .route("/stored", post(take))
        .with_state((Arc::new(store), pool(url)?))
        .merge(list::routes(pool(ledger)?));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

async fn take(State((store, pool)): State<Stored>, body: Bytes) -> StatusCode {
    let digest = Digest::of(&body).to_string();
    let stored = store.put(&Path::from(digest.as_str()), body.into()).await;
    let insert = "INSERT INTO stored (digest) VALUES ($1)";
    match (stored, sqlx::query(insert).bind(&digest).execute(&pool).await) {
        (Ok(_), Ok(_)) => StatusCode::CREATED,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
