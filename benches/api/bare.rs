//! The bare handler: a document on the disk, a row in the database.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use facteur::domain::Digest;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStoreExt as _, path::Path};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tempfile::TempDir;

use crate::database::{Base, run};
use crate::load::{Ask, client, pdf};

/// With which argument this very program serves.
pub(crate) const SERVE: &str = "--serve-bare";
/// As many as an engine has.
const CONNECTIONS: u32 = 10;
const MAILBOXES: i64 = 1_000;

/// The handler as a process; killed when it is dropped.
pub(crate) struct Bare {
    child: Child,
    url: String,
    client: reqwest::Client,
    _folder: TempDir,
    _base: Base,
}

impl Bare {
    pub(crate) async fn start() -> Result<Self> {
        let (base, folder) = (Base::new().await?, tempfile::tempdir()?);
        let table = "CREATE TABLE stored (id BIGSERIAL PRIMARY KEY, mailbox BIGINT NOT NULL, \
                     digest TEXT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now())";
        run(&base.database.url, table.into()).await?;
        run(&base.database.url, "CREATE INDEX ON stored (mailbox, id DESC)".into()).await?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args([SERVE, &base.database.url]).arg(folder.path());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let url = format!("http://{}", line.trim());
        Ok(Self { child, url, client: client()?, _folder: folder, _base: base })
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

    pub(crate) fn lists(&self) -> Ask {
        let (client, url) = (self.client.clone(), format!("{}/stored", self.url));
        Arc::new(move |n| {
            let request = client.get(format!("{url}?{}", n % MAILBOXES.unsigned_abs()));
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
    let [url, folder, ..] = arguments else { anyhow::bail!("URL FOLDER") };
    let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(url).await?;
    let router = Router::new()
        .route("/stored", post(take))
        .route("/stored", get(list))
        .with_state((Arc::new(store), pool));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

async fn take(State((store, pool)): State<Stored>, body: Bytes) -> StatusCode {
    let digest = Digest::of(&body).to_string();
    let stored = store.put(&Path::from(digest.as_str()), body.into()).await;
    let insert = "INSERT INTO stored (mailbox, digest) VALUES (length($1) + random() * 1000, $1)";
    match (stored, sqlx::query(insert).bind(&digest).execute(&pool).await) {
        (Ok(_), Ok(_)) => StatusCode::CREATED,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn list(
    State((_, pool)): State<Stored>,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
) -> Result<axum::Json<serde_json::Value>, StatusCode> {
    let mailbox: i64 = query.and_then(|text| text.parse().ok()).unwrap_or(0);
    let text = "SELECT id, digest, at::text FROM stored WHERE mailbox = $1 \
                ORDER BY id DESC LIMIT 25";
    let rows: Result<Vec<(i64, String, String)>, _> =
        sqlx::query_as(text).bind(mailbox + 43).fetch_all(&pool).await;
    let rows = rows.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(axum::Json(serde_json::json!({ "totalItems": rows.len(), "items": rows })))
}
