//! What a letter consists of: its ticket, and the documents to print. Pure.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use super::address::{self, AddressBlock, Unaddressable};
use super::links::Links;
use super::ticket::{DocumentRef, LetterOptions, PackageFile, Ticket};
use crate::domain::{Address, Attachment, Content, Digest, Enterprise, Language, Postal, Texts};
use crate::ledger::{LetterTicket, Printed};

/// A document of a letter, and where its content is.
#[derive(Clone, Debug)]
pub struct Document {
    /// As the ticket names it.
    pub document: DocumentRef,
    /// Its content, where it is the message's own text; none where it is in
    /// the store, under the application's name.
    pub text: Option<Bytes>,
}

/// The ticket of a letter that has its printer and its address.
#[must_use]
pub fn ticket(letter: &LetterTicket, links: &Links, now: Timestamp) -> Option<Ticket> {
    if letter.printer.is_empty() {
        return None;
    }
    let postal = letter.publication.postal.as_ref();
    // One that was moved before it was planned has no envelope yet.
    let address = letter.address.clone();
    let address = address.or_else(|| envelope(postal, letter.record.as_ref()).ok())?;
    let (package, expires_at) = links.write(letter.job, &letter.printer, now);
    let sender = letter.organization.as_ref();
    let language = letter.language;
    let sender_name = sender.and_then(|it| text_in(&it.name, language)).unwrap_or_default();
    let return_address = postal.and_then(|postal| postal.return_address.as_ref());
    Some(Ticket {
        job_id: letter.job,
        message_id: letter.message,
        attempt: u32::try_from(letter.attempt).unwrap_or(u32::MAX),
        printer: letter.printer.clone(),
        recipient: letter.enterprise,
        address,
        sender_application_id: letter.application.clone(),
        message_type_id: letter.message_type.clone(),
        created_at: letter.created_at,
        options: LetterOptions {
            registered: letter.registered,
            acknowledgement: postal.is_some_and(|postal| postal.acknowledgement),
            duplex: postal.is_some_and(|postal| postal.duplex),
            priority: postal.map(|postal| postal.priority).unwrap_or_default(),
            language,
            return_address: return_address
                .and_then(|address| address::block(&sender_name, address).ok()),
        },
        documents: documents(letter).into_iter().map(|it| it.document).collect(),
        package,
        expires_at,
    })
}

/// What stands on the envelope: what an operator wrote, else the publication's
/// address, else the register's.
///
/// # Errors
/// Why the letter cannot be addressed.
pub fn envelope(
    postal: Option<&Postal>,
    record: Option<&Enterprise>,
) -> Result<AddressBlock, Unaddressable> {
    let given = postal.and_then(|postal| postal.address.as_ref());
    let found = given.or_else(|| record.and_then(|record| record.address.as_ref()));
    let address = found.ok_or(Unaddressable::Missing)?;
    envelope_to(record.map(|record| record.name.as_str()), address)
}

/// The envelope for one address, under the register's name of the company. Of
/// one that the register does not know, the sender's first line is the name.
///
/// # Errors
/// Why the letter cannot be addressed.
pub fn envelope_to(name: Option<&str>, address: &Address) -> Result<AddressBlock, Unaddressable> {
    if let Some(name) = name {
        return address::block(name, address);
    }
    let mut address = address.clone();
    if address.lines.len() < 2 {
        return Err(Unaddressable::Nameless);
    }
    let name = address.lines.remove(0);
    address::block(&name, &address)
}

/// What to print, in order: the main content first.
#[must_use]
pub fn documents(letter: &LetterTicket) -> Vec<Document> {
    let (attached, text) = (attached(letter), message(&letter.publication, letter.language));
    if letter.publication.is_body_main_content {
        text.into_iter().chain(attached).collect()
    } else {
        attached.into_iter().chain(text).collect()
    }
}

/// Those of the documents that are in the store.
#[must_use]
pub fn attached(letter: &LetterTicket) -> Vec<Document> {
    let mut attached: Vec<&Attachment> = letter.publication.attachments.iter().collect();
    attached.sort_by_key(|attachment| !attachment.is_main_content);
    attached.into_iter().filter_map(|it| stored(it, &letter.pages)).collect()
}

/// The files of a package, in the order of the documents. Their names are
/// ours: a sender's name never becomes a path.
#[must_use]
pub fn files(documents: &[Document]) -> Vec<PackageFile> {
    let file = |(n, document): (usize, &Document)| {
        let document = &document.document;
        PackageFile {
            path: format!("documents/{:02}.{}", n + 1, extension(&document.media_type)),
            sha256: document.sha256,
            size: document.size,
            media_type: document.media_type.clone(),
        }
    };
    documents.iter().enumerate().map(file).collect()
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        "application/pdf" => "pdf",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "text/plain" => "txt",
        "text/html" => "html",
        "text/csv" => "csv",
        "application/xml" | "text/xml" => "xml",
        "application/zip" => "zip",
        _ => "bin",
    }
}

fn stored(attachment: &Attachment, pages: &BTreeMap<Digest, u32>) -> Option<Document> {
    let Some(Content::Uploaded { sha256, size }) = &attachment.content else { return None };
    let document = DocumentRef {
        sha256: *sha256,
        size: *size,
        pages: pages.get(sha256).copied(),
        media_type: attachment.media_type.clone().unwrap_or_default(),
        file_name: attachment.file_name.clone().unwrap_or_default(),
    };
    Some(Document { document, text: None })
}

/// The message's own text, under its subject, as a document.
fn message(publication: &Printed, language: Language) -> Option<Document> {
    let body = text_in(&publication.body_content, language)?;
    let subject = text_in(&publication.subject, language).unwrap_or_default();
    let text = Bytes::from(format!("{subject}\n\n{body}\n"));
    let document = DocumentRef {
        sha256: Digest::of(&text),
        size: text.len() as u64,
        pages: None,
        media_type: "text/plain".into(),
        file_name: "message.txt".into(),
    };
    Some(Document { document, text: Some(text) })
}

/// The text in a language, else in the first that there is.
fn text_in(texts: &Texts, language: Language) -> Option<String> {
    let any = Language::ALL.into_iter().find_map(|language| texts.get(language));
    texts.get(language).or(any).map(str::to_owned)
}
