//! The agencies: they publish without a rest, and write down what the broker
//! confirmed. What it did not confirm is published again, with the same key.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use facteur::ledger::IdentityKey;
use facteur::queue::{Publisher, Queue, QueueError};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::mail::{Letter, is_good, letter};
use crate::site::POISON;
use crate::world::AGENCIES;

/// What the agencies know of one identity.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// What must become of it: `accepted` or `quarantined`.
    pub(crate) state: &'static str,
    /// How often it was handed to the broker, confirmed or not.
    pub(crate) attempts: u32,
    /// The recipient's number and the type, as the publication says.
    pub(crate) addressed: (String, String),
}

/// Every identity of which a publication was confirmed.
pub(crate) type Log = BTreeMap<IdentityKey, Sent>;

/// All agencies, and what they wrote down.
#[derive(Clone)]
pub(crate) struct Agencies {
    queue: Arc<dyn Queue>,
    log: Arc<Mutex<Log>>,
    /// The next single letter: see [`Agencies::publish_one`].
    next: Arc<AtomicU32>,
}

const TICK: Duration = Duration::from_millis(250);
const TICKS_PER_S: u32 = 4;
/// Every so many ticks an agency publishes again what it published before.
const REPEAT_EVERY: u32 = 8;
/// Between two attempts while the broker is away.
const REST: Duration = Duration::from_millis(200);
/// Single letters have numbers of their own.
const SINGLE: u32 = 1 << 30;
/// The first of a round that becomes a message.
const GOOD: u32 = 10;
const ROUND: u32 = 48;

impl Agencies {
    pub(crate) fn new(queue: Arc<dyn Queue>) -> Self {
        Self { queue, log: Arc::default(), next: Arc::new(AtomicU32::new(SINGLE + GOOD)) }
    }

    pub(crate) fn log(&self) -> Log {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Publishes so many letters a second, until `stop`.
    pub(crate) fn start(&self, per_s: u32, stop: &CancellationToken) -> JoinSet<Result<()>> {
        let mut work = JoinSet::new();
        let count = u32::try_from(AGENCIES.len()).unwrap_or(1);
        let piece = (per_s / TICKS_PER_S / count).max(1);
        for agency in 0..count {
            work.spawn(self.clone().publish_until(agency, count, piece, stop.clone()));
        }
        work
    }

    async fn publish_until(
        self,
        agency: u32,
        count: u32,
        piece: u32,
        stop: CancellationToken,
    ) -> Result<()> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut next, mut publisher) = (0, None);
        while !stop.is_cancelled() {
            ticks.tick().await;
            let numbers = (next..next + piece).map(|n| n * count + agency);
            let mut letters: Vec<Letter> = numbers.map(letter).collect();
            let repeated = (next * count + agency).saturating_sub(ROUND);
            if (next / piece).is_multiple_of(REPEAT_EVERY) && is_good(repeated) {
                letters.push(letter(repeated));
            }
            self.publish(&mut publisher, letters).await?;
            next += piece;
        }
        Ok(())
    }

    /// One good letter more; its identity once it is confirmed.
    pub(crate) async fn publish_one(&self) -> Result<IdentityKey> {
        let number = self.next.fetch_add(ROUND, Ordering::Relaxed);
        self.publish_alone(letter(number)).await
    }

    /// One letter that the ledger will never take.
    pub(crate) async fn publish_poison(&self) -> Result<IdentityKey> {
        let number = self.next.fetch_add(ROUND, Ordering::Relaxed);
        let mut poison = letter(number);
        let mut body: serde_json::Value = serde_json::from_slice(&poison.message.body)?;
        body["subject"]["fr"] = POISON.into();
        poison.message.body = body.to_string().into();
        poison.state = "quarantined";
        self.publish_alone(poison).await
    }

    async fn publish_alone(&self, letter: Letter) -> Result<IdentityKey> {
        let identity = letter.identity.clone();
        self.publish(&mut None, vec![letter]).await?;
        Ok(identity)
    }

    /// Until the broker has confirmed every one.
    async fn publish(
        &self,
        publisher: &mut Option<Box<dyn Publisher>>,
        mut letters: Vec<Letter>,
    ) -> Result<()> {
        while !letters.is_empty() {
            let outcomes = match self.attempt(publisher, &letters).await {
                Ok(outcomes) => outcomes,
                Err(error) if error.is_transient() => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            letters = self.note(letters, outcomes)?;
            if !letters.is_empty() {
                *publisher = None;
                sleep(REST).await;
            }
        }
        Ok(())
    }

    async fn attempt(
        &self,
        publisher: &mut Option<Box<dyn Publisher>>,
        letters: &[Letter],
    ) -> Result<Vec<Result<(), QueueError>>, QueueError> {
        let publisher = match publisher {
            Some(publisher) => publisher,
            None => publisher.insert(self.queue.publisher().await?),
        };
        let messages = letters.iter().map(|letter| letter.message.clone()).collect();
        Ok(publisher.publish(messages).await)
    }

    /// Writes down what is confirmed; answers what is not.
    fn note(
        &self,
        letters: Vec<Letter>,
        outcomes: Vec<Result<(), QueueError>>,
    ) -> Result<Vec<Letter>> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let mut again = Vec::new();
        let outcomes = outcomes.into_iter().map(Some).chain(std::iter::repeat_with(|| None));
        for (letter, outcome) in letters.into_iter().zip(outcomes) {
            let sent = log.entry(letter.identity.clone()).or_insert_with(|| Sent {
                state: letter.state,
                attempts: 0,
                addressed: addressed(&letter),
            });
            sent.attempts += u32::from(outcome.is_some());
            match outcome {
                Some(Ok(())) => {}
                Some(Err(error)) if !error.is_transient() => bail!("{error}"),
                Some(Err(_)) | None => again.push(letter),
            }
        }
        Ok(again)
    }
}

fn addressed(letter: &Letter) -> (String, String) {
    let body: serde_json::Value = serde_json::from_slice(&letter.message.body).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (text(&body["recipient"]["enterpriseNumber"]), text(&body["messageTypeId"]))
}
