//! Printing: lines for people, one JSON value for programs.

use std::io::Write;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// Where and how a command prints.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    is_json: bool,
}

impl Output {
    pub(super) fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    pub(super) fn is_json(self) -> bool {
        self.is_json
    }

    /// Prints a value for programs, or lines for people.
    ///
    /// # Errors
    /// When standard output is closed.
    pub(super) fn show<T: Serialize>(
        self,
        value: &T,
        lines: impl FnOnce(&T) -> Vec<String>,
    ) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.is_json {
            serde_json::to_writer(&mut out, value)?;
            writeln!(out)?;
        } else {
            for line in lines(value) {
                writeln!(out, "{line}")?;
            }
        }
        Ok(())
    }

    /// Prints a text as it is.
    ///
    /// # Errors
    /// When standard output is closed.
    #[expect(clippy::unused_self, reason = "printing goes through here")]
    pub(super) fn text(self, text: &str) -> anyhow::Result<()> {
        std::io::stdout().lock().write_all(text.as_bytes())?;
        Ok(())
    }

    /// A progress bar on standard error, for people at a terminal only.
    pub(super) fn progress(self, what: &'static str, total: Option<u64>) -> ProgressBar {
        if self.is_json {
            return ProgressBar::hidden();
        }
        let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
        let template = "{msg} {human_pos} {wide_bar} {per_sec} {elapsed}";
        let style = ProgressStyle::with_template(template);
        bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what)
    }
}
