//! Labels: what a company's readers put on its messages.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ApplicationId, EnterpriseNumber, IdError, MessageTypeId, ids::check};

/// A label of one box.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct LabelId(pub Uuid);

impl fmt::Display for LabelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for LabelId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// Characters that the name of a label may have.
const NAME_CHARS_MAX: usize = 60;

/// The name of a label: 1 to 60 printable characters.
///
/// # Errors
/// `IdError` names the bounds.
pub fn label_name(text: &str) -> Result<String, IdError> {
    let text = text.trim();
    check("the name of a label", text, 1, NAME_CHARS_MAX).map(|()| text.to_owned())
}

macro_rules! colours {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// The colour of a label: a word of a fixed set, so that pages choose
        /// tones that can be read in light and in dark.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Colour { #[default] $($(#[$doc])* $name,)* }

        impl Colour {
            /// Every colour.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word stored and sent.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

colours! {
    /// Grey.
    Grey = "grey",
    /// Red.
    Red = "red",
    /// Orange.
    Orange = "orange",
    /// Yellow.
    Yellow = "yellow",
    /// Green.
    Green = "green",
    /// Teal.
    Teal = "teal",
    /// Blue.
    Blue = "blue",
    /// Purple.
    Purple = "purple",
    /// Pink.
    Pink = "pink",
}

impl std::str::FromStr for Colour {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().copied().find(|colour| colour.as_str() == text);
        found.ok_or_else(|| format!("unknown colour {text:?}"))
    }
}

/// A label, as those see it who may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Label {
    /// Which.
    pub id: LabelId,
    /// In whose box.
    pub enterprise: EnterpriseNumber,
    /// Unique in the box.
    pub name: String,
    /// Its colour.
    pub colour: Colour,
}

/// Puts a label on what arrives. Every criterion that is present must match;
/// every rule that matches applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LabelRule {
    /// Which rule.
    pub id: Uuid,
    /// Whose box.
    pub enterprise: EnterpriseNumber,
    /// Which label.
    pub label: LabelId,
    /// Only this type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_type: Option<MessageTypeId>,
    /// Only from this application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
    /// Only from this organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<EnterpriseNumber>,
}
