//! Where engines run: a ledger, a broker and folders of the test's own.

use std::cell::Cell;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use facteur::domain::Digest;
use facteur::queue::{Queue, Topology};
use serde_json::Value;
use tempfile::TempDir;

use super::mail::UPLOADED;
use super::world::{AGENCIES, registry};
use crate::support::engine::{Engine, facteur};
use crate::support::ledgers::{self, TestLedger};
use crate::support::relay::Relay;
use crate::support::vhost::VirtualHost;

pub(super) struct Site {
    pub(super) ledger: TestLedger,
    /// As the agencies see it: never through a relay.
    pub(super) queue: Arc<dyn Queue>,
    queue_url: String,
    _vhost: Option<VirtualHost>,
    pub(super) folder: TempDir,
    started: Cell<u32>,
}

impl Site {
    /// PostgreSQL and RabbitMQ.
    pub(super) async fn with_services() -> Self {
        let vhost = VirtualHost::new();
        let ledger = ledgers::postgres().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self::over(ledger, vhost.url().to_owned(), Some(vhost), folder).await
    }

    /// SQLite and the embedded queue.
    pub(super) async fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("embedded://{}/queue.db", folder.path().display());
        Self::over(ledgers::sqlite().await.unwrap(), url, None, folder).await
    }

    async fn over(
        ledger: TestLedger,
        queue_url: String,
        vhost: Option<VirtualHost>,
        folder: TempDir,
    ) -> Self {
        let queue = facteur::queue::open(&queue_url).await.unwrap();
        let ids: Vec<_> = AGENCIES.iter().map(|it| it.application.parse().unwrap()).collect();
        queue.declare(&Topology::for_applications(&ids)).await.unwrap();
        let site = Self { ledger, queue, queue_url, _vhost: vhost, folder, started: Cell::new(0) };
        site.import(&registry(None));
        site
    }

    /// Imports registry records with the program.
    pub(super) fn import(&self, records: &str) {
        let file = self.folder.path().join("registry.jsonl");
        std::fs::write(&file, records).unwrap();
        let mut command = self.command();
        let output = command.args(["registry", "import"]).arg(file).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }

    /// The program, told where everything is. Batches are small, so that there
    /// are many moments between them.
    pub(super) fn command(&self) -> Command {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let mut command = facteur();
        command.current_dir(self.folder.path()).envs([
            ("FACTEUR__LEDGER__URL", self.ledger.url.clone()),
            ("FACTEUR__QUEUE__URL", self.queue_url.clone()),
            ("FACTEUR__DOCUMENTS__URL", format!("file://{}", path("documents"))),
            ("FACTEUR__SEARCH__PATH", path("search")),
            ("FACTEUR__WEB__LISTEN", "127.0.0.1:0".to_owned()),
            ("FACTEUR__METRICS__LISTEN", "127.0.0.1:0".to_owned()),
            ("FACTEUR__INTAKE__BATCH_COUNT_MAX", "25".to_owned()),
            ("FACTEUR__INTAKE__PREFETCH_MAX", "100".to_owned()),
            ("FACTEUR__LOG__FORMAT", "json".to_owned()),
            // Nobody takes tickets while letters are made.
            ("FACTEUR__RELAY__LETTERS_WINDOW", "1000000".to_owned()),
        ]);
        command
    }

    /// An engine that can do its work.
    pub(super) async fn engine(&self) -> Engine {
        self.engine_with(&[]).await
    }

    /// The same with other settings.
    pub(super) async fn engine_with(&self, settings: &[(&str, &str)]) -> Engine {
        let mut engine = self.spawn(settings);
        engine.ready().await;
        engine
    }

    /// An engine that is only just starting.
    pub(super) fn spawn(&self, settings: &[(&str, &str)]) -> Engine {
        let mut command = self.command();
        command.arg("serve").envs(settings.iter().copied());
        Engine::spawn(command, &self.next_log())
    }

    /// The same by another program, which becomes it.
    pub(super) fn spawn_by(&self, starter: Command) -> Engine {
        Engine::spawn(self.by(starter), &self.next_log())
    }

    /// Another program that gets the program's path as its last argument.
    pub(super) fn by(&self, mut starter: Command) -> Command {
        let facteur = self.command();
        starter.arg(facteur.get_program()).current_dir(self.folder.path());
        let settings = facteur.get_envs().filter_map(|(key, value)| Some((key, value?)));
        starter.envs(settings).env_remove("FAILPOINTS");
        starter
    }

    fn next_log(&self) -> PathBuf {
        self.started.set(self.started.get() + 1);
        self.folder.path().join(format!("engine-{}.log", self.started.get()))
    }

    pub(super) fn queue_url(&self) -> &str {
        &self.queue_url
    }

    /// Uploads what publications refer to.
    pub(super) async fn upload(&self, engine: &Engine) {
        for agency in &AGENCIES {
            for text in UPLOADED {
                let path = format!("/documents/{}", Digest::of(text.as_bytes()));
                let request = engine.request("PUT", &path).header("content-type", "text/plain");
                let request = request.basic(agency.application, &agency.upload_key());
                let answer = request.body(text.as_bytes()).send().await;
                assert!(matches!(answer.status, 200 | 201), "{answer:?}");
            }
        }
    }

    /// The ledger's address through a relay.
    pub(super) fn ledger_through(&self, relay: &Relay) -> String {
        through(&self.ledger.url, relay)
    }

    /// The broker's address through a relay.
    pub(super) fn queue_through(&self, relay: &Relay) -> String {
        through(&self.queue_url, relay)
    }

    /// A relay to the database.
    pub(super) async fn relay_to_ledger(&self) -> Relay {
        Relay::to(&host_and_port(&self.ledger.url)).await
    }

    /// A relay to the broker.
    pub(super) async fn relay_to_queue(&self) -> Relay {
        Relay::to(&host_and_port(&self.queue_url)).await
    }

    pub(super) fn search_path(&self) -> PathBuf {
        self.folder.path().join("search")
    }

    /// The account by `facteur verify --quiesced`, which must balance.
    pub(super) fn verify(&self) -> Value {
        let output = self.command().args(["verify", "--quiesced", "--json"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let account: Value = serde_json::from_str(said.lines().last().unwrap_or_default())
            .unwrap_or_else(|_| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)));
        assert!(output.status.success() && account["difference"] == 0, "{account:#}");
        account
    }
}

fn through(url: &str, relay: &Relay) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_port(Some(relay.port())).unwrap();
    url.into()
}

fn host_and_port(url: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap())
}
