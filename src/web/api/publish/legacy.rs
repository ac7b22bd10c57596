//! A publication in the shape of version 2.1, as one of version 3.

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::{
    Attachment, Attention, BusinessData, Code, Object, Publication, Recipient, Refusal, Sender,
    Texts, objects, present, present_object,
};
use crate::intake::locate;
use crate::web::api::lookups::EboxId;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::web::api) struct MessageToPublish {
    recipient: EboxId,
    #[serde(default, deserialize_with = "present_object")]
    for_the_attention_of: Option<AttentionOf>,
    #[serde(default, deserialize_with = "present")]
    original_message_id: Option<String>,
    subject: Texts,
    message_type_id: String,
    #[serde(default, deserialize_with = "present")]
    expiration_date: Option<String>,
    sender_organization_id: String,
    sender_application_id: String,
    #[serde(default)]
    registered_mail: bool,
    #[serde(default, deserialize_with = "objects")]
    attachments: Vec<AttachmentToPublish>,
    #[serde(default)]
    body_main_content: bool,
    #[serde(default)]
    body_content: Texts,
    #[serde(default, deserialize_with = "objects")]
    business_data_list: Vec<BusinessDataToPublish>,
    #[serde(default, deserialize_with = "present")]
    payment_data: Option<serde_json::Value>,
    #[serde(default)]
    reply_authorized: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AttentionOf {
    #[serde(default, deserialize_with = "present")]
    id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    name: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AttachmentToPublish {
    #[serde(default, deserialize_with = "present_object")]
    attachment_title: Option<Texts>,
    http_part_name: String,
    main_content: bool,
    #[serde(default, deserialize_with = "present_object")]
    digest: Option<GivenDigest>,
    #[serde(default)]
    attachment_signed: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GivenDigest {
    digest_value: String,
    digest_method: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BusinessDataToPublish {
    key: String,
    #[serde(deserialize_with = "objects")]
    values: Vec<Texts>,
}

/// Reads one, with no more than `bytes_max` bytes.
///
/// # Errors
/// The place of the fault; `INVALID_INPUT` for what is not offered here.
pub(super) fn read(body: &Bytes, bytes_max: usize) -> Result<Publication, Refusal> {
    if body.len() > bytes_max {
        let message = format!("the publication has more than {bytes_max} bytes");
        return Err(Refusal::new(Code::TooLarge, "", message));
    }
    let read = serde_json::from_slice::<Object<MessageToPublish>>(body);
    let Object(message) = read.map_err(|_| locate::<Object<MessageToPublish>>(body))?;
    if message.payment_data.is_some() {
        let text = "payment data are not offered here";
        return Err(Refusal::new(Code::InvalidInput, "/paymentData", text));
    }
    // Read and not followed: a type says how long its messages stay.
    if message.expiration_date.as_ref().is_some_and(|it| it.parse::<jiff::Timestamp>().is_err()) {
        let text = "a date-time is expected, yyyy-MM-dd'T'HH:mm:ssXXX";
        return Err(Refusal::new(Code::InvalidInput, "/expirationDate", text));
    }
    for (i, attachment) in message.attachments.iter().enumerate() {
        if attachment.digest.as_ref().is_some_and(|digest| digest.digest_method != "sha_256") {
            let pointer = format!("/attachments/{i}/digest/digestMethod");
            return Err(Refusal::new(Code::Digest, pointer, "the only method is sha_256"));
        }
    }
    Ok(publication(message))
}

fn publication(message: MessageToPublish) -> Publication {
    let attention = message.for_the_attention_of;
    Publication {
        sender: Sender {
            ebox_type: "enterprise".to_owned(),
            enterprise_number: message.sender_organization_id,
            partition: None,
        },
        recipient: Recipient {
            ebox_type: message.recipient.ebox_type,
            enterprise_number: message.recipient.ebox_id_value,
        },
        subject: message.subject,
        sender_application_id: message.sender_application_id,
        message_type_id: message.message_type_id,
        attachments: message.attachments.into_iter().map(attachment).collect(),
        body_content: message.body_content,
        is_body_main_content: message.body_main_content,
        business_data_list: message
            .business_data_list
            .into_iter()
            .map(|data| BusinessData { key: data.key, values: data.values })
            .collect(),
        for_the_attention_of: attention.map(|it| Attention { ssin: it.id, label: it.name }),
        is_reply_authorized: message.reply_authorized,
        original_message_id: message.original_message_id,
        expiration_date: message.expiration_date,
        registered: message.registered_mail,
        precondition: None,
        postal: None,
        digital_only: false,
    }
}

fn attachment(given: AttachmentToPublish) -> Attachment {
    Attachment {
        http_part_name: given.http_part_name,
        is_main_content: given.main_content,
        is_attachment_signed: given.attachment_signed,
        attachment_title: given.attachment_title,
        file_name: None,
        media_type: None,
        digest: given.digest.map(|digest| digest.digest_value),
        content: None,
    }
}
