//! Nights: when a box is next told.

use jiff::{SignedDuration, Timestamp};

use crate::clock::{belgian_day, belgian_hour};

/// The first moment after `after` at which Belgian clocks show an hour.
pub(super) fn next(hour: u8, after: Timestamp) -> Timestamp {
    let today = belgian_day(after);
    let days = std::iter::successors(Some(today), |day| day.tomorrow().ok()).take(3);
    let found = days.filter_map(|day| belgian_hour(day, hour)).find(|at| *at > after);
    // At the end of the calendar there is no next day.
    found.unwrap_or(after + SignedDuration::from_hours(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_night_is_told_by_belgian_clocks() {
        for (hour, after, expected) in [
            (6, "2026-11-25T04:59:59Z", "2026-11-25T05:00:00Z"),
            (6, "2026-11-25T05:00:00Z", "2026-11-26T05:00:00Z"),
            (0, "2026-11-25T12:00:00Z", "2026-11-25T23:00:00Z"),
            // Summer begins: the hour does not exist, and the next one serves.
            (2, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),
            // Summer ends: the hour comes twice, and the first one counts.
            (2, "2026-10-24T12:00:00Z", "2026-10-25T00:00:00Z"),
            (2, "2026-10-25T00:30:00Z", "2026-10-26T01:00:00Z"),
        ] {
            let next = next(hour, after.parse().unwrap());
            assert_eq!(next.to_string(), expected, "{hour} after {after}");
        }
    }
}
