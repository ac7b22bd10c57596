//! The line: two engines and two print rooms as processes, each behind a
//! network of its own, on services that can be broken.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use facteur::domain::Digest;
use facteur::ledger::Ledger;
use facteur::queue::{Queue, Topology};
use facteur::telemetry::figures;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::http;
use crate::mail::UPLOADED;
use crate::process::Process;
use crate::relay::Relay;
use crate::services::{Cluster, Services};
use crate::world::{AGENCIES, registry};

pub(crate) const ENGINES: usize = 2;
const PRINTERS: [&str; 2] = ["overflow", "liege"];
/// What each engine decides by.
pub(crate) const POLICY: &str = include_str!("../../config/policy.toml");
const PRINTER_KEY: &str = "key-of-liege";
/// What the ledger is made to refuse.
pub(crate) const POISON: &str = "poison for the ledger";

/// An engine with what lies between it and the services.
pub(crate) struct Engine {
    pub(crate) process: Process,
    pub(crate) to_ledger: Arc<Relay>,
    pub(crate) to_queue: Arc<Relay>,
    pub(crate) index: PathBuf,
    pub(crate) clock: PathBuf,
    pub(crate) policy: PathBuf,
    pub(crate) web: u16,
    metrics: u16,
}

pub(crate) struct Site {
    pub(crate) services: Services,
    pub(crate) engines: Vec<Engine>,
    pub(crate) printers: Vec<Process>,
    pub(crate) cluster: Cluster,
    /// As the harness sees it: never through a bad network.
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) folder: PathBuf,
    /// Leads to an engine that answers, as what stands before them would.
    door: Relay,
    settings: Vec<(String, String)>,
}

