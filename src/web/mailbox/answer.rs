//! What the mailbox answers, as pages say it.

use axum::response::Response;

use crate::mailbox::MailboxError;
use crate::telemetry::log::chain;
use crate::telemetry::measure;
use crate::web::page::{PageError, go};

impl From<MailboxError> for PageError {
    fn from(error: MailboxError) -> Self {
        match error {
            MailboxError::NotFound | MailboxError::Unknown(_) => Self::NotFound,
            MailboxError::Forbidden => Self::Forbidden,
            MailboxError::Invalid { .. }
            | MailboxError::NameTaken
            | MailboxError::LabelsFull
            | MailboxError::InUse
            | MailboxError::Given
            | MailboxError::LastManager => Self::BadRequest,
            MailboxError::Overtaken => Self::Conflict,
            MailboxError::Ledger(error) => error.into(),
            MailboxError::SearchAway | MailboxError::NotYet => Self::Unavailable,
            MailboxError::Search(_) | MailboxError::Documents(_) | MailboxError::Archive(_) => {
                tracing::warn!(error = %chain(&error), "a page was not answered");
                measure::error("web", "mailbox");
                Self::Unavailable
            }
            MailboxError::ContentMissing => {
                tracing::error!("a document is missing from the store");
                measure::error("documents", "missing");
                Self::Internal
            }
        }
    }
}

/// Leads back after a change: what was done is said there, and what the
/// person can mend as well.
pub(super) fn done<T>(
    result: Result<T, MailboxError>,
    to: &str,
    said: &str,
) -> Result<Response, PageError> {
    match result {
        Ok(_) => Ok(go(to, said)),
        Err(MailboxError::NameTaken) => Ok(go(to, "said-name-taken")),
        Err(MailboxError::LabelsFull) => Ok(go(to, "said-labels-full")),
        Err(MailboxError::InUse) => Ok(go(to, "said-in-use")),
        Err(MailboxError::LastManager) => Ok(go(to, "said-last-manager")),
        Err(MailboxError::Invalid { .. }) => Ok(go(to, "said-refused")),
        Err(error) => Err(error.into()),
    }
}
