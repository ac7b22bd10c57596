//! Where the content of an attachment is.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::Digest;
use super::language::present;

/// Where the content of an attachment is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum Content {
    /// In the publication itself.
    Inline {
        /// Standard base64.
        inline: String,
    },
    /// Uploaded before by this application with `PUT /documents/<sha256>`.
    Uploaded {
        /// Its digest.
        sha256: Digest,
        /// Its size in bytes.
        size: u64,
    },
}

/// As it is written. Serde's own way to read one of several shapes forgets which
/// member was wrong, and a sender would not hear it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, deserialize_with = "present")]
    inline: Option<String>,
    #[serde(default, deserialize_with = "present")]
    sha256: Option<Digest>,
    #[serde(default, deserialize_with = "present")]
    size: Option<u64>,
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written { inline: Some(inline), sha256: None, size: None } => {
                Ok(Self::Inline { inline })
            }
            Written { inline: None, sha256: Some(sha256), size: Some(size) } => {
                Ok(Self::Uploaded { sha256, size })
            }
            _ => Err(D::Error::custom("content is either inline, or sha256 with size")),
        }
    }
}
