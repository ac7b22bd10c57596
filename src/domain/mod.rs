//! The words of the business: identifiers, texts, publications, access.
//!
//! Pure types. Nothing in here reads a clock, opens a file or knows a broker
//! or a database; everything in here can be tested with a table of values.

mod access;
mod business_data;
mod condition;
mod content;
mod digest;
mod enterprise;
mod enterprise_number;
mod ids;
mod label;
mod language;
mod medium;
mod message_type;
mod notification;
mod object;
mod party;
mod publication;
mod record;
mod references;
mod refusal;
mod reply;
mod task;
mod validate;
mod words;

pub use access::{AccessLevel, Grant, Partition, RoutingRule, Scope};
pub use business_data::{BusinessDataFormat, BusinessDataRule, SHARED_KEYS, check_business_data};
pub use condition::Condition;
#[cfg(feature = "failpoints")]
pub use condition::LeftOut;
pub use content::Content;
pub use digest::{Digest, DigestError};
pub use enterprise::{Address, Enterprise, LegalState, MailBox, Mandate, Person};
pub use enterprise_number::{EnterpriseNumber, EnterpriseNumberError};
pub use ids::{
    AccountName, ApplicationId, GrantId, IdError, IdempotencyKey, MessageId, MessageTypeId,
    PartitionId, PersonId, ServiceId,
};
pub use label::{Colour, Label, LabelId, LabelRule, label_name};
pub(crate) use language::present;
pub use language::{Language, Texts};
pub use medium::Medium;
pub use message_type::{DigitalForm, MessageType, Validity, ValidityUnit};
pub use notification::Notification;
pub(crate) use object::{Object, objects, present_object};
pub use party::{Application, OnlineService, Organization, Trio};
pub use publication::{
    Attachment, Attention, BusinessData, Postal, PostalPriority, Precondition, Publication,
    Recipient, Sender,
};
pub use record::{Change, Kind, Record, RecordKey};
pub use refusal::{Code, Refusal, legible};
pub use reply::{Reply, ReplyError, ReplyId};
pub use task::{Task, day_number, day_of_number, task_on_arrival};
pub(crate) use validate::only_enterprises;
pub use validate::{Limits, MEDIA_TYPES, Valid, validate};
pub(crate) use words::words;
