//! Deliveries that wait for a batch, lane by lane, and the batches filled
//! from them in turn.
//!
//! Bounded by what the lanes' prefetch lets the broker hand out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Settings;
use super::arrival::{Arrival, Lane};
use super::in_work::{Held, InWork};

/// So many deliveries a lane gives to a batch before the next lane's turn: a
/// flood waits for the others, and a settlement still covers many.
const TURN: usize = 50;
/// A sender that waits for its answer does not wait for others' documents long.
const AWAITED_WAIT_MAX: Duration = Duration::from_millis(2);

#[derive(Default)]
struct Waiting {
    lanes: BTreeMap<Lane, VecDeque<Arrival>>,
    /// The lane that had the last turn.
    last: Option<Lane>,
    count: usize,
    /// The engine stops: who waits for an answer is let go.
    is_closed: bool,
}

impl Waiting {
    fn keep(&mut self, lane: &Lane, is_kept: impl Fn(&Arrival) -> bool) {
        let Some(queue) = self.lanes.get_mut(lane) else { return };
        let before = queue.len();
        queue.retain(is_kept);
        let (kept, is_empty) = (queue.len(), queue.is_empty());
        self.count -= before - kept;
        if is_empty {
            self.lanes.remove(lane);
        }
    }
}

/// Everything that waits.
#[derive(Default)]
pub(super) struct Ready {
    waiting: Mutex<Waiting>,
    filled: Notify,
    /// One batch is filled at a time.
    filling: tokio::sync::Mutex<()>,
    in_work: Arc<InWork>,
}

impl Ready {
    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, arrival: Arrival) {
        let mut waiting = self.lock();
        if waiting.is_closed && arrival.is_direct() {
            return;
        }
        waiting.lanes.entry(arrival.lane.clone()).or_default().push_back(arrival);
        waiting.count += 1;
        drop(waiting);
        self.filled.notify_one();
    }

    /// Forgets what waits from a lane whose connection is gone; what came
    /// without the broker stays.
    pub(super) fn purge(&self, lane: &Lane) {
        self.lock().keep(lane, Arrival::is_direct);
    }

    /// Takes nothing more from senders that wait, and lets those go whose
    /// publication is in no batch.
    pub(super) fn close(&self) {
        let mut waiting = self.lock();
        waiting.is_closed = true;
        let lanes: Vec<Lane> = waiting.lanes.keys().cloned().collect();
        lanes.iter().for_each(|lane| waiting.keep(lane, |arrival| !arrival.is_direct()));
    }

    fn is_due(&self, batch: &Batch<'_>) -> bool {
        batch.is_full() || (batch.is_awaited() && self.in_work.is_idle())
    }

    /// The next batch: closes when it is full, or some time after its first
    /// document; at once where a sender waits for the answer and no other batch
    /// is in work. Beside others it gathers until they end, but for a moment at
    /// most: a batch costs much more than a document, and they would wait for
    /// each other. Its keys are held for as long as it is in work. Cancel-safe
    /// only before its first document: callers cancel the whole intake.
    pub(super) async fn batch(&self, settings: &Settings) -> (Vec<Arrival>, Held) {
        let (arrivals, held) = self.filled(settings).await;
        // The next is filled meanwhile: one that waits for a batch that cannot
        // be recorded keeps no other.
        held.alone().await;
        (arrivals, held)
    }

    async fn filled(&self, settings: &Settings) -> (Vec<Arrival>, Held) {
        let _one_at_a_time = self.filling.lock().await;
        let mut batch = Batch::new(settings);
        while !batch.fill(&mut self.lock()) && batch.arrivals.is_empty() {
            self.filled.notified().await;
        }
        let first = Instant::now();
        while !self.is_gathered(&batch, first).await {
            batch.fill(&mut self.lock());
        }
        batch.fill(&mut self.lock());
        let held = self.in_work.enter(&batch.arrivals);
        (batch.arrivals, held)
    }

    /// Whether a batch is due; else waits for what may make it so: the end of
    /// another where a sender waits, more documents where none does.
    async fn is_gathered(&self, batch: &Batch<'_>, first: Instant) -> bool {
        let released = self.in_work.released();
        if self.is_due(batch) {
            return true;
        }
        let deadline = first + batch.wait_max();
        match batch.is_awaited() {
            true => tokio::time::timeout_at(deadline, released).await.is_err(),
            false => self.is_still(deadline).await,
        }
    }

    /// Whether nothing more comes. Waking for each single arrival would cost more
    /// than the batch.
    async fn is_still(&self, deadline: Instant) -> bool {
        let is_over = tokio::time::timeout_at(deadline, self.filled.notified()).await.is_err();
        if !is_over {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        is_over
    }
}

struct Batch<'a> {
    settings: &'a Settings,
    arrivals: Vec<Arrival>,
    bytes: usize,
}

impl<'a> Batch<'a> {
    fn new(settings: &'a Settings) -> Self {
        Self { settings, arrivals: Vec::with_capacity(settings.batch_count_max), bytes: 0 }
    }

    fn is_full(&self) -> bool {
        self.arrivals.len() >= self.settings.batch_count_max
            || self.bytes >= self.settings.batch_bytes_max
    }

    /// Whether a sender waits for what becomes of it.
    fn is_awaited(&self) -> bool {
        self.arrivals.iter().any(Arrival::is_direct)
    }

