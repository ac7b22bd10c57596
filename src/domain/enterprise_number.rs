//! The Belgian enterprise number (BCE/KBO).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A valid enterprise number: ten digits, the first 0 or 1, of which the last
/// two are `97 − (first eight mod 97)`.
///
/// Source: Crossroads Bank for Enterprises, structure of the enterprise number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnterpriseNumber(u32);

/// Why a text is not an enterprise number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnterpriseNumberError {
    /// Something else than digits, dots and spaces, or too many or no digits.
    #[error("an enterprise number has ten digits, the first 0 or 1")]
    Shape,
    /// The last two digits do not follow from the first eight.
    #[error("the check digits of the enterprise number are wrong")]
    Checksum,
}

impl EnterpriseNumber {
    /// Reads a number from its integer value (leading zeros are implied).
    ///
    /// # Errors
    /// `Shape` above 1 999 999 999, `Checksum` when the check digits are wrong.
    pub fn from_value(value: u64) -> Result<Self, EnterpriseNumberError> {
        let value = u32::try_from(value).map_err(|_| EnterpriseNumberError::Shape)?;
        if value > 1_999_999_999 {
            return Err(EnterpriseNumberError::Shape);
        }
        if value % 100 == check_digits(value / 100) {
            Ok(Self(value))
        } else {
            Err(EnterpriseNumberError::Checksum)
        }
    }

    /// Completes the first eight digits with their check digits: for simulated
    /// companies. Digits above 19 999 999 wrap around.
    #[must_use]
    pub fn from_stem(stem: u32) -> Self {
        let stem = stem % 20_000_000;
        Self(stem * 100 + check_digits(stem))
    }

    /// The number as an integer, as it is stored.
    #[must_use]
    pub fn value(self) -> i64 {
        i64::from(self.0)
    }

    /// The number as people write it: `0852.093.431`.
    #[must_use]
    pub fn dotted(self) -> String {
        let (head, middle, tail) = (self.0 / 1_000_000, self.0 / 1000 % 1000, self.0 % 1000);
        format!("{head:04}.{middle:03}.{tail:03}")
    }
}

fn check_digits(stem: u32) -> u32 {
    97 - stem % 97
}

impl FromStr for EnterpriseNumber {
    type Err = EnterpriseNumberError;

    /// Accepts `0852093431`, `0852.093.431`, and numbers whose leading zeros
    /// were dropped by a spreadsheet or a token.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut value = 0u64;
        let mut digits = 0;
        for c in text.chars() {
            match c {
                '.' | ' ' => continue,
                '0'..='9' if digits < 10 => {
                    value = value * 10 + u64::from(c as u32 - '0' as u32);
                    digits += 1;
                }
                _ => return Err(EnterpriseNumberError::Shape),
            }
        }
        if digits == 0 {
            return Err(EnterpriseNumberError::Shape);
        }
        Self::from_value(value)
    }
}

impl fmt::Display for EnterpriseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010}", self.0)
    }
}

impl fmt::Debug for EnterpriseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for EnterpriseNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EnterpriseNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for EnterpriseNumber {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EnterpriseNumber".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9. ]{1,14}$",
            "description": "Enterprise number (BCE/KBO): ten digits of which the last two are check digits",
            "examples": ["0406798006"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_published_as_valid_are_valid() {
        for text in [
            "0406798006",
            "0852093431",
            "0474028805",
            "0212148896",
            "0800002352",
            "0206731645",
            "0220916609",
            "0566988259",
            "0123456749",
            "0852.093.431",
            "852093431",
        ] {
            assert!(text.parse::<EnterpriseNumber>().is_ok(), "{text}");
        }
    }

    #[test]
    fn malformed_numbers_are_refused_for_the_right_reason() {
        use EnterpriseNumberError::{Checksum, Shape};
        for (text, error) in [
            ("0123456789", Checksum),
            ("0852093432", Checksum),
            ("2852093431", Shape),
            ("", Shape),
            ("..", Shape),
            ("08520934310", Shape),
            ("BE0852093431", Shape),
            ("٠٨٥٢٠٩٣٤٣١", Shape),
        ] {
            assert_eq!(text.parse::<EnterpriseNumber>(), Err(error), "{text}");
        }
    }

    #[test]
    fn it_is_written_for_machines_and_for_people() {
        let number: EnterpriseNumber = "852093431".parse().unwrap();
        assert_eq!(number.to_string(), "0852093431");
        assert_eq!(number.dotted(), "0852.093.431");
        assert_eq!(EnterpriseNumber::from_stem(8_520_934), number);
    }
}
