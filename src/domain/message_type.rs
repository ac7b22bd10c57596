//! Message types: what an agency may send, and how it lives in the box.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AccessLevel, BusinessDataRule, MessageTypeId, ServiceId, Texts};

/// Whether a type of document exists in digital form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DigitalForm {
    /// Only on paper.
    None,
    /// Digital or on paper.
    #[default]
    Exists,
    /// Only digital, whatever the company prefers.
    Only,
}

/// The unit of a validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ValidityUnit {
    /// Calendar days.
    Day,
    /// Calendar months.
    Month,
    /// Calendar years.
    Year,
}

/// How long a message of a type stays in the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    /// How many units.
    pub count: u32,
    /// Of what.
    pub unit: ValidityUnit,
}

impl Validity {
    /// The longest validity that makes sense; a longer one is a typing error.
    const YEARS_MAX: u32 = 100;

    /// Whether the count lies between 1 and a hundred years.
    #[must_use]
    pub fn is_sensible(self) -> bool {
        let max = match self.unit {
            ValidityUnit::Day => Self::YEARS_MAX * 366,
            ValidityUnit::Month => Self::YEARS_MAX * 12,
            ValidityUnit::Year => Self::YEARS_MAX,
        };
        (1..=max).contains(&self.count)
    }

    /// The moment at which a message that arrived `now` expires, counted on
    /// the Belgian calendar. 31 January and a month is the last day of
    /// February. A validity that no calendar holds never expires.
    #[must_use]
    pub fn expiry(self, now: Timestamp) -> Timestamp {
        let zone = TimeZone::get("Europe/Brussels").unwrap_or(TimeZone::UTC);
        let count = i64::from(self.count.min(10_000_000));
        let span = match self.unit {
            ValidityUnit::Day => 0.day().try_days(count),
            ValidityUnit::Month => 0.day().try_months(count),
            ValidityUnit::Year => 0.day().try_years(count),
        };
        span.and_then(|span| now.to_zoned(zone).checked_add(span))
            .map_or_else(|_| never(), |zoned| zoned.timestamp().min(never()))
    }
}

/// The last moment that whole microseconds, in which times are stored, hold.
fn never() -> Timestamp {
    Timestamp::from_second(Timestamp::MAX.as_second()).unwrap_or(Timestamp::MAX)
}

/// A message type, as the registry knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MessageType {
    /// Its id.
    pub id: MessageTypeId,
    /// Its name.
    pub name: Texts,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub description: Texts,
    /// How long its messages stay.
    pub validity: Validity,
    /// Who may see it.
    pub level: AccessLevel,
    /// The online service it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceId>,
    /// Whether it exists in digital form.
    #[serde(default)]
    pub digital_form: DigitalForm,
    /// Whether registered items of this type stay on paper.
    #[serde(default)]
    pub registered_on_paper: bool,
    /// Working hours after which a digital message that nobody has opened
    /// becomes a letter as well; never, when left out. What is digital only
    /// never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_to_paper_hours: Option<u32>,
    /// The business-data keys it knows, besides those every type has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub business_data: Vec<BusinessDataRule>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expiry(count: u32, unit: ValidityUnit, from: &str) -> String {
        Validity { count, unit }.expiry(from.parse().unwrap()).to_string()
    }

    #[test]
    fn expiry_follows_the_belgian_calendar() {
        use ValidityUnit::{Day, Month, Year};
        for (count, unit, from, until) in [
            (1, Month, "2026-01-31T11:00:00Z", "2026-02-28T11:00:00Z"),
            (1, Day, "2026-03-28T12:00:00Z", "2026-03-29T11:00:00Z"), // summer time begins
            (1, Year, "2028-02-29T12:00:00Z", "2029-02-28T12:00:00Z"),
        ] {
            assert_eq!(expiry(count, unit, from), until, "{count} {unit:?} from {from}");
        }
    }

    #[test]
    fn an_absurd_validity_neither_panics_nor_passes() {
        let absurd = Validity { count: u32::MAX, unit: ValidityUnit::Year };
        assert!(!absurd.is_sensible());
        assert!(!Validity { count: 0, unit: ValidityUnit::Day }.is_sensible());
        let expiry = absurd.expiry(Timestamp::UNIX_EPOCH);
        let read_back = Timestamp::from_microsecond(expiry.as_microsecond()).ok();
        assert_eq!(read_back, Some(expiry));
        assert_eq!(expiry.as_second(), Timestamp::MAX.as_second());
    }
}
