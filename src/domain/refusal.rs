//! Why a publication was not accepted.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// The code of a refusal. The names are those senders already know
        /// from the eBox REST interface, where it has one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }

        impl Code {
            /// Every code, so that each counter exists at 0.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it is sent, stored and counted.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

codes! {
    /// The body is not a publication at all: empty, not JSON, not UTF-8, unknown or `null` property.
    Malformed = "MALFORMED",
    /// The body is larger than the lane takes.
    TooLarge = "TOO_LARGE",
    /// A property breaks a rule; the pointer names it.
    InvalidInput = "INVALID_INPUT",
    /// The trio is unknown or not allowed, or the sender is not who it says.
    InvalidSender = "INVALID_SENDER",
    /// `app_id`, `user_id` and routing key do not agree: somebody may be posing as another.
    Forged = "FORGED_SENDER",
    /// The AMQP property `message_id` is missing or unusable.
    MissingKey = "MISSING_IDEMPOTENCY_KEY",
    /// The digest does not belong to the content, or is not base64url.
    Digest = "DIGEST_DO_NOT_MATCH",
    /// A referenced document was never uploaded by this application.
    UnknownDocument = "UNKNOWN_DOCUMENT",
    /// A business-data key that the message type does not allow.
    BusinessDataKey = "BUSINESS_DATA_KEY_NOT_ALLOWED",
    /// A business-data value that its format does not allow.
    BusinessDataValue = "BUSINESS_DATA_VALUE_INVALID",
    /// A business-data key that the message type requires.
    BusinessDataMissing = "BUSINESS_DATA_KEY_MISSING",
    /// A registered item whose precondition the company does not meet.
    PreconditionNotMet = "PRECONDITION_NOT_MET",
    /// A rule of the policy refuses it, whatever the company meets; the explanation names the rule.
    RefusedByPolicy = "REFUSED_BY_POLICY",
    /// The company is closed.
    EnterpriseClosed = "ENTERPRISE_NOT_ACTIVE",
    /// An operator paused the message type: nothing is wrong, it waits.
    TypePaused = "MESSAGE_TYPE_PAUSED",
    /// No lane is registered for the routing key.
    Unroutable = "UNROUTABLE",
    /// The broker gave up delivering it.
    DeadLettered = "DEAD_LETTERED",
    /// The ledger refuses this one publication, alone, for ever.
    Unstorable = "UNSTORABLE",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Code {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
            .ok_or_else(|| format!("unknown code {text:?}"))
    }
}

/// A refusal: what, where (JSON Pointer, RFC 6901; empty for the whole), and
/// in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// The code.
    pub code: Code,
    /// JSON Pointer (RFC 6901) to the fault; empty means the whole publication.
    pub pointer: String,
    /// In words, for the sender's engineer.
    pub message: String,
}

impl Refusal {
    /// A refusal of the place that `pointer` names. Both texts may quote what a
    /// sender wrote, so they are made [`legible`].
    pub fn new(code: Code, pointer: impl AsRef<str>, message: impl AsRef<str>) -> Self {
        let [pointer, message] = [pointer.as_ref(), message.as_ref()].map(legible);
        Self { code, pointer, message }
    }
}

const LEGIBLE_CHARS_MAX: usize = 500;

/// A sender's own words, fit for a column, a log and a screen: bounded, and
/// without control characters (NUL above all, which PostgreSQL refuses).
#[must_use]
pub fn legible(text: &str) -> String {
    let is_long = text.chars().nth(LEGIBLE_CHARS_MAX).is_some();
    let kept = text.chars().take(LEGIBLE_CHARS_MAX);
    let shown = kept.map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
    shown.chain(is_long.then_some('…')).collect()
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{} at {place}: {}", self.code, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sender_wrote_is_quoted_legibly() {
        let long = "é".repeat(LEGIBLE_CHARS_MAX);
        for (given, shown) in [
            ("unknown field `a`", "unknown field `a`".to_owned()),
            ("a\0b\x1b[2J\n", "a\u{fffd}b\u{fffd}[2J\u{fffd}".to_owned()),
            (&long, long.clone()),
            (&format!("{long}x"), format!("{long}…")),
        ] {
            assert_eq!(Refusal::new(Code::Malformed, given, "").pointer, shown);
            assert_eq!(Refusal::new(Code::Malformed, "", given).message, shown);
        }
    }
}
