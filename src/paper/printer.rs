//! Printers, as an installation names them in the file of `paper.printers`.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use super::plan::calendar::holiday;
use crate::domain::{Digest, MessageTypeId};

/// The name of the printer that takes what no other printer's lane matches.
pub const DEFAULT_PRINTER: &str = "overflow";

/// A printer: which letters it takes, and how many.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Printer {
    /// Its name: the last part of its queue's, and its routing key.
    pub name: String,
    /// Which letters it takes: those that one of these matches. None: all.
    #[serde(default, rename = "lane")]
    pub lanes: Vec<Lane>,
    /// Letters it takes in a day; no limit when left out.
    #[serde(default)]
    pub cap_per_day: Option<u32>,
    /// Tickets it is given in a second; no limit when left out.
    #[serde(default)]
    pub pace_per_second: Option<u32>,
    /// The days on which it works, public holidays excepted.
    #[serde(default = "monday_to_friday")]
    pub working_days: BTreeSet<WorkingDay>,
    /// Whether it works on public holidays too.
    #[serde(default)]
    pub works_on_holidays: bool,
    /// Whether it is given nothing.
    #[serde(default)]
    pub paused: bool,
    /// How it gets its tickets.
    #[serde(default)]
    pub takes_from: TakesFrom,
    /// The broker account that speaks for it. Where it is set, what another
    /// account reports in its name is not believed.
    #[serde(default)]
    pub account: Option<String>,
    /// SHA-256 (base64url) of its key for `/printers/…`; without one it has no
    /// access there.
    #[serde(default)]
    pub key_digest: Option<Digest>,
    /// Who gets its unclaimed letters when it falls silent.
    #[serde(default)]
    pub fallback: Option<String>,
    /// Minutes without a word after which it counts as silent while letters
    /// wait for it or are in its hands; never, when left out.
    #[serde(default)]
    pub silent_after_minutes: Option<u32>,
    /// Minutes that a ticket may lie unclaimed before it counts as silent, or a
    /// letter that is due where it asks over REST; never, when left out.
    #[serde(default)]
    pub unclaimed_after_minutes: Option<u32>,
}

/// Which letters a printer takes. Everything that is said must hold; what is
/// left out matches all.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    pub countries: BTreeSet<String>,
    /// Postal codes from and to, both included; compared as text of equal
    /// length, so a lane with codes matches only codes as long as its own.
    #[serde(default)]
    pub postal_codes: Option<(String, String)>,
    /// Registered items alone.
    #[serde(default)]
    pub registered_only: bool,
    /// Document types: ids of message types.
    #[serde(default)]
    pub document_types: BTreeSet<MessageTypeId>,
}

/// What of a letter decides its lane.
#[derive(Clone, Copy, Debug)]
pub struct LaneFacts<'a> {
    /// ISO 3166-1 alpha-2.
    pub country: &'a str,
    /// Without spaces.
    pub postal_code: &'a str,
    /// Whether it is registered.
    pub registered: bool,
    /// Its message type.
    pub document_type: &'a MessageTypeId,
}

impl Printer {
    /// Whether it works on a day.
    #[must_use]
    pub fn works_on(&self, day: Date) -> bool {
        self.working_days.contains(&day.weekday().into())
            && (self.works_on_holidays || holiday(day).is_none())
    }
}

impl Lane {
    /// Whether a letter belongs here.
    #[must_use]
    pub fn matches(&self, letter: LaneFacts<'_>) -> bool {
        (self.countries.is_empty() || self.countries.contains(letter.country))
            && self.postal_codes.as_ref().is_none_or(|(from, to)| {
                let code = letter.postal_code;
                code.len() == from.len() && from.as_str() <= code && code <= to.as_str()
            })
            && (!self.registered_only || letter.registered)
            && (self.document_types.is_empty()
                || self.document_types.contains(letter.document_type))
    }
}

/// How a printer gets its tickets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TakesFrom {
    /// From its queue.
    #[default]
    Queue,
    /// Over REST: it asks.
    Rest,
}

/// A day of the week, as the file names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the days of the week")]
pub enum WorkingDay {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<Weekday> for WorkingDay {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

fn monday_to_friday() -> BTreeSet<WorkingDay> {
    use WorkingDay::{Friday, Monday, Thursday, Tuesday, Wednesday};
    BTreeSet::from([Monday, Tuesday, Wednesday, Thursday, Friday])
}

/// The printers of an installation.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Printers {
    /// In order of preference: a letter goes to the first whose lane matches.
    #[serde(rename = "printer")]
    pub all: Vec<Printer>,
}

impl Printers {
    /// A printer by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Printer> {
        self.all.iter().find(|printer| printer.name == name)
    }

