//! The engine, as agencies and a company's software meet it.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use facteur::clock::{Clock, SystemClock};
use facteur::domain::{
    AccountName, Application, ApplicationId, Change, Digest, Grant, GrantId, Language, Person,
    PersonId, Record, Scope, Texts,
};
use serde_json::json;

use crate::COMPANIES;
use crate::cost::Meter;
use crate::database::Base;
use crate::engine::{Engine, Stack};
use crate::issuer::{AUDIENCE, Issuer};
use crate::load::{Ask, client, pdf};
use crate::world::{ORGANIZATION, TYPES, World};

const KEY: &str = "a-key-of-the-bench";
const PERSON: &str = "software-of-the-bench";
const BOUNDARY: &str = "a-boundary-of-the-bench";
/// Companies whose boxes are listed.
const LISTED: u32 = 50;
const UPLOADS: usize = 8;
const UPLOADS_AT_ONCE: usize = 4;
const UPLOAD_BYTES: usize = 29 * 1024 * 1024;

/// A running engine with an agency that has a key.
pub(crate) struct Office<'w> {
    stack: Stack<'w>,
    engine: Engine,
    url: String,
    lane: String,
    client: reqwest::Client,
    companies: Arc<Vec<String>>,
    issuer: Issuer,
    meter: Meter,
    /// Processes of database and broker.
    parts: (u32, u32),
}

impl<'w> Office<'w> {
    pub(crate) async fn open(base: &Base, world: &'w World) -> Result<Self> {
        let stack = Stack::rabbit(base, world, crate::LANES).await?;
        let lane = stack.lanes[0].clone();
        let now = SystemClock.now();
        let keyed = Record::Application(Application {
            id: ApplicationId::new(lane.as_str())?,
            name: Texts::one(Language::Fr, &lane),
            account: AccountName::new("guest")?,
            pace_per_second: None,
            upload_key_digest: Some(Digest::of(KEY.as_bytes())),
        });
        stack.ledger.change_registry(&[Change::Put(keyed)], "bench", now).await?;
        // Every tenth company has no box, and every seventh wants no paper.
        let digital = (0..COMPANIES).filter(|n| n.is_multiple_of(7) && n % 10 != 9);
        let companies = digital.map(|n| world.company(n).to_string()).take(LISTED as usize);
        let issuer = Issuer::start().await?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let stack = stack
            .with("WEB__LISTEN", &address.to_string())
            .with("API__ISSUER", &issuer.url)
            .with("API__KEYS_URL", &format!("{}/keys", issuer.url))
            .with("API__AUDIENCE", AUDIENCE)
            .with("API__REQUESTS_PER_SECOND", "100000");
        let engine = stack.start(&[])?;
        let (postmaster, broker) = stack.parts().await?.context("a stack on services")?;
        let (meter, parts) = (Meter::new(engine.id(), postmaster, broker), (postmaster, broker));
        let url = format!("http://{address}");
        let companies = Arc::new(companies.collect());
        let office =
            Self { stack, engine, url, lane, client: client()?, companies, issuer, meter, parts };
        office.is_ready().await?;
        Ok(office)
    }

