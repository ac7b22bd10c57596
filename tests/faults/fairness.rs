//! One agency publishes very much at once; the documents of another must not
//! wait for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use facteur::clock::Stopwatch;
use facteur::queue::{Outbound, Properties, Queue, Topology, topology};
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Row as _};
use tokio::time::{interval, sleep, timeout};

use crate::lone::Lone;
use crate::services::Services;
use crate::world::{AGENCIES, Agency, company};

/// What was measured.
#[derive(Debug)]
pub(crate) struct Fairness {
    /// Of the one that publishes at once.
    pub(crate) flood: usize,
    /// What of it still waited when the last was measured.
    pub(crate) waiting: u64,
    pub(crate) measured: usize,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

const FLOODS: &Agency = &AGENCIES[0];
const TRICKLES: &Agency = &AGENCIES[2];
const PIECE: usize = 1_000;
const TICK: Duration = Duration::from_millis(50);
const LOOK_EVERY: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(120);

/// On a virtual host and a database of its own, with one engine as it is
/// configured by default.
pub(crate) async fn measure(
    services: &Services,
    flood: usize,
    trickled: usize,
) -> Result<Fairness> {
    let lone = Lone::open(services).await?;
    let queue = facteur::queue::open(lone.broker.as_str()).await?;
    let ids: Vec<_> = AGENCIES.iter().map(|it| it.application.parse()).collect::<Result<_, _>>()?;
    queue.declare(&Topology::for_applications(&ids)).await?;
    publish_at_once(&queue, flood).await?;
    lone.start().await?;
    let lane = topology::intake_queue(&FLOODS.application.parse()?);
    let full = queue.depth(&lane).await?;
    timeout(PATIENCE, async {
        while queue.depth(&lane).await.unwrap_or(full) == full {
            sleep(LOOK_EVERY).await;
        }
    })
    .await
    .context("the engine does not begin")?;
    let (sent, seen) = tokio::join!(trickle(&queue, trickled), watch(&lone.database, trickled));
    let (sent, seen) = (sent?, seen?);
    let waiting = queue.depth(&lane).await?;
    lone.end().await?;
    queue.close().await;
    let mut times: Vec<f64> = sent
        .iter()
        .filter_map(|(key, at)| Some((seen.get(key)?.checked_sub(*at)?).as_secs_f64() * 1_000.0))
        .collect();
    ensure!(times.len() == trickled, "{} of {trickled} were seen", times.len());
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    let measured = times.len();
    Ok(Fairness { flood, waiting, measured, p50_ms: at(50), p99_ms: at(99) })
}

async fn publish_at_once(queue: &Arc<dyn Queue>, count: usize) -> Result<()> {
    let mut publisher = queue.publisher().await?;
    for from in (0..count).step_by(PIECE) {
        let piece = (from..count.min(from + PIECE)).map(|n| message(FLOODS, n)).collect();
        for outcome in publisher.publish(piece).await {
            outcome?;
        }
    }
    Ok(())
}

type Times = HashMap<String, Duration>;

/// At a steady pace. A document's time begins when it was due: one that went late,
/// since the broker had not confirmed the one before, has waited all the same.
/// Both times are from one watch.
async fn trickle(queue: &Arc<dyn Queue>, count: usize) -> Result<Times> {
    let mut publisher = queue.publisher().await?;
    let (mut sent, mut ticks) = (Times::new(), interval(TICK));
    let mut due = since_start();
    for n in 0..count {
        ticks.tick().await;
        let message = message(TRICKLES, n);
        sent.insert(format!("k:{}", key(n)), due);
        due += TICK;
        for outcome in publisher.publish(vec![message]).await {
            outcome?;
        }
    }
    Ok(sent)
}

/// When each was seen in the ledger; asked every few milliseconds, so that the
/// times err on the long side.
async fn watch(database: &url::Url, count: usize) -> Result<Times> {
    let mut connection = PgConnection::connect(database.as_str()).await?;
    let (mut seen, mut last) = (Times::new(), 0_i64);
    let all = async {
        while seen.len() < count {
            let news = "SELECT position, key FROM journal WHERE application = $1 AND position > $2
                ORDER BY position";
            let news = sqlx::query(news).bind(TRICKLES.application).bind(last);
            for row in news.fetch_all(&mut connection).await? {
                last = row.try_get(0)?;
                seen.insert(format!("k:{}", row.try_get::<String, _>(1)?), since_start());
            }
            sleep(LOOK_EVERY).await;
        }
        Ok::<_, anyhow::Error>(())
    };
    timeout(PATIENCE, all).await.context("not all were recorded")??;
    connection.close().await?;
    Ok(seen)
}

fn since_start() -> Duration {
    static WATCH: std::sync::LazyLock<Stopwatch> = std::sync::LazyLock::new(Stopwatch::start);
    WATCH.elapsed()
}

fn key(n: usize) -> String {
    format!("fair-{n}")
}

fn message(agency: &Agency, n: usize) -> Outbound {
    // In use, and so digital.
    let recipient = company(u32::try_from(n).unwrap_or(0) / 6 * 6 + 4);
    let body = json!({
        "sender": { "eboxType": "enterprise", "enterpriseNumber": agency.organization },
        "recipient": { "eboxType": "enterprise", "enterpriseNumber": recipient },
        "subject": { "fr": format!("Avis {n}") },
        "senderApplicationId": agency.application,
        "messageTypeId": agency.types[0],
        "bodyContent": { "fr": "Madame, Monsieur" },
        "isBodyMainContent": true,
    });
    Outbound {
        exchange: topology::EXCHANGE_DOCUMENTS.into(),
        routing_key: agency.application.into(),
        body: body.to_string().into(),
        properties: Properties {
            message_id: Some(key(n)),
            app_id: Some(agency.application.into()),
            user_id: Some(agency.account.into()),
            content_type: Some("application/json".into()),
            published_us: None,
        },
    }
}
