//! What can be wrong with a configuration.

use std::path::PathBuf;

/// The configuration cannot be used. Names the key where there is one; never
/// an address.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that the configuration names, or is, cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is not TOML.
    #[error("{origin}, line {line}: {message}")]
    Syntax {
        /// The file.
        origin: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A key that does not exist.
    #[error("unknown key {key} ({origin})")]
    UnknownKey {
        /// As `section.key`.
        key: String,
        /// The file or the variable that set it.
        origin: String,
    },
    /// A value of another kind than the key's.
    #[error("{key} must be {expected} ({origin})")]
    Kind {
        /// As `section.key`.
        key: String,
        /// What the key holds, such as `an integer`.
        expected: &'static str,
        /// The file or the variable that set it.
        origin: String,
    },
    /// A key set by a variable and by the file that another variable names.
    #[error("{key} is set by {variable} and by {variable}_FILE; one of them must go")]
    Twice {
        /// As `section.key`.
        key: String,
        /// The variable.
        variable: String,
    },
    /// A value that the key does not take.
    #[error("{key}: {message}")]
    Value {
        /// As `section.key`.
        key: String,
        /// What it takes.
        message: String,
    },
    /// The configuration cannot be written as text.
    #[error("the configuration cannot be printed")]
    Print(#[source] toml::ser::Error),
}
