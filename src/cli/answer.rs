//! What a command answers, and the exit code that says it.

use std::path::Path;
use std::process::ExitCode;

use crate::config::ConfigError;
use crate::decide::PolicyError;
use crate::documents::DocumentError;
use crate::ledger::{Class, LedgerError};
use crate::queue::QueueError;
use crate::search::SearchError;

/// The answer of a command that could be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Answer {
    /// Exit code 0.
    Yes,
    /// Exit code 1.
    No,
}

impl From<bool> for Answer {
    fn from(is_yes: bool) -> Self {
        if is_yes { Self::Yes } else { Self::No }
    }
}

const NO: u8 = 1;
const WRONG: u8 = 2;
const FAULTY: u8 = 3;
const UNREACHABLE: u8 = 4;
const OTHER: u8 = 5;

/// The exit code of an answer or an error, as `facteur --help` documents it.
#[must_use]
pub(super) fn exit_code(result: &anyhow::Result<Answer>) -> ExitCode {
    match result {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(NO),
        Err(error) => ExitCode::from(error.chain().find_map(code).unwrap_or(OTHER)),
    }
}

fn code(error: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if error.is::<Nothing>() {
        return Some(NO);
    }
    if error.is::<Wrong>() {
        return Some(WRONG);
    }
    if error.is::<ConfigError>() || error.is::<PolicyError>() || error.is::<Faulty>() {
        return Some(FAULTY);
    }
    if let Some(error) = error.downcast_ref::<LedgerError>() {
        let is_away = error.class() == Class::Transient;
        return Some(if is_away { UNREACHABLE } else { FAULTY });
    }
    if let Some(error) = error.downcast_ref::<QueueError>() {
        return Some(if error.is_transient() { UNREACHABLE } else { FAULTY });
    }
    (error.is::<DocumentError>() || error.is::<SearchError>()).then_some(UNREACHABLE)
}

/// A file that was given is faulty; names the place.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Faulty(pub(super) String);

impl Faulty {
    /// It is not there, or cannot be read.
    pub(super) fn unread(path: &Path, error: &std::io::Error) -> Self {
        Self(format!("failed to read {}: {error}", path.display()))
    }
}

/// Arguments that do not go together, or of which one cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Wrong(pub(super) String);

/// There is no such thing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Nothing(pub(super) String);
