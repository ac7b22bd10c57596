//! The keys that batches in work hold.
//!
//! Two batches are recorded at the same time and may commit in either order.
//! Of two publications with one key the earlier must be the one accepted, so a
//! batch waits while an earlier one of this engine holds one of its keys; one
//! that shares none with it goes on past both. Two engines that share a lane
//! keep no order between them.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::arrival::Arrival;

#[derive(Default)]
pub(super) struct InWork {
    batches: Mutex<Batches>,
    released: Notify,
}

/// In the order in which they were filled.
#[derive(Default)]
struct Batches {
    last: u64,
    /// Hashes: two keys that share one wait for each other, which does no harm.
    keys: BTreeMap<u64, HashSet<u64>>,
}

/// The keys of one batch, until it is dropped.
pub(super) struct Held {
    of: Arc<InWork>,
    number: u64,
}

impl InWork {
    /// Takes a batch's place behind those that were filled before.
    pub(super) fn enter(self: &Arc<Self>, batch: &[Arrival]) -> Held {
        let mut batches = self.lock();
        batches.last += 1;
        let number = batches.last;
        batches.keys.insert(number, batch.iter().filter_map(key).collect());
        Held { of: Arc::clone(self), number }
    }

    /// Whether no batch is in work.
    pub(super) fn is_idle(&self) -> bool {
        self.lock().keys.is_empty()
    }

    /// Ends when the next batch does.
    pub(super) fn released(&self) -> Notified<'_> {
        self.released.notified()
    }

    fn lock(&self) -> MutexGuard<'_, Batches> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Waits until no earlier batch holds one of its keys.
    pub(super) async fn alone(&self) {
        loop {
            let released = self.of.released.notified();
            if self.of.lock().is_first(self.number) {
                return;
            }
            released.await;
        }
    }
}

impl Batches {
    fn is_first(&self, number: u64) -> bool {
        let Some(own) = self.keys.get(&number) else { return true };
        self.keys.range(..number).all(|(_, earlier)| earlier.is_disjoint(own))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.of.lock().keys.remove(&self.number);
        self.of.released.notify_waiters();
    }
}

fn key(arrival: &Arrival) -> Option<u64> {
    let id = arrival.properties.message_id.as_ref()?;
    let mut hasher = DefaultHasher::new();
    (&arrival.lane, id).hash(&mut hasher);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;

    use super::*;
    use crate::domain::ApplicationId;
    use crate::intake::Lane;
    use crate::queue::Properties;

    fn batch(keys: &[&str]) -> Vec<Arrival> {
        let arrival = |key: &&str| {
            let lane = Lane::Application(ApplicationId::new("a").unwrap());
            let message_id = Some((*key).to_owned());
            let properties = Properties { message_id, ..Properties::default() };
            Arrival::unqueued(lane, "a".into(), "".into(), properties)
        };
        keys.iter().map(arrival).collect()
    }

    #[tokio::test]
    async fn a_batch_waits_for_the_one_that_holds_a_key_of_it() {
        let in_work = Arc::new(InWork::default());
        let first = in_work.enter(&batch(&["1", "2", "1"]));
        first.alone().await;
        let other = in_work.enter(&batch(&["3"]));
        other.alone().await;
        let second = in_work.enter(&batch(&["2", "4"]));
        let third = in_work.enter(&batch(&["4"]));
        let fourth = in_work.enter(&batch(&["5"]));
        let (mut waits, mut waits_too) = (pin!(second.alone()), pin!(third.alone()));
        assert!(poll!(waits.as_mut()).is_pending());
        drop(other);
        assert!(poll!(waits.as_mut()).is_pending(), "another batch's keys");
        assert!(poll!(waits_too.as_mut()).is_pending(), "in the order of their filling");
        assert!(poll!(pin!(fourth.alone())).is_ready(), "it has nothing to wait for");
        drop(first);
        assert!(poll!(waits.as_mut()).is_ready());
        in_work.enter(&batch(&["1"])).alone().await;
    }
}
