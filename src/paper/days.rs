//! Belgian days as the ledger stores them: days since 1970.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::clock::{belgian_day, belgian_midnight};

const EPOCH: Date = date(1970, 1, 1);

/// A day as a number.
#[must_use]
pub fn number(day: Date) -> i64 {
    day.duration_since(EPOCH).as_hours() / 24
}

/// A number as a day.
#[must_use]
pub fn day(number: i64) -> Date {
    let days = 0.days().try_days(number);
    days.and_then(|days| EPOCH.checked_add(days)).unwrap_or(Date::MAX)
}

/// Today in Belgium.
#[must_use]
pub fn today(now: Timestamp) -> i64 {
    number(belgian_day(now))
}

/// When today began in Belgium.
#[must_use]
pub fn began(now: Timestamp) -> Timestamp {
    belgian_midnight(belgian_day(now)).unwrap_or(now - SignedDuration::from_hours(24))
}

/// When a day began in Belgium; `now` where the calendar has no such day.
#[must_use]
pub fn begun(number: i64, now: Timestamp) -> Timestamp {
    belgian_midnight(day(number)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        for (text, expected) in [("1970-01-01", 0), ("2026-11-23", 20_780), ("1969-12-31", -1)] {
            let it: Date = text.parse().unwrap();
            assert_eq!(number(it), expected);
            assert_eq!(day(expected), it);
        }
        let at: Timestamp = "2026-07-31T22:30:00Z".parse().unwrap();
        assert_eq!(day(today(at)).to_string(), "2026-08-01");
        assert_eq!(began(at).to_string(), "2026-07-31T22:00:00Z");
    }
}
