//! What a printer reports: what became of a job, and that it is alive.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::letter::Event;
use crate::domain::words;

/// The type of the CloudEvent that carries a [`Report`].
pub const REPORT: &str = "facteur.letter.report";
/// The type of the CloudEvent that carries a [`Heartbeat`].
pub const HEARTBEAT: &str = "facteur.printer.heartbeat";

words! {
    /// What a printer can say of a job.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    ReportKind {
        /// It is in charge of it.
        Taken = "taken",
        /// It will not print it; the cause says why.
        Rejected = "rejected",
        /// It is on paper.
        Printed = "printed",
        /// The post has it.
        Posted = "posted",
        /// It was handed over.
        Delivered = "delivered",
        /// It could not be handed over; the cause says why.
        NotDelivered = "not_delivered",
        /// It came back.
        Returned = "returned",
        /// Stock or a finished letter was spoilt.
        Damaged = "damaged",
        /// The answer to a recall: it will not go out.
        Cancelled = "cancelled",
        /// The answer to a recall: too late.
        NotCancelled = "not_cancelled",
    }
}

impl From<ReportKind> for Event {
    fn from(kind: ReportKind) -> Self {
        match kind {
            ReportKind::Taken => Self::Taken,
            ReportKind::Rejected => Self::Rejected,
            ReportKind::Printed => Self::Printed,
            ReportKind::Posted => Self::Posted,
            ReportKind::Delivered => Self::Delivered,
            ReportKind::NotDelivered => Self::NotDelivered,
            ReportKind::Returned => Self::Returned,
            ReportKind::Damaged => Self::Damaged,
            ReportKind::Cancelled => Self::Cancelled,
            ReportKind::NotCancelled => Self::NotCancelled,
        }
    }
}

words! {
    /// Why a letter did not go out or did not arrive (domain §9).
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    Cause {
        /// The company has moved.
        Moved = "moved",
        /// Nobody knows it there.
        Unknown = "unknown",
        /// It has ceased to exist.
        Ceased = "ceased",
        /// It did not take the letter.
        Refused = "refused",
        /// The address is wrong or incomplete.
        Address = "address",
        /// The post could not get there.
        Inaccessible = "inaccessible",
        /// A document cannot be printed: broken, encrypted, not what it says.
        Unprintable = "unprintable",
        /// A document is missing or has another digest.
        Content = "content",
        /// More sheets than an envelope takes.
        TooThick = "too_thick",
        /// Paper or envelopes ran out.
        Stock = "stock",
        /// It was spoilt.
        Damage = "damage",
        /// The printer was told to refuse it.
        Policy = "policy",
        /// Anything else; `detail` says what.
        Other = "other",
    }
}

/// What became of a job. The id of the CloudEvent that carries it is the
/// event id: the same printer, job and id again is a repeat and dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Report {
    /// Which job.
    pub job_id: Uuid,
    /// Which printer says so; the routing key on the broker.
    pub printer: String,
    /// What.
    pub kind: ReportKind,
    /// Why, where it went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// More, in words; at most 500 characters are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it happened, by the printer's clock.
    pub at: Timestamp,
}

/// A printer is alive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Heartbeat {
    /// Which printer.
    pub printer: String,
    /// When, by its clock.
    pub at: Timestamp,
}
