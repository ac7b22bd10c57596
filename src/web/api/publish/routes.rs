//! The operations of publication.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::answer::{Duplicate, Published};
use super::legacy::MessageToPublish;
use super::{link, publish, publish_legacy};
use crate::domain::{IdempotencyKey, Publication};
use crate::web::Web;
use crate::web::api::SENDERS;
use crate::web::api::describe::{Operation, Routes, Tag, of};

const MULTIPART: &str = "multipart/form-data";
const KEY: &str =
    "Of this publication, the sender's own: a second with the same key is a duplicate";

/// `POST /ebox/messages`, `/publishMessage` and `/linkEboxMessage`.
pub(in crate::web::api) fn routes() -> Routes<Web> {
    let newest = Operation::post("/ebox/messages", "publishMessage", Tag::Publication)
        .says(
            "Puts mail into a company's box",
            "The part messageToPublish and a part for each attachment, in any order; parts have \
             the attachments' httpPartName, a file name and a media type. At most six documents, \
             together 30 MiB. Answered after it is recorded durably: after no answer, send it \
             again with the same key.",
        )
        .header("Idempotency-Key", KEY, true, of::<IdempotencyKey>)
        .takes(MULTIPART, parts::<Publication>);
    let oldest = Operation::post("/publishMessage", "publishMessageV2", Tag::Publication)
        .says(
            "The same in the shape of version 2.1",
            "Without Idempotency-Key, the same content again is a duplicate.",
        )
        .header("Idempotency-Key", KEY, false, of::<IdempotencyKey>)
        .takes(MULTIPART, parts::<MessageToPublish>);
    let linked = Operation::post("/linkEboxMessage", "linkEboxMessage", Tag::Publication)
        .says("One message for many companies", "Not offered: publish to each.")
        .keys(SENDERS)
        .takes("application/json", of::<Value>)
        .faults(&[401, 403, 429, 501, 503]);
    Routes::new()
        .on(answered(newest), publish)
        .on(answered(oldest), publish_legacy)
        .on(linked, link)
}

fn answered(operation: Operation) -> Operation {
    operation
        .keys(SENDERS)
        .answers(201, "It is recorded", "application/json", of::<Published>)
        .answers(409, "The key was used before", "application/json", of::<Duplicate>)
        .faults(&[400, 401, 403, 408, 413, 415, 422, 429, 500, 503])
}

/// A publication of a type, and a document.
fn parts<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let message = generator.subschema_for::<T>();
    json_schema!({
        "type": "object",
        "required": ["messageToPublish"],
        "properties": {
            "messageToPublish": message,
            "upfile1": {
                "type": "string", "contentMediaType": "application/pdf",
                "description": "A document; the publication says what such parts are called",
            },
        },
    })
}
