//! An engine as a print room meets it: tickets in its queue, packages behind
//! links that one claimant may fetch, a queue of reports.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{self, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use facteur::paper::report::{Cause, Report};
use facteur::paper::ticket::{RECALL, Recall, TICKET, Ticket};
use facteur::print_room::batch::Printed;
use facteur::print_room::package::Document;
use facteur::queue::{Consumer, Outbound, Properties, Queue, Topology, topology};
use facteur::relay::CloudEvent;
use serde::Serialize;
use serde::de::IgnoredAny;
use tempfile::TempDir;
use uuid::Uuid;

use super::letters;
use crate::support::engine::{Engine, facteur};

pub(crate) const PRINTER: &str = "liege";

/// Jobs, and who has them.
#[derive(Default)]
struct Shelf {
    packages: BTreeMap<Uuid, Vec<u8>>,
    claimants: BTreeMap<Uuid, String>,
    fetches: BTreeMap<Uuid, usize>,
    cancelled: Vec<Uuid>,
}

type Shared = Arc<Mutex<Shelf>>;

/// The engine's side of a printer.
pub(crate) struct House {
    pub(crate) folder: TempDir,
    queue: Arc<dyn Queue>,
    address: String,
    base: String,
    shelf: Shared,
    consumer: Box<dyn Consumer>,
    reports: BTreeMap<String, (Report, usize)>,
    /// Their events, in the order in which they came.
    came: Vec<String>,
}

