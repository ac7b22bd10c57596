//! Belgian working days and working hours.
//!
//! The ten legal public holidays of the royal decree of 18 April 1974 on the
//! law of 4 January 1974; the days that an employer gives instead of those
//! that fall on a weekend are the employer's, and not in here.

use std::sync::LazyLock;

use jiff::civil::{Date, Time, Weekday, date, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// When an office opens, Belgian time.
pub const OFFICE_OPENS: Time = time(9, 0, 0, 0);
/// When it closes.
pub const OFFICE_CLOSES: Time = time(17, 0, 0, 0);
/// Working hours in a working day.
pub const OFFICE_HOURS: i64 = 8;

/// No longer wait is counted, and no day is searched further ahead: ten years.
const DAYS_MAX: u32 = 3_660;

/// Compiled in, as [`crate::clock`]'s is.
static BELGIUM: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("Europe/Brussels").unwrap_or(TimeZone::UTC));

/// A public holiday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// The day.
    pub date: Date,
    /// Its name, in English.
    pub name: &'static str,
}

/// The public holidays of a year, in order.
#[must_use]
pub fn public_holidays(year: i16) -> [Holiday; 10] {
    let easter = easter_sunday(year);
    let after_easter = |days: i64| easter.saturating_add(days.days());
    let fixed = |month: i8, day: i8| date(year, month, day);
    let mut holidays = [
        (fixed(1, 1), "New Year's Day"),
        (after_easter(1), "Easter Monday"),
        (fixed(5, 1), "Labour Day"),
        (after_easter(39), "Ascension Day"),
        (after_easter(50), "Whit Monday"),
        (fixed(7, 21), "National Day"),
        (fixed(8, 15), "Assumption"),
        (fixed(11, 1), "All Saints' Day"),
        (fixed(11, 11), "Armistice Day"),
        (fixed(12, 25), "Christmas Day"),
    ]
    .map(|(date, name)| Holiday { date, name });
    // Ascension may come before Labour Day.
    holidays.sort_by_key(|holiday| holiday.date);
    holidays
}

/// The name of the public holiday that a day is, if it is one.
#[must_use]
pub fn holiday(day: Date) -> Option<&'static str> {
    public_holidays(day.year()).into_iter().find(|it| it.date == day).map(|it| it.name)
}

/// Easter Sunday in the Gregorian calendar: the anonymous algorithm of
/// *Nature*, 20 April 1876, as J. Meeus gives it in *Astronomical Algorithms*,
/// chapter 8.
#[must_use]
pub fn easter_sunday(year: i16) -> Date {
    let year_wide = i32::from(year);
    let (golden, century, rest) =
        (year_wide.rem_euclid(19), year_wide.div_euclid(100), year_wide.rem_euclid(100));
    let (leap_centuries, century_rest) = (century / 4, century % 4);
    let moon = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - leap_centuries - moon + 15) % 30;
    let weekday = (32 + 2 * century_rest + 2 * (rest / 4) - epact - rest % 4) % 7;
    let correction = (golden + 11 * epact + 22 * weekday) / 451;
    let sum = epact + weekday - 7 * correction + 114;
    let part = |number: i32| i8::try_from(number).unwrap_or(1);
    date(year, part(sum / 31), part(sum % 31 + 1))
}

/// Whether offices work: Monday to Friday, public holidays excepted.
#[must_use]
pub fn is_working_day(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && holiday(day).is_none()
}

/// The first working day after a day.
#[must_use]
pub fn next_working_day(day: Date) -> Date {
    days_after(day).find(|day| is_working_day(*day)).unwrap_or(Date::MAX)
}

/// The days after a day, ten years of them.
pub(super) fn days_after(day: Date) -> impl Iterator<Item = Date> {
    (1..=i64::from(DAYS_MAX)).map_while(move |count| day.checked_add(count.days()).ok())
}

/// The moment at which so many working hours have passed: those between 9 and
/// 17 o'clock, Belgian time, on working days. What begins outside them begins
/// to count when the next one opens; a full day's end counts as the day's end,
/// not as the next one's beginning. At most ten years ahead.
#[must_use]
pub fn add_working_hours(from: Timestamp, hours: u32) -> Timestamp {
    let start = from.to_zoned(BELGIUM.clone());
    let mut left = SignedDuration::from_hours(i64::from(hours));
    let mut opened = start.time().clamp(OFFICE_OPENS, OFFICE_CLOSES);
    let days = std::iter::once(start.date()).chain(days_after(start.date()));
    for day in days.take_while(|day| *day < Date::MAX) {
        if !is_working_day(day) {
            opened = OFFICE_OPENS;
            continue;
        }
        let open = OFFICE_CLOSES.duration_since(opened);
        if left <= open {
            let end = opened.saturating_add(left);
            return moment(day, end).unwrap_or(Timestamp::MAX).max(from);
        }
        left -= open;
        opened = OFFICE_OPENS;
    }
    Timestamp::MAX
}

