//! The word to a printer that a letter may be claimed, and what it then gets.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::address::AddressBlock;
use crate::domain::{Digest, EnterpriseNumber, Language, MessageId, PostalPriority};

/// The type of the CloudEvent that carries a [`Ticket`].
pub const TICKET: &str = "facteur.letter.ticket";
/// The type of the CloudEvent that carries a [`Recall`].
pub const RECALL: &str = "facteur.letter.recall";

/// What a printer is asked to print. The ticket alone gives no right to the
/// content: fetching `package` claims the job, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// By which a repeat is dropped.
    pub job_id: Uuid,
    /// The message on paper.
    pub message_id: MessageId,
    /// Which letter of this message it is, from 1: a letter that failed may be
    /// sent again under a job id of its own.
    pub attempt: u32,
    /// The printer that may claim it.
    pub printer: String,
    /// The company.
    pub recipient: EnterpriseNumber,
    /// Where to: the publication's address, else the register's.
    pub address: AddressBlock,
    /// The sender application.
    pub sender_application_id: String,
    /// The type, for billing.
    pub message_type_id: String,
    /// When the letter was made.
    pub created_at: Timestamp,
    /// How to make it.
    pub options: LetterOptions,
    /// What to print, in order.
    pub documents: Vec<DocumentRef>,
    /// Where the content is: a ZIP with `manifest.json` (a [`Manifest`]) and
    /// the documents. Fetching it claims the job. A printer of several
    /// machines adds `&claimant=<its name, kept over restarts>`: the job is
    /// served again to the claimant that has it and to no other.
    pub package: String,
    /// Until when the link holds; a new ticket follows for what was not
    /// claimed.
    pub expires_at: Timestamp,
}

/// How a letter is to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LetterOptions {
    /// A registered item.
    pub registered: bool,
    /// With acknowledgement of receipt.
    pub acknowledgement: bool,
    /// Both sides of the sheet.
    pub duplex: bool,
    /// The post's speed.
    pub priority: PostalPriority,
    /// The language of the cover sheet.
    pub language: Language,
    /// Where an undeliverable letter goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_address: Option<AddressBlock>,
}

/// A document of a letter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentRef {
    /// Its digest.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// How many pages it has, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// Its media type.
    pub media_type: String,
    /// Its name, as the sender gave it.
    pub file_name: String,
}

/// `manifest.json` of a package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// What the ticket says, as it stands now.
    pub ticket: Ticket,
    /// The documents' files in the package, in order.
    pub files: Vec<PackageFile>,
}

/// A document's file in a package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PackageFile {
    /// Its path in the package.
    pub path: String,
    /// The digest of its content.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Its media type.
    pub media_type: String,
}

/// A letter that its printer has claimed is wanted back. Its printer answers
/// with a report: *cancelled*, or *not cancelled*.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recall {
    /// Which.
    pub job_id: Uuid,
    /// The printer that has it.
    pub printer: String,
    /// Since when it is wanted back.
    pub asked_at: Timestamp,
}
