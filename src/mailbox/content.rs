//! The content of attachments.

use serde_json::json;

use super::{Deed, Mailbox, MailboxError, Reader};
use crate::documents::Content;
use crate::domain::{self, MessageId};

/// An attachment on its way out.
pub struct Fetched {
    /// Its name, as the sender gave it: not to be trusted as a path.
    pub file_name: String,
    /// Its media type, one of the listed ones.
    pub media_type: String,
    /// Whether opening it reads the message.
    pub is_main_content: bool,
    /// SHA-256 of the bytes.
    pub digest: domain::Digest,
    /// Size and bytes.
    pub content: Content,
}

/// What the content of an attachment is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is shown, beside its message: part of opening that.
    View,
    /// It is kept.
    Download,
}

impl Mailbox {
    /// The content of one attachment, by the name of its part. Where it is
    /// the main content, that reads the message.
    ///
    /// # Errors
    /// `NotFound` when message or part do not exist or are not open to the
    /// reader today, `ContentMissing` when the store lost it, and whatever
    /// keeps ledger or store from answering.
    pub async fn content(
        &self,
        reader: &Reader,
        id: MessageId,
        part: &str,
        purpose: Purpose,
    ) -> Result<Fetched, MailboxError> {
        let now = self.clock.now();
        let (mut look, line) = self.seen(reader, id).await?;
        let publication = look.publication(line.enterprise, id).await?;
        drop(look);
        let attachments = publication.map(|it| it.attachments).unwrap_or_default();
        let attachment = attachments.into_iter().find(|it| it.http_part_name == part);
        let attachment = attachment.ok_or(MailboxError::NotFound)?;
        let Some(domain::Content::Uploaded { sha256, .. }) = attachment.content else {
            return Err(MailboxError::ContentMissing);
        };
        let content = self.documents.get(&(line.application, sha256)).await?;
        let content = content.ok_or(MailboxError::ContentMissing)?;
        if attachment.is_main_content {
            self.read(reader, id).await?;
        }
        let file_name = attachment.file_name.unwrap_or_else(|| part.to_owned());
        // A part's name says nothing to people, and the message may be gone
        // when they ask: which file it was, the record itself tells.
        let detail = json!({ "part": part, "file": file_name, "sha256": sha256 });
        let deed = match purpose {
            Purpose::View => Deed::Viewed,
            Purpose::Download => Deed::Downloaded,
        };
        let deed = (line.enterprise, Some(id), deed, detail);
        self.ledger.record_deed(&reader.person, now, &[deed]).await?;
        Ok(Fetched {
            file_name,
            media_type: attachment
                .media_type
                .unwrap_or_else(|| "application/octet-stream".to_owned()),
            is_main_content: attachment.is_main_content,
            digest: sha256,
            content,
        })
    }
}
