//! Wiring: the parts of an engine, opened from its configuration ([`App::open`])
//! and started in their roles ([`App::start`]). Used by the program, the demo
//! and the tests alike.

mod index;
mod roles;
mod serve;
mod start;
mod tasks;
mod tools;

pub use roles::Role;
pub use start::Started;
pub use tools::Tools;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tracing::warn;
use uuid::Uuid;

use crate::clock::{Clock, FastClock, SystemClock};
use crate::config::Config;
use crate::documents::DocumentStore;
use crate::intake::{Intake, Rulebook};
use crate::ledger::{Ledger, LedgerError};
use crate::paper::hatch::Hatch;
use crate::paper::links::Links;
use crate::paper::office::Office;
use crate::paper::pages::PageCounter;
use crate::paper::printer::Printers;
use crate::policy_file::PolicyFile;
use crate::queue::Queue;
use crate::web::Persona;

/// How long a broker or a database may take to say goodbye.
const CLOSE_MAX: Duration = Duration::from_secs(2);

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
    /// Through which letters pass from the intake to the relay.
    hatch: Arc<Hatch>,
    /// This engine among others.
    pub engine: Uuid,
    /// Who one may be in a demonstration; otherwise nobody.
    pub personas: Vec<Persona>,
}

impl App {
    /// Opens the parts that a configuration names. A broker or a PostgreSQL
    /// that is away is waited for by those who need it, not here.
    ///
    /// # Errors
    /// A faulty policy (naming the line), an address that cannot be read, a
    /// file that cannot be opened.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let policy = Arc::new(PolicyFile::open(&config)?);
        let tools = Tools::open(config).await?;
        Ok(Self {
            queue: Arc::clone(tools.queue().await?),
            documents: tools.documents()?,
            policy,
            printers: Arc::new(tools.printers()?),
            hatch: Arc::default(),
            engine: Uuid::now_v7(),
            personas: Vec::new(),
            ledger: tools.ledger,
            clock: tools.clock,
            fast: tools.fast,
            config: tools.config,
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
        .through(Arc::clone(&self.hatch))
    }

    /// Brings the ledger up to date. In a sandbox time runs fast from the moment
    /// on at which this was first done.
    ///
    /// # Errors
    /// When the ledger cannot be migrated, or does not answer.
    pub async fn migrate(&self) -> Result<(), LedgerError> {
        tools::migrate(&self.ledger, self.fast.as_deref()).await
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

    /// Closes connections in order, or leaves them to the other side, which
    /// finds out: a silent one does not keep a process that wants to end.
    pub async fn close(&self) {
        close(Some(&self.queue), &self.ledger).await;
    }
}

async fn close(queue: Option<&Arc<dyn Queue>>, ledger: &Ledger) {
    let in_order = async {
        if let Some(queue) = queue {
            queue.close().await;
        }
        ledger.close().await;
    };
    if tokio::time::timeout(CLOSE_MAX, in_order).await.is_err() {
        warn!("connections were left open: the other side is silent");
    }
}

/// The machine's clock: leases, sessions and uploads go by it in a sandbox too.
fn machine() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}
