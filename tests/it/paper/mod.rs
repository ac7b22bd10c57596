//! Letters from their making to their end, over both ledgers.

mod claims;
mod fates;
mod orders;
mod pages;
mod plans;
mod presses;
mod printers;
mod rest;
mod sandbox;
mod unread;
pub(crate) mod whole;

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use facteur::clock::FixedClock;
use facteur::intake::Judged;
use facteur::ledger::{LetterEvent, LetterFilter, LetterRow, Releasable};
use facteur::paper::days;
use facteur::paper::inbox::{Heard, Letterbox};
use facteur::paper::letter::LetterState;
use facteur::paper::office::Office;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::desk::{Desk, posted};
use crate::support::ledgers::TestLedger;
use crate::support::office;
use crate::support::world::{Company, LETTER, attachment, notice_with};

/// Two printers beside the default one: one for Liège, one for registered
/// items; both work on any day.
const PRINTERS: &str = r#"
[[printer]]
name = "overflow"
working_days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
works_on_holidays = true

[[printer]]
name = "liege"
working_days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
works_on_holidays = true
cap_per_day = 2
fallback = "overflow"
silent_after_minutes = 15
key_digest = "KEY"
[[printer.lane]]
countries = ["BE"]
postal_codes = ["4000", "4999"]
"#;

const KEY: &str = "key-of-liege";

/// A ledger, an intake and an office by a clock of the test's own.
struct House {
    desk: Desk,
    office: Arc<Office>,
    clock: Arc<FixedClock>,
}

/// A letter with everything that was recorded of it.
type Told = (LetterRow, Vec<LetterEvent>);

impl House {
    async fn open(ledger: &TestLedger) -> Result<Self> {
        Self::with(ledger, PRINTERS).await
    }

    async fn with(ledger: &TestLedger, printers: &str) -> Result<Self> {
        let desk = Desk::open(ledger).await?;
        let clock =
            Arc::new(FixedClock::new(facteur::clock::Clock::now(&facteur::clock::SystemClock)));
        let digest = facteur::domain::Digest::of(KEY.as_bytes()).to_string();
        let printers = printers.replace("KEY", &digest);
        let office = office::at(&ledger.ledger, &desk.documents, &printers, clock.clone())?;
        Ok(Self { desk, office, clock })
    }

    fn now(&self) -> Timestamp {
        self.office.now()
    }

    /// A letter that was made and planned; its job id.
    async fn letter(&self, publication: &Value) -> Result<Uuid> {
        let job = self.made(publication).await?;
        self.office.plan_all().await?;
        Ok(job)
    }

    /// A letter that was made; its job id.
    async fn made(&self, publication: &Value) -> Result<Uuid> {
        let judged = self.desk.deliver_one(posted(publication)?).await?;
        let Judged::Accepted { id, .. } = judged else { anyhow::bail!("{judged:?}") };
        let filter = LetterFilter { message: Some(id), limit: 10, ..LetterFilter::default() };
        let letters = self.office.ledger().letters(&filter).await?;
        Ok(letters.first().context("no letter")?.job_id)
    }

    async fn told(&self, job: Uuid) -> Result<Told> {
        self.office.ledger().letter(job).await?.context("no such letter")
    }

    async fn state(&self, job: Uuid) -> Result<LetterState> {
        Ok(self.told(job).await?.0.state)
    }

    /// The link of the ticket that a letter has now.
    async fn link(&self, job: Uuid) -> Result<String> {
        let letter = self.office.ledger().letter_ticket(job).await?.context("no such letter")?;
        Ok(self.office.ticket(&letter).context("not planned")?.package)
    }

    /// Claims a letter as a machine of its printer.
    async fn claim(&self, job: Uuid, claimant: &str) -> Result<Vec<u8>> {
        let link = self.link(job).await?;
        fetched(&self.office, job, &link, claimant).await
    }

    /// What a printer's report comes to, by its verdict's or its stray's word.
    async fn report(&self, printer: &str, event: &Value) -> Result<String> {
        let body = event.to_string().into_bytes();
        let message = Letterbox { printer: printer.to_owned(), account: None, body };
        let heard = self.office.hear(&[message]).await?;
        Ok(word(heard.first().context("nothing heard")?))
    }

    /// Reports one step of a job, now.
    async fn says(&self, printer: &str, job: Uuid, kind: &str) -> Result<String> {
        self.report(printer, &event(printer, job, kind, self.now())).await
    }

    /// The jobs that may go to a printer today.
    async fn releasable(&self, printer: &str) -> Result<Vec<Uuid>> {
        let which = Releasable { printer, today: days::today(self.now()), limit: 100 };
        Ok(self.office.ledger().letters_to_release(which).await?)
    }

    /// What the agencies were told of a letter, by the receipts' types.
    async fn receipts(&self, job: Uuid) -> Result<Vec<String>> {
        let entries = self.office.ledger().journal_after(0, 10_000).await?;
        let of_job = |entry: &&facteur::ledger::Entry| entry.detail.contains(&job.to_string());
        let receipts = entries.iter().filter(of_job);
        receipts.map(|it| Ok(facteur::relay::receipt(it, "test")?.r#type)).collect()
    }

    /// The account balances, and every row is what its events made of it.
    async fn balances(&self) -> Result<()> {
        let (account, findings) = self.office.ledger().verify().await?;
        ensure!(account.difference == 0 && findings.is_empty(), "{account:?} {findings:?}");
        Ok(())
    }
}

fn word(heard: &Heard) -> String {
    match heard {
        Heard::Report { verdict, .. } => verdict.as_str().to_owned(),
        Heard::Heartbeat => "heartbeat".to_owned(),
        Heard::Stray { code, .. } => (*code).to_owned(),
    }
}

/// A package, to its last byte.
async fn fetched(office: &Office, job: Uuid, link: &str, claimant: &str) -> Result<Vec<u8>> {
    use futures_util::StreamExt as _;
    let package = office.fetch(job, office::token(link), Some(claimant)).await?;
    let (mut bytes, mut pieces) = (Vec::new(), package.pieces);
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

/// A report as a CloudEvent with an id of its own.
fn event(printer: &str, job: Uuid, kind: &str, at: Timestamp) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::now_v7().to_string(), "source": "urn:printer",
        "type": "facteur.letter.report", "time": at, "datacontenttype": "application/json",
        "data": { "jobId": job, "printer": printer, "kind": kind, "at": at },
    })
}

/// A publication of a type that exists on paper alone.
fn paper(to: Company) -> Value {
    let mut publication = notice_with(json!([attachment("letter", "YQ==")]));
    publication["recipient"]["enterpriseNumber"] = json!(to.number());
    publication["messageTypeId"] = json!(LETTER);
    publication
}

/// The same, with an address of the sender's.
fn paper_to(postal_code: &str) -> Value {
    let mut publication = paper(Company::Active);
    publication["postal"] = json!({
        "address": { "lines": ["Rue Haute 7"], "postalCode": postal_code, "town": "Ville" },
    });
    publication
}
