//! The rules of a publication that need nothing but the publication.
//!
//! Source of the limits: the eBox REST interface; 6 attachments and 30 MB in
//! all are a peer's (Flanders), since the real one's are not documented.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use percent_encoding::percent_decode_str;

use super::{
    ApplicationId, Attachment, Code, Content, Digest, EnterpriseNumber, MessageId, MessageTypeId,
    Publication, Refusal, Texts,
};

/// The media types a document may have.
pub const MEDIA_TYPES: &[&str] = &[
    "application/pdf",
    "application/zip",
    "text/csv",
    "text/html",
    "text/plain",
    "application/xml",
    "text/xml",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.graphics",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "image/png",
    "image/jpeg",
];

const SUBJECT_CHARS_MAX: usize = 400;
const FILE_NAME_CHARS_MAX: usize = 255;
const TITLE_CHARS_MAX: usize = 400;
const BUSINESS_VALUE_CHARS_MAX: usize = 256;
const BUSINESS_DATA_MAX: usize = 100;
const ATTENTION_LABEL_CHARS_MAX: usize = 100;
const BODY_CHARS_MAX: usize = 20_000;
const ATTACHMENTS_MAX: usize = 6;
const ATTACHMENTS_BYTES_MAX: u64 = 30 * 1024 * 1024;
const ADDRESS_LINES_MAX: usize = 6;
const ADDRESS_LINE_CHARS_MAX: usize = 100;

/// The limits that an installation sets.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Inline content of one publication, all attachments together.
    pub inline_bytes_max: usize,
}

/// What validation learned and the line needs next.
#[derive(Debug)]
pub struct Valid {
    /// The sender organization.
    pub organization: EnterpriseNumber,
    /// The sender application.
    pub application: ApplicationId,
    /// The type.
    pub message_type: MessageTypeId,
    /// The company.
    pub recipient: EnterpriseNumber,
    /// Inline contents with their digests, to be stored before the commit.
    pub inline: Vec<(Digest, Bytes)>,
    /// Referenced documents: attachment number, digest, size.
    pub uploaded: Vec<(usize, Digest, u64)>,
}

type Checked<T = ()> = Result<T, Refusal>;

fn invalid<T>(pointer: impl AsRef<str>, message: impl AsRef<str>) -> Checked<T> {
    Err(Refusal::new(Code::InvalidInput, pointer, message))
}

/// Checks a publication and replaces inline content by its digest.
///
/// # Errors
/// The first rule that is broken, with its code and place.
pub fn validate(publication: &mut Publication, limits: Limits) -> Checked<Valid> {
    let (organization, recipient) = parties(publication)?;
    let (application, message_type) = names(publication)?;
    texts(publication)?;
    main_content(publication)?;
    business_data(publication)?;
    postal(publication)?;
    let (inline, uploaded) = attachments(&mut publication.attachments, limits)?;
    Ok(Valid { organization, application, message_type, recipient, inline, uploaded })
}

fn parties(publication: &Publication) -> Checked<(EnterpriseNumber, EnterpriseNumber)> {
    let sender = &publication.sender;
    let recipient = &publication.recipient;
    only_enterprises(&sender.ebox_type, "/sender/eboxType")?;
    only_enterprises(&recipient.ebox_type, "/recipient/eboxType")?;
    if let Some(partition) = &sender.partition {
        text("/sender/partition", partition, 1, 60)?;
    }
    Ok((
        number(&sender.enterprise_number, "/sender/enterpriseNumber")?,
        number(&recipient.enterprise_number, "/recipient/enterpriseNumber")?,
    ))
}

/// Whether a party is of the kind that this engine serves.
pub(crate) fn only_enterprises(ebox_type: &str, pointer: &str) -> Checked {
    match ebox_type {
        "enterprise" => Ok(()),
        "citizen" => invalid(pointer, "this engine serves enterprises, not citizens"),
        other => invalid(pointer, format!("unknown box type {other:?}; it must be enterprise")),
    }
}

fn number(text: &str, pointer: &str) -> Checked<EnterpriseNumber> {
    text.parse().or_else(|error: super::EnterpriseNumberError| invalid(pointer, error.to_string()))
}

fn names(publication: &Publication) -> Checked<(ApplicationId, MessageTypeId)> {
    let application = ApplicationId::new(publication.sender_application_id.as_str())
        .or_else(|error| invalid("/senderApplicationId", error.to_string()))?;
    let message_type = MessageTypeId::new(publication.message_type_id.as_str())
        .or_else(|error| invalid("/messageTypeId", error.to_string()))?;
    Ok((application, message_type))
}

