//! What the search projection follows: the ledger, seen as a sequence of
//! messages that must be projected (again).

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use crate::domain::{
    ApplicationId, EnterpriseNumber, Language, Medium, MessageId, MessageTypeId, PartitionId, Task,
};

/// A message, as it must be found from `position` on.
#[derive(Clone, Debug, PartialEq)]
pub struct Projected {
    /// The ledger's position of the change that this state includes.
    pub position: i64,
    /// Which message.
    pub id: MessageId,
    /// In whose box.
    pub enterprise: EnterpriseNumber,
    /// From which organization.
    pub organization: EnterpriseNumber,
    /// From which application.
    pub application: ApplicationId,
    /// Of which type.
    pub message_type: MessageTypeId,
    /// In which partition.
    pub partition: PartitionId,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// How it was sent.
    pub medium: Medium,
    /// Whether the company opened it.
    pub is_read: bool,
    /// Whether it was hidden.
    pub is_hidden: bool,
    /// Whether it is a registered item.
    pub is_registered: bool,
    /// What is to be done.
    pub task: Task,
    /// By when.
    pub due: Option<Date>,
    /// Ids of the labels that were put on it.
    pub labels: Vec<String>,
    /// What text search looks in: subject, business-data values, attention
    /// label. Names of senders and types are not here: they are matched on
    /// the reference data and become filters.
    pub texts: Vec<(Language, String)>,
}

/// The ledger could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the ledger cannot be followed")]
pub struct SourceError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A ledger that can be followed.
#[async_trait]
pub trait Source: Send + Sync {
    /// Changes when the ledger is another one, or was restored from a backup:
    /// then what was projected must be rebuilt.
    async fn epoch(&self) -> Result<Uuid, SourceError>;

    /// The position of the last change.
    async fn position(&self) -> Result<i64, SourceError>;

    /// At most `limit` positions after `position`, and the messages they
    /// concern. `through` is the last position looked at, also where some
    /// concern no message (a refusal, say).
    async fn after(&self, position: i64, limit: usize) -> Result<Page, SourceError>;
}

/// A piece of the sequence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The messages that changed, in the order of their positions.
    pub messages: Vec<Projected>,
    /// Messages that are not to be found any more.
    pub gone: Vec<MessageId>,
    /// Everything up to here has been looked at; equals the position asked
    /// for when there was nothing more.
    pub through: i64,
    /// When the change at `through` was committed.
    pub through_at: Option<Timestamp>,
}
