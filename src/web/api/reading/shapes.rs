//! What is answered, in the interface's names. Optional properties are left
//! out and never `null`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{self, Language, Publication, Texts};
use crate::mailbox::Line;
use crate::web::api::whole_seconds;
use crate::web::words::Words;

/// A text in each language that it exists in.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct TranslatedString {
    #[serde(skip_serializing_if = "Option::is_none")]
    fr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    de: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    en: Option<String>,
}

impl From<&Texts> for TranslatedString {
    fn from(texts: &Texts) -> Self {
        let Texts { fr, nl, de, en } = texts.clone();
        Self { fr, nl, de, en }
    }
}

/// A box.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ebox {
    /// Messages that are open to the caller, hidden ones too.
    pub(super) number_of_messages: u64,
    /// Those that nobody has opened yet.
    pub(super) number_of_unread_messages: u64,
    /// When the newest of them arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(super) last_receipt_date: Option<String>,
    /// When anybody last opened the box.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(super) last_consultation_date: Option<String>,
}

/// A message: everything but its contents.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    #[schemars(with = "domain::MessageId")]
    message_id: String,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    original_message_id: Option<String>,
    subject: TranslatedString,
    /// When it arrived.
    #[schemars(extend("format" = "date-time"))]
    receipt_date: String,
    /// When it leaves the box.
    #[schemars(extend("format" = "date-time"))]
    expiration_date: String,
    /// Whether its main content was opened, by anybody of the company.
    read_status: bool,
    /// Whether it is in the list, and not hidden.
    visible: bool,
    registered_mail: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    for_the_attention_of: Option<ForTheAttentionOf>,
    message_type_id: String,
    #[schemars(with = "domain::EnterpriseNumber")]
    sender_organization_id: String,
    sender_application_id: String,
    /// Its attachments; only where one message is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<Attachments>,
    /// Whether its own text is its main content.
    body_main_content: bool,
    /// Keys and values to sort by; only where one message is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    business_data_list: Option<BusinessDataList>,
    /// Whether the sender takes a reply.
    reply_authorized: bool,
    /// The part of the box where it lies.
    partition: String,
    /// How it was sent: `digital`, `paper` or `both`.
    #[schemars(with = "domain::Medium")]
    medium: String,
}

/// For whom within the company.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ForTheAttentionOf {
    /// The national number that the sender gave; only where one message is
    /// asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// As the sender calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// Messages of one page.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Messages {
    pub(super) items: Vec<Message>,
    /// On all pages.
    pub(super) total_items: u64,
}

/// An attachment: everything but its content.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attachment {
    pub(super) attachment_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment_title: Option<TranslatedString>,
    file_name: String,
    /// Whether opening it reads the message.
    main_content: bool,
    pub(super) media_type: String,
    /// In kB (1,024 bytes).
    size: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<AttachmentDigest>,
    attachment_signed: bool,
    /// Where its content is.
    #[schemars(extend("format" = "uri"))]
    content_href: String,
}

/// SHA-256 of a content.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AttachmentDigest {
    /// base64url (RFC 4648 §5).
    digest_value: String,
    /// Always `sha_256`.
    digest_method: &'static str,
}

/// The attachments of a message.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attachments {
    pub(super) items: Vec<Attachment>,
    total_items: u64,
}

/// One key with its values.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BusinessData {
    key: String,
    /// As the pages call it; empty for a key of the sender's own.
    name: TranslatedString,
    values: Vec<TranslatedString>,
}

/// Keys and values of a message.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BusinessDataList {
    items: Vec<BusinessData>,
    total_items: u64,
}

impl From<&Line> for Message {
    fn from(line: &Line) -> Self {
        Self {
            message_id: line.id.to_string(),
            original_message_id: line.original.clone(),
            subject: (&line.subject).into(),
            receipt_date: whole_seconds(line.arrived_at).to_string(),
            expiration_date: whole_seconds(line.expires_at).to_string(),
            read_status: line.read.is_some(),
            visible: !line.is_hidden,
            registered_mail: line.is_registered,
            for_the_attention_of: line
                .attention
                .clone()
                .map(|name| ForTheAttentionOf { id: None, name: Some(name) }),
            message_type_id: line.message_type.to_string(),
            sender_organization_id: line.organization.to_string(),
            sender_application_id: line.application.to_string(),
            attachments: None,
            body_main_content: line.is_body_main_content,
            business_data_list: None,
            reply_authorized: line.is_reply_authorized,
            partition: line.partition.to_string(),
            medium: line.medium.as_str().to_owned(),
        }
    }
}

impl Message {
    /// One message, with what its sender wrote.
    pub(super) fn whole(line: &Line, publication: &Publication, origin: &str) -> Self {
        let data = &publication.business_data_list;
        let attention = publication.for_the_attention_of.as_ref();
        Self {
            for_the_attention_of: attention
                .map(|it| ForTheAttentionOf { id: it.ssin.clone(), name: it.label.clone() }),
            attachments: Some(Attachments::of(line, publication, origin)),
            business_data_list: (!data.is_empty()).then(|| BusinessDataList {
                items: data.iter().map(Into::into).collect(),
                total_items: data.len() as u64,
            }),
            ..line.into()
        }
    }
}

impl From<&domain::BusinessData> for BusinessData {
    fn from(data: &domain::BusinessData) -> Self {
        let name = |language| Words(language).find(&format!("bd-{}", data.key));
        let name = TranslatedString {
            fr: name(Language::Fr),
            nl: name(Language::Nl),
            de: name(Language::De),
            en: name(Language::En),
        };
        Self {
            key: data.key.clone(),
            name,
            values: data.values.iter().map(TranslatedString::from).collect(),
        }
    }
}

impl Attachments {
    pub(super) fn of(line: &Line, publication: &Publication, origin: &str) -> Self {
        let items: Vec<Attachment> =
            publication.attachments.iter().map(|it| attachment(line, it, origin)).collect();
        Self { total_items: items.len() as u64, items }
    }
}

fn attachment(line: &Line, it: &domain::Attachment, origin: &str) -> Attachment {
    let (digest, bytes) = match &it.content {
        Some(domain::Content::Uploaded { sha256, size }) => (Some(*sha256), *size),
        Some(domain::Content::Inline { .. }) | None => (None, 0),
    };
    let part = percent_encoding::utf8_percent_encode(
        &it.http_part_name,
        percent_encoding::NON_ALPHANUMERIC,
    );
    #[expect(clippy::cast_precision_loss, reason = "a document has 30 MiB at most")]
    let size = bytes as f64 / 1024.0;
    Attachment {
        attachment_id: it.http_part_name.clone(),
        attachment_title: it.attachment_title.as_ref().map(Into::into),
        file_name: it.file_name.clone().unwrap_or_else(|| it.http_part_name.clone()),
        main_content: it.is_main_content,
        media_type: it.media_type.clone().unwrap_or_else(|| OCTETS.to_owned()),
        size,
        digest: digest.map(|digest| AttachmentDigest {
            digest_value: digest.to_string(),
            digest_method: "sha_256",
        }),
        attachment_signed: it.is_attachment_signed,
        content_href: format!("{origin}/ebox/messages/{}/attachments/{part}/content", line.id),
    }
}

/// Bytes of which nothing is known.
pub(super) const OCTETS: &str = "application/octet-stream";
