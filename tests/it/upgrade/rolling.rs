//! Two engines that are exchanged one after the other while agencies publish.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use facteur::clock::{Clock, SystemClock};
use facteur::queue::{Outbound, Properties, Queue, topology};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::desk::{account, key};
use crate::support::engine::Engine;
use crate::support::ledgers::{self, TestLedger};
use crate::support::program::Program;
use crate::support::vhost::VirtualHost;
use crate::support::wait::{until, until_worked_off};
use crate::support::world::{self, Company, TAX, notice};

/// Published at once.
const PIECE: usize = 40;
const PIECE_EVERY: Duration = Duration::from_millis(50);
/// What an engine must have recorded before the other is exchanged.
const RECORDED_EACH: f64 = 60.0;

struct Site {
    host: VirtualHost,
    ledger: TestLedger,
    engines: [Program; 2],
}

impl Site {
    async fn new() -> Result<Self> {
        let (host, ledger) = (VirtualHost::new(), ledgers::postgres().await?);
        let first = Program::new()?;
        let documents = format!("file://{}/documents", first.folder.path().display());
        let on = |program: Program| {
            let program = program.with("LEDGER__URL", &ledger.url).with("QUEUE__URL", host.url());
            program.with("DOCUMENTS__URL", &documents).with("INTAKE__BATCH_COUNT_MAX", "25")
        };
        let engines = [on(first), on(Program::new()?)];
        let registry = engines[0].file("registry.jsonl", &world::registry(SystemClock.now())?)?;
        engines[0].ask(&["registry", "import", &registry]).await?;
        engines[0].ask(&["topology", "declare"]).await?;
        Ok(Self { host, ledger, engines })
    }

    /// Stops one in order and starts it again, each in its turn; each must take
    /// its part again before the next is touched.
    async fn exchange(&self, mut running: Vec<Engine>) -> Vec<Engine> {
        for program in &self.engines {
            running.remove(0).stop().await;
            let engine = program.serve().await;
            until_worked_off("the new one takes its part", async || {
                engine.metric("facteur_received_total", &[]).await > RECORDED_EACH
            })
            .await;
            running.push(engine);
        }
        running
    }
}

/// Publishes without a rest; the keys that the broker confirmed.
async fn agency(queue: Arc<dyn Queue>, stop: CancellationToken) -> Result<BTreeSet<String>> {
    let mut confirmed = BTreeSet::new();
    let mut publisher = queue.publisher().await?;
    let mut pace = tokio::time::interval(PIECE_EVERY);
    while !stop.is_cancelled() {
        pace.tick().await;
        let messages: Vec<Outbound> = (0..PIECE).map(publication).collect();
        let keys: Vec<_> = messages.iter().map(|it| it.properties.message_id.clone()).collect();
        for (key, outcome) in keys.into_iter().zip(publisher.publish(messages).await) {
            outcome?;
            confirmed.extend(key);
        }
    }
    Ok(confirmed)
}

/// Every other one becomes a letter.
fn publication(n: usize) -> Outbound {
    let to = if n.is_multiple_of(2) { Company::Active } else { Company::Boxless };
    Outbound {
        exchange: topology::EXCHANGE_DOCUMENTS.into(),
        routing_key: TAX.into(),
        body: Bytes::from(notice(to).to_string()),
        properties: Properties {
            message_id: Some(key()),
            app_id: Some(TAX.into()),
            user_id: Some(account(TAX).into()),
            content_type: Some("application/json".into()),
            published_us: None,
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_and_amqp_engines_are_exchanged_under_load() -> Result<()> {
    let site = Site::new().await?;
    let running = vec![site.engines[0].serve().await, site.engines[1].serve().await];
    let queue = facteur::queue::open(site.host.url()).await?;
    let stop = CancellationToken::new();
    let exchanging = async {
        let running = site.exchange(running).await;
        stop.cancel();
        running
    };
    let publishing = agency(Arc::clone(&queue), stop.clone());
    let (running, confirmed) = tokio::join!(exchanging, publishing);
    let confirmed = confirmed?;
    until_worked_off("everything is recorded", async || {
        let total = site.ledger.account().await.map(|account| account.total.received);
        total.is_ok_and(|received| usize::try_from(received).is_ok_and(|it| it >= confirmed.len()))
    })
    .await;
    let program = &site.engines[0];
    until("the index has caught up", async || {
        let found = program.ask(&["search", "query"]).await;
        found.is_ok_and(|found| found["totalItems"] == json!(confirmed.len()))
    })
    .await;
    for engine in running {
        engine.stop().await;
    }
    queue.close().await;
    judge(&site, &confirmed).await
}

/// The publisher's log against the rows: each once, and a letter for every other.
async fn judge(site: &Site, confirmed: &BTreeSet<String>) -> Result<()> {
    let keys = site.ledger.texts("SELECT key FROM messages").await?;
    let found: BTreeSet<String> = keys.iter().flatten().cloned().collect();
    ensure!(found.len() == keys.len(), "a key has two messages");
    ensure!(found == *confirmed, "{} confirmed, {} recorded", confirmed.len(), found.len());
    let account = site.engines[0].ask(&["verify", "--quiesced"]).await?;
    ensure!(account["difference"] == 0 && account["quarantined"] == 0, "{account}");
    ensure!(account["paper"] == json!(confirmed.len() / 2), "{account}");
    Ok(())
}
