//! Wiring: the parts of an engine, opened from its configuration and started
//! in their roles. Used by the program, the demo and the tests alike.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use backon::BackoffBuilder;
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use crate::clock::{Clock, FastClock, SystemClock};
use crate::config::Config;
use crate::documents::DocumentStore;
use crate::domain::Code;
use crate::intake::{self, Intake, Rulebook};
use crate::ledger::{Class, Ledger, LedgerError};
use crate::lifecycle::Lifecycle;
use crate::mailbox::Mailbox;
use crate::notices::Notices;
use crate::paper::links::Links;
use crate::paper::office::Office;
use crate::paper::pages::PageCounter;
use crate::paper::printer::Printers;
use crate::policy_file::PolicyFile;
use crate::pulse::Pulse;
use crate::queue::Queue;
use crate::relay::{self, Relay};
use crate::retention::Retention;
use crate::search::{Observer, Projection, Reason, Search, SearchError};
use crate::telemetry::log::chain;
use crate::telemetry::{self, measure};
use crate::watch::Watch;
use crate::web::{self, Backstage, Gate, Pages, Persona, Programs, Readiness, Web};

/// How long a broker or a database may take to say goodbye.
const CLOSE_MAX: Duration = Duration::from_secs(2);

/// What an engine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Role {
    /// Takes documents from the queue.
    Intake,
    /// Sends receipts and letters.
    Relay,
    /// Keeps a search index.
    Search,
    /// Serves HTTP; keeps a search index of its own.
    Web,
}

impl Role {
    /// Every role.
    #[must_use]
    pub fn all() -> BTreeSet<Self> {
        BTreeSet::from([Self::Intake, Self::Relay, Self::Search, Self::Web])
    }
}

/// The parts of an engine.
pub struct App {
    /// What it was opened with.
    pub config: Config,
    /// The truth.
    pub ledger: Arc<Ledger>,
    /// The broker.
    pub queue: Arc<dyn Queue>,
    /// Content.
    pub documents: DocumentStore,
    /// The time: the machine's, or a sandbox's.
    pub clock: Arc<dyn Clock>,
    /// The same clock, where it is a sandbox's.
    fast: Option<Arc<FastClock>>,
    /// Digital or paper.
    pub policy: Arc<PolicyFile>,
    /// Who prints what.
    pub printers: Arc<Printers>,
    /// This engine among others.
    pub engine: Uuid,
    /// Who one may be in a demonstration; otherwise nobody.
    pub personas: Vec<Persona>,
}

/// Where a started engine listens, and what can be asked of it.
pub struct Started {
    /// Pages and REST, in the role `web`.
    pub web: Option<SocketAddr>,
    /// `/metrics`.
    pub metrics: SocketAddr,
    /// The search index, in the roles `search` and `web`.
    pub search: Option<Search>,
    /// Letters, as they are planned, claimed and reported of.
    pub office: Arc<Office>,
    /// Since when.
    pub at: jiff::Timestamp,
}

