//! A selection of messages as one ZIP: a list for a spreadsheet, and a folder
//! with the documents of each.
//!
//! Everything is checked before the first byte; and each document again, under
//! the access of the moment in which its turn comes. Opening main contents in
//! this way reads the messages, and is recorded as opening them one by one is.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::file_name::{file_name, folder_name};
use super::{Filter, Hidden, Mailbox, MailboxError, Purpose, Reader};
use crate::clock::belgian_day;
use crate::documents::archive::{self, ArchiveError, File};
use crate::domain::{Content, MessageId, Publication};

/// Messages of one download.
pub const DOWNLOAD_MESSAGES_MAX: usize = 100;
/// Bytes of their documents together.
pub const DOWNLOAD_BYTES_MAX: u64 = 250 * 1024 * 1024;

/// The bytes of an archive, piece by piece.
pub type Archive = BoxStream<'static, Result<Bytes, MailboxError>>;

/// A document whose turn will come.
enum Wanted {
    /// The message's own text.
    Text(MessageId, String),
    /// An attachment, by the name of its part.
    Part(MessageId, String, String),
}

impl From<ArchiveError> for MailboxError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Document(error) => Self::Documents(error),
            other => Self::Archive(other),
        }
    }
}

impl Mailbox {
    /// Messages as a ZIP, in the order in which they are named: all of them,
    /// or none.
    ///
    /// # Errors
    /// `NotFound` unless the reader may see every one, `Invalid` for more than
    /// 100 or more than 250 MiB, and whatever keeps the ledger from answering.
    /// What cannot be had later ends the archive early.
    pub async fn download(
        &self,
        reader: &Reader,
        ids: &[MessageId],
    ) -> Result<Archive, MailboxError> {
        if ids.len() > DOWNLOAD_MESSAGES_MAX {
            let message = format!("at most {DOWNLOAD_MESSAGES_MAX} at once");
            return Err(MailboxError::invalid("messages", message));
        }
        let ids = once_each(ids);
        let (folders, wanted) = self.wanted(reader, &ids).await?;
        let list = self.list_csv_in(reader, &ids, &folders).await?;
        let list = File::of("list.csv".to_owned(), list.into());
        let (mailbox, reader) = (self.clone(), reader.clone());
        let rest = stream::iter(wanted).then(move |wanted| {
            let (mailbox, reader) = (mailbox.clone(), reader.clone());
            async move { mailbox.file(&reader, wanted).await }
        });
        Ok(archive::zip(stream::iter([Ok(list)]).chain(rest)))
    }

    /// The folder of each message, and what goes into all of them.
    async fn wanted(
        &self,
        reader: &Reader,
        ids: &[MessageId],
    ) -> Result<(Vec<String>, Vec<Wanted>), MailboxError> {
        let look = self.ledger.look_at_messages(&reader.person, ids, self.clock.now()).await?;
        let mut look = look.ok_or(MailboxError::NotFound)?;
        let everything = Filter { hidden: Hidden::With, ..Filter::default() };
        let lines = look.lines(ids, &everything).await?;
        let (mut folders, mut wanted, mut bytes) = (Vec::new(), Vec::new(), 0);
        for (place, line) in lines.iter().enumerate() {
            let publication = look.publication(line.enterprise, line.id).await?;
            let publication = publication.ok_or(MailboxError::NotFound)?;
            let subject = line.subject.best(reader.claims.language);
            let folder = folder_name(place + 1, belgian_day(line.arrived_at), subject);
            bytes += size(&publication);
            wanted.extend(documents(line.id, &publication, &folder));
            folders.push(folder);
        }
        if bytes > DOWNLOAD_BYTES_MAX {
            return Err(MailboxError::invalid("messages", "their documents are too large"));
        }
        Ok((folders, wanted))
    }

    /// One document, opened now.
    async fn file(&self, reader: &Reader, wanted: Wanted) -> Result<File, MailboxError> {
        match wanted {
            Wanted::Text(id, path) => {
                let opened = self.open(reader, id).await?;
                let text = opened.publication.body_content.best(reader.claims.language).to_owned();
                Ok(File::of(path, text.into()))
            }
            Wanted::Part(id, part, path) => {
                let content = self.content(reader, id, &part, Purpose::Download).await?.content;
                Ok(File { path, content: content.pieces })
            }
        }
    }
}

/// The same message twice would be two folders of one name.
fn once_each(ids: &[MessageId]) -> Vec<MessageId> {
    let mut seen = BTreeSet::new();
    ids.iter().copied().filter(|id| seen.insert(id.0)).collect()
}

fn size(publication: &Publication) -> u64 {
    let contents = publication.attachments.iter().map(|attachment| &attachment.content);
    contents
        .map(|content| if let Some(Content::Uploaded { size, .. }) = content { *size } else { 0 })
        .sum()
}

/// What lies in the folder of a message, under names that lead nowhere else.
fn documents(id: MessageId, publication: &Publication, folder: &str) -> Vec<Wanted> {
    let mut names = BTreeSet::new();
    let mut path = |name: &str| format!("{folder}/{}", file_name(name, &mut names));
    let mut wanted = Vec::new();
    if !publication.body_content.is_empty() {
        wanted.push(Wanted::Text(id, path("message.txt")));
    }
    for attachment in &publication.attachments {
        let part = &attachment.http_part_name;
        let name = attachment.file_name.as_deref().unwrap_or(part);
        wanted.push(Wanted::Part(id, part.clone(), path(name)));
    }
    wanted
}