impl House {
    /// On an embedded queue in its own folder.
    pub(crate) async fn embedded() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = format!("embedded://{}/queue.db", folder.path().display());
        Self::open(folder, address).await
    }

    /// On a broker's virtual host.
    pub(crate) async fn on(address: &str) -> Result<Self> {
        Self::open(tempfile::tempdir()?, address.to_owned()).await
    }

    async fn open(folder: TempDir, address: String) -> Result<Self> {
        let queue = facteur::queue::open(&address).await?;
        queue.declare(&Topology::for_applications(&[]).with_printer(PRINTER)).await?;
        let shelf = Shared::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let router = Router::new()
            .route("/printers/jobs/{job}/package", get(package))
            .with_state(Arc::clone(&shelf));
        #[expect(clippy::disallowed_methods, reason = "it lives as long as the test's runtime")]
        drop(tokio::spawn(async move { axum::serve(listener, router).await }));
        let consumer = queue.consume(topology::QUEUE_PRINT_EVENTS, 500).await?;
        let (reports, came) = (BTreeMap::new(), Vec::new());
        Ok(Self { folder, queue, address, base, shelf, consumer, reports, came })
    }

    /// Puts a letter on the shelf and its ticket into the queue.
    pub(crate) async fn send(&self, documents: &[Document]) -> Result<Uuid> {
        let job = self.shelve(documents, |_| {})?;
        self.give(&self.ticket(job)?, TICKET, job).await?;
        Ok(job)
    }

    /// Puts a letter on the shelf.
    pub(crate) fn shelve(
        &self,
        documents: &[Document],
        change: impl FnOnce(&mut Ticket),
    ) -> Result<Uuid> {
        let job = Uuid::now_v7();
        let mut ticket = self.ticket(job)?;
        change(&mut ticket);
        let (_, package) = letters::package(ticket, documents)?;
        self.shelf().packages.insert(job, package);
        Ok(job)
    }

    /// A ticket for a job on the shelf.
    pub(crate) fn ticket(&self, job: Uuid) -> Result<Ticket> {
        let link = format!("{}/printers/jobs/{job}/package?token=t", self.base);
        letters::ticket(job, PRINTER, link)
    }

    /// Spoils a package on the shelf.
    pub(crate) fn spoil(&self, job: Uuid, spoil: impl FnOnce(&mut Vec<u8>)) {
        if let Some(package) = self.shelf().packages.get_mut(&job) {
            spoil(package);
        }
    }

    /// Recalls a job before anybody claims it.
    pub(crate) fn cancel(&self, job: Uuid) {
        self.shelf().cancelled.push(job);
    }

    /// As if it had been moved away and back: whoever fetches it next has it.
    pub(crate) fn free(&self, job: Uuid) {
        let mut shelf = self.shelf();
        shelf.cancelled.retain(|other| *other != job);
        shelf.claimants.remove(&job);
    }

    /// Wants a job back that was claimed.
    pub(crate) async fn recall(&self, job: Uuid) -> Result<()> {
        let asked_at = jiff::Timestamp::from_second(1_795_435_200)?;
        let recall = Recall { job_id: job, printer: PRINTER.into(), asked_at };
        self.give(&recall, RECALL, job).await
    }

    /// Puts an event into the printer's queue.
    pub(crate) async fn give<T: Serialize>(&self, data: &T, r#type: &str, job: Uuid) -> Result<()> {
        let at = jiff::Timestamp::from_second(1_795_435_200)?;
        let event = CloudEvent::new(job.to_string(), "urn:test".into(), r#type, at, None, data);
        self.put(serde_json::to_vec(&event)?).await
    }

    /// Puts bytes into the printer's queue.
    pub(crate) async fn put(&self, body: Vec<u8>) -> Result<()> {
        let message = Outbound {
            exchange: topology::EXCHANGE_PRINT.into(),
            routing_key: PRINTER.into(),
            body: body.into(),
            properties: Properties::default(),
        };
        let results = self.queue.publisher().await?.publish(vec![message]).await;
        results.into_iter().collect::<Result<(), _>>()?;
        Ok(())
    }

    /// Starts a print room in a folder.
    pub(crate) fn room(&self, out: &str, more: &[&str]) -> Engine {
        let mut command = facteur();
        command.args(["printer", "--name", PRINTER, "--out"]).arg(self.out(out)).args(more);
        command.env("FACTEUR__QUEUE__URL", &self.address).env_remove("FACTEUR_CONFIG");
        command.env("FACTEUR__LOG__FORMAT", "json").current_dir(self.folder.path());
        Engine::spawn(command, &self.folder.path().join(format!("{out}.log")))
    }

    /// What takes tickets from the printer's queue.
    pub(crate) fn engine(&self) -> facteur::print_room::Engine {
        let broker = facteur::print_room::Broker::new(self.queue.clone(), PRINTER, None, 10);
        facteur::print_room::Engine::Broker(broker)
    }

    pub(crate) fn out(&self, out: &str) -> PathBuf {
        self.folder.path().join(out)
    }

    /// Hears reports until one of this kind came for every job.
    pub(crate) async fn hear(&mut self, jobs: &[Uuid], kind: &str) -> Result<()> {
        let all_came = |reports: &BTreeMap<String, (Report, usize)>| {
            jobs.iter().all(|job| reports.contains_key(&format!("{job}:{kind}")))
        };
        while !all_came(&self.reports) {
            let inbound = self.consumer.next().await?;
            let settled = self.consumer.settler().settle_through(inbound.tag).await?;
            assert_eq!(settled, facteur::queue::Settled::Yes);
            let event: CloudEvent<serde_json::Value> = serde_json::from_slice(&inbound.body)?;
            assert_eq!(inbound.routing_key, PRINTER);
            if event.r#type == facteur::paper::report::HEARTBEAT {
                continue;
            }
            let report: Report = serde_json::from_value(event.data)?;
            if !self.reports.contains_key(&event.id) {
                self.came.push(event.id.clone());
            }
            self.reports.entry(event.id).or_insert((report, 0)).1 += 1;
        }
        Ok(())
    }

    /// The kinds that were reported of a job, in the order in which they came.
    pub(crate) fn reported(&self, job: Uuid) -> Vec<&'static str> {
        let reports = self.came.iter().filter_map(|event| self.reports.get(event));
        let reports = reports.filter(|(report, _)| report.job_id == job);
        reports.map(|(report, _)| report.kind.as_str()).collect()
    }

    /// What was reported of a job, each with how often.
    pub(crate) fn of(&self, job: Uuid) -> impl Iterator<Item = &(Report, usize)> {
        self.reports.values().filter(move |(report, _)| report.job_id == job)
    }

    /// The words of the report that rejects a job.
    pub(crate) fn rejection(&self, job: Uuid) -> Result<String> {
        let rejected = self.of(job).find(|(report, _)| report.kind.as_str() == "rejected");
        let (report, _) = rejected.context("it was not rejected")?;
        let cause = report.cause.map(Cause::as_str).unwrap_or_default();
        Ok(format!("{cause}: {}", report.detail.as_deref().unwrap_or_default()))
    }

    /// How often a package was fetched.
    pub(crate) fn fetches(&self, job: Uuid) -> usize {
        self.shelf().fetches.get(&job).copied().unwrap_or(0)
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The claim: the first to fetch has the job, and may fetch it again.
async fn package(
    State(shelf): State<Shared>,
    extract::Path(job): extract::Path<Uuid>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let claimant = query.get("claimant").cloned().unwrap_or_default();
    *shelf.fetches.entry(job).or_default() += 1;
    if shelf.cancelled.contains(&job) {
        return (StatusCode::GONE, "cancelled").into_response();
    }
    let owner = shelf.claimants.entry(job).or_insert_with(|| claimant.clone());
    if *owner != claimant {
        return (StatusCode::CONFLICT, "claimed by another").into_response();
    }
    match shelf.packages.get(&job) {
        Some(package) => package.clone().into_response(),
        None => (StatusCode::NOT_FOUND, "no such job").into_response(),
    }
}

/// The batches of a print room, by their manifests.
pub(crate) fn batches(out: &Path) -> Result<Vec<(PathBuf, Printed)>> {
    let mut batches = Vec::new();
    for entry in std::fs::read_dir(out.join("batches"))? {
        let path = entry?.path();
        let manifest = std::fs::read(path.join("manifest.json"))
            .with_context(|| format!("{} is no batch", path.display()))?;
        serde_json::from_slice::<IgnoredAny>(&manifest)?;
        let printed = serde_json::from_slice(&manifest)?;
        batches.push((path, printed));
    }
    Ok(batches)
}