    pub(crate) fn ledger_url(&self) -> &str {
        &self.stack.ledger_url
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Of another server, with the same database.
    pub(crate) fn meter_of(&self, server: u32) -> Meter {
        Meter::new(server, self.parts.0, self.parts.1)
    }

    pub(crate) fn companies(&self) -> &Arc<Vec<String>> {
        &self.companies
    }

    async fn is_ready(&self) -> Result<()> {
        let started = Instant::now();
        loop {
            let answer = self.client.get(format!("{}/readyz", self.url)).send().await;
            if answer.is_ok_and(|it| it.status() == 200) {
                return Ok(());
            }
            ensure!(started.elapsed() < Duration::from_secs(60), "the engine is not ready");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Publications, each with a document and a key of its own.
    pub(crate) fn publishes(&self) -> Ask {
        let (client, url) = (self.client.clone(), format!("{}/ebox/messages", self.url));
        let (lane, companies) = (self.lane.clone(), Arc::clone(&self.companies));
        let user = format!("Basic {}", STANDARD.encode(format!("{lane}:{KEY}")));
        Arc::new(move |n| {
            let company = &companies[usize::try_from(n).unwrap_or(0) % companies.len()];
            let request = client
                .post(&url)
                .header("authorization", &user)
                .header("idempotency-key", format!("bench-{}-{n}", uuid::Uuid::now_v7()))
                .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
                .body(parts(&lane, company, &pdf(n)));
            Box::pin(async move {
                let answer = request.send().await?;
                let status = answer.status();
                ensure!(status == 201, "{status}: {}", answer.text().await?);
                Ok(())
            })
        })
    }

    /// Lists of boxes, each with what was published to it.
    pub(crate) async fn lists(&self) -> Result<Ask> {
        self.let_in().await?;
        let (client, url) = (self.client.clone(), format!("{}/ebox/messages", self.url));
        let token = |company: &String| self.issuer.token(PERSON, company);
        let tokens: Result<Vec<String>> = self.companies.iter().map(token).collect();
        let tokens = tokens?;
        Ok(Arc::new(move |n| {
            let token = &tokens[usize::try_from(n).unwrap_or(0) % tokens.len()];
            let request = client.get(&url).header("authorization", format!("Bearer {token}"));
            Box::pin(async move {
                let answer = request.send().await?;
                let status = answer.status();
                ensure!(status == 200, "{status}: {}", answer.text().await?);
                answer.bytes().await?;
                Ok(())
            })
        }))
    }

    /// The companies' software: a person with grants.
    async fn let_in(&self) -> Result<()> {
        let (now, person) = (SystemClock.now(), PersonId::new(PERSON)?);
        let name = "Software".to_owned();
        let someone = Person { id: person.clone(), name: name.clone(), language: Language::Fr };
        let mut changes = vec![Change::Put(Record::Person(someone))];
        for company in self.companies.iter() {
            changes.push(Change::Put(Record::Grant(Grant {
                enterprise: company.parse()?,
                id: GrantId::new("software")?,
                person: person.clone(),
                scope: Scope::All,
                partition: None,
                from: None,
                to: None,
            })));
        }
        self.stack.ledger.change_registry(&changes, "bench", now).await?;
        Ok(())
    }

    /// By how much large uploads raise the engine's peak of memory, in MB.
    pub(crate) async fn uploads(&self) -> Result<u64> {
        let before = self.engine.peak_rss_mb()?;
        let user = format!("Basic {}", STANDARD.encode(format!("{}:{KEY}", self.lane)));
        for round in 0..UPLOADS / UPLOADS_AT_ONCE {
            let sent = (0..UPLOADS_AT_ONCE).map(|n| {
                let body = parts(&self.lane, &self.companies[n], &large(round * 10 + n));
                self.client
                    .post(format!("{}/ebox/messages", self.url))
                    .header("authorization", &user)
                    .header("idempotency-key", format!("large-{round}-{n}"))
                    .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
                    .body(body)
                    .send()
            });
            for answer in futures_util::future::join_all(sent).await {
                let answer = answer.context("an upload")?;
                let status = answer.status();
                ensure!(status == 201, "{status}: {}", answer.text().await?);
            }
        }
        Ok(self.engine.peak_rss_mb()?.saturating_sub(before))
    }

    pub(crate) async fn close(self) {
        drop(self.engine);
        self.stack.queue.close().await;
        self.stack.ledger.close().await;
    }
}

fn large(n: usize) -> Vec<u8> {
    let mut pdf = pdf(n as u64);
    pdf.resize(UPLOAD_BYTES, b'y');
    pdf
}

fn parts(lane: &str, company: &str, content: &[u8]) -> Vec<u8> {
    let message = json!({
        "sender": { "eboxType": "enterprise", "enterpriseNumber": ORGANIZATION },
        "recipient": { "eboxType": "enterprise", "enterpriseNumber": company },
        "subject": { "fr": "Accusé de réception", "nl": "Ontvangstbewijs" },
        "senderApplicationId": lane,
        "messageTypeId": TYPES[0],
        "attachments": [{ "httpPartName": "upfile1", "isMainContent": true }],
    });
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"messageToPublish\"\r\n\
         Content-Type: application/json\r\n\r\n{message}\r\n--{BOUNDARY}\r\n\
         Content-Disposition: form-data; name=\"upfile1\"; filename=\"letter.pdf\"\r\n\
         Content-Type: application/pdf\r\n\r\n"
    );
    [head.as_bytes(), content, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat()
}
