//! CloudEvents 1.0, structured mode, JSON format.
//!
//! Source: CloudEvents specification 1.0.2 and its JSON event format.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One event; `data` depends on `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CloudEventOf{T}")]
pub struct CloudEvent<T> {
    /// Always `1.0`.
    #[schemars(extend("const" = "1.0"))]
    pub specversion: String,
    /// Unique with `source`: the receiver drops a repeat by it.
    pub id: String,
    /// Which engine's ledger.
    pub source: String,
    /// What happened.
    pub r#type: String,
    /// When.
    pub time: Timestamp,
    /// What it is about: a message or a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Always `application/json`.
    #[schemars(extend("const" = "application/json"))]
    pub datacontenttype: String,
    /// The rest.
    pub data: T,
}

impl<T> CloudEvent<T> {
    /// An event of this engine.
    pub fn new(
        id: String,
        source: String,
        r#type: &str,
        time: Timestamp,
        subject: Option<String>,
        data: T,
    ) -> Self {
        Self {
            specversion: "1.0".into(),
            id,
            source,
            r#type: r#type.to_owned(),
            time,
            subject,
            datacontenttype: "application/json".into(),
            data,
        }
    }
}
