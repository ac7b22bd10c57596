//! A publication in the shape of version 2.1, as one of version 3.

use bytes::Bytes;
use serde::Deserialize;

use crate::domain::{
    Attachment, Attention, BusinessData, Code, Publication, Recipient, Refusal, Sender, Texts,
};
use crate::intake::locate;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct MessageToPublish {
    recipient: EboxId,
    for_the_attention_of: Option<AttentionOf>,
    original_message_id: Option<String>,
    subject: Texts,
    message_type_id: String,
    expiration_date: Option<String>,
    sender_organization_id: String,
    sender_application_id: String,
    #[serde(default)]
    registered_mail: bool,
    #[serde(default)]
    attachments: Vec<AttachmentToPublish>,
    #[serde(default)]
    body_main_content: bool,
    #[serde(default)]
    body_content: Texts,
    #[serde(default)]
    business_data_list: Vec<BusinessDataToPublish>,
    payment_data: Option<serde_json::Value>,
    #[serde(default)]
    reply_authorized: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct EboxId {
    ebox_type: String,
    ebox_id_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttentionOf {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AttachmentToPublish {
    attachment_title: Option<Texts>,
    http_part_name: String,
    main_content: bool,
    digest: Option<GivenDigest>,
    #[serde(default)]
    attachment_signed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct GivenDigest {
    digest_value: String,
    digest_method: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BusinessDataToPublish {
    key: String,
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
    let message: MessageToPublish =
        serde_json::from_slice(body).map_err(|_| locate::<MessageToPublish>(body))?;
    if message.payment_data.is_some() {
        let text = "payment data are not offered here";
        return Err(Refusal::new(Code::InvalidInput, "/paymentData", text));
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
