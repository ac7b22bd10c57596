//! Companies: the register's facts, their box, their persons and mandates.

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EnterpriseNumber, Language, PersonId};

/// The legal state of an enterprise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LegalState {
    /// It exists.
    #[default]
    Active,
    /// It has ceased to exist.
    Closed,
}

/// A postal address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Address {
    /// The lines above the postal code: street and number, box, care of.
    pub lines: Vec<String>,
    /// Postal code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub postal_code: String,
    /// Town.
    pub town: String,
    /// ISO 3166-1 alpha-2; Belgium when left out.
    #[serde(default = "belgium")]
    pub country: String,
}

fn belgium() -> String {
    "BE".into()
}

/// An enterprise, as the register of companies knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Enterprise {
    /// Its number.
    pub number: EnterpriseNumber,
    /// Its name.
    pub name: String,
    /// The language it is written to in.
    pub language: Language,
    /// Its seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Whether it exists.
    #[serde(default)]
    pub state: LegalState,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_since: Option<Date>,
}

/// The box of an enterprise. An enterprise without this record has no box.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MailBox {
    /// Whose box.
    pub enterprise: EnterpriseNumber,
    /// When anybody last opened it; left out: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_connection: Option<Timestamp>,
    /// The all-digital consent.
    #[serde(default)]
    pub all_digital: bool,
}

/// A person who reads for companies. Carries no personal number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Person {
    /// Keyed hash of the identity provider's subject.
    pub id: PersonId,
    /// Name as shown to access managers.
    pub name: String,
    /// The language of the pages.
    pub language: Language,
}

/// One enterprise acts for another (an accountant for its clients).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Mandate {
    /// On whose behalf.
    pub mandator: EnterpriseNumber,
    /// Who acts.
    pub holder: EnterpriseNumber,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
}

impl Mandate {
    /// Whether it holds on a day; its first and last day belong to it.
    #[must_use]
    pub fn is_in_force(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mandate_holds_from_its_first_day_to_its_last() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let number = |text: &str| text.parse().unwrap();
        let mandate = |from: Option<&str>, to: Option<&str>| Mandate {
            mandator: number("0406798006"),
            holder: number("0852093431"),
            from: from.map(date),
            to: to.map(date),
        };
        for (from, to, holds) in [
            (None, None, true),
            (Some("2026-06-01"), Some("2026-06-01"), true),
            (Some("2026-06-02"), None, false),
            (None, Some("2026-05-31"), false),
        ] {
            let is_in_force = mandate(from, to).is_in_force(date("2026-06-01"));
            assert_eq!(is_in_force, holds, "{from:?} {to:?}");
        }
    }
}
