//! How a message reaches its company.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The medium decided for a message.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    /// In the box only.
    Digital,
    /// A letter; an item marked as sent on paper lies in the box too.
    Paper,
    /// In the box, and a letter as well.
    Both,
}

impl Medium {
    /// Every medium.
    pub const ALL: [Self; 3] = [Self::Digital, Self::Paper, Self::Both];

    /// The word stored, counted and sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Digital => "digital",
            Self::Paper => "paper",
            Self::Both => "both",
        }
    }

    /// Whether a letter must be made.
    #[must_use]
    pub fn needs_letter(self) -> bool {
        matches!(self, Self::Paper | Self::Both)
    }
}

impl std::str::FromStr for Medium {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|medium| medium.as_str() == text)
            .ok_or_else(|| format!("unknown medium {text:?}"))
    }
}
