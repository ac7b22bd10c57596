//! The keys that batches in work hold.
//!
//! Two batches are recorded at the same time and may commit in either order.
//! Of two publications with one key the earlier must be the one accepted, so a
//! batch waits while an earlier one of this engine holds one of its keys. Two
//! engines that share a lane keep no order between them.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::arrival::Arrival;

#[derive(Default)]
pub(super) struct InWork {
    /// Hashes: two keys that share one wait for each other, which does no harm.
    keys: Mutex<HashSet<u64>>,
    released: Notify,
}

/// The keys of one batch, until it is dropped.
pub(super) struct Held {
    of: Arc<InWork>,
    keys: HashSet<u64>,
}

impl InWork {
    /// Holds the keys of a batch, as soon as no other batch holds one of them.
    pub(super) async fn hold(self: &Arc<Self>, batch: &[Arrival]) -> Held {
        let keys: HashSet<u64> = batch.iter().filter_map(key).collect();
        loop {
            let released = self.released.notified();
            if self.is_held_now(&keys) {
                return Held { of: Arc::clone(self), keys };
            }
            released.await;
        }
    }

    /// Whether no batch is in work.
    pub(super) fn is_idle(&self) -> bool {
        self.lock().is_empty()
    }

    fn is_held_now(&self, keys: &HashSet<u64>) -> bool {
        let mut held = self.lock();
        let is_free = keys.is_disjoint(&held);
        if is_free {
            held.extend(keys);
        }
        is_free
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.of.lock().retain(|key| !self.keys.contains(key));
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
        let first = in_work.hold(&batch(&["1", "2", "1"])).await;
        let other = in_work.hold(&batch(&["3"])).await;
        let later = batch(&["2", "4"]);
        let mut second = pin!(in_work.hold(&later));
        assert!(poll!(second.as_mut()).is_pending());
        drop(other);
        assert!(poll!(second.as_mut()).is_pending(), "another batch's keys");
        drop(first);
        assert!(poll!(second.as_mut()).is_ready());
        in_work.hold(&batch(&["1"])).await;
    }
}
