//! The pace of printers: tickets that each may be given in a second.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use governor::clock::MonotonicClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::printer::Printer;

type Limiter = RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<Instant>>;

/// The pace of each printer that has one. The configured pace is the total:
/// each of the engines that give tickets out takes its share.
#[derive(Default)]
pub struct Paces(HashMap<String, Pace>);

struct Pace {
    /// For how many engines it was made.
    engines: u32,
    limiter: Limiter,
}

impl Paces {
    /// How many of so many tickets a printer may be given now, by one of so
    /// many engines.
    pub fn turns(&mut self, printer: &Printer, wanted: u64, engines: u32) -> u64 {
        let Some(per_second) = printer.pace_per_second.and_then(NonZeroU32::new) else {
            return wanted;
        };
        let engines = engines.max(1);
        if self.0.get(&printer.name).is_none_or(|pace| pace.engines != engines) {
            let limiter = limiter(per_second, engines);
            self.0.insert(printer.name.clone(), Pace { engines, limiter });
        }
        let Some(pace) = self.0.get(&printer.name) else { return wanted };
        (0..wanted).take_while(|_| pace.limiter.check().is_ok()).count() as u64
    }
}

/// A burst is a second's worth: who gives tickets out rests in between.
fn limiter(per_second: NonZeroU32, engines: u32) -> Limiter {
    let interval = Duration::from_secs(1) * engines / per_second.get();
    let burst = NonZeroU32::new(per_second.get() / engines).unwrap_or(NonZeroU32::MIN);
    let quota = Quota::with_period(interval.max(Duration::from_nanos(1)))
        .unwrap_or(Quota::per_second(per_second))
        .allow_burst(burst);
    RateLimiter::direct_with_clock(quota, MonotonicClock)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printer(text: &str) -> Printer {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_pace_lets_a_seconds_worth_through_and_is_shared() {
        let namur = printer("name = \"namur\"\npace_per_second = 40");
        for (engines, share) in [(1, 40..=60), (2, 20..=30), (100, 1..=2)] {
            let given = Paces::default().turns(&namur, 1_000, engines);
            assert!(share.contains(&given), "{engines}: {given}");
        }
        let mut paces = Paces::default();
        assert!(paces.turns(&namur, 1_000, 1) >= 40);
        assert!(paces.turns(&namur, 1_000, 1) < 40, "a second has not passed");
        assert_eq!(paces.turns(&printer("name = \"liege\""), 1_000, 1), 1_000);
    }
}
