//! The engine as a process, and what it drains.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use facteur::documents::DocumentStore;
use facteur::domain::ApplicationId;
use facteur::ledger::{Claimed, Ledger};
use facteur::search::Search;
use jiff::Timestamp;
use tempfile::TempDir;

use crate::broker::{self, Vhost, lanes, publish};
use crate::cost::{Cost, Meter};
use crate::database::{Base, Database, fill};
use crate::mail;
use crate::world::{UPLOADS, World, upload};

/// As the image has it.
const PURGE_DELAY: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "100");

/// A broker, a database with a registry, and a folder, all of their own.
pub(crate) struct Stack<'w> {
    pub(crate) world: &'w World,
    pub(crate) lanes: Vec<String>,
    pub(crate) ledger: Ledger,
    pub(crate) queue: Arc<dyn facteur::queue::Queue>,
    pub(crate) ledger_url: String,
    queue_url: String,
    pub(crate) folder: TempDir,
    extra: Vec<(String, String)>,
    /// The arguments of each engine that runs beside the one that is measured.
    beside: Vec<&'static [&'static str]>,
    /// Dropped last.
    pub(crate) services: Option<(Vhost, Arc<Database>)>,
}

/// What a run of the engine showed.
pub(crate) struct Run {
    pub(crate) per_s: u64,
    pub(crate) rss_mb: u64,
    pub(crate) index_lag_s: f64,
    pub(crate) receipts_lag_s: f64,
    /// A document; none where the parts are not processes.
    pub(crate) cost: Option<Cost>,
}

impl<'w> Stack<'w> {
    pub(crate) async fn rabbit(base: &Base, world: &'w World, lane_count: usize) -> Result<Self> {
        Self::over(Arc::new(base.copy().await?), world, lane_count).await
    }

    /// On a database that is filled already.
    pub(crate) async fn over(
        database: Arc<Database>,
        world: &'w World,
        lane_count: usize,
    ) -> Result<Self> {
        let (vhost, folder) = (Vhost::new()?, tempfile::tempdir()?);
        let ledger = Ledger::open(&database.url, 3).await?;
        let lanes = lanes(lane_count);
        make_reference(&ledger, world, &lanes, Some(&folder)).await?;
        database.settle().await?;
        Ok(Self {
            world,
            lanes,
            ledger,
            queue: vhost.queue().await?,
            ledger_url: database.url.clone(),
            queue_url: vhost.url.clone(),
            folder,
            extra: Vec::new(),
            beside: Vec::new(),
            services: Some((vhost, database)),
        })
    }

    pub(crate) async fn embedded(world: &'w World, lane_count: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let url =
            |scheme: &str, name: &str| format!("{scheme}://{}/{name}", folder.path().display());
        let (ledger_url, queue_url) = (url("sqlite", "facteur.db"), url("embedded", "queue.db"));
        let ledger = Ledger::open(&ledger_url, 3).await?;
        fill(&ledger, world).await?;
        let lanes = lanes(lane_count);
        make_reference(&ledger, world, &lanes, Some(&folder)).await?;
        let queue = facteur::queue::open(&queue_url).await?;
        let extra = Vec::new();
        Ok(Self {
            world,
            lanes,
            ledger,
            queue,
            ledger_url,
            queue_url,
            folder,
            extra,
            beside: Vec::new(),
            services: None,
        })
    }

