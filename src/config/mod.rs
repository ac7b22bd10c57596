//! What an installation sets: `config/facteur.toml`, a file, the environment.
//!
//! The commented default is compiled in and holds every key, so it is the
//! documentation and the list of what exists: a key that it does not hold is
//! an error, wherever it comes from. Errors name the key and where it was set;
//! they never repeat an address, which may hold a password.

mod error;
mod overlay;
mod secret;
mod sections;
mod service_url;
mod validate;

#[cfg(test)]
mod tests;

pub use error::ConfigError;
pub use secret::Secret;
pub use sections::{
    Api, Closed, Contact, Documents, Intake, Ledger, Log, LogFormat, MailTls, Metrics, Notices,
    Paper, Policy, Queue, Record, Registry, Relay, Sandbox, Search, Shutdown, SignIn, Web,
};
pub use service_url::ServiceUrl;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::paper::printer::Printers;
use overlay::Overlay;

/// The commented default.
pub const DEFAULT: &str = include_str!("../../config/facteur.toml");

/// The policy that applies where no file holds another.
const DEFAULT_POLICY: &str = include_str!("../../config/policy.toml");
const DEFAULT_POLICY_PATH: &str = "config/policy.toml";

/// The printers that apply where no file holds others.
const DEFAULT_PRINTERS: &str = include_str!("../../config/printers.toml");
const DEFAULT_PRINTERS_PATH: &str = "config/printers.toml";

/// The whole configuration. `config/facteur.toml` says what each key means.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the sections are documented where they are defined")]
pub struct Config {
    pub ledger: Ledger,
    pub queue: Queue,
    pub documents: Documents,
    pub search: Search,
    pub web: Web,
    pub api: Api,
    pub sign_in: SignIn,
    pub contact: Contact,
    pub metrics: Metrics,
    pub policy: Policy,
    pub registry: Registry,
    pub intake: Intake,
    pub relay: Relay,
    pub paper: Paper,
    pub notices: Notices,
    pub record: Record,
    pub sandbox: Sandbox,
    pub shutdown: Shutdown,
    pub log: Log,
}

impl Config {
    /// The default, overridden by a file and then by the environment, checked.
    ///
    /// # Errors
    /// The first fault, with its key and where it was set.
    pub fn load(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut overlay = Overlay::new(DEFAULT)?;
        if let Some(path) = file {
            overlay.add_file(path)?;
        }
        overlay.add_env(env)?;
        let config: Self = overlay.into_config()?;
        validate::check(&config)?;
        Ok(config)
    }

    /// Keeps everything in one folder, on embedded parts.
    pub fn move_to(&mut self, folder: &Path) {
        let folder = folder.display();
        self.ledger.url = format!("sqlite://{folder}/facteur.db").into();
        self.queue.url = format!("embedded://{folder}/queue.db").into();
        self.documents.url = format!("file://{folder}/documents").into();
        self.search.path = format!("{folder}/search").into();
    }

    /// The configuration as TOML, for people: passwords in addresses are
    /// replaced, so the text is not fit to be loaded again.
    ///
    /// # Errors
    /// `Print`, when a path is not UTF-8.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(ConfigError::Print)
    }

    /// The text of the channel policy: the file's, or the compiled-in one
    /// where `policy.path` was left as it is and there is no such file.
    ///
    /// # Errors
    /// `File`, when the policy cannot be read.
    pub fn policy_text(&self) -> Result<String, ConfigError> {
        file_or(&self.policy.path, DEFAULT_POLICY_PATH, DEFAULT_POLICY)
    }

    /// The printers: the file's, or the compiled-in ones where
    /// `paper.printers` was left as it is and there is no such file.
    ///
    /// # Errors
    /// `File`, when the file cannot be read; `Value`, which names what is wrong
    /// with it: two printers of one name, above all.
    pub fn printers(&self) -> Result<Printers, ConfigError> {
        let text = file_or(&self.paper.printers, DEFAULT_PRINTERS_PATH, DEFAULT_PRINTERS)?;
        let fault = |message| ConfigError::Value { key: "paper.printers".into(), message };
        let printers: Printers =
            toml::from_str(&text).map_err(|error| fault(error.message().to_owned()))?;
        match printers.faults() {
            faults if faults.is_empty() => Ok(printers),
            faults => Err(fault(faults.join("; "))),
        }
    }
}

/// A file's text, or what is compiled in where its path was left as it is and
/// there is none.
fn file_or(path: &Path, default_path: &str, default: &str) -> Result<String, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if is_missing(&error) && path == Path::new(default_path) => {
            Ok(default.to_owned())
        }
        Err(source) => Err(ConfigError::File { path: path.to_owned(), source }),
    }
}

fn is_missing(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::NotFound
}
