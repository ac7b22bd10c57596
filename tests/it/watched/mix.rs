//! An engine over RabbitMQ and PostgreSQL, and a mix of what can happen to it:
//! digital, paper, both, refused, repeated; a reader who searches.

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, Stopwatch, SystemClock};
use facteur::domain::{Digest, PersonId};
use facteur::ledger::SessionRow;
use jiff::SignedDuration;
use serde_json::Value;

use crate::support::engine::Engine;
use crate::support::ledgers::{self, TestLedger};
use crate::support::program::Program;
use crate::support::vhost::VirtualHost;
use crate::support::wait::until;
use crate::support::world::{self, Company, TAX, WORK, attest, notice};

/// What the browser of a reader who is signed in sends.
const WORD: &str = "a-session-of-the-tests";
const WAITED_SECS: u64 = 120;

pub(super) struct Line {
    program: Program,
    engine: Engine,
    ledger: TestLedger,
    _host: VirtualHost,
    started: Stopwatch,
}

impl Line {
    pub(super) async fn start() -> Result<Self> {
        let (ledger, host) = (ledgers::postgres().await?, VirtualHost::new());
        let program =
            Program::new()?.with("LEDGER__URL", &ledger.url).with("QUEUE__URL", host.url());
        let registry = program.file("registry.jsonl", &world::registry(SystemClock.now())?)?;
        program.ask(&["registry", "import", &registry]).await?;
        let engine = program.serve().await;
        Ok(Self { program, engine, ledger, _host: host, started: Stopwatch::start() })
    }

    /// Where Prometheus asks.
    pub(super) fn metrics(&self) -> Result<String> {
        Ok(self.engine.listens_on("metrics.listen").context("it does not listen")?.to_string())
    }

    /// Publishes the mix, twice, and waits until it is through.
    pub(super) async fn work(&self) -> Result<()> {
        let notices: Vec<Value> = [
            Company::Active,
            Company::Occasional,
            Company::NeverOpened,
            Company::Boxless,
            Company::Unknown,
            Company::Closed,
        ]
        .map(notice)
        .into();
        let mut attests = vec![attest(Company::Active), attest(Company::Occasional)];
        attests.push(serde_json::json!({ "subject": 7 }));
        for (application, mix) in [(TAX, notices), (WORK, attests)] {
            let lines: Vec<String> = mix.iter().map(Value::to_string).collect();
            let text = lines.join("\n") + "\n";
            let file = self.program.file(&format!("{}.jsonl", lines.len()), &text)?;
            for _ in 0..2 {
                let publish = ["publish", "--application", application, &file];
                ensure!(self.program.ask(&publish).await?["published"] == lines.len());
            }
        }
        until("the mix is through", async || {
            let total = self.ledger.account().await.map(|account| account.total);
            total.is_ok_and(|total| total.received == 9 && total.repeats >= 6)
        })
        .await;
        self.sign_in().await
    }

    async fn sign_in(&self) -> Result<()> {
        let now = SystemClock.now();
        let session = SessionRow {
            person: PersonId::new(format!("person-{}", Company::Active.number()))?,
            name: "Anne".into(),
            proven: "{}".into(),
            seen_at: now,
            until: now + SignedDuration::from_hours(1),
        };
        Ok(self.ledger.open_session(&Digest::of(WORD.as_bytes()), &session, now).await?)
    }

    /// Two documents more, one digital and one on paper: a rate needs two looks at what moves,
    /// and a share of no rate is no number.
    pub(super) async fn go_on(&self) -> Result<()> {
        let again = |to: Company| {
            let mut publication = notice(to);
            publication["subject"]["fr"] = format!("{:?}", self.started.elapsed()).into();
            publication.to_string()
        };
        let text = [Company::Active, Company::Boxless].map(again).join("\n") + "\n";
        let file = self.program.file("more.jsonl", &text)?;
        self.program.ask(&["publish", "--application", TAX, &file]).await?;
        Ok(())
    }

    /// Searches a box, as its reader does.
    pub(super) async fn look_around(&self) -> Result<()> {
        let path = format!("/boxes/{}?q=paiement", Company::Active.number());
        let request = self.engine.request("GET", &path).header("accept", "text/html");
        let answer = request.header("cookie", &format!("facteur={WORD}")).send().await;
        ensure!(answer.status == 200, "{answer:?}");
        Ok(())
    }

    pub(super) fn has_waited(&self) -> bool {
        self.started.elapsed().as_secs() > WAITED_SECS
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.engine.stop().await;
        let account = self.program.ask(&["verify"]).await?;
        ensure!(account["difference"] == 0, "{account}");
        Ok(())
    }
}