/// Bounds a text; refuses NUL and other control characters, which PostgreSQL
/// or a reader's screen would not take, but lets lines break.
fn text(pointer: &str, value: &str, min: usize, max: usize) -> Checked {
    let length = value.chars().count();
    if !(min..=max).contains(&length) {
        return invalid(pointer, format!("{length} characters; {min} to {max} are allowed"));
    }
    if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return invalid(pointer, "control characters are not allowed");
    }
    Ok(())
}

fn all_texts(pointer: &str, texts: &Texts, max: usize) -> Checked {
    texts.iter().try_for_each(|(language, value)| {
        text(&format!("{pointer}/{}", language.code()), value, 1, max)
    })
}

fn texts(publication: &Publication) -> Checked {
    if publication.subject.is_empty() {
        return invalid("/subject", "a subject in at least one language is required");
    }
    all_texts("/subject", &publication.subject, SUBJECT_CHARS_MAX)?;
    all_texts("/bodyContent", &publication.body_content, BODY_CHARS_MAX)?;
    if let Some(attention) = &publication.for_the_attention_of {
        if let Some(label) = &attention.label {
            text("/forTheAttentionOf/label", label, 1, ATTENTION_LABEL_CHARS_MAX)?;
        }
        if let Some(ssin) = &attention.ssin
            && (ssin.len() != 11 || !ssin.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return invalid("/forTheAttentionOf/ssin", "a national number has 11 digits");
        }
    }
    if let Some(id) = &publication.original_message_id
        && id.parse::<MessageId>().is_err()
    {
        return invalid("/originalMessageId", "not a message id");
    }
    Ok(())
}

/// Exactly one main content, over attachments and body together.
fn main_content(publication: &Publication) -> Checked {
    let of_attachments = publication.attachments.iter().filter(|a| a.is_main_content).count();
    if publication.is_body_main_content && publication.body_content.is_empty() {
        return invalid("/isBodyMainContent", "there is no body to be the main content");
    }
    match of_attachments + usize::from(publication.is_body_main_content) {
        1 => Ok(()),
        0 => invalid("", "one attachment or the body must be the main content"),
        n => invalid("", format!("{n} main contents; there must be exactly one")),
    }
}

fn business_data(publication: &Publication) -> Checked {
    if publication.business_data_list.len() > BUSINESS_DATA_MAX {
        return invalid("/businessDataList", format!("more than {BUSINESS_DATA_MAX} keys"));
    }
    for (i, data) in publication.business_data_list.iter().enumerate() {
        let pointer = format!("/businessDataList/{i}");
        text(&format!("{pointer}/key"), &data.key, 1, 100)?;
        if data.values.is_empty() || data.values.len() > BUSINESS_DATA_MAX {
            return invalid(format!("{pointer}/values"), "1 to 100 values are allowed");
        }
        for (j, value) in data.values.iter().enumerate() {
            all_texts(&format!("{pointer}/values/{j}"), value, BUSINESS_VALUE_CHARS_MAX)?;
        }
    }
    Ok(())
}

fn postal(publication: &Publication) -> Checked {
    let Some(postal) = &publication.postal else {
        return Ok(());
    };
    for (pointer, address) in
        [("/postal/address", &postal.address), ("/postal/returnAddress", &postal.return_address)]
    {
        let Some(address) = address else { continue };
        if address.lines.is_empty() || address.lines.len() > ADDRESS_LINES_MAX {
            return invalid(format!("{pointer}/lines"), "1 to 6 lines are allowed");
        }
        for (i, line) in address.lines.iter().enumerate() {
            text(&format!("{pointer}/lines/{i}"), line, 1, ADDRESS_LINE_CHARS_MAX)?;
        }
        text(&format!("{pointer}/town"), &address.town, 1, ADDRESS_LINE_CHARS_MAX)?;
        text(&format!("{pointer}/postalCode"), &address.postal_code, 0, 20)?;
        if address.country.len() != 2 || !address.country.bytes().all(|b| b.is_ascii_uppercase()) {
            return invalid(
                format!("{pointer}/country"),
                "an ISO 3166-1 code has two capital letters",
            );
        }
    }
    Ok(())
}

type Contents = (Vec<(Digest, Bytes)>, Vec<(usize, Digest, u64)>);