    /// How long after its first document it closes.
    fn wait_max(&self) -> Duration {
        let usual = self.settings.batch_wait_max();
        if self.is_awaited() { usual.min(AWAITED_WAIT_MAX) } else { usual }
    }

    /// Takes turns until nothing waits or the batch is full; answers whether
    /// it is full.
    fn fill(&mut self, waiting: &mut Waiting) -> bool {
        while waiting.count > 0 && !self.is_full() {
            self.turn(waiting);
        }
        self.is_full()
    }

    fn turn(&mut self, waiting: &mut Waiting) {
        let Some(lane) = next(waiting) else {
            waiting.count = 0;
            return;
        };
        let Some(queue) = waiting.lanes.get_mut(&lane) else { return };
        for _ in 0..TURN {
            if self.is_full() {
                break;
            }
            let Some(arrival) = queue.pop_front() else { break };
            waiting.count -= 1;
            self.bytes += arrival.body.len();
            self.arrivals.push(arrival);
        }
        if queue.is_empty() {
            waiting.lanes.remove(&lane);
        }
        waiting.last = Some(lane);
    }
}

/// The lane after the last one, around the end.
fn next(waiting: &Waiting) -> Option<Lane> {
    let after = waiting.last.as_ref().and_then(|last| {
        let bounds = (std::ops::Bound::Excluded(last), std::ops::Bound::Unbounded);
        waiting.lanes.range(bounds).next()
    });
    after.or_else(|| waiting.lanes.iter().next()).map(|(lane, _)| lane.clone())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::config::Config;
    use crate::domain::ApplicationId;

    fn settings() -> Settings {
        let mut settings = Config::load(None, std::iter::empty()).unwrap().intake;
        (settings.batch_count_max, settings.batch_bytes_max) = (200, 1 << 20);
        settings.batch_wait_ms_max = 20;
        settings
    }

    fn arrival(lane: &str, bytes: usize) -> Arrival {
        let lane = Lane::Application(ApplicationId::new(lane).unwrap());
        let body = Bytes::from(vec![b'x'; bytes]);
        Arrival::unqueued(lane, String::new(), body, Default::default())
    }

    fn count(batch: &[Arrival], lane: &str) -> usize {
        batch.iter().filter(|arrival| arrival.lane_name() == lane).count()
    }

    #[tokio::test]
    async fn a_flood_leaves_every_other_lane_its_turn() {
        let ready = Ready::default();
        (0..1_000).for_each(|_| ready.push(arrival("flood", 1)));
        ["a", "b", "z"].iter().for_each(|lane| ready.push(arrival(lane, 1)));
        let batch = ready.batch(&settings()).await.0;
        assert_eq!(batch.len(), 200);
        for lane in ["a", "b", "z"] {
            assert_eq!(count(&batch, lane), 1, "{lane}");
        }
        assert_eq!(count(&batch, "flood"), 197);
    }

    /// The first is in work and cannot be recorded; its repeat waits for it.
    #[tokio::test]
    async fn a_repeat_of_what_is_in_work_keeps_no_other() {
        let ready = Arc::new(Ready::default());
        let keyed = |key: &str| {
            let mut arrival = arrival("a", 1);
            arrival.properties.message_id = Some(key.to_owned());
            arrival
        };
        ready.push(keyed("same"));
        let _in_work = ready.batch(&settings()).await;
        ready.push(keyed("same"));
        let settings = settings();
        let mut repeat = std::pin::pin!(ready.batch(&settings));
        let waits = tokio::time::timeout(Duration::from_millis(100), repeat.as_mut()).await;
        assert!(waits.is_err(), "it overtakes");
        ready.push(keyed("other"));
        let other = tokio::time::timeout(Duration::from_secs(5), ready.batch(&settings)).await;
        assert_eq!(other.unwrap().0.len(), 1);
    }

    #[tokio::test]
    async fn a_batch_with_a_sender_that_waits_closes_when_the_one_in_work_ends() {
        let (ready, settings) = (Ready::default(), settings());
        let direct = || {
            let waiter = Some(super::super::direct::Waiter::new().0);
            Arrival { waiter, ..arrival("a", 1) }
        };
        ready.push(direct());
        let (_, in_work) = ready.batch(&settings).await;
        ready.push(direct());
        let mut next = std::pin::pin!(ready.batch(&settings));
        assert!(futures_util::poll!(next.as_mut()).is_pending(), "it gathers");
        ready.push(direct());
        drop(in_work);
        let std::task::Poll::Ready((batch, _)) = futures_util::poll!(next.as_mut()) else {
            panic!("it goes on gathering")
        };
        assert_eq!(batch.len(), 2);
    }

    #[tokio::test]
    async fn a_batch_closes_by_bytes_and_by_time() {
        let ready = Ready::default();
        (0..10).for_each(|_| ready.push(arrival("big", 400_000)));
        assert_eq!(ready.batch(&settings()).await.0.len(), 3);
        // Nothing else comes, and still the batch closes.
        let ready = Ready::default();
        ready.push(arrival("lonely", 1));
        assert_eq!(ready.batch(&settings()).await.0.len(), 1);
    }

    #[tokio::test]
    async fn a_purged_lane_gives_nothing() {
        let ready = Ready::default();
        ready.push(arrival("gone", 1));
        ready.push(arrival("there", 1));
        ready.purge(&arrival("gone", 1).lane);
        let batch = ready.batch(&settings()).await.0;
        assert_eq!((batch.len(), count(&batch, "there")), (1, 1));
    }
}
