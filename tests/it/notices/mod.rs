//! Notices by mail, over both ledgers, to a mail server that is not ours. Days
//! are moved by the clock of the test.

mod nights;
mod program;
mod servers;
pub(crate) mod sink;
mod tls;

use std::sync::Arc;

use anyhow::{Context as _, Result};
use facteur::clock::{Clock, FixedClock, SystemClock, belgian_day, belgian_hour};
use facteur::config::Config;
use facteur::domain::Notification;
use facteur::mailbox::Reader;
use facteur::notices::Notices;
use jiff::SignedDuration;
use serde_json::Value;
use uuid::Uuid;

use crate::mailbox::{House, reader};
use crate::support::desk::{Desk, rulebook};
use crate::support::ledgers::TestLedger;
use crate::support::world::Company;
use sink::Sink;

/// The hour at which the boxes of these tests are told.
const HOUR: u8 = 6;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A house with a mail server and a clock of its own, at noon.
struct Post<'a> {
    house: House<'a>,
    sink: Sink,
    clock: Arc<FixedClock>,
    shown: Arc<dyn Clock>,
}

/// A clock by which days pass faster than by the machine's.
#[derive(Debug)]
struct Hurried(Arc<FixedClock>);

impl Clock for Hurried {
    fn now(&self) -> jiff::Timestamp {
        self.0.now()
    }

    fn keeps_time(&self) -> bool {
        false
    }
}

impl<'a> Post<'a> {
    async fn open(ledger: &'a TestLedger) -> Result<Self> {
        let clock = Arc::new(FixedClock::new(SystemClock.now()));
        let (desk, shown) = (Desk::open(ledger).await?, clock.clone());
        let house = House::with_clock(ledger, desk, &(shown.clone() as Arc<dyn Clock>))?;
        Ok(Self { house, sink: Sink::start()?, clock, shown })
    }

    /// Where the clock has gone ahead of the machine's for some time.
    async fn ahead(ledger: &'a TestLedger, by: SignedDuration) -> Result<Self> {
        let Self { house, sink, clock, .. } = Self::open(ledger).await?;
        house.close().await?;
        clock.advance(by);
        let shown: Arc<dyn Clock> = Arc::new(Hurried(Arc::clone(&clock)));
        let desk = Desk::by_clock(&ledger.ledger, rulebook()?, Arc::clone(&shown))?;
        let house = House::with_clock(ledger, desk, &shown)?;
        Ok(Self { house, sink, clock, shown })
    }

    /// An engine that tells of mail, by the server at a port.
    async fn teller(&self, port: u16) -> Result<Notices> {
        let set = [
            ("FACTEUR__NOTICES__HOST", "127.0.0.1".to_owned()),
            ("FACTEUR__NOTICES__PORT", port.to_string()),
            ("FACTEUR__NOTICES__TLS", "none".to_owned()),
            ("FACTEUR__NOTICES__SENDER", "e-Box <no-reply@facteur.example>".to_owned()),
            ("FACTEUR__SIGN_IN__BASE_URL", "https://box.example".to_owned()),
        ];
        let config =
            Config::load(None, set.map(|(name, value)| (name.to_owned(), value)).into_iter())?;
        let (ledger, clock) = (Arc::clone(&self.house.ledger.ledger), Arc::clone(&self.shown));
        let notices = Notices::open(&config, ledger, clock, Uuid::now_v7()).await?;
        notices.context("there is a mail server")
    }

    /// Has a company told at an address from now on.
    async fn tell(&self, company: Company, address: &str) -> Result<()> {
        let settings = Notification { address: Some(address.into()), hour: HOUR };
        let chief = chief(company)?;
        Ok(self.house.mailbox.set_notification(&chief, company.number(), &settings).await?)
    }

    /// Moves the clock to the next hour at which boxes are told, and past it.
    fn to_the_next_night(&self) -> Result<()> {
        let now = self.clock.now();
        let days = [belgian_day(now), belgian_day(now).tomorrow()?];
        let next = days.into_iter().filter_map(|day| belgian_hour(day, HOUR)).find(|at| *at > now);
        self.clock.set(next.context("there is a next night")? + SignedDuration::from_mins(1));
        Ok(())
    }

    /// Until there is nothing more to do at once.
    async fn work(&self, teller: &Notices) -> Result<()> {
        while teller.turn().await? {}
        Ok(())
    }

    fn texts(&self) -> Result<Vec<String>> {
        let text = |mail: Value| mail["text"].as_str().unwrap_or_default().to_owned();
        Ok(self.sink.mails()?.into_iter().map(text).collect())
    }
}

fn chief(company: Company) -> Result<Reader> {
    reader(&format!("person-{}", company.number()))
}
