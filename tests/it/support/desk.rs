//! The real intake over a test's ledger, with documents in a folder of its
//! own: what a lane would hand over is handed over here.

use std::io::Cursor;
use std::sync::Arc;

use anyhow::{Result, bail};
use bytes::Bytes;
use facteur::clock::{Clock, SystemClock};
use facteur::config::Config;
use facteur::decide::Policy;
use facteur::documents::DocumentStore;
use facteur::domain::ApplicationId;
use facteur::intake::{Arrival, ClosedEnterprise, Intake, Judged, Lane, Outcome, Rulebook};
use facteur::ledger::{Act, DocumentKey, Ledger};
use facteur::queue::Properties;
use facteur::registry::{self, Options};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::ledgers::TestLedger;
use super::world::{self, Company, TAX, WORK};

/// An intake, and the world's registry in its ledger.
pub(crate) struct Desk {
    pub(crate) intake: Arc<Intake>,
    pub(crate) documents: DocumentStore,
    folder: tempfile::TempDir,
}

/// The policy that ships, a registry that may be incomplete, and refusals for
/// closed enterprises.
pub(crate) fn rulebook() -> Result<Rulebook> {
    Ok(Rulebook {
        policy: Arc::new(Policy::parse(include_str!("../../../config/policy.toml"))?),
        is_registry_complete: false,
        closed: ClosedEnterprise::Refuse,
        grace_days: 12,
    })
}

impl Desk {
    pub(crate) async fn open(ledger: &TestLedger) -> Result<Self> {
        Self::with(ledger, rulebook()?).await
    }

    pub(crate) async fn with(ledger: &TestLedger, rulebook: Rulebook) -> Result<Self> {
        let now = SystemClock.now();
        let options = Options { actor: "tester", at: now, progress: &mut |_| {} };
        registry::import(ledger, Cursor::new(world::registry(now)?), options).await?;
        Self::beside(&ledger.ledger, rulebook)
    }

    /// Records that a company (the second) may act for another (the first).
    pub(crate) async fn mandate(
        &self,
        ledger: &TestLedger,
        (mandator, holder): (Company, Company),
        from: &Value,
        to: &Value,
    ) -> Result<()> {
        let mut line = serde_json::json!({ "kind": "mandate", "mandator": mandator.number(),
                                           "holder": holder.number(), "from": from });
        if to.is_string() {
            line["to"] = to.clone();
        }
        self.register(ledger, &line).await
    }

    /// One more line of the registry.
    pub(crate) async fn register(&self, ledger: &TestLedger, line: &Value) -> Result<()> {
        let options = Options { actor: "tester", at: SystemClock.now(), progress: &mut |_| {} };
        registry::import(ledger, Cursor::new(format!("{line}\n")), options).await?;
        Ok(())
    }

    /// Another engine's intake over the same ledger.
    pub(crate) fn beside(ledger: &Arc<Ledger>, rulebook: Rulebook) -> Result<Self> {
        Self::by_clock(ledger, rulebook, Arc::new(SystemClock))
    }

    /// The same, by a clock of the test's own.
    pub(crate) fn by_clock(
        ledger: &Arc<Ledger>,
        rulebook: Rulebook,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let documents = DocumentStore::open(&format!("file://{}", folder.path().display()))?;
        let settings = Config::load(None, std::iter::empty())?.intake;
        let ledger = Arc::clone(ledger);
        let intake = Intake::new(ledger, documents.clone(), rulebook, settings, clock);
        let intake = Arc::new(intake);
        Ok(Self { intake, documents, folder })
    }

    /// Another intake over the same ledger and documents.
    pub(crate) fn intake_beside(&self, ledger: &TestLedger) -> Result<Intake> {
        let settings = Config::load(None, std::iter::empty())?.intake;
        let (ledger, clock) = (Arc::clone(&ledger.ledger), Arc::new(SystemClock));
        Ok(Intake::new(ledger, self.documents.clone(), rulebook()?, settings, clock))
    }

    /// By which others find its documents.
    pub(crate) fn documents_url(&self) -> String {
        format!("file://{}", self.folder.path().display())
    }

    /// Writes other bytes where a document lies.
    pub(crate) fn overwrite(&self, (_, digest): &DocumentKey, bytes: &[u8]) -> Result<()> {
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.to_string_lossy().ends_with(&digest.to_string()) {
                    return Ok(std::fs::write(path, bytes)?);
                }
            }
        }
        bail!("no file of {digest}")
    }

    /// Delivers one batch; what became of each, in order.
    pub(crate) async fn deliver(&self, arrivals: Vec<Arrival>) -> Result<Vec<Judged>> {
        match self.intake.deliver(arrivals, &CancellationToken::new()).await {
            Outcome::Recorded(judged) => Ok(judged),
            Outcome::Stopped => bail!("nobody stopped it"),
        }
    }

    pub(crate) async fn deliver_one(&self, arrival: Arrival) -> Result<Judged> {
        self.deliver(vec![arrival]).await.map(|mut judged| judged.remove(0))
    }
}

/// The account registered for an application.
pub(crate) fn account(application: &str) -> &'static str {
    match application {
        TAX => "tax",
        WORK => "work",
        _ => "stranger",
    }
}

/// Somebody's act, without a reason.
pub(crate) fn by(actor: &str, at: jiff::Timestamp) -> Act<'_> {
    Act { actor, reason: "", at }
}

/// Bytes on the lane of an application, as its own account publishes them.
pub(crate) fn arrival(application: &str, key: &str, body: impl Into<Bytes>) -> Result<Arrival> {
    let properties = Properties {
        message_id: Some(key.to_owned()),
        app_id: Some(application.to_owned()),
        user_id: Some(account(application).to_owned()),
        content_type: Some("application/json".into()),
        published_us: Some(SystemClock.now().as_microsecond()),
    };
    let lane = Lane::Application(ApplicationId::new(application)?);
    Ok(Arrival::unqueued(lane, application.to_owned(), body.into(), properties))
}

/// A publication from the application that it names, under a key of its own.
pub(crate) fn posted(publication: &Value) -> Result<Arrival> {
    posted_as(&key(), publication)
}

/// A publication from the application that it names.
pub(crate) fn posted_as(key: &str, publication: &Value) -> Result<Arrival> {
    let application = publication["senderApplicationId"].as_str().unwrap_or(TAX);
    arrival(application, key, publication.to_string())
}

/// A publication with which nothing is wrong.
pub(crate) fn good() -> Result<Arrival> {
    posted(&world::notice(Company::Active))
}

/// A key that nobody used.
pub(crate) fn key() -> String {
    Uuid::now_v7().to_string()
}
