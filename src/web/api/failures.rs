//! How often somebody fails to prove who it is, by address: invented tokens
//! make us ask their issuer, or reckon, before they are refused.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures that one address may have had lately …
const FAILURES_MAX: f64 = 100.0;
/// … of which so many are forgotten a second.
const FORGOTTEN_PER_SECOND: f64 = 10.0;
/// Addresses that are remembered; beyond that those at rest are forgotten.
const ADDRESSES_MAX: usize = 10_000;

#[derive(Clone, Copy)]
struct Standing {
    failures: f64,
    at: Instant,
}

impl Standing {
    fn now(self, now: Instant) -> f64 {
        let forgotten = (now - self.at).as_secs_f64() * FORGOTTEN_PER_SECOND;
        (self.failures - forgotten).max(0.0)
    }
}

/// Failures of late.
#[derive(Default)]
pub(super) struct Failures(Mutex<HashMap<IpAddr, Standing>>);

impl Failures {
    /// Counts an attempt as failed, until it is [`Self::forgive`]n: those that
    /// are made at the same moment must not all be let through.
    ///
    /// # Errors
    /// How long to wait, where there were too many.
    pub(super) fn count(&self, asker: IpAddr) -> Result<(), Duration> {
        self.count_at(Instant::now(), asker)
    }

    fn count_at(&self, now: Instant, asker: IpAddr) -> Result<(), Duration> {
        let mut all = self.all();
        if all.len() >= ADDRESSES_MAX {
            make_room(&mut all, now);
        }
        let standing = all.entry(asker).or_insert(Standing { failures: 0.0, at: now });
        let failures = standing.now(now);
        if failures + 1.0 > FAILURES_MAX {
            let too_many = failures + 1.0 - FAILURES_MAX;
            return Err(Duration::from_secs_f64(too_many / FORGOTTEN_PER_SECOND));
        }
        *standing = Standing { failures: failures + 1.0, at: now };
        Ok(())
    }

    /// It was none after all.
    pub(super) fn forgive(&self, asker: IpAddr) {
        if let Some(standing) = self.all().get_mut(&asker) {
            standing.failures = (standing.failures - 1.0).max(0.0);
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<IpAddr, Standing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets who is at rest; where nobody is, everybody, since memory is bounded
/// before anything else.
fn make_room(all: &mut HashMap<IpAddr, Standing>, now: Instant) {
    all.retain(|_, standing| standing.now(now) > 0.0);
    if all.len() >= ADDRESSES_MAX {
        all.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_bounded_and_forgotten_and_what_is_proven_is_none() {
        let (failures, now) = (Failures::default(), Instant::now());
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for _ in 0..1_000 {
            failures.count_at(now, one).unwrap();
            failures.forgive(one);
        }
        let counted = |now| (0..1_000).filter(|_| failures.count_at(now, one).is_ok()).count();
        assert_eq!(counted(now), 100);
        assert!(failures.count_at(now, other).is_ok(), "another address");
        assert_eq!(counted(now + Duration::from_secs(1)), 10);
    }

    #[test]
    fn memory_is_bounded() {
        let (failures, now) = (Failures::default(), Instant::now());
        for n in 0..30_000_u32 {
            failures.count_at(now, IpAddr::from(n.to_be_bytes())).unwrap();
        }
        assert!(failures.all().len() <= ADDRESSES_MAX);
    }
}
