//! What stands on the envelope: normalised lines and a country.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::domain::Address;

/// ISO 3166-1, with the names that stand on envelopes going there.
const ISO_3166: &str = include_str!("iso3166.tab");

/// Lines between the name and the town: what the window of a C5/6 envelope
/// has room for.
const STREET_LINES_MAX: usize = 6;
const HOME: &str = "BE";

/// An address as it is printed: at most nine lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddressBlock {
    /// Name first, then street, then postal code and town, then the country's
    /// name where it is not Belgium. No line is empty.
    pub lines: Vec<String>,
    /// Postal code without spaces; left out where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// Why a letter cannot be addressed. It is held, and a person decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unaddressable {
    /// Neither the publication nor the register has an address.
    #[error("neither the publication nor the register has an address")]
    Missing,
    /// Nobody is named.
    #[error("the address names nobody")]
    Nameless,
    /// A street or a town is missing, or is a single character.
    #[error("the address lacks a street or a town")]
    Incomplete,
    /// More lines than fit the window.
    #[error("the address has more lines than an envelope's window")]
    TooLong,
    /// No country has this code.
    #[error("the country is not in ISO 3166-1")]
    UnknownCountry,
}

impl Unaddressable {
    /// The word by which a held letter says it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "no_address",
            Self::Nameless => "address_nameless",
            Self::Incomplete => "address_incomplete",
            Self::TooLong => "address_too_long",
            Self::UnknownCountry => "address_unknown_country",
        }
    }
}

/// Normalises an address: characters composed (NFC), white space single, empty
/// lines gone. Letters of any script stay what they are.
///
/// # Errors
/// What keeps a letter with this address from arriving.
pub fn block(name: &str, address: &Address) -> Result<AddressBlock, Unaddressable> {
    let name = tidy(name);
    let street: Vec<String> =
        address.lines.iter().map(|line| tidy(line)).filter(|line| !line.is_empty()).collect();
    let (town, code) = (tidy(&address.town), tidy(&address.postal_code));
    let country = address.country.trim().to_ascii_uppercase();
    let country_name = country_name(&country).ok_or(Unaddressable::UnknownCountry)?;
    if name.is_empty() {
        return Err(Unaddressable::Nameless);
    }
    if street.len() > STREET_LINES_MAX {
        return Err(Unaddressable::TooLong);
    }
    let is_word = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count() > 1;
    if !is_word(&town) || !street.iter().any(|line| is_word(line)) {
        return Err(Unaddressable::Incomplete);
    }
    let mut lines = vec![name];
    lines.extend(street);
    lines.push(if code.is_empty() { town } else { format!("{code} {town}") });
    if country != HOME {
        lines.push(country_name.to_uppercase());
    }
    let postal_code = code.chars().filter(|c| !c.is_whitespace()).collect();
    Ok(AddressBlock { lines, postal_code, country })
}

/// The name of a country, by its code.
#[must_use]
pub fn country_name(code: &str) -> Option<&'static str> {
    static NAMES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
        let lines = ISO_3166.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| line.split_once('\t')).collect()
    });
    NAMES.get(code).copied()
}

fn tidy(text: &str) -> String {
    let text: String = text.nfc().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(lines: &[&str], code: &str, town: &str, country: &str) -> Address {
        Address {
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            postal_code: code.into(),
            town: town.into(),
            country: country.into(),
        }
    }

    #[test]
    fn lines_are_normalised() {
        let given = address(&["  Rue  de la\tLoi 16 ", " "], "1000", "Bruxelles", "BE");
        let block = block("Cafe\u{301}  SA", &given).unwrap();
        assert_eq!(block.lines, ["Café SA", "Rue de la Loi 16", "1000 Bruxelles"]);
        assert_eq!(block.country, "BE");
    }

    #[test]
    fn abroad_the_country_is_the_last_line() {
        let abroad = address(&["Keizersgracht 1"], "1015 CN", "Amsterdam", "nl");
        let block = block("Firma", &abroad).unwrap();
        assert_eq!(block.lines[2..], ["1015 CN Amsterdam", "NETHERLANDS"]);
        assert_eq!((block.postal_code.as_str(), block.country.as_str()), ("1015CN", "NL"));
    }

    #[test]
    fn cyrillic_stays_what_it_is() {
        let sofia = address(&["бул. Витоша 1"], "1000", "София", "BG");
        let block = block("Фирма ООД", &sofia).unwrap();
        assert_eq!(block.lines, ["Фирма ООД", "бул. Витоша 1", "1000 София", "BULGARIA"]);
    }

    #[test]
    fn what_cannot_arrive_says_why() {
        let twelve: Vec<String> = (1..=12).map(|n| format!("line {n}")).collect();
        let twelve: Vec<&str> = twelve.iter().map(String::as_str).collect();
        for (name, given, why) in [
            ("SA", address(&twelve, "1000", "Gent", "BE"), Unaddressable::TooLong),
            ("SA", address(&["x"], "1000", "Gent", "BE"), Unaddressable::Incomplete),
            ("SA", address(&["Kerkstraat 1"], "1000", "G", "BE"), Unaddressable::Incomplete),
            ("SA", address(&[], "1000", "Gent", "BE"), Unaddressable::Incomplete),
            ("SA", address(&["Kerkstraat 1"], "", "Gent", "XX"), Unaddressable::UnknownCountry),
            (" ", address(&["Kerkstraat 1"], "", "Gent", "BE"), Unaddressable::Nameless),
        ] {
            assert_eq!(block(name, &given), Err(why));
        }
    }
}
