//! A running site with two agencies that have keys, and one that has none.

use std::net::SocketAddr;
use std::sync::Arc;

use facteur::clock::FixedClock;
use facteur::config::Config;
use facteur::decide::Policy;
use facteur::documents::DocumentStore;
use facteur::domain::Digest;
use facteur::intake::{self, ClosedEnterprise, Intake, Rulebook};
use facteur::ledger::Ledger;
use facteur::lifecycle::Lifecycle;
use facteur::mailbox::Mailbox;
use facteur::telemetry;
use facteur::web::{self, Bounds, Gate, Pages, Programs, Readiness, Web};
use sqlx::Connection as _;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::client::Request;

pub(crate) const AGENCY: &str = "employment:job-attest:werkkaart";
pub(crate) const OTHER: &str = "finance:notices";
pub(crate) const KEYLESS: &str = "archive:records";

/// When everything happens.
pub(crate) const NOW: &str = "2026-06-01T12:00:00Z";

pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) store: DocumentStore,
    pub(crate) stopping: CancellationToken,
    pub(crate) served: JoinHandle<std::io::Result<()>>,
    pub(crate) clock: Arc<FixedClock>,
    _lifecycle: Lifecycle,
    folder: TempDir,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::start_with(|readiness| readiness).await
    }

    pub(crate) async fn start_with(readiness: impl FnOnce(Readiness) -> Readiness) -> Self {
        Self::open(Config::load(None, std::iter::empty()).unwrap(), readiness).await
    }

    /// A site with a configuration, each key set from a pair of key and value.
    pub(crate) async fn start_as(keys: &[(&str, &str)]) -> Self {
        let keys = keys.iter().map(|(key, value)| (format!("FACTEUR__{key}"), (*value).to_owned()));
        Self::open(Config::load(None, keys).unwrap(), |readiness| readiness).await
    }

    async fn open(config: Config, readiness: impl FnOnce(Readiness) -> Readiness) -> Self {
        telemetry::install().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ledger = ledger(&folder).await;
        let documents = folder.path().join("documents");
        let store = DocumentStore::open(&format!("file://{}", documents.display())).unwrap();
        let stopping = CancellationToken::new();
        let clock = Arc::new(FixedClock::new(NOW.parse().unwrap()));
        let readiness = readiness(Readiness::new(stopping.clone()));
        let pages = Pages::new(&config, Vec::new()).unwrap();
        let policy = Policy::parse(&config.policy_text().unwrap()).unwrap();
        let rulebook = Rulebook {
            policy: Arc::new(policy),
            is_registry_complete: false,
            grace_days: 12,
            closed: ClosedEnterprise::Refuse,
        };
        let intake = Intake::new(
            Arc::clone(&ledger),
            store.clone(),
            rulebook,
            config.intake.clone(),
            Arc::clone(&clock) as _,
        );
        let intake = Arc::new(intake);
        let lifecycle = Lifecycle::new();
        intake::run_direct(
            &lifecycle,
            Arc::clone(&intake),
            Arc::clone(&clock) as _,
            uuid::Uuid::now_v7(),
        );
        let gate = Arc::new(Gate::new(&config).unwrap());
        let mailbox =
            Mailbox::new(Arc::clone(&ledger), None, store.clone(), Arc::clone(&clock) as _);
        let web = Web::new(
            Arc::clone(&ledger),
            store.clone(),
            Arc::clone(&clock) as _,
            readiness,
            pages,
            mailbox,
            Programs { gate, intake },
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bounds = Bounds::of(&config.web);
        let serving = web::serve(listener, web::router(web), bounds, stopping.clone());
        #[expect(clippy::disallowed_methods, reason = "the runtime ends with the test")]
        let served = tokio::spawn(serving);
        Self { address, ledger, store, stopping, served, clock, _lifecycle: lifecycle, folder }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.address, method, path)
    }

    /// A request of an application for a document.
    pub(crate) fn document(&self, method: &str, caller: &str, digest: Digest) -> Request {
        self.request(method, &format!("/documents/{digest}")).basic(caller, &key_of(caller))
    }

    pub(crate) fn upload(&self, caller: &str, content: &[u8]) -> Request {
        self.document("PUT", caller, Digest::of(content))
            .header("content-type", "application/pdf")
            .body(content)
    }

    /// Files in the document store, unfinished ones included.
    pub(crate) fn files(&self) -> usize {
        fn count(folder: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
            let size = |entry: std::fs::DirEntry| match entry.file_type().unwrap().is_dir() {
                true => count(&entry.path()),
                false => 1,
            };
            entries.map(size).sum()
        }
        count(&self.folder.path().join("documents"))
    }
}

fn key_of(application: &str) -> String {
    format!("key-of-{}", application.replace(':', "-"))
}

async fn ledger(folder: &TempDir) -> Arc<Ledger> {
    let path = folder.path().join("ledger.db");
    let url = format!("sqlite://{}", path.display());
    let ledger = Ledger::open(&url, 4).await.unwrap();
    ledger.migrate().await.unwrap();
    let mut rows = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for application in [AGENCY, OTHER, KEYLESS] {
        let digest = Digest::of(key_of(application).as_bytes());
        let mut record = serde_json::json!({
            "id": application,
            "name": { "en": application },
            "account": application,
        });
        if application != KEYLESS {
            record["uploadKeyDigest"] = digest.to_string().into();
        }
        sqlx::query("INSERT INTO applications (id, record) VALUES ($1, $2)")
            .bind(application)
            .bind(record.to_string())
            .execute(&mut rows)
            .await
            .unwrap();
    }
    Arc::new(ledger)
}