    /// Who gets the letters of a printer that is silent: its fallback, or where
    /// that does not work, its fallback's.
    pub fn fallback(&self, name: &str, works: impl Fn(&Printer) -> bool) -> Option<&Printer> {
        let next = |printer: &&Printer| self.get(printer.fallback.as_deref()?);
        let chain = std::iter::successors(self.get(name), next).skip(1);
        // A file that goes round in a circle is refused before.
        chain.take(self.all.len()).find(|printer| works(printer))
    }

    fn falls_back_on_itself(&self, name: &str) -> bool {
        self.fallback(name, |printer| printer.name == name).is_some()
    }

    /// What is wrong with the list, in words that name the printer.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut names = BTreeSet::new();
        for printer in &self.all {
            let name = &printer.name;
            let is_word = !name.is_empty()
                && name.len() <= 60
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if !is_word {
                faults.push(format!("{name:?}: a name has 1 to 60 letters, digits, - and _"));
            }
            if !names.insert(name) {
                faults.push(format!("{name:?}: two printers have this name"));
            }
            if let Some(fallback) = &printer.fallback
                && (fallback == name || self.get(fallback).is_none())
            {
                faults.push(format!("{name:?}: its fallback {fallback:?} is no other printer"));
            } else if self.falls_back_on_itself(name) {
                // Letters would go round for ever.
                faults.push(format!("{name:?}: its fallbacks lead back to it"));
            }
            if printer.working_days.is_empty() {
                faults.push(format!("{name:?}: it never works"));
            }
        }
        if self.get(DEFAULT_PRINTER).is_none() {
            faults.push(format!("the default printer {DEFAULT_PRINTER:?} is missing"));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printers(text: &str) -> Printers {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_lane_matches_what_it_names() {
        let text = "[[printer]]\nname = \"overflow\"\n[[printer.lane]]\ncountries = [\"BE\"]\n\
                    postal_codes = [\"4000\", \"4999\"]\nregistered_only = true\n";
        let lane = &printers(text).all[0].lanes[0];
        let document_type = MessageTypeId::new("TAX-LETTER").unwrap();
        for (country, postal_code, registered, expected) in [
            ("BE", "4000", true, true),
            ("BE", "4999", true, true),
            ("BE", "5000", true, false),
            ("BE", "45", true, false),
            ("BE", "40000", true, false),
            ("DE", "4500", true, false),
            ("BE", "4500", false, false),
        ] {
            let facts =
                LaneFacts { country, postal_code, registered, document_type: &document_type };
            assert_eq!(lane.matches(facts), expected, "{facts:?}");
        }
    }

    #[test]
    fn two_printers_with_one_name_are_a_fault() {
        let text = "[[printer]]\nname = \"overflow\"\n[[printer]]\nname = \"overflow\"\n";
        assert_eq!(printers(text).faults(), ["\"overflow\": two printers have this name"]);
        let text = "[[printer]]\nname = \"a b\"\nfallback = \"nobody\"\nworking_days = []\n";
        assert_eq!(printers(text).faults().len(), 4);
        assert!(printers("[[printer]]\nname = \"overflow\"\n").faults().is_empty());
    }

    /// The whole list of fallbacks, as names.
    fn fallbacks(of: &[(&str, &str)]) -> Printers {
        let table = |(name, fallback): &(&str, &str)| {
            format!("[[printer]]\nname = \"{name}\"\nfallback = \"{fallback}\"\n")
        };
        let text: String = of.iter().map(table).collect();
        printers(&format!("{text}[[printer]]\nname = \"overflow\"\n"))
    }

    #[test]
    fn fallbacks_lead_somewhere() {
        let circle = fallbacks(&[("a", "b"), ("b", "c"), ("c", "b")]);
        assert_eq!(
            circle.faults(),
            ["\"b\": its fallbacks lead back to it", "\"c\": its fallbacks lead back to it"]
        );
        let chain = fallbacks(&[("a", "b"), ("b", "overflow")]);
        assert!(chain.faults().is_empty(), "{:?}", chain.faults());
        let to = |idle: &[&str]| {
            let works = |printer: &Printer| !idle.contains(&printer.name.as_str());
            chain.fallback("a", works).map(|printer| printer.name.clone())
        };
        assert_eq!(to(&["a"]).as_deref(), Some("b"));
        assert_eq!(to(&["a", "b"]).as_deref(), Some("overflow"));
        assert_eq!(to(&["a", "b", "overflow"]), None);
    }
}