impl Site {
    pub(crate) async fn open(services: Services) -> Result<Self> {
        let folder = services.home.join("line");
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder)?;
        let ledger = Arc::new(Ledger::open(services.postgres.as_str(), 4).await?);
        let mut relays = Vec::new();
        for _ in 0..ENGINES + 2 {
            relays.push(Arc::new(Relay::to(Vec::new()).await?));
        }
        let cluster = Cluster::new(services.clone(), relays.clone());
        let own = relays.pop().context("a relay of our own")?;
        let printers = relays.pop().context("a relay of the printers")?;
        let webs: Vec<u16> = (0..ENGINES).map(|_| free_port()).collect::<Result<_>>()?;
        let door = Relay::to(webs.iter().map(|port| format!("127.0.0.1:{port}")).collect()).await?;
        let queue = facteur::queue::open(&broker(own.port())).await?;
        let settings = settings(&services, &folder, &door, &printers);
        let mut site = Self {
            engines: Vec::new(),
            printers: Vec::new(),
            cluster,
            ledger,
            queue,
            folder,
            door,
            settings,
            services,
        };
        for (to_queue, web) in relays.into_iter().zip(webs) {
            site.add_engine(to_queue, web).await?;
        }
        PRINTERS.iter().for_each(|name| site.add_printer(name));
        site.prepare().await?;
        Ok(site)
    }

    /// The schema, the registry, the queues, and a ledger that refuses poison.
    async fn prepare(&self) -> Result<()> {
        std::fs::write(self.folder.join("printers.toml"), printers())?;
        std::fs::write(self.folder.join("registry.jsonl"), registry())?;
        let ids: Vec<_> =
            AGENCIES.iter().map(|it| it.application.parse()).collect::<Result<_, _>>()?;
        self.queue.declare(&Topology::for_applications(&ids).with_printer(PRINTERS[1])).await?;
        self.run(&["migrate"]).await?;
        self.run(&["registry", "import", "registry.jsonl"]).await?;
        let refuse = format!(
            "ALTER TABLE messages ADD CONSTRAINT refuses_poison \
             CHECK (publication NOT LIKE '%{POISON}%')"
        );
        crate::rows::execute(&self.services.postgres, refuse).await
    }

    async fn add_engine(&mut self, to_queue: Arc<Relay>, web: u16) -> Result<()> {
        let number = self.engines.len() + 1;
        let (host, port) = (self.services.postgres.host_str(), self.services.postgres.port());
        let target = format!("{}:{}", host.unwrap_or_default(), port.unwrap_or(5432));
        let to_ledger = Arc::new(Relay::to(vec![target]).await?);
        let mut ledger = self.services.postgres.clone();
        ledger.set_port(Some(to_ledger.port())).ok().context("a port")?;
        let index = self.services.disk(&format!("index-{number}")).join("search");
        let clock = self.folder.join(format!("clock-{number}"));
        std::fs::write(&clock, "+0")?;
        let metrics = free_port()?;
        let policy = self.folder.join(format!("policy-{number}.toml"));
        std::fs::write(&policy, POLICY)?;
        let own = [
            ("FACTEUR__LEDGER__URL", ledger.to_string()),
            ("FACTEUR__QUEUE__URL", broker(to_queue.port())),
            ("FACTEUR__SEARCH__PATH", index.display().to_string()),
            ("FACTEUR__WEB__LISTEN", format!("127.0.0.1:{web}")),
            ("FACTEUR__METRICS__LISTEN", format!("127.0.0.1:{metrics}")),
            ("FACTEUR__POLICY__PATH", policy.display().to_string()),
            ("LD_PRELOAD", self.services.clock.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", clock.display().to_string()),
            // The file is looked at again so often (s); waits are not faked.
            ("FAKETIME_CACHE_DURATION", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("NO_FAKE_STAT", "1".to_owned()),
        ];
        let (settings, folder) = (self.settings.clone(), self.folder.clone());
        let log = folder.join(format!("engine-{number}.log"));
        let process = Process::new(&format!("engine {number}"), log, move || {
            let mut command = program(&folder, &settings);
            command.arg("serve").envs(own.clone());
            command
        });
        self.engines.push(Engine {
            process,
            to_ledger,
            to_queue,
            index,
            clock,
            policy,
            web,
            metrics,
        });
        Ok(())
    }

    fn add_printer(&mut self, name: &'static str) {
        let (settings, folder) = (self.settings.clone(), self.folder.clone());
        let door = format!("http://127.0.0.1:{}", self.door.port());
        let log = folder.join(format!("printer-{name}.log"));
        self.printers.push(Process::new(&format!("printer {name}"), log, move || {
            let mut command = program(&folder, &settings);
            command.args(["printer", "--fail", "5%", "--repeat", "5%"]);
            command.args(["--name", name, "--out", name]);
            if name != PRINTERS[0] {
                command.args(["--rest", &door, "--key", PRINTER_KEY]);
            }
            command
        }));
    }

    /// Where the print rooms print.
    pub(crate) fn print_folders(&self) -> Vec<PathBuf> {
        PRINTERS.iter().map(|name| self.folder.join(name)).collect()
    }

    pub(crate) async fn start(&self) -> Result<()> {
        for engine in &self.engines {
            engine.process.start().await?;
        }
        for number in 0..ENGINES {
            self.is_ready_within(number, Duration::from_secs(60)).await?;
        }
        self.upload().await?;
        for printer in &self.printers {
            printer.start().await?;
        }
        Ok(())
    }

    /// Uploads what publications refer to.
    async fn upload(&self) -> Result<()> {
        for agency in &AGENCIES {
            for text in UPLOADED {
                let path = format!("/documents/{}", Digest::of(text.as_bytes()));
                let (user, key) = (agency.application, agency.upload_key());
                let status = http::put(self.door.port(), &path, (user, &key), text).await?;
                ensure!(matches!(status, 200 | 201), "{path}: {status}");
            }
        }
        Ok(())
    }

    /// Whether an engine can do its work.
    pub(crate) async fn is_ready(&self, engine: usize) -> bool {
        let Some(engine) = self.engines.get(engine) else { return false };
        matches!(http::get(engine.web, "/readyz").await, Ok((200, _)))
    }

    /// How many documents an engine has settled since it started; none while it does
    /// not say.
    pub(crate) async fn taken_by(&self, engine: usize) -> Option<f64> {
        let engine = self.engines.get(engine)?;
        let (status, page) = http::get(engine.metrics, "/metrics").await.ok()?;
        let series = figures::read(&page).into_iter();
        let counts = series.filter(|(name, _)| name.starts_with("facteur_received_total{"));
        (status == 200).then(|| counts.map(|(_, count)| count).sum())
    }

    async fn is_ready_within(&self, engine: usize, limit: Duration) -> Result<()> {
        let ready = async {
            while !self.is_ready(engine).await {
                sleep(Duration::from_millis(50)).await;
            }
        };
        let log = self.folder.join(format!("engine-{}.log", engine + 1));
        timeout(limit, ready).await.with_context(|| format!("not ready: {}", log.display()))
    }

    /// Runs a command of the program to its end; what it printed.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<String> {
        self.run_with(arguments, &[]).await
    }

    pub(crate) async fn run_with(
        &self,
        arguments: &[&str],
        settings: &[(&str, String)],
    ) -> Result<String> {
        let mut command = program(&self.folder, &self.settings);
        command.args(arguments).envs(settings.iter().cloned());
        let said = arguments.join(" ");
        let output = spawn_blocking(move || command.output()).await??;
        let printed = String::from_utf8(output.stdout)?;
        let complained = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "facteur {said}: {printed}{complained}");
        Ok(printed)
    }
}