    /// Sets a key of the engine's configuration.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.extra.push((key.into(), value.into()));
        self
    }

    /// Another engine, of these arguments, shares the work.
    pub(crate) fn beside(mut self, arguments: &'static [&'static str]) -> Self {
        self.beside.push(arguments);
        self
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Result<Engine> {
        self.start_with("search", arguments)
    }

    /// An engine whose index lies in a folder of this name.
    pub(crate) fn start_with(&self, search: &str, arguments: &[&str]) -> Result<Engine> {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_facteur"));
        command.arg("serve").args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
        let set = [
            ("LEDGER__URL", self.ledger_url.clone()),
            ("QUEUE__URL", self.queue_url.clone()),
            ("DOCUMENTS__URL", format!("file://{}", path("documents"))),
            ("SEARCH__PATH", path(search)),
            ("WEB__LISTEN", "127.0.0.1:0".into()),
            ("METRICS__LISTEN", "127.0.0.1:0".into()),
            ("LOG__FILTER", "warn,lapin::channel=off".into()),
        ];
        command.env(PURGE_DELAY.0, PURGE_DELAY.1);
        let extra = self.extra.iter().map(|(key, value)| (key.as_str(), value.clone()));
        for (key, value) in set.into_iter().chain(extra) {
            command.env(format!("FACTEUR__{key}"), value);
        }
        let child = command.spawn().context("failed to start the engine")?;
        Ok(Engine { child, search: self.folder.path().join(search) })
    }

    /// Fills the lanes, lets the engine drain them, and waits for what follows.
    pub(crate) async fn drain(self, documents: usize, arguments: &[&str]) -> Result<Run> {
        let run = self.drain_all(documents, arguments).await?;
        self.queue.close().await;
        self.ledger.close().await;
        Ok(run)
    }

    /// As `drain`, but that it may go on.
    pub(crate) async fn drain_all(&self, documents: usize, arguments: &[&str]) -> Result<Run> {
        publish(self.queue.as_ref(), &self.lanes, mail(self.world, &self.lanes, documents)).await?;
        let parts = self.parts().await?;
        let others = self.beside.iter().enumerate();
        let others: Vec<Engine> = others
            .map(|(n, arguments)| self.start_with(&format!("search-{n}"), arguments))
            .collect::<Result<_>>()?;
        let engine = self.start(arguments)?;
        let target = i64::try_from(documents)?;
        let meter = parts.map(|(postmaster, broker)| Meter::new(engine.id(), postmaster, broker));
        let first = self.reach(1).await?;
        let before = meter.as_ref().map(Meter::read).transpose()?;
        let last = self.reach(target).await?;
        let after = meter.as_ref().map(Meter::read).transpose()?;
        let counted = u64::try_from(last.position - first.position)?;
        let cost = after.zip(before).map(|(after, before)| after.since(before, counted));
        let per_s = rate(&first, &last);
        let (mut index_lag_s, mut receipts_lag_s) = (0.0, 0.0);
        if arguments.is_empty() {
            index_lag_s = engine.wait_for_index(&self.ledger, documents, last.at).await?;
            receipts_lag_s = self.wait_for_receipts(target, last.at).await?;
        }
        let rss_mb = engine.peak_rss_mb()?;
        for engine in others.into_iter().chain([engine]) {
            engine.stop()?;
        }
        let account = self.ledger.account().await?;
        ensure!(account.difference == 0, "the account does not balance: {account:?}");
        ensure!(account.total.accepted == target, "not all accepted: {account:?}");
        let position = self.ledger.position().await?;
        ensure!(position == target, "documents are counted by {position} events");
        Ok(Run { per_s, rss_mb, index_lag_s, receipts_lag_s, cost })
    }

    /// The processes of database and broker, found before the clock starts.
    pub(crate) async fn parts(&self) -> Result<Option<(u32, u32)>> {
        let Some((_, database)) = &self.services else { return Ok(None) };
        Ok(Some((database.postmaster().await?, broker::pid()?)))
    }

    /// Waits until the journal has come so far.
    pub(crate) async fn reach(&self, position: i64) -> Result<Mark> {
        let deadline = Instant::now() + Duration::from_secs(600);
        loop {
            let now = self.ledger.position().await?;
            if now >= position {
                return Ok(Mark { position: now, at: Instant::now() });
            }
            ensure!(Instant::now() < deadline, "the engine stands still at {now}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn wait_for_receipts(&self, position: i64, since: Instant) -> Result<f64> {
        loop {
            let cursors = self.ledger.cursors("receipts").await?;
            if cursors.iter().any(|cursor| cursor.position >= position) {
                return Ok(since.elapsed().as_secs_f64());
            }
            ensure!(since.elapsed() < Duration::from_secs(120), "receipts stand still");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Where the journal was at a moment.
pub(crate) struct Mark {
    pub(crate) position: i64,
    pub(crate) at: Instant,
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are small"
)]
pub(crate) fn rate(first: &Mark, last: &Mark) -> u64 {
    let documents = (last.position - first.position) as f64;
    (documents / last.at.duration_since(first.at).as_secs_f64()) as u64
}

/// A running engine; killed when it is dropped.
pub(crate) struct Engine {
    child: Child,
    pub(crate) search: PathBuf,
}

impl Engine {
    async fn wait_for_index(
        &self,
        ledger: &Ledger,
        documents: usize,
        since: Instant,
    ) -> Result<f64> {
        let _position = ledger.position().await?;
        loop {
            if let Ok(search) = Search::open(&self.search) {
                let query =
                    facteur::search::Query { size: 1, ..facteur::search::Query::everywhere() };
                if search.find(query).await?.total >= documents as u64 {
                    return Ok(since.elapsed().as_secs_f64());
                }
            }
            ensure!(since.elapsed() < Duration::from_secs(120), "the index stands still");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn peak_rss_mb(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: u64 = line.context("no VmHWM")?.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024)
    }

    pub(crate) fn stop(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Applications, types and trios, and what was uploaded.
pub(crate) async fn make_reference(
    ledger: &Ledger,
    world: &World,
    lanes: &[String],
    folder: Option<&TempDir>,
) -> Result<()> {
    let now = Timestamp::now();
    ledger.change_registry(&world.reference(lanes), "bench", now).await?;
    let store = folder.map(|folder| {
        DocumentStore::open(&format!("file://{}/documents", folder.path().display()))
    });
    let store = store.transpose()?;
    for lane in lanes {
        let application = ApplicationId::new(lane.as_str())?;
        for n in 0..UPLOADS {
            let (digest, content) = upload(n);
            let (key, size) = ((application.clone(), digest), content.len() as u64);
            let claim = Claimed { key: key.clone(), size, media_type: None };
            ledger.claim_documents(&[claim], now).await?;
            if let (Some(store), true) = (&store, n < 2) {
                store.put(&key, content.into()).await?;
            }
            ledger.document_stored(&key, size, Some("application/pdf")).await?;
        }
    }
    Ok(())
}
