//! A publication, as an agency writes it.
//!
//! Names and shapes are those of the eBox REST interface (v2.1, with the
//! differences of v3), with `content` for documents that travel by queue.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Texts;
use super::content::Content;
use super::enterprise::Address;
use super::language::present;
use super::object::{object, objects, present_object};

/// The sender of a publication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Sender {
    /// Always `enterprise`.
    pub ebox_type: String,
    /// The organization.
    pub enterprise_number: String,
    /// The sender's own partition, for replies.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
}

/// The recipient of a publication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Recipient {
    /// `enterprise`; `citizen` is refused.
    pub ebox_type: String,
    /// The company.
    pub enterprise_number: String,
}

/// An attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "PublicationAttachment")]
pub struct Attachment {
    /// Names the part in a multipart publication; unique.
    pub http_part_name: String,
    /// Whether opening this is reading the message.
    pub is_main_content: bool,
    /// Whether the content carries a signature.
    #[serde(default)]
    pub is_attachment_signed: bool,
    /// Title shown instead of the file name.
    #[serde(default, deserialize_with = "present_object", skip_serializing_if = "Option::is_none")]
    pub attachment_title: Option<Texts>,
    /// File name; percent-encoded when outside ISO-8859-1.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Media type.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// SHA-256 of the content, base64url; checked when given.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The content, where it travels by queue.
    #[serde(default, deserialize_with = "present_object", skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

/// One business-data key with its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "PublicationBusinessData")]
pub struct BusinessData {
    /// The key.
    pub key: String,
    /// Its values.
    #[serde(deserialize_with = "objects")]
    pub values: Vec<Texts>,
}

/// For whose attention within the company.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Attention {
    /// A person's national number.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub ssin: Option<String>,
    /// A free label.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What a sender of a registered item demands of the recipient's box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Precondition {
    /// Do not look.
    Bypass,
    /// The box must have been opened.
    Activated,
    /// And the company chose digital.
    Preferred,
}

/// The post's speed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PostalPriority {
    /// Next working day.
    Prior,
    /// Within three working days.
    #[default]
    NonPrior,
}

/// How a letter is to be made, if one is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Postal {
    /// Instead of the register's address.
    #[serde(default, deserialize_with = "present_object", skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Both sides of the sheet.
    #[serde(default)]
    pub duplex: bool,
    /// The post's speed.
    #[serde(default)]
    pub priority: PostalPriority,
    /// With acknowledgement of receipt.
    #[serde(default)]
    pub acknowledgement: bool,
    /// Where an undeliverable letter goes.
    #[serde(default, deserialize_with = "present_object", skip_serializing_if = "Option::is_none")]
    pub return_address: Option<Address>,
}

/// A publication on the wire. `null` is refused everywhere: a property that
/// has no value is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Publication {
    /// Who sends.
    #[serde(deserialize_with = "object")]
    pub sender: Sender,
    /// To whom.
    #[serde(deserialize_with = "object")]
    pub recipient: Recipient,
    /// Title.
    #[serde(deserialize_with = "object")]
    pub subject: Texts,
    /// By which application.
    pub sender_application_id: String,
    /// Of which type.
    pub message_type_id: String,
    /// At most six.
    #[serde(default, deserialize_with = "objects")]
    pub attachments: Vec<Attachment>,
    /// Text of the message itself.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "Texts::is_empty")]
    pub body_content: Texts,
    /// Whether the body is the main content.
    #[serde(default)]
    pub is_body_main_content: bool,
    /// Keys and values to sort by.
    #[serde(default, deserialize_with = "objects", skip_serializing_if = "Vec::is_empty")]
    pub business_data_list: Vec<BusinessData>,
    /// For whom within the company.
    #[serde(default, deserialize_with = "present_object", skip_serializing_if = "Option::is_none")]
    pub for_the_attention_of: Option<Attention>,
    /// Whether the company may reply.
    #[serde(default)]
    pub is_reply_authorized: bool,
    /// The message this one answers.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub original_message_id: Option<String>,
    /// Accepted and ignored: a message expires by the validity of its type.
    #[serde(default, deserialize_with = "present", skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub expiration_date: Option<String>,
    /// A registered item.
    #[serde(default)]
    pub registered: bool,
    /// What a registered item demands.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub precondition: Option<Precondition>,
    /// How a letter is to be made.
    #[serde(default, deserialize_with = "present_object", skip_serializing_if = "Option::is_none")]
    pub postal: Option<Postal>,
    /// Never on paper.
    #[serde(default)]
    pub digital_only: bool,
}
