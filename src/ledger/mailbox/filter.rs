//! What a reader looks for in a list.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::{
    ApplicationId, EnterpriseNumber, LabelId, Medium, MessageTypeId, PartitionId, Task,
};

/// Where a reader looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// In one box.
    Box(EnterpriseNumber),
    /// In every box that the reader has access to.
    All,
}

/// Messages that were hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Hidden {
    /// Are left out.
    #[default]
    Without,
    /// Alone.
    Only,
    /// As well: totals that count everything.
    With,
}

/// Criteria are ANDed; the values of one list are alternatives; an empty list
/// is no criterion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Filter {
    /// From which organizations.
    pub organizations: Vec<EnterpriseNumber>,
    /// From which applications.
    pub applications: Vec<ApplicationId>,
    /// Of which types.
    pub message_types: Vec<MessageTypeId>,
    /// In which partitions.
    pub partitions: Vec<PartitionId>,
    /// With at least one of these labels. A label that no box holds finds
    /// nothing.
    pub labels: Vec<LabelId>,
    /// Sent by one of these media.
    pub media: Vec<Medium>,
    /// Unread, or read.
    pub is_unread: Option<bool>,
    /// Registered, or not.
    pub is_registered: Option<bool>,
    /// What is to be done.
    pub task: Option<Task>,
    /// To be done on this day or before.
    pub due_through: Option<Date>,
    /// Arrived then or later.
    pub arrived_from: Option<Timestamp>,
    /// Arrived before then.
    pub arrived_to: Option<Timestamp>,
    /// Leaving the box then or later.
    pub expires_from: Option<Timestamp>,
    /// Leaving the box before then.
    pub expires_to: Option<Timestamp>,
    /// Hidden messages.
    pub hidden: Hidden,
}

impl Filter {
    /// What nobody has opened yet.
    #[must_use]
    pub fn unread() -> Self {
        Self { is_unread: Some(true), ..Self::default() }
    }

    /// The longest of its lists.
    #[must_use]
    pub fn longest(&self) -> usize {
        let senders = self.organizations.len().max(self.applications.len());
        let places = self.partitions.len().max(self.labels.len());
        senders.max(places).max(self.message_types.len()).max(self.media.len())
    }

    /// Whether it asks for so much that the newest messages hardly hold a
    /// page of it.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        let hidden = if self.hidden == Hidden::With { Hidden::With } else { Hidden::default() };
        let plain = Self { is_unread: self.is_unread, hidden, ..Self::default() };
        *self != plain || self.is_unread == Some(false)
    }

    /// Whether it asks when messages leave the box, which only the ledger
    /// knows.
    #[must_use]
    pub fn names_expiry(&self) -> bool {
        self.expires_from.is_some() || self.expires_to.is_some()
    }
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
}
