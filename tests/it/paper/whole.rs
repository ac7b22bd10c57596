//! Letters from the queue to their end: the real program on RabbitMQ and
//! PostgreSQL, and two printers that fail, repeat and contradict. One of them
//! is killed midway.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::domain::Digest;
use facteur::queue::{Consumer, Outbound, Properties, Publisher, topology};
use serde_json::Value;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{event, paper_to};
use crate::support::desk::account;
use crate::support::engine::Engine;
use crate::support::ledgers;
use crate::support::program::Program;
use crate::support::vhost::VirtualHost;
use crate::support::wait::{until, until_done};
use crate::support::world::{self, TAX};
use crate::web::client::{Answer, Request};

const LETTERS: usize = 200;
/// Letters of the first machine before it is killed.
const KILLED_AFTER: usize = 30;
const KEY: &str = "key-of-tax";

/// What came out of the printers: job, and the machine that printed it.
type Tray = Arc<Mutex<Vec<(Uuid, &'static str)>>>;

pub(super) const PRINTERS: &str = r#"
[[printer]]
name = "overflow"
working_days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
works_on_holidays = true

[[printer]]
name = "liege"
working_days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
works_on_holidays = true
[[printer.lane]]
postal_codes = ["4000", "4999"]
"#;

#[tokio::test]
async fn postgres_and_rabbitmq_carry_letters_to_their_end_past_a_killed_printer() -> Result<()> {
    let (vhost, ledger) = (VirtualHost::new(), ledgers::postgres().await?);
    let program = Program::new()?;
    let printers = program.file("printers.toml", PRINTERS)?;
    let program = program
        .with("LEDGER__URL", &ledger.url)
        .with("QUEUE__URL", vhost.url())
        .with("PAPER__PRINTERS", &printers)
        .with("RELAY__LETTERS_WINDOW", "20");
    let registry = program.file("registry.jsonl", &registry()?)?;
    program.ask(&["registry", "import", &registry]).await?;
    let engine = program.serve().await;
    let house = House { url: vhost.url().to_owned(), web: web(&engine)?, tray: Tray::default() };
    until("the printers' queues are there", async || house.is_open().await).await;
    house.publish().await?;

    let letters = async || ledger.account().await.map(|it| it.total.letters).unwrap_or_default();
    let mut overflow = house.machine("overflow", "brussels", usize::MAX);
    let first = house.machine("liege", "liege-1", KILLED_AFTER);
    until_done("the first machine is at work", async || {
        works(&mut overflow).await;
        if first.is_finished() { None } else { Some(letters().await) }
    })
    .await;
    first.await??;
    let mut second = house.machine("liege", "liege-2", usize::MAX);
    // What the first had claimed and not reported of waits for a word.
    until_done("only what was lost is under way", async || {
        works(&mut overflow).await;
        works(&mut second).await;
        let letters = letters().await;
        let is_one = letters.total() == 200 && letters.queued == 0 && letters.under_way() == 1;
        (!is_one).then_some(letters)
    })
    .await;
    let lost = program.ask(&["letters", "list", "--state", "claimed"]).await?;
    ensure!(lost.as_array().is_some_and(|lost| lost.len() == 1), "{lost}");
    let job = lost[0]["jobId"].as_str().context("no job")?;
    ensure!(lost[0]["claimant"] == "liege-1" && !house.is_printed(job.parse()?), "{lost}");
    program.ask(&["letters", "move", job, "--printer", "overflow"]).await?;
    until_done("every letter has its end", async || {
        works(&mut overflow).await;
        Some(letters().await).filter(|letters| letters.under_way() > 0)
    })
    .await;
    overflow.abort();
    second.abort();

    house.nothing_is_printed_twice()?;
    feed_holds_the_end_of_each(house.web, LETTERS).await?;
    engine.stop().await;
    let account = program.ask(&["verify"]).await?;
    ensure!(account["difference"] == 0, "{account}");
    let counted = |state: &str| account["letters"][state].as_u64().unwrap_or_default();
    ensure!(counted("failed") > 0 && counted("delivered") > 150, "{account}");
    ensure!(counted("failed") + counted("delivered") == 200, "{account}");
    Ok(())
}

/// A machine that gave up would be waited for in vain.
async fn works(machine: &mut JoinHandle<Result<()>>) {
    if machine.is_finished() {
        panic!("a machine ended: {:?}", machine.await);
    }
}

/// The world's, with a key by which the agency reads its feed.
pub(crate) fn registry() -> Result<String> {
    let text = world::registry(SystemClock.now())?;
    let digest = Digest::of(KEY.as_bytes());
    let with_key = format!("\"account\":\"tax\",\"uploadKeyDigest\":\"{digest}\"");
    Ok(text.replace("\"account\":\"tax\"", &with_key))
}

fn web(engine: &Engine) -> Result<SocketAddr> {
    engine.listens_on("web.listen").context("it does not listen")
}

struct House {
    url: String,
    web: SocketAddr,
    tray: Tray,
}

impl House {
    async fn is_open(&self) -> bool {
        let Ok(queue) = facteur::queue::open(&self.url).await else { return false };
        let is_there = queue.depth("facteur.print.liege").await.is_ok()
            && queue.depth("facteur.intake.tax:assessment").await.is_ok();
        queue.close().await;
        is_there
    }

    /// Letters for both lanes, in turn.
    async fn publish(&self) -> Result<()> {
        let queue = facteur::queue::open(&self.url).await?;
        let mut publisher = queue.publisher().await?;
        let letter = |n: usize| {
            let publication = paper_to(if n.is_multiple_of(2) { "4000" } else { "1000" });
            Outbound {
                exchange: topology::EXCHANGE_DOCUMENTS.into(),
                routing_key: TAX.into(),
                body: publication.to_string().into(),
                properties: Properties {
                    message_id: Some(format!("letter-{n}")),
                    app_id: Some(TAX.into()),
                    user_id: Some(account(TAX).into()),
                    content_type: Some("application/json".into()),
                    published_us: None,
                },
            }
        };
        for taken in publisher.publish((0..LETTERS).map(letter).collect()).await {
            taken?;
        }
        Ok(())
    }

    /// A machine of a printer that dies once it has claimed so many letters:
    /// with the last one fetched and nothing printed, reported or settled.
    fn machine(
        &self,
        printer: &'static str,
        name: &'static str,
        dies_after: usize,
    ) -> JoinHandle<Result<()>> {
        let (url, web, tray) = (self.url.clone(), self.web, Arc::clone(&self.tray));
        let machine = Machine { printer, name, web, tray };
        #[expect(clippy::disallowed_methods, reason = "the test waits for it, or kills it")]
        tokio::spawn(async move {
            let queue = facteur::queue::open(&url).await?;
            let mut consumer = queue.consume(&topology::print_queue(printer), 5).await?;
            let mut publisher = queue.publisher().await?;
            machine.work(consumer.as_mut(), publisher.as_mut(), dies_after).await
        })
    }

    fn is_printed(&self, job: Uuid) -> bool {
        locked(&self.tray).iter().any(|(printed, _)| *printed == job)
    }

    fn nothing_is_printed_twice(&self) -> Result<()> {
        let tray = locked(&self.tray).clone();
        let jobs: BTreeSet<Uuid> = tray.iter().map(|(job, _)| *job).collect();
        ensure!(jobs.len() == tray.len(), "{} sheets of {} jobs", tray.len(), jobs.len());
        let machines: BTreeSet<&str> = tray.iter().map(|(_, machine)| *machine).collect();
        ensure!(machines.len() == 3, "{machines:?}");
        Ok(())
    }
}

fn locked(tray: &Tray) -> MutexGuard<'_, Vec<(Uuid, &'static str)>> {
    tray.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Machine {
    printer: &'static str,
    name: &'static str,
    web: SocketAddr,
    tray: Tray,
}

impl Machine {
    async fn work(
        &self,
        consumer: &mut dyn Consumer,
        publisher: &mut dyn Publisher,
        dies_after: usize,
    ) -> Result<()> {
        let mut claimed = 0;
        loop {
            let inbound = consumer.next().await?;
            let ticket: Value = serde_json::from_slice(&inbound.body)?;
            if self.claims(&ticket).await? {
                claimed += 1;
                if claimed >= dies_after {
                    return Ok(());
                }
                let job: Uuid = ticket["id"].as_str().context("no id")?.parse()?;
                let sheet = {
                    let mut tray = locked(&self.tray);
                    tray.push((job, self.name));
                    tray.len()
                };
                self.report(publisher, job, sheet).await?;
            }
            let _settled = consumer.settler().settle_through(inbound.tag).await?;
        }
    }

    /// Whether the job is this machine's; what is somebody else's is left.
    async fn claims(&self, ticket: &Value) -> Result<bool> {
        let link = ticket["data"]["package"].as_str().context("no link")?;
        let path = link.split_once("/printers/").context("a strange link")?.1;
        let path = format!("/printers/{path}&claimant={}", self.name);
        let answer = Request::new(self.web, "GET", &path).send().await;
        match answer.status {
            200 => ensure!(answer.body.starts_with(b"PK"), "no package"),
            409 | 410 => return Ok(false),
            status => anyhow::bail!("{status}: {}", String::from_utf8_lossy(&answer.body)),
        }
        Ok(true)
    }

    /// Five in a hundred fail, two are told twice, one is contradicted; and
    /// reports overtake each other.
    async fn report(&self, publisher: &mut dyn Publisher, job: Uuid, sheet: usize) -> Result<()> {
        let now = SystemClock.now();
        let dice = sheet % 20;
        let mut kinds = vec!["printed", "taken", "posted"];
        kinds.push(if dice == 0 { "not_delivered" } else { "delivered" });
        let mut events: Vec<Value> =
            kinds.iter().map(|kind| event(self.printer, job, kind, now)).collect();
        match dice {
            1 => events.push(events[3].clone()),
            2 => events.push(event(self.printer, job, "rejected", now)),
            _ => {}
        }
        let messages = events.iter().map(|event| Outbound {
            exchange: topology::EXCHANGE_PRINT_EVENTS.into(),
            routing_key: self.printer.into(),
            body: event.to_string().into(),
            properties: Properties {
                content_type: Some("application/cloudevents+json".into()),
                ..Properties::default()
            },
        });
        for taken in publisher.publish(messages.collect()).await {
            taken?;
        }
        Ok(())
    }
}

/// A page of the feed, asked for again where that was too often.
async fn in_its_pace(web: SocketAddr, path: &str) -> Result<Answer> {
    let mut page = None;
    until("the agency's pace allows a page", async || {
        let answer = Request::new(web, "GET", path).basic(TAX, KEY).send().await;
        page.insert(answer).status != 429
    })
    .await;
    page.context("no answer")
}

/// Read page by page from the beginning, the agency's feed names the end of
/// every letter, each once.
pub(crate) async fn feed_holds_the_end_of_each(web: SocketAddr, letters: usize) -> Result<()> {
    let mut ends: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut path, mut last) = ("/events?after=0&limit=77".to_owned(), 0);
    loop {
        let page = in_its_pace(web, &path).await?;
        ensure!(page.status == 200, "{page:?}");
        let events = page.json();
        let events = events.as_array().context("no batch")?;
        for event in events {
            let id: i64 = event["id"].as_str().context("no id")?.parse()?;
            ensure!(id > last, "{id} after {last}");
            last = id;
            let kind = event["type"].as_str().unwrap_or_default();
            if let Some(end @ ("delivered" | "failed")) = kind.strip_prefix("facteur.letter.") {
                let job = event["data"]["detail"]["jobId"].as_str().context("no job")?;
                ends.entry(job.to_owned()).or_default().push(end.to_owned());
            }
        }
        if events.is_empty() {
            break;
        }
        let next = page.header("link").context("no next page")?;
        let next = next.trim_start_matches('<').split('>').next().unwrap_or_default();
        let rest = next.strip_prefix("http://test").context("no address of this site")?;
        path = rest.to_owned();
    }
    ensure!(ends.len() == letters, "{} ends", ends.len());
    ensure!(ends.values().all(|ends| ends.len() == 1), "{ends:?}");
    Ok(())
}
