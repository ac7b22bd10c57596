//! The time, as a parameter: nothing else reads it, so tests own it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, Instant};

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// Says what time it is, in whole microseconds: what the ledger stores, so
/// that a time read back equals the one that was written.
pub trait Clock: std::fmt::Debug + Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Whether days pass by it as they do elsewhere: a date that comes from
    /// elsewhere means nothing to one by which they do not.
    fn keeps_time(&self) -> bool {
        true
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the time")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        // A time between two representable ones is representable.
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

/// A clock for rehearsals: from a moment on, a day passes in some seconds. Until
/// it is told from which moment it shows what the machine's shows.
#[derive(Debug)]
pub struct FastClock {
    day_in_secs: u32,
    machine: Arc<dyn Clock>,
    from: OnceLock<Timestamp>,
}

impl FastClock {
    /// A clock beside the machine's, by which a day takes so many seconds.
    #[must_use]
    pub fn new(day_in_secs: u32, machine: Arc<dyn Clock>) -> Self {
        Self { day_in_secs: day_in_secs.max(1), machine, from: OnceLock::new() }
    }

    /// Runs fast from this moment of the machine's clock on. Two that were told
    /// the same show the same; the first word counts.
    pub fn run_from(&self, moment: Timestamp) {
        self.from.get_or_init(|| moment);
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        let real = self.machine.now();
        let Some(from) = self.from.get() else { return real };
        let passed = i128::from(real.as_microsecond() - from.as_microsecond());
        let passed = passed * SECS_A_DAY / i128::from(self.day_in_secs);
        let shown = i128::from(from.as_microsecond()) + passed;
        let shown = i64::try_from(shown).unwrap_or(i64::MAX);
        Timestamp::from_microsecond(shown).unwrap_or(Timestamp::MAX)
    }

    fn keeps_time(&self) -> bool {
        false
    }
}

const SECS_A_DAY: i128 = 86_400;

/// Measures how long something takes. For metrics only: nothing is decided by
/// it.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts one.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since it was started.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows a time.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.as_microsecond()))
    }

    /// Sets it.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.as_microsecond(), Ordering::SeqCst);
    }

    /// Sets it forward, or back.
    pub fn advance(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }
}

/// Compiled in (`tzdb-bundle-always`), so that no machine's own database, or
/// lack of one, moves a Belgian day.
static BELGIUM: LazyLock<TimeZone> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the zones are compiled in; a test reads this one")]
    TimeZone::get("Europe/Brussels").expect("the compiled-in zones hold Europe/Brussels")
});

/// What Belgian clocks show at a moment: what people are told.
#[must_use]
pub fn belgian_time(at: Timestamp) -> Zoned {
    at.to_zoned(BELGIUM.clone())
}

/// The day it is in Belgium at a moment: what "within 6 months" and "valid
/// until" count in.
#[must_use]
pub fn belgian_day(at: Timestamp) -> Date {
    belgian_time(at).date()
}

/// When a day begins in Belgium; none at the ends of the calendar.
#[must_use]
pub fn belgian_midnight(day: Date) -> Option<Timestamp> {
    day.to_zoned(BELGIUM.clone()).ok().map(|midnight| midnight.timestamp())
}

/// When Belgian clocks show an hour of a day; where they skip it, the hour
/// after. None at the ends of the calendar, and for what is no hour.
#[must_use]
pub fn belgian_hour(day: Date, hour: u8) -> Option<Timestamp> {
    let time = Time::new(i8::try_from(hour).ok()?, 0, 0, 0).ok()?;
    day.to_datetime(time).to_zoned(BELGIUM.clone()).ok().map(|shown| shown.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_belgian_midnight_in_winter_and_in_summer() {
        for (at, day) in [
            ("2026-01-31T22:59:59Z", "2026-01-31"),
            ("2026-01-31T23:00:00Z", "2026-02-01"),
            ("2026-07-31T21:59:59Z", "2026-07-31"),
            ("2026-07-31T22:00:00Z", "2026-08-01"),
            ("2026-03-29T00:59:59Z", "2026-03-29"),
        ] {
            let at: Timestamp = at.parse().unwrap();
            assert_eq!(belgian_day(at).to_string(), day, "{at}");
            assert!(belgian_midnight(belgian_day(at)).is_some_and(|begin| begin <= at));
        }
    }

    #[test]
    fn times_have_whole_microseconds() {
        assert_eq!(SystemClock.now().subsec_nanosecond() % 1_000, 0);
    }

    #[test]
    fn a_day_passes_in_a_minute() {
        let machine = Arc::new(FixedClock::new("2026-11-25T08:00:00Z".parse().unwrap()));
        let clock = FastClock::new(60, Arc::clone(&machine) as Arc<dyn Clock>);
        machine.advance(SignedDuration::from_secs(60));
        assert_eq!(clock.now(), machine.now(), "nobody told it from when");
        clock.run_from("2026-11-25T08:00:00Z".parse().unwrap());
        clock.run_from("2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(clock.now().to_string(), "2026-11-26T08:00:00Z");
        machine.advance(SignedDuration::from_secs(15));
        assert_eq!(clock.now().to_string(), "2026-11-26T14:00:00Z");
        machine.advance(SignedDuration::from_hours(24 * 365 * 300));
        assert!(clock.now() > machine.now(), "it ends where the calendar does");
    }

    #[test]
    fn a_fixed_clock_shows_what_it_was_set_to() {
        let clock = FixedClock::new(Timestamp::UNIX_EPOCH);
        clock.advance(SignedDuration::from_hours(2));
        assert_eq!(clock.now().to_string(), "1970-01-01T02:00:00Z");
        clock.set(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
    }
}
