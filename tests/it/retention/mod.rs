//! What becomes of messages and documents when their time is over, over both
//! ledgers. Days are moved by the clock of the test.

mod handover;
mod steps;
mod story;

use std::sync::Arc;

use anyhow::{Result, ensure};
use facteur::clock::{Clock, FixedClock, SystemClock};
use facteur::documents::Depth;
use facteur::domain::{ApplicationId, Digest};
use facteur::ledger::DocumentKey;
use facteur::retention::Retention;
use facteur::verify::verify;
use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::mailbox::House;
use crate::support::desk::Desk;
use crate::support::ledgers::TestLedger;
use crate::support::world::{Company, TAX, attachment, notice_with};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The validity of the types in use, and a day.
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 367);
/// Base64 of `content`, which every message here has.
const CONTENT: &str = "Y29udGVudA==";

struct Place<'a> {
    house: House<'a>,
    clock: Arc<FixedClock>,
    retention: Retention,
}

impl<'a> Place<'a> {
    async fn open(ledger: &'a TestLedger) -> Result<Self> {
        let clock = Arc::new(FixedClock::new(SystemClock.now()));
        let shared: Arc<dyn Clock> = clock.clone();
        let house = House::with_clock(ledger, Desk::open(ledger).await?, &shared)?;
        let retention = Retention {
            ledger: Arc::clone(&ledger.ledger),
            documents: house.desk.documents.clone(),
            clock: shared,
            engine: Uuid::now_v7(),
            unreferenced: DAY * 7,
            session_idle: DAY,
            record_years: 10,
        };
        Ok(Self { house, clock, retention })
    }

    /// Whether the content that every message has is there.
    async fn has_content(&self) -> Result<bool> {
        Ok(self.house.desk.documents.head(&content()?).await?.is_some())
    }

    /// Nothing is missing or double.
    async fn balances(&self) -> Result<()> {
        let verdict =
            verify(self.house.ledger, &self.house.desk.documents, Depth::Contents, &|_| {}).await?;
        ensure!(verdict.is_balanced(), "{:?}", verdict.findings);
        Ok(())
    }
}

fn content() -> Result<DocumentKey> {
    Ok((ApplicationId::new(TAX)?, Digest::of(b"content")))
}

/// A message with the content as its attachment.
fn with_content(to: Company) -> Value {
    let mut publication = notice_with(json!([attachment("letter", CONTENT)]));
    publication["recipient"]["enterpriseNumber"] = json!(to.number());
    publication["bodyContent"] = json!({ "fr": "Du texte" });
    publication
}
