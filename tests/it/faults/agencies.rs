//! The agencies: they publish without a rest, and write down what the broker
//! confirmed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use facteur::ledger::IdentityKey;
use facteur::queue::{Publisher, Queue, topology};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::mail::{Letter, is_good, letter};
use super::world::AGENCIES;
/// What the agencies know of one identity.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    /// What must become of it.
    pub(super) state: &'static str,
    /// How often the broker confirmed it.
    pub(super) confirmed: u32,
}

/// Every identity of which a publication was confirmed.
pub(super) type Log = BTreeMap<IdentityKey, Sent>;

/// Agencies that publish until they are stopped.
pub(super) struct Agencies {
    stop: CancellationToken,
    work: JoinSet<Log>,
}

/// Published at once.
const PIECE: u32 = 20;
/// With so many waiting for the engine they pause.
const BACKLOG: u64 = 400;
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Every so many publications one is sent a second time.
const REPEAT_EVERY: u32 = 25;

impl Agencies {
    /// Publishes from letter `from` on.
    pub(super) fn start(queue: Arc<dyn Queue>, from: u32) -> Self {
        let stop = CancellationToken::new();
        let mut work = JoinSet::new();
        work.spawn(publish_until(queue, from, stop.clone()));
        Self { stop, work }
    }

    /// Lets them finish what they are publishing, and takes their log.
    pub(super) async fn stop(mut self) -> Log {
        self.stop.cancel();
        self.work.join_next().await.unwrap().unwrap()
    }
}

async fn publish_until(queue: Arc<dyn Queue>, from: u32, stop: CancellationToken) -> Log {
    let mut log = Log::new();
    let mut publisher = queue.publisher().await.unwrap();
    let mut n = from;
    while !stop.is_cancelled() {
        publish_piece(&mut *publisher, n, &mut log).await;
        n += PIECE;
        while !stop.is_cancelled() && backlog(&*queue).await > BACKLOG {
            sleep(LOOK_EVERY).await;
        }
    }
    log
}

/// Publishes so many letters from `from` on, and no more.
pub(super) async fn publish(queue: &dyn Queue, from: u32, count: u32) -> Log {
    let mut log = Log::new();
    let mut publisher = queue.publisher().await.unwrap();
    for n in (from..from + count).step_by(PIECE as usize) {
        publish_piece(&mut *publisher, n, &mut log).await;
    }
    log
}

async fn publish_piece(publisher: &mut dyn Publisher, from: u32, log: &mut Log) {
    let mut letters: Vec<Letter> = (from..from + PIECE).map(letter).collect();
    let repeated = (from..from + PIECE).find(|n| n % REPEAT_EVERY == 0 && is_good(*n));
    letters.extend(repeated.map(letter));
    let messages = letters.iter().map(|letter| letter.message.clone()).collect();
    for (letter, outcome) in letters.iter().zip(publisher.publish(messages).await) {
        outcome.unwrap();
        let sent = log.entry(letter.identity.clone());
        sent.or_insert(Sent { state: letter.state, confirmed: 0 }).confirmed += 1;
    }
}

/// How much lies ready in the lanes.
pub(super) async fn backlog(queue: &dyn Queue) -> u64 {
    let mut ready = 0;
    for agency in &AGENCIES {
        let lane = topology::intake_queue(&agency.application.parse().unwrap());
        ready += queue.depth(&lane).await.unwrap();
    }
    ready
}
