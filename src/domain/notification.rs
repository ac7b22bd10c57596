//! Where and when a company is told that mail lies in its box.

use serde::{Deserialize, Serialize};

/// Where and when a box is told of its mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// The mail address; none: nobody is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The hour of the digest on the Belgian clock, 0 to 23.
    #[serde(default)]
    pub hour: u8,
}
