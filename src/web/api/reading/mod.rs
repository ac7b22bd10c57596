//! What programs read of a box, over HTTP: names and shapes of the eBox REST
//! interface, version 2.1, with `en` beside the other languages.
//!
//! A thin layer over [`crate::mailbox`]: a program is a reader like any other,
//! held to its grants and partitions. What it may not see does not exist for
//! it. What is said of an endpoint stands beside its route.

mod attachments;
mod consumer;
mod ebox;
mod kept;
mod list;
mod message;
mod negotiate;
mod patch;
mod reference;
mod shapes;
mod status;

pub(in crate::web) use consumer::ENTERPRISE;
pub(super) use kept::json as json_kept;
pub(in crate::web) use status::ApiError;

use crate::web::Web;
use crate::web::api::describe::{Key, Operation, Routes, Tag, bytes, of};
use shapes::{Attachment, Attachments, Ebox, Message, Messages, TranslatedString};

/// By what somebody proves whose box it is.
const READERS: &[Key] = &[Key::TokenToConsume, Key::Session];
/// Refusals of all that concerns a box.
const REFUSALS: &[u16] = &[400, 401, 403, 404, 429, 500, 503];
const MERGE_PATCH: &str = "application/merge-patch+json";

/// The endpoints, each with its description.
pub(super) fn routes() -> Routes<Web> {
    of_a_box().merge(of_a_message()).merge(of_attachments()).merge(reference::routes())
}

fn of_a_box() -> Routes<Web> {
    Routes::new()
        .on(
            read("/ebox", "getEBoxById", Tag::Ebox)
                .says("A box in figures", "Of what is open to the caller today.")
                .kept::<Ebox>("As asked for"),
            ebox::summary,
        )
        .on(
            read("/ebox/messages", "getMessagesByEBoxId", Tag::Messages)
                .says(
                    "The messages of a box, newest first",
                    "A page of those that are open to the caller and meet all criteria; totalItems \
                     counts all. Who turns page after page meets each message once. Nothing \
                     found is an empty list.",
                )
                .criteria::<list::Asked>()
                .kept::<Messages>("As asked for"),
            list::messages,
        )
        .on(
            Operation::patch("/ebox/messages", "patchMessagesByEBoxId", Tag::Messages)
                .says("Hides, shows and moves messages", "All of them, or none.")
                .keys(READERS)
                .of_a_box()
                .takes(MERGE_PATCH, of::<patch::MessagesToUpdate>)
                .takes("application/json", of::<patch::MessagesToUpdate>)
                .example(serde_json::json!({ "items": [] }))
                .done(200, "It is so now")
                .faults(REFUSALS)
                .faults(&[408, 413, 415]),
            patch::change,
        )
}

fn of_a_message() -> Routes<Web> {
    Routes::new()
        .on(
            read("/ebox/messages/{messageId}", "getMessageById", Tag::Messages)
                .says("A message", "Everything but its contents. This does not read it.")
                .place("messageId", "Which message")
                .kept::<Message>("As asked for"),
            message::message,
        )
        .on(
            read("/ebox/messages/{messageId}/body", "getBodyContent", Tag::Messages)
                .says("A message's own text", "Where it is the main content, this reads it.")
                .place("messageId", "Which message")
                .kept::<TranslatedString>("In each language that it has")
                .faults(&[405]),
            message::body,
        )
        .on(
            read(
                "/ebox/messages/{messageId}/paymentData",
                "getPaymentDataByMessageId",
                Tag::Messages,
            )
            .says("What is to be paid", "Publications carry no payment data: there never is any.")
            .place("messageId", "Which message"),
            message::payment,
        )
}

fn of_attachments() -> Routes<Web> {
    let one = |path, id| {
        read(path, id, Tag::Messages)
            .place("messageId", "Which message")
            .place("attachmentId", "Which attachment: its httpPartName")
    };
    Routes::new()
        .on(
            read(
                "/ebox/messages/{messageId}/attachments",
                "getAttachmentByMessageId",
                Tag::Messages,
            )
            .says("The attachments of a message", "")
            .place("messageId", "Which message")
            .kept::<Attachments>("As asked for"),
            attachments::list,
        )
        .on(
            one("/ebox/messages/{messageId}/attachments/{attachmentId}", "getAttachmentById")
                .says("An attachment", "Everything but its content.")
                .kept::<Attachment>("As asked for"),
            attachments::one,
        )
        .on(
            one(
                "/ebox/messages/{messageId}/attachments/{attachmentId}/content",
                "getAttachmentContentById",
            )
            .says("The content of an attachment", "The main content reads the message, once.")
            .answers(200, "Its bytes", "*/*", bytes)
            .with(200, "ETag", "The digest of the content")
            .done(304, "As the client has it (If-None-Match)")
            .faults(&[405, 406]),
            attachments::content,
        )
}

/// Something that is read of a box.
fn read(path: &'static str, id: &'static str, tag: Tag) -> Operation {
    Operation::get(path, id, tag).keys(READERS).of_a_box().faults(REFUSALS)
}
