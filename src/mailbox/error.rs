//! Why a reader did not get what was asked for.

use crate::documents::DocumentError;
use crate::documents::archive::ArchiveError;
use crate::domain::RecordKey;
use crate::ledger::LedgerError;
use crate::search::QueryError;

/// A question was not answered, or a change not made.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// It does not exist, or not for this person: nobody is told which.
    #[error("there is no such thing here")]
    NotFound,
    /// The person sees it but may not do this with it.
    #[error("this takes another right")]
    Forbidden,
    /// What was asked makes no sense.
    #[error("{field}: {message}")]
    Invalid {
        /// Which part of the question.
        field: &'static str,
        /// For people.
        message: String,
    },
    /// Another label of the box has this name, or another partition this id.
    #[error("another one has this name")]
    NameTaken,
    /// The box has as many labels as it may have.
    #[error("the box has as many labels as it may have")]
    LabelsFull,
    /// Messages lie in the partition, or a rule or a grant names it.
    #[error("the partition is in use")]
    InUse,
    /// The person has the access that was to be given.
    #[error("this person has this access already")]
    Given,
    /// Nobody would manage the box any longer, or only until some day.
    #[error("the last access manager stays")]
    LastManager,
    /// Somebody changed it since it was looked at: look again.
    #[error("it was changed meanwhile")]
    Overtaken,
    /// An engine of the release before is still at work: in some minutes.
    #[error("this works in some minutes")]
    NotYet,
    /// A record that the change names does not exist.
    #[error("there is no {0}")]
    Unknown(RecordKey),
    /// Texts cannot be searched now.
    #[error("the search index is away")]
    SearchAway,
    /// The ledger did not answer.
    #[error("the ledger did not do its part")]
    Ledger(#[from] LedgerError),
    /// The search index did not answer.
    #[error("the search index did not do its part")]
    Search(#[source] QueryError),
    /// The document store did not answer, or does not hold what it should.
    #[error("the documents did not do their part")]
    Documents(#[from] DocumentError),
    /// A download broke off.
    #[error("the archive could not be written")]
    Archive(#[source] ArchiveError),
    /// Content that the ledger names is not in the store.
    #[error("a document is missing from the store")]
    ContentMissing,
}

impl MailboxError {
    /// Something wrong with one part of a question.
    pub(super) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field, message: message.into() }
    }
}

impl From<QueryError> for MailboxError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::TextTooLong => Self::invalid("text", error.to_string()),
            QueryError::TooManyValues { .. } => Self::invalid("filter", error.to_string()),
            QueryError::Page | QueryError::TooDeep => Self::invalid("page", error.to_string()),
            QueryError::Index(_) | QueryError::Interrupted => Self::Search(error),
        }
    }
}
