//! Identifiers. Each is its own type, so that one cannot be taken for another.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text cannot be an identifier of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} has {min} to {max} printable characters")]
pub struct IdError {
    kind: &'static str,
    min: usize,
    max: usize,
}

/// Printable means: no white space at the ends, no control character (NUL
/// above all, which PostgreSQL refuses and SQLite takes).
pub(super) fn check(kind: &'static str, text: &str, min: usize, max: usize) -> Result<(), IdError> {
    let length = text.chars().count();
    let is_printable = !text.chars().any(char::is_control) && text.trim() == text;
    if is_printable && (min..=max).contains(&length) {
        Ok(())
    } else {
        Err(IdError { kind, min, max })
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $min:literal ..= $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "minLength": $min, "maxLength": $max })
            }
        }

        impl $name {
            /// Checks the length and that every character is printable.
            ///
            /// # Errors
            /// `IdError` names the kind of identifier and its bounds.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                check($kind, &text, $min, $max)?;
                Ok(Self(text.into()))
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Hash, equality and order are those of the text.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A sender application, such as `employment:job-attest:werkkaart`.
    ApplicationId, "a sender application id", 1..=100
);
text_id!(
    /// A message type, such as `YearlyVacationAccountExtract`.
    MessageTypeId, "a message type id", 6..=80
);
text_id!(
    /// An online service that message types belong to.
    ServiceId, "an online service id", 1..=80
);
text_id!(
    /// A person, as a keyed hash of the identity provider's subject; never a
    /// personal number.
    PersonId, "a person id", 1..=80
);
text_id!(
    /// A partition (sub-box) of a company's box.
    PartitionId, "a partition id", 1..=60
);
text_id!(
    /// One grant of one person in one box.
    GrantId, "a grant id", 1..=80
);
text_id!(
    /// The broker account that an application publishes with.
    AccountName, "an account name", 1..=100
);
text_id!(
    /// The sender's own key of a publication: the same key again is the same
    /// publication, whatever its content.
    IdempotencyKey, "an idempotency key", 1..=255
);

impl PartitionId {
    /// The partition that every box has and nobody can delete.
    pub const GENERAL: &'static str = "GENERAL";

    /// The `GENERAL` partition.
    #[must_use]
    pub fn general() -> Self {
        Self(Self::GENERAL.into())
    }

    /// Whether this is the `GENERAL` partition.
    #[must_use]
    pub fn is_general(&self) -> bool {
        &*self.0 == Self::GENERAL
    }
}

/// What lies in a box. Version 7, so that ids sort by time of arrival.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct MessageId(pub Uuid);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for MessageId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_characters_are_checked() {
        for (text, is_valid) in [
            ("DIMONA1", true),
            ("WK1-ACTIVA", true),
            ("C30bister3/1", true),
            ("CAWON", false),
            ("with\0nul", false),
            (" padded ", false),
        ] {
            assert_eq!(MessageTypeId::new(text).is_ok(), is_valid, "{text:?}");
        }
        assert!(MessageTypeId::new("x".repeat(81)).is_err());
        assert!(IdempotencyKey::new("é".repeat(255)).is_ok());
    }
}
