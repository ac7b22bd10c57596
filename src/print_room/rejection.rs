//! Why a job is not printed, in the words of a report.

use crate::paper::report::Cause;

/// A job that cannot be printed, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", .cause.as_str())]
pub struct Rejection {
    /// The cause, as it is reported.
    pub cause: Cause,
    /// More, in words: which document, which page.
    pub detail: String,
}

impl Rejection {
    /// A document cannot be printed.
    pub(super) fn unprintable(detail: impl Into<String>) -> Self {
        Self { cause: Cause::Unprintable, detail: detail.into() }
    }

    /// A document is missing, or is another one.
    pub(super) fn content(detail: impl Into<String>) -> Self {
        Self { cause: Cause::Content, detail: detail.into() }
    }

    /// What stands on the envelope cannot be printed there.
    pub(super) fn address(detail: impl Into<String>) -> Self {
        Self { cause: Cause::Address, detail: detail.into() }
    }

    /// More than an envelope takes.
    pub(super) fn too_thick(detail: impl Into<String>) -> Self {
        Self { cause: Cause::TooThick, detail: detail.into() }
    }

    /// Names the document that it is about.
    #[must_use]
    pub(super) fn of(self, document: &str) -> Self {
        Self { detail: format!("{document}: {}", self.detail), ..self }
    }
}