fn settings(
    services: &Services,
    folder: &Path,
    door: &Relay,
    printers: &Relay,
) -> Vec<(String, String)> {
    let documents = services.disk("documents").join("store");
    [
        ("LEDGER__URL", services.postgres.to_string()),
        ("QUEUE__URL", broker(printers.port())),
        ("DOCUMENTS__URL", format!("file://{}", documents.display())),
        ("SEARCH__PATH", folder.join("search").display().to_string()),
        ("WEB__LISTEN", "127.0.0.1:0".to_owned()),
        ("METRICS__LISTEN", "127.0.0.1:0".to_owned()),
        ("INTAKE__BATCH_COUNT_MAX", "50".to_owned()),
        ("PAPER__PRINTERS", folder.join("printers.toml").display().to_string()),
        ("PAPER__LINK_BASE", format!("http://127.0.0.1:{}", door.port())),
        // A lease whose answer was lost runs out before the run does.
        ("PAPER__LEASE_MINUTES", "1".to_owned()),
        ("LOG__FORMAT", "json".to_owned()),
    ]
    .map(|(key, value)| (format!("FACTEUR__{key}"), value))
    .into()
}

fn program(folder: &Path, settings: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_facteur"));
    command.current_dir(folder).envs(settings.iter().cloned());
    command.env_remove("FACTEUR_CONFIG").env_remove("FAILPOINTS");
    command
}

fn broker(port: u16) -> String {
    format!("amqp://guest:guest@127.0.0.1:{port}/%2f")
}

/// Every day, so that the run does not depend on its day.
fn printers() -> String {
    let every_day = "working_days = [\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \
                     \"friday\", \"saturday\", \"sunday\"]\nworks_on_holidays = true\n";
    let digest = Digest::of(PRINTER_KEY.as_bytes());
    format!(
        "[[printer]]\nname = \"{}\"\n{every_day}\n[[printer]]\nname = \"{}\"\n{every_day}\
         takes_from = \"rest\"\nkey_digest = \"{digest}\"\n[[printer.lane]]\n\
         postal_codes = [\"4000\", \"4999\"]\n",
        PRINTERS[0], PRINTERS[1]
    )
}

/// For an engine that comes back where it was.
fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
