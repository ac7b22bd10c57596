//! Saved views.

use super::{Mailbox, MailboxError, Reader, View, ViewId};
use crate::domain::label_name;

/// What the pages add to a view, as JSON, in bytes.
const LAYOUT_BYTES_MAX: usize = 8_192;

impl Mailbox {
    /// The reader's views, oldest first.
    ///
    /// # Errors
    /// Whatever keeps the ledger from answering.
    pub async fn views(&self, reader: &Reader) -> Result<Vec<(ViewId, View)>, MailboxError> {
        Ok(self.ledger.views(&reader.person).await?)
    }

    /// Keeps a view, a new one without an id. A view that is to be the default
    /// takes the place of the one that was.
    ///
    /// # Errors
    /// `Invalid` for a name that is none, `NotFound` when the reader has no
    /// such view (or 100 already), and whatever keeps the ledger from
    /// answering.
    pub async fn save_view(
        &self,
        reader: &Reader,
        id: Option<ViewId>,
        view: View,
    ) -> Result<ViewId, MailboxError> {
        let name = label_name(&view.name);
        let name = name.map_err(|error| MailboxError::invalid("name", error.to_string()))?;
        if view.layout.to_string().len() > LAYOUT_BYTES_MAX {
            return Err(MailboxError::invalid("layout", "too large"));
        }
        let view = View { name, ..view };
        let kept = self.ledger.put_view(&reader.person, id, &view).await?;
        kept.ok_or(MailboxError::NotFound)
    }

    /// Forgets a view.
    ///
    /// # Errors
    /// `NotFound` when the reader has no such view, and whatever keeps the
    /// ledger from answering.
    pub async fn delete_view(&self, reader: &Reader, id: ViewId) -> Result<(), MailboxError> {
        let is_done = self.ledger.delete_view(&reader.person, id).await?;
        if is_done { Ok(()) } else { Err(MailboxError::NotFound) }
    }
}