fn moment(day: Date, at: Time) -> Option<Timestamp> {
    day.to_datetime(at).to_zoned(BELGIUM.clone()).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From the tables of the Vatican and of the Belgian federal service.
    #[test]
    fn easter_is_where_the_tables_have_it() {
        for (year, month, day) in [
            (1818, 3, 22),
            (1943, 4, 25),
            (1961, 4, 2),
            (2000, 4, 23),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2027, 3, 28),
            (2038, 4, 25),
        ] {
            assert_eq!(easter_sunday(year), date(year, month, day));
        }
    }

    #[test]
    fn the_ten_of_2026_are_those_of_the_federal_service() {
        let days: Vec<String> =
            public_holidays(2026).iter().map(|holiday| holiday.date.to_string()).collect();
        assert_eq!(
            days,
            [
                "2026-01-01",
                "2026-04-06",
                "2026-05-01",
                "2026-05-14",
                "2026-05-25",
                "2026-07-21",
                "2026-08-15",
                "2026-11-01",
                "2026-11-11",
                "2026-12-25"
            ]
        );
        assert_eq!(holiday(date(2026, 5, 14)), Some("Ascension Day"));
        assert_eq!(holiday(date(2026, 5, 15)), None);
    }

    #[test]
    fn holidays_are_in_order_when_ascension_comes_before_labour_day() {
        // 2008: Ascension on 1 May itself.
        let days = public_holidays(2008).map(|holiday| holiday.date);
        assert!(days.is_sorted());
    }

    #[test]
    fn the_next_working_day_skips_weekends_and_holidays() {
        for (from, next) in [
            ("2026-11-10", "2026-11-12"), // Armistice
            ("2026-11-13", "2026-11-16"), // a weekend
            ("2026-12-24", "2026-12-28"), // Christmas on a Friday
            ("2026-04-03", "2026-04-07"), // Easter
        ] {
            let from: Date = from.parse().unwrap();
            assert_eq!(next_working_day(from).to_string(), next, "{from}");
        }
    }

    #[test]
    fn working_hours_are_those_of_an_office() {
        for (from, hours, until) in [
            // Monday 10:00 in winter is 09:00Z.
            ("2026-11-23T09:00:00Z", 1, "2026-11-23T10:00:00Z"),
            ("2026-11-23T09:00:00Z", 7, "2026-11-23T16:00:00Z"),
            ("2026-11-23T09:00:00Z", 8, "2026-11-24T09:00:00Z"),
            ("2026-11-23T09:00:00Z", 40, "2026-11-30T09:00:00Z"),
            // Before and after hours, and on a Sunday.
            ("2026-11-23T03:00:00Z", 1, "2026-11-23T09:00:00Z"),
            ("2026-11-23T20:00:00Z", 1, "2026-11-24T09:00:00Z"),
            ("2026-11-22T12:00:00Z", 8, "2026-11-23T16:00:00Z"),
            // Over Christmas (a Friday) and the weekend.
            ("2026-12-24T15:00:00Z", 2, "2026-12-28T09:00:00Z"),
            // Over the change to summer time: 9 o'clock is 07:00Z then.
            ("2026-03-27T15:00:00Z", 2, "2026-03-30T08:00:00Z"),
            // No hours: not before it is asked.
            ("2026-11-22T12:00:00Z", 0, "2026-11-23T08:00:00Z"),
            ("2026-11-23T20:00:00Z", 0, "2026-11-23T20:00:00Z"),
        ] {
            let from: Timestamp = from.parse().unwrap();
            assert_eq!(add_working_hours(from, hours).to_string(), until, "{from} + {hours}");
        }
    }

    proptest! {
        #[test]
        fn more_hours_never_end_earlier(second in 1_600_000_000_i64..2_200_000_000, hours in 0_u32..400) {
            let from = Timestamp::from_second(second).unwrap();
            let end = add_working_hours(from, hours);
            prop_assert!(end >= from);
            prop_assert!(add_working_hours(from, hours + 1) >= end);
            if hours > 0 {
                let local = end.to_zoned(BELGIUM.clone());
                prop_assert!(is_working_day(local.date()));
                prop_assert!((OFFICE_OPENS..=OFFICE_CLOSES).contains(&local.time()));
            }
        }

        #[test]
        fn hours_add_up(second in 1_600_000_000_i64..2_200_000_000, a in 1_u32..60, b in 1_u32..60) {
            let from = Timestamp::from_second(second).unwrap();
            let in_turn = add_working_hours(add_working_hours(from, a), b);
            prop_assert_eq!(in_turn, add_working_hours(from, a + b));
        }

        #[test]
        fn easter_is_a_sunday_of_spring(year in 1600_i16..4000) {
            let easter = easter_sunday(year);
            prop_assert_eq!(easter.weekday(), Weekday::Sunday);
            prop_assert!(easter >= date(year, 3, 22) && easter <= date(year, 4, 25));
        }
    }
}
