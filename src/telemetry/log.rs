//! The log, on standard error.
//!
//! `error`: somebody must act now. `warn`: somebody should look. `info`: what
//! an operator wants to read afterwards. A failure is logged once, where it is
//! handled. No personal data and no content: ids only.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Log, LogFormat};

/// The log cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// `log.filter` cannot be read.
    #[error("log.filter cannot be read")]
    Filter(#[from] ParseError),
    /// It was started before.
    #[error("another log is installed")]
    Taken(#[from] TryInitError),
}

/// An error with everything that led to it, in one text: the JSON format would
/// print the outermost error alone.
pub(crate) fn chain(error: &dyn std::error::Error) -> impl std::fmt::Display + use<> {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// The AMQP client logs each message that the broker returns with its body, and
/// no document belongs in a log: it is silent there, whatever `log.filter` says.
const NEVER: &str = "lapin::returned_messages=off";

fn filter(log: &Log) -> Result<EnvFilter, ParseError> {
    Ok(log.filter.parse::<EnvFilter>()?.add_directive(NEVER.parse()?))
}

/// Starts the log of this process.
///
/// # Errors
/// `Filter` for directives that cannot be read, `Taken` when there is a log.
pub fn init(log: &Log) -> Result<(), LogError> {
    let builder = fmt()
        .with_env_filter(filter(log)?)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => builder.finish().try_init()?,
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init()?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::config::Config;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_chain_names_every_cause() {
        let inner = io::Error::new(io::ErrorKind::StorageFull, "no space left");
        let outer = crate::documents::DocumentError::Folder(inner);
        assert!(chain(&outer).to_string().ends_with(": no space left"));
    }

    /// As lapin writes it of each message that comes back.
    #[test]
    fn no_returned_message_is_logged_with_its_body() {
        let by_default = Config::load(None, std::iter::empty()).unwrap().log.filter;
        for wanted in [&by_default, "debug", "lapin::returned_messages=trace,info"] {
            let page = Page::default();
            let writer = page.clone();
            let log = Log { filter: wanted.into(), format: LogFormat::Text };
            let filter = filter(&log).unwrap();
            let log = fmt().with_env_filter(filter).with_writer(move || writer.clone()).finish();
            tracing::subscriber::with_default(log, || {
                tracing::warn!(target: "lapin::returned_messages", message = "a document");
                tracing::warn!(target: "lapin::recovery", "a fault");
                tracing::info!(target: "facteur::intake", "lane open");
            });
            let page = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
            assert!(!page.contains("a document"), "{wanted}: {page}");
            assert!(page.contains("a fault") && page.contains("lane open"), "{wanted}: {page}");
        }
    }
}