impl App {
    /// Opens the parts that a configuration names. A broker or a PostgreSQL
    /// that is away is waited for by those who need it, not here.
    ///
    /// # Errors
    /// A faulty policy (naming the line), an address that cannot be read, a
    /// file that cannot be opened.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let policy = PolicyFile::open(&config)?;
        let fast = match config.sandbox.day_in_secs {
            0 => None,
            secs => Some(Arc::new(FastClock::new(secs, machine()))),
        };
        let printers = config.printers().context("failed to read paper.printers")?;
        let ledger = Ledger::open(config.ledger.url.as_str(), config.ledger.connections).await;
        let queue = crate::queue::open(config.queue.url.as_str()).await;
        let documents = DocumentStore::open(config.documents.url.as_str());
        Ok(Self {
            ledger: Arc::new(ledger.context("failed to open ledger.url")?),
            queue: queue.context("failed to open queue.url")?,
            documents: documents.context("failed to open documents.url")?,
            clock: fast.clone().map_or_else(machine, |fast| fast as Arc<dyn Clock>),
            fast,
            policy: Arc::new(policy),
            printers: Arc::new(printers),
            engine: Uuid::now_v7(),
            personas: Vec::new(),
            config,
        })
    }

    /// What the intake judges by.
    #[must_use]
    pub fn rulebook(&self) -> Rulebook {
        self.policy.rulebook()
    }

    /// An intake over these parts, which judges by the policy in force.
    #[must_use]
    pub fn intake(&self) -> Intake {
        Intake::new(
            Arc::clone(&self.ledger),
            self.documents.clone(),
            self.rulebook(),
            self.config.intake.clone(),
            Arc::clone(&self.clock),
        )
        .following(self.policy.follow())
    }

    /// Migrates the ledger and starts the roles; they run until the
    /// lifecycle's soft stop.
    ///
    /// # Errors
    /// When the ledger cannot be migrated or an address cannot be bound.
    pub async fn start(
        &self,
        roles: &BTreeSet<Role>,
        lifecycle: &Lifecycle,
        telemetry: &telemetry::Handle,
    ) -> anyhow::Result<Started> {
        self.prepare().await.context("failed to prepare the ledger")?;
        self.start_roles(roles, lifecycle, telemetry).await
    }

    /// Brings the ledger up to date. In a sandbox time runs fast from the moment
    /// on at which this was first done.
    ///
    /// # Errors
    /// When the ledger cannot be migrated, or does not answer.
    pub async fn migrate(&self) -> Result<(), LedgerError> {
        self.ledger.migrate().await?;
        let Some(fast) = &self.fast else { return Ok(()) };
        let mut drawn = [0; 32];
        drawn[..8].copy_from_slice(&machine().now().as_microsecond().to_be_bytes());
        let kept = self.ledger.secret("sandbox", drawn).await?;
        let from = kept.first_chunk().map(|micros| i64::from_be_bytes(*micros));
        let from = from.and_then(|micros| Timestamp::from_microsecond(micros).ok());
        fast.run_from(from.ok_or_else(|| LedgerError::Shape("no moment".into()))?);
        Ok(())
    }

    /// Brings the ledger up to date, and the counters to 0.
    async fn prepare(&self) -> Result<(), LedgerError> {
        self.migrate().await?;
        self.start_counters().await
    }

    async fn start_roles(
        &self,
        roles: &BTreeSet<Role>,
        lifecycle: &Lifecycle,
        telemetry: &telemetry::Handle,
    ) -> anyhow::Result<Started> {
        if let Some(day_in_secs) = self.sandbox_day() {
            warn!(day_in_secs, "A SANDBOX: TIME RUNS FAST; NOT FIT FOR REAL COMPANIES");
        }
        let has = |role| roles.contains(&role);
        let intake = Arc::new(self.intake());
        if has(Role::Intake) {
            let queue = Arc::clone(&self.queue);
            intake::run(lifecycle, Arc::clone(&intake), queue, machine(), self.engine);
        } else if has(Role::Web) {
            intake::run_direct(lifecycle, Arc::clone(&intake), machine(), self.engine);
        }
        let search = if has(Role::Search) || has(Role::Web) {
            Some(self.start_search(lifecycle).await?)
        } else {
            None
        };
        // Before the tickets: their links lead here.
        let listener = match has(Role::Web) {
            true => Some(bind("web.listen", self.config.web.listen).await?),
            false => None,
        };
        let web = listener.as_ref().map(TcpListener::local_addr).transpose()?;
        let office = self.office(web).await.context("failed to open the post office")?;
        if let Some(listener) = listener {
            self.serve_web(listener, (Arc::clone(&office), intake), search.clone(), lifecycle)?;
        }
        if has(Role::Relay) {
            self.relay(Arc::clone(&office)).run(lifecycle);
            lifecycle.spawn("watch", self.watch().run(lifecycle.soft().clone()));
            lifecycle.spawn("retention", self.retention().run(lifecycle.soft().clone()));
            if let Some(notices) = self.notices().await? {
                lifecycle.spawn("notices", notices.run(lifecycle.soft().clone()));
            }
        }
        self.tell(lifecycle, telemetry);
        let metrics = self.serve_metrics(lifecycle, telemetry).await?;
        let upkeep = telemetry.clone().upkeep(lifecycle.soft().clone());
        lifecycle.spawn("telemetry", async move {
            upkeep.await;
            Ok::<(), std::convert::Infallible>(())
        });
        info!(?roles, engine = %self.engine, ledger = self.ledger.backend(), "engine started");
        Ok(Started { web, metrics, search, office, at: self.clock.now() })
    }

    /// Starts as [`App::start`] does, and waits for a ledger that is away.
    ///
    /// # Errors
    /// As [`App::start`], except for a ledger that is away.
    pub async fn start_patiently(
        &self,
        roles: &BTreeSet<Role>,
        lifecycle: &Lifecycle,
        telemetry: &telemetry::Handle,
    ) -> anyhow::Result<Started> {
        let mut waits = crate::queue::reconnection().build();
        while let Err(error) = self.prepare().await {
            if error.class() != Class::Transient {
                return Err(error).context("failed to prepare the ledger");
            }
            warn!(error = %chain(&error), "the ledger is away; waiting for it");
            tokio::time::sleep(waits.next().unwrap_or_default()).await;
        }
        self.start_roles(roles, lifecycle, telemetry).await
    }

    async fn start_counters(&self) -> Result<(), LedgerError> {
        let reference = self.ledger.reference().await?;
        let policy = self.rulebook().policy;
        let reasons = policy.reasons();
        let reasons = reasons.filter_map(|(ruling, reason)| Some((ruling.medium()?, reason)));
        telemetry::start_at_zero(reference.applications.keys(), reasons, Code::ALL);
        Ok(())
    }

    /// The post office; `web` is where this process listens, if it does.
    ///
    /// # Errors
    /// `Transient` while the database is away.
    pub async fn office(&self, web: Option<SocketAddr>) -> Result<Arc<Office>, LedgerError> {
        let paper = &self.config.paper;
        let listens = web.unwrap_or(self.config.web.listen);
        let base = match paper.link_base.as_str() {
            "" => format!("http://{listens}"),
            base => base.to_owned(),
        };
        let key = self.ledger.secret("links", rand::random()).await?;
        let lifetime = SignedDuration::from_hours(i64::from(paper.link_hours));
        let (ledger, clock) = (Arc::clone(&self.ledger), Arc::clone(&self.clock));
        let links = Links::new(&base, key, lifetime);
        let (documents, printers) = (self.documents.clone(), Arc::clone(&self.printers));
        let pages = PageCounter::new(std::env::current_exe().unwrap_or_default());
        Ok(Arc::new(Office::new(ledger, documents, clock, printers, links, pages)))
    }

    fn sandbox_day(&self) -> Option<u32> {
        self.fast.as_ref().map(|_| self.config.sandbox.day_in_secs)
    }

    /// Tells its figures, and reads the policy again when that is asked.
    fn tell(&self, lifecycle: &Lifecycle, telemetry: &telemetry::Handle) {
        let pulse = Pulse {
            ledger: Arc::clone(&self.ledger),
            clock: machine(),
            engine: self.engine,
            started_at: machine().now(),
            telemetry: telemetry.clone(),
            policy: Arc::clone(&self.policy),
        };
        let stop = lifecycle.soft();
        lifecycle.spawn("pulse", pulse.run(stop.clone()));
        let (policy, ledger) = (Arc::clone(&self.policy), Arc::clone(&self.ledger));
        lifecycle.spawn("policy", policy.run(ledger, stop.clone()));
    }

    fn relay(&self, office: Arc<Office>) -> Relay {
        let settings = relay::Settings {
            receipts_per_message_max: self.config.relay.receipts_per_message_max,
            letters_window: u64::from(self.config.relay.letters_window),
            interval: self.config.relay.interval(),
        };
        let (ledger, queue) = (Arc::clone(&self.ledger), Arc::clone(&self.queue));
        Relay::new(ledger, queue, machine(), self.engine, settings, office)
    }

    /// Where there is a mail server.
    async fn notices(&self) -> anyhow::Result<Option<Notices>> {
        let (ledger, clock) = (Arc::clone(&self.ledger), Arc::clone(&self.clock));
        let notices = Notices::open(&self.config, ledger, clock, self.engine).await;
        notices.context("failed to prepare the notices by mail")
    }

    fn watch(&self) -> Watch {
        Watch {
            ledger: Arc::clone(&self.ledger),
            queue: Arc::clone(&self.queue),
            clock: Arc::clone(&self.clock),
            machine: machine(),
            engine: self.engine,
            printers: Arc::clone(&self.printers),
        }
    }

    fn retention(&self) -> Retention {
        let days = i64::from(self.config.documents.unreferenced_days);
        Retention {
            ledger: Arc::clone(&self.ledger),
            documents: self.documents.clone(),
            clock: Arc::clone(&self.clock),
            engine: self.engine,
            unreferenced: SignedDuration::from_hours(days * 24),
            record_years: self.config.record.years,
        }
    }

    /// Opens the index on a thread that may block, and follows the ledger.
    ///
    /// # Errors
    /// When another process writes this index.
    async fn start_search(&self, lifecycle: &Lifecycle) -> anyhow::Result<Search> {
        let path = self.config.search.path.clone();
        let open = move || Projection::open(&path, clock_now, Arc::new(SearchWatch));
        let projection = tokio::task::spawn_blocking(open).await?;
        let projection = projection.context("failed to open the search index")?;
        let search = projection.search();
        let (ledger, stop) = (Arc::clone(&self.ledger), lifecycle.late().clone());
        lifecycle.spawn_follower("search", async move {
            projection.run(ledger, stop).await;
            Ok::<(), std::convert::Infallible>(())
        });
        lifecycle.spawn("search lag", report_lag(search.clone(), lifecycle.soft().clone()));
        Ok(search)
    }

    fn serve_web(
        &self,
        listener: TcpListener,
        (office, intake): (Arc<Office>, Arc<Intake>),
        search: Option<Search>,
        lifecycle: &Lifecycle,
    ) -> anyhow::Result<()> {
        let pages = Pages::new(&self.config, self.personas.clone());
        let pages = pages.context("failed to prepare the pages")?;
        let stop = lifecycle.soft().clone();
        let readiness = self.readiness(stop.clone());
        let (ledger, clock) = (Arc::clone(&self.ledger), Arc::clone(&self.clock));
        let documents = self.documents.clone();
        let mailbox = Mailbox::new(Arc::clone(&ledger), search, documents.clone(), clock);
        let gate = Gate::new(&self.config).context("failed to prepare the REST interface")?;
        let gate = Arc::new(gate);
        let tls = web::acceptor(&self.config.web).context("failed to prepare TLS")?;
        let programs = Programs { gate: Arc::clone(&gate), intake };
        let backstage = Backstage { intake: self.intake(), printers: Arc::clone(&self.printers) };
        let web = Web::new(ledger, documents, machine(), readiness, pages, mailbox, programs)
            .with_console(backstage);
        let lease = SignedDuration::from_mins(i64::from(self.config.paper.lease_minutes));
        let router = web::router(web).merge(web::printers_router(office, lease, gate));
        lifecycle.spawn("web", web::serve_over(tls, listener, router, stop));
        Ok(())
    }

    fn readiness(&self, stopping: CancellationToken) -> Readiness {
        let (ledger, queue) = (Arc::clone(&self.ledger), Arc::clone(&self.queue));
        let documents = self.documents.clone();
        Readiness::new(stopping)
            .with("ledger", move || {
                let ledger = Arc::clone(&ledger);
                async move { ledger.ping().await }
            })
            .with("queue", move || {
                let queue = Arc::clone(&queue);
                async move { queue.ping().await }
            })
            .with("documents", move || {
                let documents = documents.clone();
                async move { documents.ping().await }
            })
    }

    async fn serve_metrics(
        &self,
        lifecycle: &Lifecycle,
        telemetry: &telemetry::Handle,
    ) -> anyhow::Result<SocketAddr> {
        let listener = bind("metrics.listen", self.config.metrics.listen).await?;
        let address = listener.local_addr()?;
        let router = web::metrics_router(telemetry.clone());
        lifecycle.spawn("metrics", web::serve(listener, router, lifecycle.soft().clone()));
        Ok(address)
    }

    /// Closes connections in order, or leaves them to the other side, which
    /// finds out: a silent one does not keep a process that wants to end.
    pub async fn close(&self) {
        let in_order = async {
            self.queue.close().await;
            self.ledger.close().await;
        };
        if tokio::time::timeout(CLOSE_MAX, in_order).await.is_err() {
            warn!("connections were left open: the other side is silent");
        }
    }
}

async fn bind(key: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("failed to listen on {key} {address}"))?;
    // With port 0 the system chose the port, and nobody else would know it.
    info!(key, address = %listener.local_addr()?, "listening");
    Ok(listener)
}

/// The machine's clock: leases, sessions and uploads go by it in a sandbox too.
fn machine() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

fn clock_now() -> jiff::Timestamp {
    SystemClock.now()
}

/// Counts what the follower has logged already.
struct SearchWatch;

impl Observer for SearchWatch {
    fn failed(&self, error: &SearchError) {
        measure::error("index", error.kind());
    }

    fn rebuilding(&self, _: Reason) {}
}

async fn report_lag(
    search: Search,
    stop: CancellationToken,
) -> Result<(), std::convert::Infallible> {
    while !stop.is_cancelled() {
        let lag = search.lag(clock_now());
        let age = Duration::try_from_secs_f64(lag.seconds).unwrap_or_default();
        measure::index_lag(lag.documents, age);
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
    Ok(())
}
