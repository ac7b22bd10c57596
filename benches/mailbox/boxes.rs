//! Boxes, filled through the ledger, and one person who may read them all.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use facteur::clock::{Clock, SystemClock};
use facteur::domain::{Change, Digest, Grant, GrantId, Person, PersonId, Record, Scope};
use facteur::domain::{EnterpriseNumber, Language};
use facteur::ledger::{Ledger, SessionRow};
use facteur::queue::Outbound;
use facteur::search::{Named, Query, Search, Text};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::LANES;
use crate::baseline::{batches, policy};
use crate::database::{Base, run};
use crate::engine::{Engine, Stack};
use crate::mail_of_the_line::Mail;
use crate::pages::{Client, Times};
use crate::say;
use crate::world::World;

/// Companies of a world for each box of the bench.
pub(crate) const SPARSE: u32 = 8;
const BATCH: usize = 2_000;
const CHUNK: usize = 20_000;
/// How often an exact total is asked for.
const EXACT: usize = 20;
const PERSON: &str = "accountant-0";
/// What the browser has; the ledger holds its digest.
const WORD: &str = "bench-bench-bench-bench-bench-bench-bench-b";

/// A filled installation.
pub(crate) struct Boxes<'w> {
    stack: Stack<'w>,
    numbers: Vec<EnterpriseNumber>,
    messages: usize,
}

impl<'w> Boxes<'w> {
    /// So many boxes, and messages over all of them.
    pub(crate) async fn made(
        base: &Base,
        world: &'w World,
        boxes: usize,
        messages: usize,
    ) -> Result<Self> {
        let stack = Stack::rabbit(base, world, LANES).await?;
        // Every seventh company has consented, and every tenth has no box.
        let digital = (0..world.enterprises).filter(|n| n.is_multiple_of(7) && n % 10 != 9);
        let numbers = digital.map(|n| world.company(n));
        let numbers: Vec<EnterpriseNumber> = numbers.take(boxes).collect();
        ensure!(numbers.len() == boxes, "the world is too small");
        let made = Self { stack, numbers, messages };
        let ledger = &made.stack.ledger;
        made.grant(ledger).await?;
        made.fill(ledger).await?;
        run(&made.stack.ledger_url, "VACUUM ANALYZE".into()).await?;
        Ok(made)
    }

    async fn grant(&self, ledger: &Ledger) -> Result<()> {
        let (now, person) = (SystemClock.now(), PersonId::new(PERSON)?);
        let name = "An accountant".to_owned();
        let someone = Person { id: person.clone(), name: name.clone(), language: Language::Fr };
        let grants = self.numbers.iter().map(|number| {
            Ok(Change::Put(Record::Grant(Grant {
                enterprise: *number,
                id: GrantId::new("accountant")?,
                person: person.clone(),
                scope: Scope::All,
                partition: None,
                from: None,
                to: None,
            })))
        });
        let grants = grants.collect::<Result<Vec<Change>>>()?;
        ledger.change_registry(&[Change::Put(Record::Person(someone))], "bench", now).await?;
        ledger.change_registry(&grants, "bench", now).await?;
        let until = now + SignedDuration::from_hours(12);
        let session = SessionRow { person, name, proven: "{}".into(), seen_at: now, until };
        Ok(ledger.open_session(&Digest::of(WORD.as_bytes()), &session, now).await?)
    }

    async fn fill(&self, ledger: &Ledger) -> Result<()> {
        let (policy, started) = (policy()?, Instant::now());
        let mut mail = Mail::new(self.stack.world, self.stack.lanes.clone());
        let mut made = 0;
        while made < self.messages {
            let size = CHUNK.min(self.messages - made);
            let chunk = (made..made + size).map(|n| self.addressed(n, mail.next())).collect();
            for records in batches(ledger, chunk, BATCH).await? {
                let mut batch = ledger.begin().await?;
                batch.record(records, &policy, SystemClock.now()).await?;
                batch.commit().await?;
            }
            made += size;
        }
        say(&format!("  filled in {:.0} s", started.elapsed().as_secs_f64()));
        Ok(())
    }

    /// To each box in turn, with a due date for every tenth.
    fn addressed(&self, n: usize, mut sent: Outbound) -> Outbound {
        let mut publication: Value = serde_json::from_slice(&sent.body).unwrap();
        let number = self.numbers[n % self.numbers.len()];
        publication["recipient"]["enterpriseNumber"] = json!(number.to_string());
        sent.body = publication.to_string().into();
        sent
    }

    /// Times of every page, by its name, and the engine's peak of memory.
    pub(crate) async fn measure(
        self,
        requests: usize,
    ) -> Result<(BTreeMap<&'static str, Times>, u64)> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let Self { stack, numbers, messages } = self;
        let stack = stack.with("WEB__LISTEN", &address.to_string());
        let engine = stack.start(&[])?;
        indexed(&engine, messages).await?;
        let client = Client::new(format!("http://{address}"), format!("facteur={WORD}"));
        let exact_in = numbers.clone();
        let times = tokio::task::spawn_blocking(move || client.measure(&numbers, requests));
        let mut times = times.await??;
        times.insert("exact_total", exact(&engine, exact_in).await?);
        let rss_mb = engine.peak_rss_mb()?;
        drop(engine);
        stack.queue.close().await;
        stack.ledger.close().await;
        Ok((times, rss_mb))
    }
}

async fn indexed(engine: &Engine, messages: usize) -> Result<()> {
    let started = Instant::now();
    loop {
        if let Ok(search) = Search::open(&engine.search) {
            let query = Query { size: 1, ..Query::everywhere() };
            if search.find(query).await?.total >= messages as u64 {
                say(&format!("  indexed in {:.0} s", started.elapsed().as_secs_f64()));
                return Ok(());
            }
        }
        ensure!(started.elapsed() < Duration::from_secs(1_800), "the index stands still");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Counts every match of a text that all messages hold, as programs may ask.
async fn exact(engine: &Engine, boxes: Vec<EnterpriseNumber>) -> Result<Times> {
    let search = Search::open(&engine.search)?;
    let part = "reception".to_owned();
    let text = Some(Text { language: Language::Fr, part, named: Named::default() });
    let query = Query { text, size: 1, ..Query::in_boxes(boxes) };
    let mut times_ms = Vec::new();
    for _ in 0..EXACT {
        let started = Instant::now();
        let found = search.find(query.clone()).await?;
        times_ms.push(started.elapsed().as_secs_f64() * 1000.0);
        ensure!(found.total > 0, "nothing holds the word");
    }
    let times = Times::of(times_ms, 0);
    eprintln!("  exact_total: {times:?}");
    Ok(times)
}
