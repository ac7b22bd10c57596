//! The pace of one application, whichever way its documents come.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use tokio::time::Instant;

use crate::domain::ApplicationId;
use crate::ledger::Reference;

type Limiter =
    RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<std::time::Instant>>;

/// The paces of this engine, each shared by an application's lane and its
/// publications by REST.
#[derive(Default)]
pub(super) struct Paces {
    engines: AtomicU32,
    /// When a pace was last asked for.
    asked_at: Mutex<Option<Instant>>,
    by_application: Mutex<BTreeMap<ApplicationId, Arc<Pace>>>,
}

impl Paces {
    /// So many engines are alive.
    pub(super) fn share_among(&self, engines: u32) {
        self.engines.store(engines, Ordering::Relaxed);
    }

    /// Whether nothing was taken at a pace for a while: then this engine's share
    /// is of use to the others.
    pub(super) fn are_idle(&self) -> bool {
        let asked_at = *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        asked_at.is_none_or(|at| at.elapsed() > IDLE_AFTER)
    }

    /// The pace of an application as it holds now, if it has one.
    pub(super) fn of(&self, reference: &Reference, id: &ApplicationId) -> Option<Arc<Pace>> {
        let per_second = reference.pace(id)?;
        *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let engines = self.engines.load(Ordering::Relaxed);
        let mut paces = self.by_application.lock().unwrap_or_else(PoisonError::into_inner);
        let known = paces.get(id).filter(|pace| pace.is_for(per_second, engines));
        if let Some(known) = known {
            return Some(Arc::clone(known));
        }
        let pace = Arc::new(Pace::new(per_second, engines));
        paces.insert(id.clone(), Arc::clone(&pace));
        Some(pace)
    }
}

/// This engine's share of an application's documents a second.
pub(super) struct Pace {
    limiter: Limiter,
    clock: MonotonicClock,
    per_second: u32,
    engines: u32,
}

impl Pace {
    /// The configured pace is the total: each living engine takes its share.
    pub(super) fn new(per_second: u32, engines: u32) -> Self {
        let (rate, engines) = (NonZeroU32::MIN.max_of(per_second), engines.max(1));
        let clock = MonotonicClock;
        let interval = Duration::from_secs(1) * engines / rate.get();
        let burst = NonZeroU32::MIN.max_of(rate.get() / engines / BURSTS_PER_SECOND);
        let quota = Quota::with_period(interval.max(Duration::from_nanos(1)))
            .unwrap_or(Quota::per_second(rate))
            .allow_burst(burst);
        let limiter = RateLimiter::direct_with_clock(quota, clock.clone());
        Self { limiter, clock, per_second, engines }
    }

    fn is_for(&self, per_second: u32, engines: u32) -> bool {
        self.per_second == per_second && self.engines == engines.max(1)
    }

    /// Takes one document's turn, or says how long to wait for it.
    pub(super) fn turn(&self) -> Result<(), Duration> {
        self.limiter.check().map_err(|wait| wait.wait_time_from(self.clock.now()))
    }

    /// What a lane may hold without sitting on deliveries: a second's worth.
    pub(super) fn prefetch(&self) -> u16 {
        u16::try_from(self.per_second / self.engines).unwrap_or(u16::MAX).max(1)
    }
}

/// A sender by REST that pauses for less keeps its engine's share.
const IDLE_AFTER: Duration = Duration::from_secs(15);
/// A burst is a quarter of a second's worth.
const BURSTS_PER_SECOND: u32 = 4;

trait MaxOf {
    fn max_of(self, other: u32) -> NonZeroU32;
}

impl MaxOf for NonZeroU32 {
    fn max_of(self, other: u32) -> NonZeroU32 {
        NonZeroU32::new(other).unwrap_or(self).max(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_let_through_and_the_rest_waits() {
        let pace = Pace::new(40, 2);
        let passed = (0..100).filter(|_| pace.turn().is_ok()).count();
        assert!((5..=7).contains(&passed), "{passed}");
        let wait = pace.turn().unwrap_err();
        assert!(wait <= Duration::from_millis(50), "{wait:?}");
        assert_eq!(pace.prefetch(), 20);
    }

    #[test]
    fn a_pace_below_one_an_engine_waits_longer_than_a_second() {
        let pace = Pace::new(1, 3);
        assert!(pace.turn().is_ok());
        let wait = pace.turn().unwrap_err();
        assert!(wait > Duration::from_secs(2) && wait <= Duration::from_secs(3), "{wait:?}");
    }
}