fn attachments(attachments: &mut [Attachment], limits: Limits) -> Checked<Contents> {
    if attachments.len() > ATTACHMENTS_MAX {
        return invalid("/attachments", format!("more than {ATTACHMENTS_MAX} attachments"));
    }
    let (mut inline, mut uploaded) = (Vec::new(), Vec::new());
    let (mut part_names, mut inline_bytes, mut bytes) = (HashSet::new(), 0, 0u64);
    for (i, attachment) in attachments.iter_mut().enumerate() {
        let pointer = format!("/attachments/{i}");
        describe(attachment, &pointer)?;
        if !part_names.insert(attachment.http_part_name.clone()) {
            return invalid(
                format!("{pointer}/httpPartName"),
                "another attachment has this part name",
            );
        }
        let (digest, size) = match content(attachment, &pointer)? {
            Found::Inline(found) => {
                let digest = Digest::of(&found);
                let size = found.len() as u64;
                inline_bytes += found.len();
                inline.push((digest, found.into()));
                (digest, size)
            }
            Found::Uploaded(digest, size) => {
                uploaded.push((i, digest, size));
                (digest, size)
            }
        };
        bytes = bytes.saturating_add(size);
        if inline_bytes > limits.inline_bytes_max {
            let max = limits.inline_bytes_max;
            return invalid(
                format!("{pointer}/content"),
                format!("more than {max} bytes inline; upload the document first"),
            );
        }
        if bytes > ATTACHMENTS_BYTES_MAX {
            return invalid(format!("{pointer}/content"), "more than 30 MB of attachments");
        }
        check_digest(attachment, digest, &pointer)?;
        attachment.digest = Some(digest.to_string());
        attachment.content = Some(Content::Uploaded { sha256: digest, size });
    }
    Ok((inline, uploaded))
}

fn describe(attachment: &Attachment, pointer: &str) -> Checked {
    text(&format!("{pointer}/httpPartName"), &attachment.http_part_name, 1, 100)?;
    if let Some(title) = &attachment.attachment_title {
        all_texts(&format!("{pointer}/attachmentTitle"), title, TITLE_CHARS_MAX)?;
    }
    let Some(name) = &attachment.file_name else {
        return invalid(format!("{pointer}/fileName"), "the file name is missing");
    };
    file_name(&format!("{pointer}/fileName"), name)?;
    match attachment.media_type.as_deref() {
        Some(media_type) if MEDIA_TYPES.contains(&media_type) => Ok(()),
        Some(other) => invalid(
            format!("{pointer}/mediaType"),
            format!("media type {other:?} is not in the list"),
        ),
        None => invalid(format!("{pointer}/mediaType"), "the media type is missing"),
    }
}

/// A file name must stay one: no folder, no control character, no name that a
/// file system reads as something else, also after percent-decoding.
fn file_name(pointer: &str, name: &str) -> Checked {
    text(pointer, name, 1, FILE_NAME_CHARS_MAX)?;
    let Ok(decoded) = percent_decode_str(name).decode_utf8() else {
        return invalid(pointer, "the percent-encoding is not UTF-8");
    };
    let is_outside_latin1 = name.chars().any(|c| u32::from(c) > 0xff);
    if is_outside_latin1 {
        return invalid(pointer, "percent-encode a file name outside ISO-8859-1");
    }
    let is_hostile = decoded.chars().any(|c| c.is_control() || matches!(c, '/' | '\\'))
        || matches!(decoded.trim(), "" | "." | "..");
    if is_hostile { invalid(pointer, "not a plain file name") } else { Ok(()) }
}

enum Found {
    Inline(Vec<u8>),
    Uploaded(Digest, u64),
}

fn content(attachment: &Attachment, pointer: &str) -> Checked<Found> {
    match &attachment.content {
        None => invalid(format!("{pointer}/content"), "the content is missing"),
        Some(Content::Uploaded { sha256, size }) => Ok(Found::Uploaded(*sha256, *size)),
        Some(Content::Inline { inline }) => {
            STANDARD.decode(inline).map(Found::Inline).or_else(|error| {
                invalid(format!("{pointer}/content/inline"), format!("not base64: {error}"))
            })
        }
    }
}

fn check_digest(attachment: &Attachment, actual: Digest, pointer: &str) -> Checked {
    let Some(given) = &attachment.digest else {
        return Ok(());
    };
    let wrong =
        |message: String| Err(Refusal::new(Code::Digest, format!("{pointer}/digest"), message));
    match given.parse::<Digest>() {
        Ok(digest) if digest == actual => Ok(()),
        Ok(_) => wrong("the digest does not belong to the content".into()),
        Err(error) => wrong(error.to_string()),
    }
}
