//! Days and times as people write them in each language.

use jiff::civil::Date;
use jiff::{Timestamp, Zoned};

use super::Words;
use crate::clock::{belgian_day, belgian_time};
use crate::domain::Language;

const MONTHS: [[&str; 12]; 4] = [
    [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
];

const SHORT: [[&str; 12]; 4] = [
    [
        "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.",
        "déc.",
    ],
    ["jan.", "feb.", "mrt.", "apr.", "mei", "juni", "juli", "aug.", "sep.", "okt.", "nov.", "dec."],
    [
        "Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.",
        "Dez.",
    ],
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
];

/// A moment, for programs and for people.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// RFC 3339.
    pub(crate) iso: String,
    /// As short as today allows: the time today, else the day.
    pub(crate) short: String,
    /// Day, month, year and time.
    pub(crate) long: String,
}

/// A day, for programs and for people.
#[derive(Clone, Debug)]
pub(crate) struct Day {
    /// ISO 8601.
    pub(crate) iso: String,
    /// Without the year where it is this one.
    pub(crate) short: String,
    /// Whether it is over.
    pub(crate) is_late: bool,
}

impl Words {
    /// A moment, seen from now, on Belgian clocks.
    pub(crate) fn moment(self, at: Timestamp, now: Timestamp) -> Moment {
        let local = belgian_time(at);
        let today = belgian_day(now);
        let short = if local.date() == today {
            self.time(&local)
        } else {
            self.short_day(local.date(), today)
        };
        let long = format!("{}, {}", self.long_day(local.date()), self.time(&local));
        Moment { iso: at.to_string(), short, long }
    }

    /// A day, seen from now.
    pub(crate) fn day(self, day: Date, now: Timestamp) -> Day {
        let today = belgian_day(now);
        Day { iso: day.to_string(), short: self.short_day(day, today), is_late: day < today }
    }

    /// Day, month and year.
    pub(crate) fn long_day(self, day: Date) -> String {
        let month = self.month(&MONTHS, day);
        match self.0 {
            Language::De => format!("{}. {month} {}", day.day(), day.year()),
            Language::Fr if day.day() == 1 => format!("1er {month} {}", day.year()),
            Language::Fr | Language::Nl | Language::En => {
                format!("{} {month} {}", day.day(), day.year())
            }
        }
    }

    fn short_day(self, day: Date, today: Date) -> String {
        let month = self.month(&SHORT, day);
        let point = if self.0 == Language::De { "." } else { "" };
        if day.year() == today.year() {
            format!("{}{point} {month}", day.day())
        } else {
            format!("{}{point} {month} {}", day.day(), day.year())
        }
    }

    fn time(self, at: &Zoned) -> String {
        format!("{:02}:{:02}", at.hour(), at.minute())
    }

    fn month(self, names: &[[&'static str; 12]; 4], day: Date) -> &'static str {
        let [fr, nl, de, en] = names;
        let months = match self.0 {
            Language::Fr => fr,
            Language::Nl => nl,
            Language::De => de,
            Language::En => en,
        };
        usize::try_from(day.month() - 1).ok().and_then(|n| months.get(n)).unwrap_or(&"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_as_short_as_today_allows() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (at, language, short, long) in [
            ("2026-11-23T06:05:00Z", Language::Fr, "07:05", "23 novembre 2026, 07:05"),
            ("2026-03-01T10:00:00Z", Language::Fr, "1 mars", "1er mars 2026, 11:00"),
            ("2026-10-09T10:00:00Z", Language::De, "9. Okt.", "9. Oktober 2026, 12:00"),
            ("2025-10-09T10:00:00Z", Language::Nl, "9 okt. 2025", "9 oktober 2025, 12:00"),
            ("2025-10-09T10:00:00Z", Language::En, "9 Oct 2025", "9 October 2025, 12:00"),
        ] {
            let moment = Words(language).moment(at.parse().unwrap(), now);
            assert_eq!((&*moment.short, &*moment.long), (short, long));
        }
        let day = Words(Language::En).day(Date::constant(2026, 11, 22), now);
        assert!(day.is_late && day.short == "22 Nov");
    }
}
