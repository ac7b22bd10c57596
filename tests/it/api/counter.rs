//! A site where agencies publish, over the registry of the line's tests, and
//! requests of several parts.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use facteur::clock::{Clock, FixedClock, SystemClock};
use facteur::config::Config;
use facteur::intake::{self, Rulebook};
use facteur::ledger::{Account, Ledger};
use facteur::lifecycle::Lifecycle;
use facteur::mailbox::Mailbox;
use facteur::web::{self, Bounds, Gate, Pages, Programs, Readiness, Web};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::issuer::{AUDIENCE, Issuer, Key};
use crate::support::desk::{Desk, rulebook};
use crate::support::ledgers::TestLedger;
use crate::support::world::TAX;
use crate::web::client::{Answer, Request};

const BOUNDARY: &str = "a-boundary-of-the-tests";

pub(crate) struct Counter {
    pub(crate) address: SocketAddr,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) desk: Desk,
    issuer: Issuer,
    key: Key,
    now: i64,
    _lifecycle: Lifecycle,
    _stop: DropGuard,
}

impl Counter {
    pub(crate) async fn open(ledger: &TestLedger) -> Result<Self> {
        Self::with(ledger, rulebook()?).await
    }

    /// Where another policy is in force.
    pub(crate) async fn with(ledger: &TestLedger, rulebook: Rulebook) -> Result<Self> {
        Self::set(ledger, rulebook, &[]).await
    }

    /// With keys of its configuration set.
    pub(crate) async fn set(
        ledger: &TestLedger,
        rulebook: Rulebook,
        more: &[(&str, &str)],
    ) -> Result<Self> {
        let desk = Desk::with(ledger, rulebook).await?;
        let key = Key::new("first");
        let issuer = Issuer::start(&key).await;
        let keys = [
            ("API__ISSUER", issuer.url()),
            ("API__AUDIENCE", AUDIENCE.to_owned()),
            ("API__SILENCE_SECS", "1".to_owned()),
            ("API__REQUESTS_PER_SECOND", "100000".to_owned()),
        ];
        let more = more.iter().map(|(key, value)| (*key, (*value).to_owned()));
        let keys =
            keys.into_iter().chain(more).map(|(key, value)| (format!("FACTEUR__{key}"), value));
        let config = Config::load(None, keys)?;
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::new(SystemClock.now()));
        let stopping = CancellationToken::new();
        let lifecycle = Lifecycle::new();
        intake::run_direct(
            &lifecycle,
            Arc::clone(&desk.intake),
            Arc::new(SystemClock),
            Uuid::now_v7(),
        );
        let ours = Arc::clone(&ledger.ledger);
        let documents = desk.documents.clone();
        let mailbox = Mailbox::new(Arc::clone(&ours), None, documents.clone(), Arc::clone(&clock));
        let gate = Arc::new(Gate::new(&config)?);
        let following = (Arc::clone(&ledger.ledger), Arc::new(SystemClock), stopping.clone());
        let following = Arc::clone(&gate).follow(following.0, following.1, following.2);
        lifecycle.spawn("web share", following);
        let web = Web::new(
            Arc::clone(&ours),
            documents,
            Arc::clone(&clock),
            Readiness::new(stopping.clone()),
            Pages::new(&config, Vec::new())?,
            mailbox,
            Programs { gate, intake: Arc::clone(&desk.intake) },
        );
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let bounds = Bounds::of(&config.web);
        let serving = web::serve(listener, web::router(web), bounds, stopping.clone());
        #[expect(clippy::disallowed_methods, reason = "it is stopped when the counter is dropped")]
        drop(tokio::spawn(serving));
        let now = clock.now().as_second();
        let _stop = stopping.drop_guard();
        Ok(Self { address, ledger: ours, desk, issuer, key, now, _lifecycle: lifecycle, _stop })
    }

    /// The token of an application, with other claims beside.
    pub(crate) fn token(&self, application: &str, more: &Value) -> String {
        let mut claims = self.issuer.claims(application, "publish");
        (claims["iat"], claims["exp"]) = (json!(self.now), json!(self.now + 300));
        for (name, value) in more.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        self.key.token(&claims)
    }

    pub(crate) fn request_as(&self, token: &str, path: &str) -> Request {
        let request = Request::new(self.address, "POST", path);
        request.header("authorization", &format!("Bearer {token}"))
    }

    /// By another method than POST.
    pub(crate) fn request_to(&self, method: &str, path: &str) -> Request {
        let token = self.token(TAX, &json!({}));
        let request = Request::new(self.address, method, path);
        request.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn request(&self, path: &str) -> Request {
        self.request_as(&self.token(TAX, &json!({})), path)
    }

    /// Parts to `/ebox/messages`, under a key.
    pub(crate) fn publication(&self, key: &str, body: &[u8]) -> Request {
        self.request("/ebox/messages")
            .header("idempotency-key", key)
            .header("content-type", &content_type())
            .body(body)
    }

    pub(crate) async fn publish(&self, key: &str, body: &[u8]) -> Answer {
        self.publication(key, body).send().await
    }

    /// A question in JSON.
    pub(crate) async fn ask(&self, path: &str, question: &Value) -> Answer {
        let request = self.request(path).header("content-type", "application/json");
        request.body(question.to_string().as_bytes()).send().await
    }

    pub(crate) async fn account(&self) -> Result<Account> {
        Ok(self.ledger.account().await?)
    }
}

pub(crate) fn content_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

/// The part with the publication.
pub(crate) fn message(publication: &Value) -> Vec<u8> {
    part("messageToPublish", "", publication.to_string().as_bytes())
}

/// A part with a document.
pub(crate) fn file(name: &str, content: &[u8]) -> Vec<u8> {
    let more = format!("; filename=\"{name}.pdf\"\r\ncontent-type: application/pdf");
    part(name, &more, content)
}

pub(crate) fn part(name: &str, more: &str, content: &[u8]) -> Vec<u8> {
    let head =
        format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"{more}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

/// Parts, and the end.
pub(crate) fn whole(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), format!("--{BOUNDARY}--\r\n").into_bytes()].concat()
}
