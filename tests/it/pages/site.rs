//! A site with pages over a ledger with mail in it, and visitors with cookies.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use facteur::clock::{Clock, FixedClock, SystemClock};
use facteur::config::Config;
use facteur::domain::{Language, MessageId, PersonId, Texts};
use facteur::intake::Judged;
use facteur::mailbox::Mailbox;
use facteur::search::{Projection, Search};
use facteur::web::{self, Backstage, Bounds, Gate, Pages, Persona, Programs, Readiness, Web};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::desk::{Desk, posted};
use crate::support::ledgers::{TestLedger, sqlite};
use crate::support::world::Company;
use crate::web::client::{Answer, Request};

pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) ledger: TestLedger,
    pub(crate) desk: Desk,
    /// Keeps the paces, and knows among how many engines they are shared.
    pub(crate) gate: Arc<Gate>,
    _stop: DropGuard,
    _index: Option<tempfile::TempDir>,
}

/// Whoever looks, with a browser's cookies.
#[derive(Clone)]
pub(crate) struct Visitor<'s> {
    site: &'s Site,
    cookies: Vec<(String, String)>,
}

/// The manager of a company's box, by its name in the address of a persona.
pub(crate) fn manager(company: Company) -> String {
    format!("person-{}", company.number())
}

/// The operator.
pub(crate) const OPERATOR: &str = "operator";

fn persona(id: &str, represents: Vec<facteur::domain::EnterpriseNumber>) -> Result<Persona> {
    Ok(Persona {
        id: PersonId::new(id)?,
        name: format!("Name of {id}"),
        language: Language::En,
        about: Texts::one(Language::En, "somebody"),
        represents,
        is_operator: id == OPERATOR,
    })
}

fn personas() -> Result<Vec<Persona>> {
    Ok(vec![
        persona(&manager(Company::Active), vec![])?,
        persona(&manager(Company::Occasional), vec![])?,
        persona("nobody", vec![])?,
        persona(OPERATOR, vec![])?,
        persona("newcomer", vec![Company::Boxless.number()])?,
    ])
}

/// An index, until it is stopped.
fn followed(ledger: &TestLedger, folder: &Path, stop: CancellationToken) -> Result<Search> {
    let projection = Projection::open(folder, || SystemClock.now(), Arc::new(()))?;
    let search = projection.search();
    let source: Arc<dyn facteur::search::source::Source> = ledger.ledger.clone();
    #[expect(clippy::disallowed_methods, reason = "it is stopped when the site is dropped")]
    drop(tokio::spawn(projection.run(source, stop)));
    Ok(search)
}

impl Site {
    pub(crate) async fn open() -> Result<Self> {
        Self::with(None, &[]).await
    }

    /// With a configuration, each key set from a pair of key and value.
    pub(crate) async fn open_as(keys: &[(&str, &str)]) -> Result<Self> {
        Self::with(None, keys).await
    }

    /// With an index that follows the ledger.
    pub(crate) async fn searching() -> Result<Self> {
        Self::with(Some(tempfile::tempdir()?), &[]).await
    }

    async fn with(index: Option<tempfile::TempDir>, keys: &[(&str, &str)]) -> Result<Self> {
        let ledger = sqlite().await?;
        let desk = Desk::open(&ledger).await?;
        let keys = keys.iter().map(|(key, value)| (format!("FACTEUR__{key}"), (*value).to_owned()));
        let config = Config::load(None, keys)?;
        let clock = Arc::new(FixedClock::new(SystemClock.now()));
        let stopping = CancellationToken::new();
        let search = match &index {
            Some(folder) => Some(followed(&ledger, folder.path(), stopping.clone())?),
            None => None,
        };
        let mailbox = Mailbox::new(
            Arc::clone(&ledger.ledger),
            search,
            desk.documents.clone(),
            Arc::clone(&clock) as Arc<dyn Clock>,
        );
        let gate = Arc::new(Gate::new(&config)?);
        let web = Web::new(
            Arc::clone(&ledger.ledger),
            desk.documents.clone(),
            Arc::clone(&clock) as Arc<dyn Clock>,
            Readiness::new(stopping.clone()),
            Pages::new(&config, personas()?)?,
            mailbox,
            Programs { gate: Arc::clone(&gate), intake: Arc::clone(&desk.intake) },
        );
        let printers = Arc::new(config.printers()?);
        let backstage = Backstage { intake: desk.intake_beside(&ledger)?, printers };
        let web = web.with_console(backstage);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let bounds = Bounds::of(&config.web);
        let serving = web::serve(listener, web::router(web), bounds, stopping.clone());
        #[expect(clippy::disallowed_methods, reason = "it is stopped when the site is dropped")]
        drop(tokio::spawn(serving));
        let _stop = stopping.drop_guard();
        Ok(Self { address, clock, ledger, desk, gate, _stop, _index: index })
    }

    pub(crate) async fn post(&self, publication: &Value) -> Result<MessageId> {
        match self.desk.deliver_one(posted(publication)?).await? {
            Judged::Accepted { id, .. } => Ok(id),
            other => bail!("{other:?}"),
        }
    }

    pub(crate) fn visitor(&self) -> Visitor<'_> {
        Visitor { site: self, cookies: Vec::new() }
    }

    pub(crate) async fn signed_in(&self, person: &str) -> Visitor<'_> {
        let mut visitor = self.visitor();
        let answer = visitor.submit("/sign-in/persona", &[("person", person)]).await;
        assert_eq!(answer.status, 303, "{}", text(&answer));
        visitor
    }
}

impl Visitor<'_> {
    /// A request with the visitor's cookies.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        let host = self.site.address.to_string();
        let request = Request::to(self.site.address, &host, method, path);
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        match cookies.is_empty() {
            true => request,
            false => request.header("cookie", &cookies.join("; ")),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let answer = self.request("GET", path).header("accept", "text/html").send().await;
        self.keep(&answer);
        answer
    }

    /// Sends a form, as a page of this site does.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.form(path, fields).header("sec-fetch-site", "same-origin");
        let answer = request.send().await;
        self.keep(&answer);
        answer
    }

    /// A form that says nothing of where it came from.
    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> Request {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        self.request("POST", path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.finish().as_bytes())
    }

    fn keep(&mut self, answer: &Answer) {
        for line in answer.headers("set-cookie") {
            let pair = line.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else { continue };
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let found = self.cookies.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }

    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.retain(|(known, _)| known != name);
        self.cookies.push((name.to_owned(), value.to_owned()));
    }
}

/// The body as text.
pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// The body without the address that was asked for, which every page knows: to
/// choose a language, or to sign in and come back.
pub(crate) fn without_address(answer: &Answer, path: &str) -> String {
    let encoded = percent_encoding::utf8_percent_encode(path, percent_encoding::NON_ALPHANUMERIC);
    let escaped = path.replace('&', "&#38;");
    text(answer).replace(path, "").replace(&escaped, "").replace(&encoded.to_string(), "")
}

pub(crate) fn inbox(company: Company) -> String {
    format!("/boxes/{}", company.number())
}
